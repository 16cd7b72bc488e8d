/* SPDX-License-Identifier: BSD-3-Clause */
/* Which ways of choosing a proxy are compared? */
#ifndef FLEET_SCHEMES_H
#define FLEET_SCHEMES_H

#include <stdint.h>

/* The first ones are tables of this tree's core, differing in what the spec says. */
enum scheme {
	SCHEME_ORIGINAL, /* two hops in the order of the original's rule */
	SCHEME_HOPS_2,
	SCHEME_HOPS_3,
	SCHEME_HOPS_4,
	SCHEME_MAX_LOAD, /* three hops and a limit of load */
	SCHEME_TABLES,
	SCHEME_MODULO = SCHEME_TABLES, /* routers alone: the hash modulo the number of proxies */
	SCHEME_RING,		       /* directors with a ring of consistent hashing, ring.h */
	SCHEME_MAGLEV,		       /* directors with a Maglev table, maglev.h */
	SCHEME_TRACKED,		       /* these with connection tables as well, tracking.h */
	SCHEMES,
};

struct scheme_facts {
	const char *name;
	uint8_t hops; /* of the spec, as is max_load */
	uint8_t max_load;
	uint8_t spare; /* 1 + changes at a time that may break no flow: hops, less one for
			  max_load; 0: no such promise */
};

static const struct scheme_facts scheme_facts[SCHEMES] = {
	[SCHEME_ORIGINAL] = {"hops absent", 0, 0, 2},
	[SCHEME_HOPS_2] = {"2 hops", 2, 0, 2},
	[SCHEME_HOPS_3] = {"3 hops", 3, 0, 3},
	[SCHEME_HOPS_4] = {"4 hops", 4, 0, 4},
	[SCHEME_MAX_LOAD] = {"3, max_load", 3, 105, 2},
	[SCHEME_MODULO] = {"ECMP modulo", 0, 0, 0},
	[SCHEME_RING] = {"ring", 0, 0, 0},
	[SCHEME_MAGLEV] = {"Maglev", 0, 0, 0},
	[SCHEME_TRACKED] = {"Maglev, tracks", 0, 0, 0},
};

#endif
