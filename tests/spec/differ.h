/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a build of the data path make the same of a burst as the specification?
 *
 * Add frames, have the specification decide them, and compare any number of generations that
 * differ in their instruction set. All that the interface names is compared: verdicts, backends,
 * where a frame lies, every byte of it and around it, and the reply where one is due.
 */
#ifndef SPEC_DIFFER_H
#define SPEC_DIFFER_H

#include <stdio.h>

#include <glb/forward.h>

enum {
	DIFFER_BURST_MAX = 128,
	DIFFER_LEN_MAX = 1 << 20, /* of the frames of a burst, with what lies around them */
};

struct differ {
	uint64_t now_ns; /* seconds pass between bursts: no meter of full size is ever exhausted */
	unsigned int count;
	uint32_t used;
	unsigned int at;  /* the packet that differs, */
	const char *what; /* and in what */
	struct glb_packet as_received[DIFFER_BURST_MAX];
	struct glb_packet want[DIFFER_BURST_MAX];
	struct glb_packet got[DIFFER_BURST_MAX + 1]; /* the last is never used */
	uint8_t verdicts[DIFFER_BURST_MAX];
	/* frames lie at the same places in all three */
	uint8_t *original, *wanted, *made;
};

/* For differ_stop(). */
void differ_start(struct differ *differ);
void differ_stop(struct differ *differ);

/* Empties the burst. */
void differ_clear(struct differ *differ);

/*
 * Makes room for one more frame: the caller fills in its `len` bytes before the next call. NULL:
 * there is none.
 */
uint8_t *differ_add(struct differ *differ, uint32_t len, uint16_t headroom, uint8_t port);

/* Has the specification decide the burst. */
void differ_specify(struct differ *differ, const struct glb_generation *gen);

/* Has glb_forward() and glb_icmp_reply() do it. True: all is the same; else `at` and `what` are
 * set. */
bool differ_agrees(struct differ *differ, const struct glb_generation *gen);

/* Prints the packet that differs, the settings that matter to it, what was expected and got. */
void differ_report(FILE *out, const struct differ *differ, const struct glb_generation *gen);

#endif
