/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker stood still, when, for how long, and why?
 *
 * Workers put down turns that took too long (director/turns.h). The control thread collects them,
 * gives them a time of day, logs them, though not more than SPARING_LINES a minute, and keeps the
 * last RECORDER_KEPT.
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_RECORDER_H
#define DIRECTOR_RECORDER_H

#include "director/worker.h"
#include "sys/sparing.h"

enum { RECORDER_KEPT = 256 };

struct stall {
	uint64_t end_ms; /* of the day: since 1970, in UTC */
	unsigned int worker;
	unsigned int lcore;
	struct turn_stall turn;
};

struct recorder {
	uint64_t count; /* of stalls that were collected */
	uint64_t lost;	/* that came too fast to be collected */
	/* its own */
	struct stall kept[RECORDER_KEPT]; /* number n is in place n % RECORDER_KEPT */
	uint64_t seen[RTE_MAX_LCORE];	  /* of each worker */
	uint64_t polled_at_ms;
	struct sparing lines; /* of the log */
};

/* Collects what is new, every TURN_SAMPLE_MS. To be called in every turn of the control thread. */
void recorder_poll(struct recorder *recorder, struct workers *workers);

/* A stall that was collected, 0 the last one; NULL: there are not so many. */
const struct stall *recorder_get(const struct recorder *recorder, unsigned int back);

enum { STALL_TEXT_LEN = 256 };

/* "worker 1 on lcore 2 stood still for 203 ms..."; returns out. */
const char *stall_text(char out[STALL_TEXT_LEN], const struct stall *stall);

#endif
