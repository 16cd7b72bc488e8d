/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which thread waits for disks, so that the loop does not?
 *
 * One that runs jobs one after the other, in the order in which they were added. A hanging disk
 * delays this thread and its queue, and nothing else: probes continue with the files there are. A
 * single thread preserves the order of reads and writes: the state goes to disk before the tables
 * that follow from it.
 */
#ifndef HEALTHCHECK_BACKGROUND_H
#define HEALTHCHECK_BACKGROUND_H

#include <stdbool.h>

struct loop;
struct background;

/* A job, embedded in a structure of the caller that outlives it. Between background_add() and
 * done() it belongs to the thread. */
struct background_job {
	void (*run)(void *arg);	 /* called on the thread */
	void (*done)(void *arg); /* called afterwards, on the loop's thread */
	void *arg;
	struct background_job *next; /* private to background.c */
};

/* Returns 0 and sets *out, to be released with background_close(); or -errno. Signals must be
 * blocked already. */
__attribute__((warn_unused_result)) int background_open(struct background **out, struct loop *loop);

/* Queues a job whose first three members are set. Called on the loop's thread. */
void background_add(struct background *background, struct background_job *job);

/* Waits for all jobs, up to a timeout, and calls their done(). False: some are unfinished. */
__attribute__((warn_unused_result)) bool background_finish(struct background *background,
							   unsigned int timeout_ms);

/* No job may be pending. NULL is fine. */
void background_close(struct background *background);

#endif
