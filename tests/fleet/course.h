/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which versions of a table does a fleet get, and when?
 *
 * Rows are those of the core, built from the spec of each version. The schemes it is compared with
 * choose among the proxies that take new flows by the same spec.
 */
#ifndef FLEET_COURSE_H
#define FLEET_COURSE_H

#include <stdbool.h>

#include <glb/table.h>

#include "maglev.h"
#include "ring.h"

enum {
	TICKS_PER_S = 10,
	PROXIES_MAX = 1024,
	COURSE_STEPS_MAX = 64,
	COURSE_VERSIONS_MAX = 16,
	FIELD_SETS = 2,
	FIELDS_NONE = 0xff,
};

/* The sets of hash fields that a course may name. */
extern const uint8_t course_field_sets[FIELD_SETS];

/* The proxies of a version, as schemes without rows see them. */
struct pool {
	uint16_t proxies[PROXIES_MAX]; /* that take new flows, in order */
	unsigned int count;
	bool reachable[PROXIES_MAX];  /* neither removed nor unhealthy */
	uint16_t maglev[MAGLEV_SIZE]; /* this and the ring: of a course that is compared */
	struct ring *ring;
};

struct version {
	struct glb_table_spec spec;
	struct glb_row *rows; /* with numbers of proxies */
	unsigned int hop_count;
	struct pool *pool;
};

/* A version and how flows are hashed: in force from a tick on, but each director is late by a part
 * of the spread. */
struct course_step {
	uint32_t at, spread; /* ticks */
	unsigned int version;
	uint8_t fields, alt_fields; /* of course_field_sets; the latter may be FIELDS_NONE */
};

/* All zeros: no version yet. */
struct course {
	bool compared; /* do schemes without rows have the same versions? */
	struct version versions[COURSE_VERSIONS_MAX];
	unsigned int version_count;
	struct course_step steps[COURSE_STEPS_MAX];
	unsigned int step_count;
	struct glb_tables known; /* built last, so that the next one is built faster */
};

/* The number of the proxy with an address of tests/bench/table_fleet.h. */
static inline uint16_t course_proxy(const struct glb_addr *addr)
{
	return (uint16_t)(addr->bytes[2] << 8 | addr->bytes[3]);
}

/* Appends a step, whose `version` is filled in. Versions that were there before are not built
 * again. */
void course_put(struct course *course, const struct glb_table_spec *spec, struct course_step step);

/* The hops of a flow with these hashes, as proxies, in the order in which they are tried; returns
 * how many. `hashes` is indexed by set of fields. */
unsigned int course_hops(uint16_t out[GLB_WIRE_HOPS_MAX], const struct course *course,
			 const struct course_step *step, const uint64_t *hashes);

/* Leaves zeros. */
void course_free(struct course *course);

#endif
