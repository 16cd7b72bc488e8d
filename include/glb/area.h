/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is the memory that the data path reads?
 *
 * In one contiguous area, backed by huge pages if the system has them, so that the rows of many
 * tables share a TLB entry. A single area is also easy to copy, and to place on the memory node of
 * the workers that read it.
 */
#ifndef GLB_AREA_H
#define GLB_AREA_H

#include <stddef.h>
#include <stdint.h>

#include <glb/bytes.h>

enum {
	GLB_HUGE_PAGE = 2 << 20, /* bytes; on x86-64, and on arm64 with 4 KiB pages */
	GLB_AREA_ALIGNMENT = 64, /* of each part: a cache line */
};

/* All zeros: no memory yet, parts are only counted. */
struct glb_area {
	uint8_t *base;
	size_t len;  /* bytes, a multiple of GLB_HUGE_PAGE */
	size_t used; /* bytes taken by parts, from the base */
};

/*
 * Allocates `len` bytes (at least 1), uninitialised. Returns 0 and sets *out, to be released with
 * glb_area_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_area_make(struct glb_area *out, size_t len);

/*
 * Takes the next part, of `len` bytes; the area must have room for it. From an area of all zeros
 * returns NULL, and `used` then adds up how much room the parts need.
 */
void *glb_area_take(struct glb_area *area, size_t len);

/* The address in `to`, a copy of `from`, of a part of `from`. NULL remains NULL. */
static inline void *glb_area_moved(const struct glb_area *to, const struct glb_area *from,
				   const void *part)
{
	return part ? to->base + ((const uint8_t *)part - from->base) : NULL;
}

/* Releases the memory. All zeros are fine. */
void glb_area_free(struct glb_area *area);

#endif
