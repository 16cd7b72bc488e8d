/* SPDX-License-Identifier: BSD-3-Clause */
/* glb/diag.h for proofs: the reason is any text. What it is made of is read, as any arguments are.
 */
#ifndef GLB_DIAG_H
#define GLB_DIAG_H

#include <stdarg.h>
#include <stdio.h>

#include <glb/bytes.h>

#include "proof.h"

struct glb_diag {
	char text[512];
};

static void glb_diag(struct glb_diag *diag, const char *format, ...)
{
	if (!diag)
		return;
	ANY_BYTES(diag->text, sizeof(diag->text) - 1);
	diag->text[sizeof(diag->text) - 1] = 0;
}

#endif
