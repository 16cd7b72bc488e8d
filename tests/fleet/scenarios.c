/* SPDX-License-Identifier: BSD-3-Clause */
#include "scenarios.h"
#include "draw.h"

enum {
	START = 60 * TICKS_PER_S, /* of the first change */
	LONGEST = LONGEST_S * TICKS_PER_S,
	DETECTION = 10 * TICKS_PER_S, /* until a dead proxy is marked as unhealthy */
};

static struct glb_backend *any_proxy(struct script *script)
{
	return &script->fleet
			.backends[draw_below(&script->random, script->fleet.spec.backend_count)];
}

/* The first four directors leave, and come back a minute later. */
static void reshuffle(struct script *script, uint32_t at)
{
	for (unsigned int i = 0; i < 4; i++)
		script_event(script, at, EVENT_LEAVE, i);
	for (unsigned int i = 0; i < 4; i++)
		script_event(script, at + 60 * TICKS_PER_S, EVENT_JOIN, i);
}

static void want_more(struct script *script, unsigned int more)
{
	table_fleet_copy(&script->target, &script->fleet);
	script->target.spec.backend_count += more;
}

static void want_less(struct script *script, const struct glb_backend *victim)
{
	script->target.backends[victim - script->fleet.backends].state = GLB_INACTIVE;
}

/* --- Single changes, as a plan has them --- */

static void add_one(struct script *script)
{
	want_more(script, 1);
	script_plan(script, START);
}

static void remove_one(struct script *script)
{
	want_more(script, 0);
	want_less(script, any_proxy(script));
	script_plan(script, START);
}

static void replace_one(struct script *script)
{
	want_more(script, 1);
	want_less(script, any_proxy(script));
	script_plan(script, START);
}

static void drain_and_fill(struct script *script)
{
	static const enum glb_state states[] = {GLB_DRAINING, GLB_FILLING, GLB_ACTIVE};
	struct glb_backend *victim = any_proxy(script);

	for (unsigned int i = 0; i < 3; i++) {
		victim->state = states[i];
		script_put(script, START + i * 120 * TICKS_PER_S);
	}
}

static void add_before_reshuffle(struct script *script)
{
	want_more(script, 1);
	script_plan(script, START);
	reshuffle(script, START + 2 * script->spread);
}

/* 64 directors get 192,000 SYNs a second: the flood lasts for two minutes around the change. */
static void add_under_flood(struct script *script)
{
	script_event(script, START - 30 * TICKS_PER_S, EVENT_FLOOD, 300);
	script_event(script, START + 90 * TICKS_PER_S, EVENT_FLOOD, 0);
	want_more(script, 1);
	script_plan(script, START);
}

/* --- Health --- */

static void flap(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	for (unsigned int i = 0; i < 20; i++) {
		victim->healthy = !victim->healthy;
		script_put(script, START + i * 30 * TICKS_PER_S);
	}
}

static void raise_false_alarm(struct script *script)
{
	for (unsigned int i = 0; i < script->fleet.spec.backend_count / 10; i++)
		script->fleet.backends[i].healthy = false;
	script_put(script, START);
	for (unsigned int i = 0; i < script->fleet.spec.backend_count / 10; i++)
		script->fleet.backends[i].healthy = true;
	script_put(script, START + 120 * TICKS_PER_S);
}

static void crash(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);
	unsigned int proxy = course_proxy(&victim->addr);

	script_event(script, START, EVENT_CRASH, proxy);
	victim->healthy = false;
	script_put(script, START + DETECTION);
	script_event(script, START + 120 * TICKS_PER_S, EVENT_BACK, proxy);
	victim->healthy = true;
	script_put(script, START + 120 * TICKS_PER_S + DETECTION);
}

/* --- Directors --- */

static void leave_and_join(struct script *script)
{
	reshuffle(script, START);
}

static void disagree_about_drain(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	script->spread = 300 * TICKS_PER_S;
	victim->state = GLB_DRAINING;
	script_put(script, START);
	reshuffle(script, START + 120 * TICKS_PER_S);
	reshuffle(script, START + 240 * TICKS_PER_S);
	victim->state = GLB_INACTIVE;
	script_put(script, START + script->spread + LONGEST);
}

static void change_fields(struct script *script)
{
	script->alt_fields = 1;
	script_put(script, START);
	script->fields = 1;
	script->alt_fields = 0;
	script_put(script, START + script->spread);
	script->alt_fields = FIELDS_NONE;
	script_put(script, START + 2 * script->spread + LONGEST);
}

/* --- More than is promised --- */

/* A new proxy as `first`, then filling, in windows of five minutes with reshuffles in them. */
static void add_while_directors_disagree(struct script *script, enum glb_state first)
{
	struct glb_backend *new = &script->fleet.backends[script->fleet.spec.backend_count++];
	uint32_t at = START;

	script->spread = 300 * TICKS_PER_S;
	new->state = first;
	script_put(script, at);
	if (first != GLB_FILLING) {
		at += script->spread; /* it has no flows that would have to end */
		new->state = GLB_FILLING;
		script_put(script, at);
	}
	reshuffle(script, at + 120 * TICKS_PER_S);
	reshuffle(script, at + 240 * TICKS_PER_S);
}

static void add_and_reshuffle(struct script *script)
{
	add_while_directors_disagree(script, GLB_FILLING);
}

static void add_as_draining(struct script *script)
{
	add_while_directors_disagree(script, GLB_DRAINING);
}

