/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director serve that is started while its tables file is missing or broken?
 *
 * What was served last. Tables are kept as an image of version 3 in a directory for such state,
 * whenever others are served, by a thread of their own: a disk that is slow, full or gone costs a
 * warning. Not more than one image is written in LAST_GOOD_PAUSE_MS, however often tables change,
 * and the last one at the end. The image holds the keys of the tables, so that it is for its owner
 * alone.
 *
 * All functions are for the control thread unless they say otherwise.
 */
#ifndef DIRECTOR_LAST_GOOD_H
#define DIRECTOR_LAST_GOOD_H

#include <limits.h>
#include <pthread.h>

#include "conf/director.h"

#define LAST_GOOD_NAME "last-good.glbd"

enum { LAST_GOOD_PAUSE_MS = 2000 };

struct last_good {
	struct glb_generation *next; /* whose tables are to be kept; NULL: they are */
	struct glb_generation *gen;  /* whose tables are being written; NULL: there is no thread */
	char next_path[PATH_MAX];    /* where `next` goes */
	char path[PATH_MAX];	     /* the thread's */
	bool ended;		     /* atomic: the thread has */
	uint64_t due_at_ms;	     /* the next thread */
	uint64_t kept;		     /* its own: hash of what it wrote last, or 0 */
	pthread_t thread;
};

/*
 * Where tables are kept: in the directory that the configuration names, else in the first one of
 * the service manager's STATE_DIRECTORY. False: nowhere. For any thread.
 */
bool last_good_path(char out[PATH_MAX], const struct director_conf *conf);

/* The tables of a generation are served from now on: keeps them, if there is somewhere to. */
void last_good_keep(struct last_good *last, const struct glb_generation *gen,
		    const struct director_conf *conf);

/* To be called in every turn. */
void last_good_poll(struct last_good *last);

/*
 * Waits for at most timeout_ms until all is written, and gives up what there is. False: a thread
 * goes on that could not be waited for, with a generation, until the process ends.
 */
bool last_good_close(struct last_good *last, unsigned int timeout_ms);

#endif
