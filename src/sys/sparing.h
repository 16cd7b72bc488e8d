/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May one more line of this kind be logged?
 *
 * Events that outsiders can trigger at will would fill a log until it is unreadable, and the
 * journal drops lines of processes that log too much. So each kind is limited to some lines a
 * minute, plus one that says how many were withheld.
 */
#ifndef SYS_SPARING_H
#define SYS_SPARING_H

#include <stdbool.h>
#include <stdint.h>

enum { SPARING_LINES = 10, SPARING_WINDOW_MS = 60000 };

/* Limiter of one kind of line; initially all zeros. */
struct sparing {
	uint64_t window_ms; /* start of the current minute; 0: none yet */
	uint32_t lines;	    /* logged in it */
	uint32_t withheld;  /* withheld in it */
};

/* Is this one of the first SPARING_LINES of the minute? If not, it is counted as withheld. */
bool sparing_allows(struct sparing *sparing, uint64_t now_ms);

/*
 * The number of lines withheld in a minute that has ended, and resets it; 0: none, or the minute
 * has not ended. To be polled, so that the last ones are reported as well.
 */
uint32_t sparing_take(struct sparing *sparing, uint64_t now_ms);

#endif
