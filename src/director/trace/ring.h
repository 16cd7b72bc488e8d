/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do recorded packets get out of a worker, which must not wait?
 *
 * Through a ring that one worker writes and the control thread reads: both frames, as received and
 * as sent, and the verdict. Its memory exists before the worker learns of it. A packet for which
 * there is no room, or that exceeds the number allowed until the control thread looks again, is
 * missed and counted. So a flood costs a worker the filter and at most as many copies as the ring
 * has records; a packet whose verdict is not selected costs neither.
 *
 * The frame as received no longer exists once glb_forward() has forwarded a packet, so it is copied
 * before if forwarded packets are selected; otherwise after, and only for selected verdicts.
 */
#ifndef DIRECTOR_TRACE_RING_H
#define DIRECTOR_TRACE_RING_H

#include "director/trace/filter.h"

enum {
	TRACE_BURST = 32,	  /* packets that are passed to a ring at once, at most */
	TRACE_RING_LEN = 2 << 20, /* bytes of a ring's records, unless they would be too few */
	TRACE_RECORDS_MIN = 2 * TRACE_BURST,
};

/* A frame, which may have been longer than what was recorded. */
struct trace_frame {
	uint32_t len;
	uint16_t kept;
	uint8_t port;
};

struct trace_record {
	uint64_t ticks;	     /* TSC at the time of the decision */
	uint64_t generation; /* that made the decision */
	struct trace_frame received;
	struct trace_frame sent; /* len 0: none */
	uint32_t backend;	 /* of glb_packet, with GLB_FORWARD */
	uint8_t verdict;
	uint8_t bytes[]; /* of `received`; those of `sent` begin at the ring's snaplen */
};

struct trace_ring {
	const struct trace_filter *filter;
	uint64_t early; /* verdicts of glb_forward() that may still become selected ones */
	uint32_t snaplen;
	uint32_t record_len;
	uint32_t count;	  /* of records, a power of two */
	uint8_t *records; /* the records */
	uint16_t *order;  /* index n % count: the record with number n, or a free one */
	/* Written by the worker, read by others: */
	uint64_t written __attribute__((aligned(64))); /* records since the start */
	uint64_t copied;			       /* frames copied as received */
	uint64_t missed; /* packets that match the program but were not recorded */
	/* private to the worker: */
	uint32_t held;		  /* records of the current burst, after those written */
	uint16_t at[TRACE_BURST]; /* 1 + index of the one for packet i; 0: none */
	/* Written by the control thread: */
	uint64_t read __attribute__((aligned(64)));
	uint64_t copies_max; /* limit of `copied` until it looks again */
};

/*
 * Makes a ring for frames of up to snaplen bytes, with all its memory resident. Returns 0 and sets
 * *out, to be released with trace_ring_free(); or -ENOMEM. The filter remains the caller's.
 */
GLB_NODISCARD int trace_ring_make(struct trace_ring **out, const struct trace_filter *filter,
				  uint32_t snaplen);

/* NULL is fine. */
void trace_ring_free(struct trace_ring *ring);

/* Worker: called before glb_forward() decides about n packets, at most TRACE_BURST. */
void trace_before(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n);

/* Worker: called directly after that. */
void trace_decided(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n);

/* Worker: called when verdicts are final, and frames are as they will be sent. */
void trace_settled(struct trace_ring *ring, const struct glb_generation *gen,
		   const struct glb_packet *packets, unsigned int n, uint64_t ticks);

/* Control thread: the first record that has not been read. NULL: none at present. */
const struct trace_record *trace_ring_peek(const struct trace_ring *ring);

/* Control thread: releases that record for reuse. */
void trace_ring_pass(struct trace_ring *ring);

/* Control thread: permits further copying. To be called regularly. */
void trace_ring_allow(struct trace_ring *ring);

/* Callable from any thread. */
static inline uint64_t trace_ring_missed(const struct trace_ring *ring)
{
	return __atomic_load_n(&ring->missed, __ATOMIC_RELAXED);
}

#endif
