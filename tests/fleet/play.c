/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "game.h"
#include "memory.h"

enum { PROXY_BITS = 10 }; /* owners are the number of a proxy and how often it has crashed */
_Static_assert(1 << PROXY_BITS == PROXIES_MAX, "an owner has room for every proxy");

/* --- What proxies do with it --- */

static uint16_t owner_now(const struct game *game, uint16_t proxy)
{
	return (uint16_t)(game->proxies[proxy].crashes << PROXY_BITS | proxy);
}

static struct proxy *proxy_of(struct game *game, uint16_t owner)
{
	return &game->proxies[owner & (PROXIES_MAX - 1)];
}

static bool has_died(const struct game *game, uint16_t owner)
{
	return owner_now(game, owner & (PROXIES_MAX - 1)) != owner;
}

static void leave_owner(struct game *game, const struct flow *flow, enum scheme scheme)
{
	if (flow->owner[scheme] != FLOW_NO_OWNER)
		proxy_of(game, flow->owner[scheme])->open[scheme]--;
}

static void end_flow_in(struct game *game, struct flow *flow, enum scheme scheme)
{
	leave_owner(game, flow, scheme);
	flow->over |= (uint16_t)(1u << scheme);
	flow->waiting &= (uint16_t) ~(1u << scheme);
}

/* A SYN, which the first hop keeps. False: it is dead. */
static bool open_flow(struct game *game, struct flow *flow, enum scheme scheme, uint16_t proxy)
{
	if (game->proxies[proxy].dead)
		return false;
	flow->owner[scheme] = owner_now(game, proxy);
	game->proxies[proxy].open[scheme]++;
	game->proxies[proxy].accepted[scheme]++;
	return true;
}

/* A packet of an established flow, from hop to hop. False: a dead one swallows it. */
static bool pass_on(struct game *game, struct flow *flow, enum scheme scheme, const uint16_t *hops,
		    unsigned int count)
{
	struct tally *tally = &game->out->tallies[scheme];

	if (game->how->no_second_chance)
		count = 1;
	for (unsigned int i = 0; i < count; i++) {
		if (game->proxies[hops[i]].dead)
			return false;
		if (flow->owner[scheme] == owner_now(game, hops[i])) {
			tally->forwarded += i > 0;
			tally->delayed += i && !(flow->delayed >> scheme & 1);
			flow->delayed |= (uint16_t)((i > 0) << scheme);
			flow->behind |= (uint16_t)((i > 0) << scheme);
			return true;
		}
		if (i + 1 < count && hops[i + 1] == hops[i])
			break; /* a proxy that is its own next hop keeps the packet */
	}
	tally->broken++;
	end_flow_in(game, flow, scheme);
	return true;
}

static void send_by(struct game *game, struct flow *flow, enum scheme scheme)
{
	const uint16_t bit = (uint16_t)(1u << scheme);
	uint16_t hops[GLB_WIRE_HOPS_MAX];
	unsigned int count;
	bool arrives;

	if (flow->owner[scheme] != FLOW_NO_OWNER && has_died(game, flow->owner[scheme])) {
		game->out->tallies[scheme].died++;
		end_flow_in(game, flow, scheme);
		return;
	}
	count = game_hops(hops, game, flow, scheme);
	if (flow->owner[scheme] == FLOW_NO_OWNER)
		arrives = open_flow(game, flow, scheme, hops[0]);
	else
		arrives = pass_on(game, flow, scheme, hops, count);
	if (!arrives) {
		flow->waiting |= bit;
		return;
	}
	/* those that were reset do not wait any more */
	game->out->tallies[scheme].waited += (flow->waiting & ~flow->waited & bit) != 0;
	flow->waited |= flow->waiting & bit;
	flow->waiting &= (uint16_t)~bit;
}

/* The client has repeated its packet often enough. */
static void give_up(struct game *game, struct flow *flow)
{
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++) {
		struct tally *tally = &game->out->tallies[scheme];

		if (!(flow->waiting >> scheme & 1))
			continue;
		if (flow->owner[scheme] == FLOW_NO_OWNER)
			tally->refused++;
		else
			tally->broken++;
		end_flow_in(game, flow, scheme);
	}
}

/* --- The life of a flow --- */

static void finish(struct game *game, struct flow *flow)
{
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
		if (!(flow->over >> scheme & 1))
			leave_owner(game, flow, scheme);
	flows_end(&game->flows, flow);
}

/* Nothing has changed since its last packet: this one takes the same way, but that what remembers
 * connections may have forgotten it. */
