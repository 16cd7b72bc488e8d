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
	char text[512]; /* for a log, which escapes what it quotes; no newline at its end */
};

/* Writes the reason; longer texts are cut. */
GLB_PRINTF(2, 3)
static inline void glb_diag(struct glb_diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return;
	va_start(args, format);
	(void)vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
}

#endif
