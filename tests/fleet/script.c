/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <glb/plan.h>

#include "draw.h"
#include "memory.h"
#include "script.h"

enum {
	SETTLE = 90 *
		 TICKS_PER_S, /* every flow sends something after the last change, see flows.h */
	GIVE_UP = 127 * TICKS_PER_S, /* a client that hears nothing */
	LONGEST = LONGEST_S * TICKS_PER_S,
};

struct script *script_start(unsigned int proxies, unsigned int directors, uint64_t seed)
{
	struct script *script = need(sizeof(*script));

	script->directors = directors;
	script->first_change = UINT32_MAX;
	script->spread = 20 * TICKS_PER_S;
	script->alt_fields = FIELDS_NONE;
	script->random = seed * 0x9e3779b97f4a7c15 | 1;
	for (unsigned int i = 0; i < 3; i++)
		(void)draw(&script->random);
	script->courses[SCHEME_HOPS_2].compared = true;
	table_fleet_init(&script->fleet, proxies);
	glb_store_le64(script->fleet.spec.seed, draw(&script->random));
	glb_store_le64(script->fleet.spec.hash_key, draw(&script->random));
	script_put(script, 0);
	return script;
}

static void lasts_until(struct script *script, uint32_t at)
{
	if (at < script->first_change)
		script->first_change = at;
	if (at + script->spread > script->last_change)
		script->last_change = at + script->spread;
	script->end = script->last_change + SETTLE;
}

static void put_for(struct script *script, enum scheme scheme, uint32_t at,
		    const struct glb_table_spec *spec)
{
	struct glb_table_spec version = *spec;

	version.hops = scheme_facts[scheme].hops;
	version.max_load = scheme_facts[scheme].max_load;
	course_put(&script->courses[scheme], &version,
		   (struct course_step){at, script->spread, 0, script->fields, script->alt_fields});
}

void script_put(struct script *script, uint32_t at)
{
	for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
		put_for(script, scheme, at, &script->fleet.spec);
	if (at)
		lasts_until(script, at);
}

static void plan_for(struct script *script, enum scheme scheme, uint32_t at)
{
	struct glb_table_spec old = script->fleet.spec;
	struct glb_table_spec new = script->target.spec;
	struct glb_plan plan;
	struct glb_diag diag = {{0}};

	old.hops = new.hops = scheme_facts[scheme].hops;
	old.max_load = new.max_load = scheme_facts[scheme].max_load;
	if (glb_plan_make(&plan, &old, &new, &diag)) {
		fprintf(stderr, "there is no plan: %s\n", diag.text);
		abort();
	}
	for (unsigned int i = 0; i < plan.step_count; i++) {
		put_for(script, scheme, at, &plan.steps[i].spec);
		lasts_until(script, at);
		at += script->spread + LONGEST;
	}
	glb_plan_free(&plan);
}

void script_plan(struct script *script, uint32_t at)
{
	for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
		plan_for(script, scheme, at);
	table_fleet_copy(&script->fleet, &script->target);
}

void script_event(struct script *script, uint32_t at, enum event_kind kind, unsigned int who)
{
	if (script->event_count == EVENTS_MAX)
		abort();
	script->events[script->event_count++] = (struct event){at, kind, who};
	lasts_until(script, at);
	if (kind == EVENT_OFF)
		lasts_until(script, at + GIVE_UP);
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a;
	const struct event *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->who < y->who ? -1 : 1;
}

void script_close(struct script *script)
{
	qsort(script->events, script->event_count, sizeof(*script->events), compare_events);
}

void script_free(struct script *script)
{
	for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
		course_free(&script->courses[scheme]);
	free(script);
}