static void send_as_before(struct game *game, struct flow *flow)
{
	for (enum scheme scheme = 0; scheme < SCHEMES && flow->behind >> scheme; scheme++)
		game->out->tallies[scheme].forwarded += flow->behind >> scheme & 1;
	if (!(flow->over >> SCHEME_TRACKED & 1))
		send_by(game, flow, SCHEME_TRACKED);
}

static void send_anew(struct game *game, struct flow *flow)
{
	flow->seen = game->changes;
	flow->behind = 0;
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
		if (!(flow->over >> scheme & 1))
			send_by(game, flow, scheme);
}

static void send_packet(struct game *game, struct flow *flow)
{
	const uint16_t all = (1u << SCHEMES) - 1;

	game->out->packets++;
	if (flow->seen == game->changes && !flow->waiting)
		send_as_before(game, flow);
	else
		send_anew(game, flow);
	if (flow->waiting && flow->tries == FLOW_TRIES_MAX)
		give_up(game, flow);
	if (flow->over == all || (flow->ends_at <= game->tick && !flow->waiting))
		finish(game, flow);
	else
		flows_go_on(&game->flows, flow, game->tick);
}

/* --- All of it --- */

static const struct version *last_version(const struct game *game, enum scheme scheme)
{
	const struct course *course =
		&game->script->courses[scheme < SCHEME_TABLES ? scheme : SCHEME_HOPS_2];

	return &course->versions[course->steps[course->step_count - 1].version];
}

/* The busiest of those that take new flows, over the mean of these. */
static double peak_of(const struct pool *pool, const uint32_t *loads)
{
	double sum = 0;
	double most = 0;

	for (unsigned int i = 0; i < pool->count; i++) {
		sum += loads[pool->proxies[i]];
		most = fmax(most, loads[pool->proxies[i]]);
	}
	return sum > 0 ? most * pool->count / sum : 0;
}

/* How much of the hash's range leads to each proxy? */
static void count_shares(uint32_t *shares, const struct version *version, enum scheme scheme)
{
	const struct pool *pool = version->pool;

	for (uint32_t i = 0; i < GLB_ROWS; i++) {
		if (scheme < SCHEME_TABLES)
			shares[version->rows[i].hops[0]]++;
		else if (scheme == SCHEME_MODULO)
			shares[pool->proxies[i % pool->count]]++;
		else if (scheme == SCHEME_RING)
			shares[ring_find(pool->ring, (uint64_t)i << 48)]++;
		else
			shares[pool->maglev[i]]++;
	}
}

static void count_peaks(struct game *game, enum scheme scheme)
{
	const struct version *version = last_version(game, scheme);
	struct tally *tally = &game->out->tallies[scheme];
	uint32_t open[PROXIES_MAX];
	uint32_t accepted[PROXIES_MAX];
	uint32_t shares[PROXIES_MAX] = {0};

	for (unsigned int i = 0; i < PROXIES_MAX; i++) {
		open[i] = game->proxies[i].open[scheme];
		accepted[i] = game->proxies[i].accepted[scheme];
	}
	count_shares(shares, version, scheme);
	tally->peak_open = peak_of(version->pool, open);
	tally->peak_new = peak_of(version->pool, accepted);
	tally->peak_share = peak_of(version->pool, shares);
}

static void forget_accepted(struct game *game)
{
	for (unsigned int i = 0; i < PROXIES_MAX; i++)
		memset(game->proxies[i].accepted, 0, sizeof(game->proxies[i].accepted));
}

static void play_tick(struct game *game)
{
	struct flow *flow;

	if (game->tick == game->script->first_change)
		game->out->established = game->flows.live;
	game_advance(game);
	if (game->tick == game->script->last_change)
		forget_accepted(game);
	while ((flow = flows_due(&game->flows, game->tick)))
		send_packet(game, flow);
	while ((flow = flows_arrival(&game->flows, game->tick)))
		send_packet(game, flow);
}

void play_scenario(struct outcome *out, const struct scenario *scenario, const struct playing *how)
{
	struct script *script = scenario_script(scenario, how->seed);
	struct game *game = need(sizeof(*game));
	struct flow *flow;

	*out = (struct outcome){0};
	*game = (struct game){.script = script, .how = how, .out = out};
	flows_start(&game->flows, how->flows, script->end, how->seed, script->fleet.spec.hash_key);
	game_start(game);
	while ((flow = flows_old(&game->flows)))
		send_packet(game, flow);
	for (game->tick = 0; game->tick < script->end; game->tick++)
		play_tick(game);
	out->flows = game->flows.started;
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
		count_peaks(game, scheme);
	game_end(game);
	flows_free(&game->flows);
	free(game);
	script_free(script);
}

bool play_promises(const struct scenario *scenario, enum scheme scheme)
{
	return scenario->spare && scheme_facts[scheme].spare >= scenario->spare;
}
