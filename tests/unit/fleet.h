/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may a table be, and what may become of it?
 *
 * Random tables and random changes of them, for tests of what holds for all. A fleet owns the
 * arrays its spec points to and may not be moved.
 */
#ifndef UNIT_FLEET_H
#define UNIT_FLEET_H

#include <glb/table.h>

enum { FLEET_MAX = 100 }; /* backends of a fleet */

struct fleet {
	uint64_t random;      /* state of next_random() */
	unsigned int numbers; /* backends that ever were: each has an address of its own */
	struct glb_backend backends[FLEET_MAX];
	struct glb_bind binds[2];
	struct glb_table_spec spec;
};

/* What options the backends of a fleet have. */
enum fleet_kind {
	FLEET_PLAIN = 0,
	FLEET_WEIGHTED = 1,
	FLEET_ZONED = 2,
	FLEET_KINDS = 4,
};

enum fleet_change {
	FLEET_ADD,
	FLEET_REMOVE,
	FLEET_REORDER,
	FLEET_REWEIGH,
	FLEET_REZONE,
	FLEET_STATE,
	FLEET_HEALTH,
	FLEET_HOPS,
	FLEET_CHANGES,
};

/*
 * Makes a fleet of 1 to `max` backends, at least one of them usable, and two binds. Every fourth
 * state is not active, and every fourth backend down.
 */
void fleet_make(struct fleet *fleet, uint64_t seed, unsigned int max, enum fleet_kind kind);

/* A number below n. */
unsigned int fleet_pick(struct fleet *fleet, unsigned int n);

/* Changes something; a change that would leave no usable backend, or that finds no room, does not
 * happen. */
void fleet_change(struct fleet *fleet, enum fleet_change change);

/* Copies a fleet. */
void fleet_copy(struct fleet *out, const struct fleet *fleet);

#endif
