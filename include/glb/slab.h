/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is the memory of the rows that workers read?
 *
 * In slabs: stretches of huge pages, where the system has them, with places for the rows of several
 * tables each, so that these share entries of the processor's TLB. Rows stay in their place as long
 * as any generation has their table: generations share the rows of a table that has not changed. A
 * place that has become free serves the next table that is built, and a slab without rows is freed.
 */
#ifndef GLB_SLAB_H
#define GLB_SLAB_H

#include <glb/arena.h>

enum {
	GLB_SLAB_PLACES_MAX = 32,
	GLB_PLACE_LEN = 512 << 10, /* bytes: the rows of one table */
	GLB_PLACES_PER_PAGE = GLB_HUGE_PAGE / GLB_PLACE_LEN,
};

struct glb_slab {
	struct glb_arena arena;
	unsigned int places; /* how many it has, a multiple of GLB_PLACES_PER_PAGE */
	uint32_t taken;	     /* set of places; atomic */
	bool is_near; /* the caller's own: it was put on the NUMA node of those who read it */
};

/* All zeros: none. */
struct glb_place {
	struct glb_slab *slab;
	void *base; /* GLB_PLACE_LEN bytes, aligned like a page */
};

/*
 * Takes the first place of a new slab that has at least `places` of them, from 1 on, or
 * GLB_SLAB_PLACES_MAX. What is in it is not defined. 0 and *out, to be released with
 * glb_place_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_place_make(struct glb_place *out, unsigned int places);

/*
 * Takes a free place in the slab of another one, which must not be freed meanwhile; that one may be
 * none. Any number of threads may take and free places of a slab at once. False if there is none,
 * and *out is left alone.
 */
bool glb_place_beside(struct glb_place *out, const struct glb_place *other);

/* Frees a place, and its slab with the last one. The place is none afterwards. For any thread. */
void glb_place_free(struct glb_place *place);

#endif
