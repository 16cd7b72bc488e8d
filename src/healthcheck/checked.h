/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the checked file written?
 *
 * It is the source with other values of "healthy", replaced whole. Before that its tables are
 * worked out, as the director will: what it would refuse is not written, and the digests of its
 * answer can be compared. All of it is done on the thread of background.h.
 */
#ifndef HEALTHCHECK_CHECKED_H
#define HEALTHCHECK_CHECKED_H

#include <glb/digest.h>

#include "healthcheck/effect.h"
#include "healthcheck/source.h"

struct checked {
	/* set by the caller, who keeps them until it ends */
	const char *path;
	struct content *content;
	bool *healthy; /* by backend of its plan */
	/* of the file before; then of this one. Belongs to the caller, for glb_tables_free() */
	struct glb_tables tables;
	/* what came of it */
	int err;		  /* 0 or -errno */
	bool is_written;	  /* another file than before is in place */
	char why[EFFECT_WHY_LEN]; /* if there is an error */
};

/* Waits for the disk, and for some milliseconds of a processor. */
void checked_write(struct checked *checked);

#endif
