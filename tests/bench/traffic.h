/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the data path get to see in a benchmark?
 *
 * The frames of a subject stand in a ring of buffers as in a director's mempool; their headers are
 * written again before each chunk, as a NIC would.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "generation.h"

enum {
	TRAFFIC_BURST = 32,
	TRAFFIC_CHUNK =
		8 * TRAFFIC_BURST, /* packets between two looks at the clock: 250 us at most */
	TRAFFIC_HEAD_LEN = 128,	   /* of a frame, all headers are in it */
};

/* One frame of a flow. */
struct frame {
	uint8_t head[TRAFFIC_HEAD_LEN]; /* zeros follow */
	uint16_t len;
};

struct traffic {
	const struct subject *subject;
	struct glb_generation *gen;
	struct glb_arena memory; /* on huge pages, as a mempool is; of it: */
	uint8_t *buffers;
	uint8_t *heads; /* of TRAFFIC_HEAD_LEN bytes, one per flow */
	uint16_t *lens; /* of frames, one per flow */
	uint32_t flows;
	uint32_t next;
	bool long_heads; /* some have more than half of TRAFFIC_HEAD_LEN */
	struct frame_at frames[TRAFFIC_CHUNK];
	struct glb_packet packets[TRAFFIC_CHUNK];
};

/* Out of memory is the end of the program. To be ended with traffic_stop(). */
void traffic_start(struct traffic *traffic, const struct subject *subject, enum glb_isa isa);
void traffic_stop(struct traffic *traffic);

/* What a NIC would do: writes the next n frames, up to TRAFFIC_CHUNK, and where they are. */
void traffic_write(struct traffic *traffic, unsigned int n);

/* The same, and describes them in traffic->packets. */
void traffic_refill(struct traffic *traffic, unsigned int n);

/* The frame of a flow of a subject of subject_whole(). */
void traffic_frame(struct frame *out, const struct subject *subject, uint32_t flow);

#endif
