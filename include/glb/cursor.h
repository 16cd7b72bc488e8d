/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a packet read from front to back without ever reading past its end?
 *
 * A cursor is the part of the packet not read yet. glb_take() is the only way forward, and it
 * either hands out bytes that exist or nothing.
 */
#ifndef GLB_CURSOR_H
#define GLB_CURSOR_H

#include <glb/bytes.h>

struct glb_cursor {
	const uint8_t *at;  /* next byte to read */
	const uint8_t *end; /* one past the last byte */
};

GLB_INLINE struct glb_cursor glb_cursor(const uint8_t *bytes, size_t len)
{
	return (struct glb_cursor){bytes, bytes + len};
}

/* The next n bytes, and the cursor behind them; NULL, and the cursor unmoved, if fewer are left. */
GLB_INLINE const uint8_t *glb_take(struct glb_cursor *cur, uint32_t n)
{
	const uint8_t *taken = cur->at;

	if (!__builtin_constant_p(n))
		GLB_BOUND(n);
	if (!GLB_FITS(taken, cur->end, n))
		return NULL;
	cur->at = taken + n;
	return taken;
}

#endif
