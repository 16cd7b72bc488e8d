/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker was stalled, when, for how long, and why?
 *
 * Workers record turns that took too long (director/turns.h). The control thread collects them,
 * converts their time, logs at most SPARING_LINES a minute, and keeps the last RECORDER_KEPT.
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_RECORDER_H
#define DIRECTOR_RECORDER_H

#include "director/worker.h"
#include "sys/sparing.h"

enum { RECORDER_KEPT = 256 };

struct stall {
	uint64_t end_ms; /* wall-clock time, since the epoch, UTC */
	unsigned int worker;
	unsigned int lcore;
	struct turn_stall turn;
};

struct recorder {
	uint64_t count; /* stalls collected */
	uint64_t lost;	/* stalls that were overwritten before they were collected */
	/* private */
	struct stall kept[RECORDER_KEPT]; /* number n is at index n % RECORDER_KEPT */
	uint64_t seen[RTE_MAX_LCORE];	  /* by worker */
	uint64_t polled_at_ms;
	struct sparing lines; /* limits log lines */
};

/* Collects new stalls every TURN_SAMPLE_MS. To be called in every turn of the control thread. */
void recorder_poll(struct recorder *recorder, struct workers *workers);

/* A collected stall, 0 being the latest; NULL: there are fewer. */
const struct stall *recorder_get(const struct recorder *recorder, unsigned int back);

enum { STALL_TEXT_LEN = 256 };

/* Formats "worker 1 on lcore 2 stood still for 203 ms..."; returns out. */
const char *stall_text(char out[STALL_TEXT_LEN], const struct stall *stall);

#endif
