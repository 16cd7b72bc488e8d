/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the state of a fleet in a tick?
 *
 * directors.c lets time pass for it, and chooses the hops of packets; play.c has proxies treat
 * them.
 */
#ifndef FLEET_GAME_H
#define FLEET_GAME_H

#include "flows.h"
#include "play.h"
#include "routers.h"
#include "tracking.h"

struct proxy {
	bool dead;
	uint16_t crashes;
	uint32_t open[SCHEMES];	    /* flows it has */
	uint32_t accepted[SCHEMES]; /* since the last change */
};

struct director {
	unsigned int steps[SCHEME_TABLES]; /* in force */
	bool frozen;
	struct tracking *tracking;
};

struct game {
	const struct script *script;
	const struct playing *how;
	struct outcome *out;
	struct flows flows;
	struct routers routers;
	struct proxy proxies[PROXIES_MAX];
	struct director directors[DIRECTORS_MAX];
	uint32_t tick;
	uint32_t changes; /* of what decides about packets, so far */
	unsigned int next_event;
	unsigned int flood;
	uint32_t flood_number; /* of the next SYN of no client */
};

/* Begins with all directors in service. */
void game_start(struct game *game);
void game_end(struct game *game);

/* What happens in this tick: events, and the tables that directors take. */
void game_advance(struct game *game);

/* The hops of a packet that a flow sends now, in the order in which they are tried; returns how
 * many. `hops` has room for GLB_WIRE_HOPS_MAX. */
unsigned int game_hops(uint16_t *hops, struct game *game, const struct flow *flow,
		       enum scheme scheme);

#endif
