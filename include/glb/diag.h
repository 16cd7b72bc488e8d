/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why was an input refused, in words an operator can act on?
 *
 * A function that takes a `struct glb_diag *` fills it when, and only when, it fails. NULL is
 * always allowed: the caller is not interested.
 */
#ifndef GLB_DIAG_H
#define GLB_DIAG_H

#include <stdarg.h>
#include <stdio.h>

#include <glb/bytes.h>

struct glb_diag {
	char text[512]; /* one line, no newline at its end */
};

/*
 * Writes the reason; longer texts are cut. What it quotes may hold line breaks or terminal escapes:
 * control characters become question marks.
 */
GLB_PRINTF(2, 3)
static inline void glb_diag(struct glb_diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return;
	va_start(args, format);
	(void)vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
	for (char *at = diag->text; *at; at++)
		if ((uint8_t)*at < 0x20 || *at == 0x7f)
			*at = '?';
}

#endif
