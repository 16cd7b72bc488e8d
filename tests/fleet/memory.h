/* SPDX-License-Identifier: BSD-3-Clause */
/* Where does a simulation get its memory? Without enough of it there is none. */
#ifndef FLEET_MEMORY_H
#define FLEET_MEMORY_H

#include <stdlib.h>

/* Zeros, for free(). */
static inline void *need(size_t len)
{
	void *bytes = calloc(1, len);

	if (!bytes)
		abort();
	return bytes;
}

#endif
