/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why was an input refused, in words an operator can act on?
 *
 * A function that takes a `struct glb_diag *` fills it if and only if it fails. It may always be
 * NULL.
 */
#ifndef GLB_DIAG_H
#define GLB_DIAG_H

#include <stdarg.h>
#include <stdio.h>

#include <glb/bytes.h>

struct glb_diag {
	char text[512]; /* not escaped; without a newline at the end */
};

/* Writes the reason, formatted as by printf(); longer texts are truncated. No-op if diag is NULL.
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
}

#endif
