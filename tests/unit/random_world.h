/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables and settings may a director have?
 *
 * Any: random ones, in which addresses, prefixes and ports are so close to each other that binds
 * overlap, and everything that may be set is set now and then.
 */
#ifndef UNIT_RANDOM_WORLD_H
#define UNIT_RANDOM_WORLD_H

#include <glb/generation.h>

#include "chance.h"

enum { WORLD_TABLES = 6, WORLD_BINDS = 6, WORLD_BACKENDS = 300 };

struct world {
	struct glb_table_spec tables[WORLD_TABLES];
	struct glb_bind binds[WORLD_TABLES][WORLD_BINDS];
	struct glb_backend backends[WORLD_TABLES][WORLD_BACKENDS];
	unsigned int table_count;
	uint8_t hops;		      /* of all tables; 0: any */
	struct glb_settings settings; /* what must not change, see fixture_with_settings() */
	struct glb_generation *base;
	struct glb_generation *replica; /* of that */
};

/* Makes tables, a generation of them and a replica: for world_free(). Takes some 50 ms. */
void world_make(struct world *world, struct chance *chance);
void world_free(struct world *world);

/* Settings under which fixture_with_settings() can serve the world. */
struct glb_settings world_settings(const struct world *world, struct chance *chance);

#endif
