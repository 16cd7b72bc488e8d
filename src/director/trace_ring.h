/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do packets that somebody wants to see get out of a worker that must not wait?
 *
 * Into a ring that one worker writes and the control thread reads: both frames, as received and as
 * sent, and the verdict. Its memory is there before the worker hears of it. A packet that finds no
 * room, or is one too many since the control thread looked last, is missed, and counted. So a flood
 * costs a worker the filter and, at most, so many copies as the ring has records; a packet whose
 * verdict nobody wants costs neither.
 *
 * The frame as received is gone once glb_forward() has forwarded a packet, so it is copied before
 * where forwarded packets are wanted, and after, of those that are wanted, where they are not.
 */
#ifndef DIRECTOR_TRACE_RING_H
#define DIRECTOR_TRACE_RING_H

#include "director/trace_filter.h"

enum {
	TRACE_BURST = 32,	  /* packets decided at once, at most */
	TRACE_RING_LEN = 2 << 20, /* bytes of a ring's records, if they are not too few then */
	TRACE_RECORDS_MIN = 2 * TRACE_BURST,
};

/* A frame, which may have been longer than what is kept of it. */
struct trace_frame {
	uint32_t len;
	uint16_t kept;
	uint8_t port;
};

struct trace_record {
	uint64_t ticks;	     /* of the TSC, when it was decided */
	uint64_t generation; /* that decided */
	struct trace_frame received;
	struct trace_frame sent; /* len 0: nothing was */
	uint32_t backend;	 /* of glb_packet, with GLB_FORWARD */
	uint8_t verdict;
	uint8_t bytes[]; /* of `received`; those of `sent` begin at the ring's snaplen */
};

struct trace_ring {
	const struct trace_filter *filter;
	uint64_t early; /* verdicts of glb_forward() that may become wanted ones */
	uint32_t snaplen;
	uint32_t record_len;
	uint32_t count;	  /* of records, a power of two */
	uint8_t *records; /* they */
	uint16_t *order;  /* place n % count: which record is number n, or any that is free */
	/* The worker writes, and others may read: */
	uint64_t written __attribute__((aligned(64))); /* records, since the start */
	uint64_t copied;			       /* frames as received */
	uint64_t missed; /* packets that the program takes, and which are not there */
	/* the worker's own: */
	uint32_t held;		  /* records of the burst under way, behind those written */
	uint16_t at[TRACE_BURST]; /* 1 + which of them is of packet i; 0: none */
	/* The control thread writes: */
	uint64_t read __attribute__((aligned(64)));
	uint64_t copies_max; /* `copied` goes no further, until it looks again */
};

/*
 * Makes a ring of records of frames of up to snaplen bytes, all of which is in memory. 0 and *out,
 * to be released with trace_ring_free(); or -ENOMEM. The filter stays the caller's.
 */
GLB_NODISCARD int trace_ring_make(struct trace_ring **out, const struct trace_filter *filter,
				  uint32_t snaplen);

/* NULL is fine. */
void trace_ring_free(struct trace_ring *ring);

/* Worker: before glb_forward() decides about n packets, at most TRACE_BURST. */
void trace_before(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n);

/* Worker: when it has, and nothing else has happened to them. */
void trace_decided(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n);

/* Worker: when their verdicts are final, and what leaves is as it leaves. */
void trace_settled(struct trace_ring *ring, const struct glb_generation *gen,
		   const struct glb_packet *packets, unsigned int n, uint64_t ticks);

/* Control thread: the first record that was not read yet. NULL: there is none now. */
const struct trace_record *trace_ring_peek(const struct trace_ring *ring);

/* Control thread: that one was read, and may be written again. */
void trace_ring_pass(struct trace_ring *ring);

/* Control thread: it looks again, now and then, so that copying may go on. */
void trace_ring_allow(struct trace_ring *ring);

/* Any thread. */
static inline uint64_t trace_ring_missed(const struct trace_ring *ring)
{
	return __atomic_load_n(&ring->missed, __ATOMIC_RELAXED);
}

#endif
