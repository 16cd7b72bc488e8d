/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is the checked file written?
 *
 * It is the source with different values of "healthy", replaced atomically. First its tables are
 * built as the director will build them: what the director would refuse is not written, and the
 * director's digests can be compared later. Everything runs on the thread of background.h.
 */
#ifndef HEALTHCHECK_CHECKED_H
#define HEALTHCHECK_CHECKED_H

#include <glb/digest.h>

#include "healthcheck/effect.h"
#include "healthcheck/source.h"

struct checked {
	/* set by the caller, and valid until the job is done */
	const char *path;
	struct content *content;
	bool *healthy; /* indexed by backend of the plan */
	/* of the previous file; replaced by those of this one. Owned by the caller, for
	 * glb_tables_free() */
	struct glb_tables tables;
	/* results */
	int err;		  /* 0 or -errno */
	bool is_written;	  /* a different file than before is in place */
	char why[EFFECT_WHY_LEN]; /* if err is set */
};

/* Blocks on the disk, and computes for some milliseconds. */
void checked_write(struct checked *checked);

#endif
