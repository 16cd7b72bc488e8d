/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does what the data path reads lie?
 *
 * All of it in one stretch of memory, of huge pages where the system has them: the rows of many
 * tables share an entry of the processor's TLB. One stretch is also easy to copy, and to put on the
 * memory node of those who read it.
 */
#ifndef GLB_AREA_H
#define GLB_AREA_H

#include <stddef.h>
#include <stdint.h>

#include <glb/bytes.h>

enum {
	GLB_HUGE_PAGE = 2 << 20, /* bytes; what x86-64 has, and arm64 with pages of 4 KiB */
	GLB_AREA_ALIGNMENT = 64, /* of each part: a cache line */
};

/* All zeros: none yet, and parts are only counted. */
struct glb_area {
	uint8_t *base;
	size_t len;  /* bytes, a multiple of GLB_HUGE_PAGE */
	size_t used; /* by parts, from the base on */
};

/*
 * Makes room for `len` bytes, which are not set to anything; at least one. 0 and *out, to be
 * released with glb_area_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_area_make(struct glb_area *out, size_t len);

/*
 * The next part, of `len` bytes; the area must have room for it. NULL from one of all zeros, whose
 * `used` then tells how much room all parts need.
 */
void *glb_area_take(struct glb_area *area, size_t len);

/* Where a part of `from` is in `to`, its copy. NULL stays NULL. */
static inline void *glb_area_moved(const struct glb_area *to, const struct glb_area *from,
				   const void *part)
{
	return part ? to->base + ((const uint8_t *)part - from->base) : NULL;
}

/* One of all zeros is fine. */
void glb_area_free(struct glb_area *area);

#endif
