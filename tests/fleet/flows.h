/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows are there, and when do they send something?
 *
 * Flows arrive by a Poisson process. Six of ten are short: lognormal, with a median of 5 s and a
 * sigma of 1.5. Four of ten are long: Pareto with an exponent of 1.2, from 60 s on. A lognormal
 * body with a Pareto tail is the form of Barford and Crovella, "Generating Representative Web
 * Workloads", 1998, and the exponent near that of Crovella and Bestavros, "Self-Similarity in World
 * Wide Web Traffic", 1997. (Downey, "Lognormal and Pareto distributions in the Internet", 2005,
 * finds a lognormal enough for most data, so this tail has rather too many long flows.) The scale
 * of both, the shares and the longest life are assumptions.
 *
 * A flow begins with a SYN, sends something now and then, and at last a FIN. Seven of ten are busy,
 * with 5 s between packets on average; the others are idle, with 30 s. No flow is silent for more
 * than 75 s. A packet that a dead proxy swallows is repeated after 1, 2, 4 and so on seconds, up to
 * 127 s, as a Linux client does with a SYN; then the client gives up.
 */
#ifndef FLEET_FLOWS_H
#define FLEET_FLOWS_H

#include <stdbool.h>

#include "course.h"
#include "schemes.h"

enum {
	FLOW_TRIES_MAX = 7, /* 1 + 2 + ... + 64 s */
	FLOW_NO_OWNER = 0xffff,
};

struct flow {
	uint64_t hashes[FIELD_SETS]; /* of the core, by set of fields */
	uint32_t ecmp;		     /* of the routers */
	uint32_t number;	     /* counts up from 1 */
	uint32_t ends_at;	     /* tick of its last packet */
	uint32_t next;		     /* in a list */
	uint16_t owner[SCHEMES];     /* proxy that accepted it; FLOW_NO_OWNER: none yet */
	uint16_t over;		     /* set of schemes: it is broken there, or died */
	uint16_t waiting;	     /* set of schemes: its last packet was lost */
	uint16_t delayed, waited;    /* sets of schemes: some packets did, see struct tally */
	uint16_t behind;	     /* set of schemes: its last packet took a further hop */
	uint32_t seen;		     /* changes of the fleet that its last packet saw */
	uint8_t tries;		     /* repetitions so far */
	bool idle;
};

/* All flows that there are, and the ticks in which they send. */
struct flows {
	uint64_t random;
	uint8_t hash_key[GLB_SIPHASH_KEY_LEN];
	double rate;	     /* arrivals per tick */
	double next_arrival; /* in ticks */
	struct flow *all;
	uint32_t capacity, used;
	uint32_t free;	    /* first of a list, 0: none */
	uint32_t *calendar; /* by tick: first of a list */
	uint32_t end;	    /* ticks of the calendar */
	uint32_t started;   /* flows that ever were */
	uint32_t live;
};

/* The hashes of a flow from 11.0.0.0/8 to port 443 of 192.0.2.1, by set of hash fields, as the core
 * has them. */
void flows_hash(uint64_t hashes[FIELD_SETS], const uint8_t *hash_key, uint32_t client,
		uint16_t port);

/* About so many flows in `end` ticks, those that are there at the beginning included; for
 * flows_free(). */
void flows_start(struct flows *flows, unsigned int count, uint32_t end, uint64_t seed,
		 const uint8_t *hash_key);
void flows_free(struct flows *flows);

/* The next flow that is there when the first tick begins, or NULL after the last one. */
struct flow *flows_old(struct flows *flows);

/* The next flow that arrives before the end of a tick, or NULL. */
struct flow *flows_arrival(struct flows *flows, uint32_t tick);

/* The next flow that sends in a tick, or NULL after the last one. */
struct flow *flows_due(struct flows *flows, uint32_t tick);

/* Has it send again, after that tick; if it is waiting, sooner than it would. */
void flows_go_on(struct flows *flows, struct flow *flow, uint32_t tick);

/* It is over. */
void flows_end(struct flows *flows, struct flow *flow);

#endif
