/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who waits for disks, while the loop does not?
 *
 * A thread that does one job after the other, in the order in which they were given. A disk that
 * hangs holds it, and the jobs behind, and nothing else: probes go on, with the files that are
 * there. One thread and not several, as what is read and written here has an order: the state
 * before the tables that follow from it.
 */
#ifndef HEALTHCHECK_BACKGROUND_H
#define HEALTHCHECK_BACKGROUND_H

#include <stdbool.h>

struct loop;
struct background;

/* A part of what it is about, which outlives it: until done() it is the thread's. */
struct background_job {
	void (*run)(void *arg);	 /* on the thread */
	void (*done)(void *arg); /* afterwards, on the loop's */
	void *arg;
	struct background_job *next; /* for background.c alone */
};

/* 0 and *out, for background_close(); or -errno. Signals are to be blocked before. */
__attribute__((warn_unused_result)) int background_open(struct background **out, struct loop *loop);

/* Has a job done; its three members are set. For the loop's thread. */
void background_add(struct background *background, struct background_job *job);

/* Waits for all jobs, at most so long, and calls their done(). False: some go on. */
__attribute__((warn_unused_result)) bool background_finish(struct background *background,
							   unsigned int timeout_ms);

/* No job may be left. NULL is fine. */
void background_close(struct background *background);

#endif
