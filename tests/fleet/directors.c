/* SPDX-License-Identifier: BSD-3-Clause */
#include "draw.h"
#include "game.h"

/* --- Time passes --- */

static const struct course_step *step_in_force(const struct game *game, unsigned int director,
					       enum scheme scheme)
{
	return &game->script->courses[scheme].steps[game->directors[director].steps[scheme]];
}

/* How late is a director with a step, as a part of 65,536 of the spread? */
static uint32_t lateness(const struct game *game, unsigned int director, unsigned int step)
{
	uint64_t state = (game->how->seed * DIRECTORS_MAX + director) * COURSE_STEPS_MAX + step + 1;

	state *= 0x9e3779b97f4a7c15;
	(void)draw(&state);
	return (uint32_t)(draw(&state) >> 48);
}

static void take_steps(struct game *game, unsigned int director, enum scheme scheme)
{
	const struct course *course = &game->script->courses[scheme];
	unsigned int *step = &game->directors[director].steps[scheme];

	while (*step + 1 < course->step_count) {
		const struct course_step *next = &course->steps[*step + 1];
		uint32_t late =
			(uint32_t)((uint64_t)next->spread * lateness(game, director, *step + 1) >>
				   16);

		if (next->at + late > game->tick)
			break;
		++*step;
		game->changes++;
	}
}

static void take_tables(struct game *game)
{
	for (unsigned int director = 0; director < game->script->directors; director++)
		for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
			if (!game->directors[director].frozen)
				take_steps(game, director, scheme);
}

/* Tables of connections remember SYNs of no client, too. */
static void take_flood(struct game *game)
{
	for (unsigned int director = 0; director < game->script->directors; director++)
		for (unsigned int i = 0; i < game->flood; i++)
			tracking_put(game->directors[director].tracking, --game->flood_number, 0);
}

static void befall(struct game *game, const struct event *event)
{
	game->changes++;
	switch (event->kind) {
	case EVENT_CRASH:
		game->proxies[event->who].crashes++;
		game->proxies[event->who].dead = true;
		break;
	case EVENT_BACK:
	case EVENT_OFF:
		game->proxies[event->who].dead = event->kind == EVENT_OFF;
		break;
	case EVENT_LEAVE:
		routers_leave(&game->routers, event->who);
		break;
	case EVENT_JOIN:
		routers_join(&game->routers, event->who);
		break;
	case EVENT_FREEZE:
		game->directors[event->who].frozen = true;
		break;
	default:
		game->flood = event->who;
	}
}

static void take_events(struct game *game)
{
	const struct script *script = game->script;

	while (game->next_event < script->event_count &&
	       script->events[game->next_event].at <= game->tick)
		befall(game, &script->events[game->next_event++]);
}

void game_start(struct game *game)
{
	const unsigned int directors = game->script->directors;

	routers_start(&game->routers, directors, game->script->resilient);
	for (unsigned int i = 0; i < directors; i++)
		game->directors[i].tracking = tracking_make(game->how->tracked / directors);
	game->changes = 1;
}

void game_end(struct game *game)
{
	for (unsigned int i = 0; i < game->script->directors; i++)
		tracking_free(game->directors[i].tracking);
}

void game_advance(struct game *game)
{
	take_events(game);
	take_tables(game);
	take_flood(game);
}

/* --- The hops of a packet --- */

/* By a connection table, which learns what it does not have. */
static uint16_t choose_tracked(struct tracking *tracking, const struct pool *pool,
			       const struct flow *flow, uint64_t hash)
{
	uint16_t proxy = tracking_find(tracking, flow->number);

	if (proxy == TRACKING_NONE || !pool->reachable[proxy]) {
		proxy = pool->maglev[hash % MAGLEV_SIZE];
		tracking_put(tracking, flow->number, proxy);
	}
	return proxy;
}

/* The proxy of a packet, by a scheme without rows. */
static uint16_t choose_one(struct game *game, const struct flow *flow, enum scheme scheme,
			   unsigned int director)
{
	/* routers alone change at one time: when the last director does */
	const unsigned int knows = scheme == SCHEME_MODULO ? game->script->directors - 1 : director;
	const struct course_step *step = step_in_force(game, knows, SCHEME_HOPS_2);
	const struct pool *pool = game->script->courses[SCHEME_HOPS_2].versions[step->version].pool;
	const uint64_t hash = flow->hashes[step->fields];

	switch (scheme) {
	case SCHEME_MODULO:
		return pool->proxies[hash % pool->count];
	case SCHEME_RING:
		return ring_find(pool->ring, hash);
	case SCHEME_MAGLEV:
		return pool->maglev[hash % MAGLEV_SIZE];
	default:
		return choose_tracked(game->directors[director].tracking, pool, flow, hash);
	}
}

unsigned int game_hops(uint16_t *hops, struct game *game, const struct flow *flow,
		       enum scheme scheme)
{
	unsigned int director = routers_choose(&game->routers, flow->ecmp);

	if (scheme < SCHEME_TABLES)
		return course_hops(hops, &game->script->courses[scheme],
				   step_in_force(game, director, scheme), flow->hashes);
	*hops = choose_one(game, flow, scheme, director);
	return 1;
}
