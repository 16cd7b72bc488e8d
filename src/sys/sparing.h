/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May one more line of a kind be logged?
 *
 * What others can make happen, as often as they like, fills a log that nobody can read then, and
 * the journal drops lines of those who log too much. Of each kind there are some lines a minute,
 * and one that says how many there would have been.
 */
#ifndef SYS_SPARING_H
#define SYS_SPARING_H

#include <stdbool.h>
#include <stdint.h>

enum { SPARING_LINES = 10, SPARING_WINDOW_MS = 60000 };

/* Of one kind; all 0 at first. */
struct sparing {
	uint64_t window_ms; /* when the minute began; 0: not yet */
	uint32_t lines;	    /* logged in it */
	uint32_t withheld;  /* not logged in it */
};

/* Is it one of the first SPARING_LINES of the minute? If not, it is counted. */
bool sparing_allows(struct sparing *sparing, uint64_t now_ms);

/*
 * How many were withheld in a minute that has ended; 0: none, or it has not ended. To be asked now
 * and then, so that the last of them are told of.
 */
uint32_t sparing_take(struct sparing *sparing, uint64_t now_ms);

#endif
