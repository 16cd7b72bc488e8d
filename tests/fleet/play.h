/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the flows in a scenario, by each scheme?
 *
 * All schemes serve the same flows. A packet reaches a director by ECMP; that decides by the
 * version of the table that it has then. A proxy keeps a SYN and packets of flows it accepted, and
 * passes others on to the next hop; the last hop resets what it does not know. A dead proxy
 * swallows packets.
 */
#ifndef FLEET_PLAY_H
#define FLEET_PLAY_H

#include "scenarios.h"

struct playing {
	unsigned int flows;    /* about so many */
	unsigned int tracked;  /* entries of the connection tables of all directors together */
	uint64_t seed;	       /* of tables, flows, choices */
	bool no_second_chance; /* a mistake for tests to find: proxies pass nothing on */
};

struct tally {
	uint32_t broken;    /* flows that were reset, or gave up */
	uint32_t refused;   /* clients that found no proxy to accept them and gave up */
	uint32_t died;	    /* flows whose proxy crashed */
	uint32_t delayed;   /* flows with packets that took a further hop */
	uint32_t waited;    /* flows with packets that a dead proxy swallowed, and that went on */
	uint64_t forwarded; /* packets that took a further hop, one or more */
	double peak_open;   /* flows of the busiest proxy over the mean, in the end */
	double peak_new;    /* the same of flows that were accepted after the last change */
	double peak_share;  /* the same of rows, entries or points: without the luck of flows */
};

struct outcome {
	uint32_t flows;	      /* that there ever were */
	uint32_t established; /* at the moment of the first change */
	uint64_t packets;
	struct tally tallies[SCHEMES];
};

void play_scenario(struct outcome *out, const struct scenario *scenario, const struct playing *how);

/* Could a scheme keep its promise, to break and refuse no flow but those of dead proxies? */
bool play_promises(const struct scenario *scenario, enum scheme scheme);

#endif
