/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is the memory that the data path reads?
 *
 * In one contiguous arena, backed by huge pages if the system has them, so that the rows of many
 * tables share a TLB entry. A single arena is also easy to copy, and to place on the NUMA node of
 * the workers that read it.
 */
#ifndef GLB_ARENA_H
#define GLB_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <glb/bytes.h>

enum {
	GLB_HUGE_PAGE = 2 << 20,  /* bytes; on x86-64, and on arm64 with 4 KiB pages */
	GLB_ARENA_ALIGNMENT = 64, /* of each part: a cache line */
};

/* All zeros: no memory yet, parts are only counted. */
struct glb_arena {
	uint8_t *base;
	size_t len;  /* bytes, a multiple of GLB_HUGE_PAGE */
	size_t used; /* bytes taken by parts, from the base */
};

/*
 * Allocates `len` bytes (at least 1), uninitialised. Returns 0 and sets *out, to be released with
 * glb_arena_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_arena_make(struct glb_arena *out, size_t len);

/*
 * Takes the next part, of `len` bytes; the arena must have room for it. From an arena of all zeros
 * returns NULL, and `used` then adds up how much room the parts need.
 */
void *glb_arena_take(struct glb_arena *arena, size_t len);

/* The address in `to`, a copy of `from`, of a part of `from`. NULL remains NULL. */
static inline void *glb_arena_moved(const struct glb_arena *to, const struct glb_arena *from,
				    const void *part)
{
	return part ? to->base + ((const uint8_t *)part - from->base) : NULL;
}

/* Releases the memory. All zeros are fine. */
void glb_arena_free(struct glb_arena *arena);

#endif