static void drain_while_filling(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	script->fleet.backends[script->fleet.spec.backend_count++].state = GLB_FILLING;
	script_put(script, START);
	victim->state = GLB_DRAINING;
	script_put(script, START + 2 * script->spread);
}

/* New proxies a minute after another began to drain, whose secondaries have new flows by then. */
static void add_while_draining(struct script *script, unsigned int more)
{
	struct glb_backend *victim = any_proxy(script);

	victim->state = GLB_DRAINING;
	script_put(script, START);
	for (unsigned int i = 0; i < more; i++)
		script->fleet.backends[script->fleet.spec.backend_count++].state = GLB_FILLING;
	script_put(script, START + 60 * TICKS_PER_S);
}

static void add_one_while_draining(struct script *script)
{
	add_while_draining(script, 1);
}

static void add_two_while_draining(struct script *script)
{
	add_while_draining(script, 2);
}

static void add_two(struct script *script)
{
	for (unsigned int i = 0; i < 2; i++)
		script->fleet.backends[script->fleet.spec.backend_count++].state = GLB_FILLING;
	script_put(script, START);
}

static void add_after_alarm(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	victim->healthy = false;
	script_put(script, START);
	victim->healthy = true;
	script_put(script, START + 60 * TICKS_PER_S);
	script->fleet.backends[script->fleet.spec.backend_count++].state = GLB_FILLING;
	script_put(script, START + 120 * TICKS_PER_S);
}

static void drain_too_short(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	victim->state = GLB_DRAINING;
	script_put(script, START);
	victim->state = GLB_INACTIVE;
	script_put(script, START + 60 * TICKS_PER_S);
}

/* The proxy is switched off when all directors but the stale ones have had its drain for long
 * enough. */
static void drain_past_stale(struct script *script)
{
	struct glb_backend *victim = any_proxy(script);

	for (unsigned int i = 0; i < script->directors / 8; i++)
		script_event(script, START, EVENT_FREEZE, i);
	victim->state = GLB_DRAINING;
	script_put(script, START);
	victim->state = GLB_INACTIVE;
	script_put(script, START + script->spread + LONGEST);
	script_event(script, START + 2 * script->spread + LONGEST, EVENT_OFF,
		     course_proxy(&victim->addr));
}

/* --- The list --- */

const struct scenario scenarios[] = {
	{"add one to 10", "filling, then active", 10, 8, 2, false, add_one},
	{"add one to 100", "the same", 100, 64, 2, false, add_one},
	{"add one to 1000", "the same", 1000, 64, 2, false, add_one},
	{"remove one of 100", "draining, then removed", 100, 64, 2, false, remove_one},
	{"remove one of 1000", "the same", 1000, 64, 2, false, remove_one},
	{"drain and fill", "one of 100 is drained, but two minutes later filled again", 100, 64, 2,
	 false, drain_and_fill},
	{"replace one of 100", "the steps of a plan that adds one and removes another", 100, 64, 2,
	 false, replace_one},
	{"one flaps", "one of 100 changes its health every 30 s, for ten minutes", 100, 64, 2,
	 false, flap},
	{"false alarm", "10 of 100 are taken for dead, for two minutes", 100, 64, 2, false,
	 raise_false_alarm},
	{"crash", "one of 100 dies, is found dead after 10 s, and is back after two minutes", 100,
	 64, 2, false, crash},
	{"directors leave", "4 of 64 leave the routers' group, and come back a minute later", 100,
	 64, 2, false, leave_and_join},
	{"add, directors leave", "one is added, then 4 of 64 directors leave and come back", 100,
	 64, 2, false, add_before_reshuffle},
	{"add, resilient ECMP", "the same, behind routers with resilient groups", 100, 64, 2, true,
	 add_before_reshuffle},
	{"add, SYN flood", "one is added while each director gets 3,000 SYNs a second of no client",
	 100, 64, 2, false, add_under_flood},
	{"drain, disagreement",
	 "directors get the tables of a drain within five minutes, and 4 leave and come back twice",
	 100, 64, 2, false, disagree_about_drain},
	{"hash fields", "hash_fields change by alt_hash_fields, in three steps", 100, 64, 2, false,
	 change_fields},
	{"drain while filling", "of 10, one is drained while a new one is filling", 10, 8, 2, false,
	 drain_while_filling},
	{"add while draining", "to 10, while one of them is draining", 10, 8, 3, false,
	 add_one_while_draining},
	{"add after an alarm", "to 10, after one of them was taken for dead for a minute", 10, 8, 3,
	 false, add_after_alarm},
	{"add two at once", "to 10", 10, 8, 3, false, add_two},
	{"two while draining", "two are added to 10, while one of them is draining", 10, 8, 4,
	 false, add_two_while_draining},
	{"add, disagreement",
	 "directors get a new proxy within five minutes, and 4 leave and come back twice", 100, 64,
	 0, false, add_and_reshuffle},
	{"drained first", "the same, but the new proxy is draining before it is filling", 100, 64,
	 2, false, add_as_draining},
	{"drain too short", "one of 100 is removed a minute after it began to drain", 100, 64, 0,
	 false, drain_too_short},
	{"stale directors", "8 of 64 miss a drain, after which the proxy is switched off", 100, 64,
	 0, false, drain_past_stale},
};
const unsigned int scenario_count = sizeof(scenarios) / sizeof(*scenarios);

struct script *scenario_script(const struct scenario *scenario, uint64_t seed)
{
	struct script *script = script_start(scenario->proxies, scenario->directors, seed);

	script->resilient = scenario->resilient;
	scenario->write(script);
	script_close(script);
	return script;
}
