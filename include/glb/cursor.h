/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a packet parsed from front to back without ever reading past its end?
 *
 * A cursor is the part of the packet that has not been read. glb_take() is the only way to advance
 * it, and returns either bytes that exist or NULL. `at` never exceeds `end`.
 */
#ifndef GLB_CURSOR_H
#define GLB_CURSOR_H

#include <glb/bytes.h>

/* The unread part of a packet. Copy it to return to a position later. */
struct glb_cursor {
	const uint8_t *at;  /* next byte to be read */
	const uint8_t *end; /* one past the last byte */
};

/* A cursor at the start of len bytes, which may be 0. The bytes must outlive the cursor and what is
 * taken from it: both point into them. */
GLB_INLINE struct glb_cursor glb_cursor(const uint8_t *bytes, size_t len)
{
	return (struct glb_cursor){bytes, bytes + len};
}

/*
 * Returns the next n bytes and advances the cursor past them; or returns NULL, with the cursor
 * unmoved, if fewer are left. In eBPF, n must be below 16 KiB unless it is constant: GLB_BOUND()
 * would shorten it. Elsewhere any n is compared exactly, even one beyond the packet.
 */
GLB_INLINE const uint8_t *glb_take(struct glb_cursor *cur, uint32_t n)
{
	const uint8_t *taken = cur->at;

	if (!__builtin_constant_p(n))
		GLB_BOUND(n);
	if (!GLB_FITS(taken, cur->end, n))
		return NULL;
	//@ assert fits: taken <= cur->end - n;
	cur->at = taken + n;
	//@ assert within: cur->at <= cur->end;
	return taken;
}

#endif
