/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director serve if its tables file is missing or invalid at start?
 *
 * What was served last. Tables are saved as an image of version 3 in a state directory whenever
 * they change, by a separate thread: a slow, full or missing disk causes a warning. At most one
 * image is written per LAST_GOOD_PAUSE_MS, however often tables change, and the last one at the
 * end. The image contains the keys of the tables, so it is accessible to its owner only.
 *
 * All functions must be called on the control thread unless stated otherwise.
 */
#ifndef DIRECTOR_LAST_GOOD_H
#define DIRECTOR_LAST_GOOD_H

#include <limits.h>
#include <pthread.h>

#include "conf/director.h"

#define LAST_GOOD_NAME "last-good.glbd"

enum { LAST_GOOD_PAUSE_MS = 2000 };

struct last_good {
	struct glb_generation *next; /* whose tables are to be saved; NULL: saved already */
	struct glb_generation *gen;  /* whose tables are being written; NULL: no thread */
	char next_path[PATH_MAX];    /* path for `next` */
	char path[PATH_MAX];	     /* used by the thread */
	bool ended;		     /* atomic: set by the thread when it ends */
	uint64_t due_at_ms;	     /* when the next thread may start */
	uint64_t kept;		     /* used by the thread: hash of what it wrote last, or 0 */
	pthread_t thread;
};

/*
 * The path for saved tables: in the directory that the configuration names, or the first one of the
 * service manager's STATE_DIRECTORY. False: none. Callable from any thread.
 */
bool last_good_path(char out[PATH_MAX], const struct director_conf *conf);

/* The tables of a generation are served from now on: saves them, if there is a path. */
void last_good_keep(struct last_good *last, const struct glb_generation *gen,
		    const struct director_conf *conf);

/* To be called in every turn. */
void last_good_poll(struct last_good *last);

/*
 * Waits at most timeout_ms until everything is written, and releases everything. False: a thread
 * could not be joined, and keeps a generation until the process ends.
 */
bool last_good_close(struct last_good *last, unsigned int timeout_ms);

#endif
