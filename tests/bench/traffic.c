/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

/*
 * Buffers lie as far apart as in a DPDK mempool: 64 bytes of the pool, 128 of the mbuf, 128 of
 * headroom, 2,048 of the frame. That is an odd number of cache lines, so that headers spread over
 * all sets of the caches. At 2,048 bytes all of them would share a few sets, and a store would seem
 * to overlap loads from other buffers that have the same address in their page.
 */
enum {
	RING = 512,
	HEADROOM = 128,
	FRAME_AT = 64 + 128 + HEADROOM,
	BUFFER_LEN = FRAME_AT + 2048,
};
_Static_assert(BUFFER_LEN % 128 == 64, "an odd number of cache lines");

/* The frames of all flows. */
static void fill_heads(struct traffic *traffic, const struct subject *subject)
{
	for (uint32_t flow = 0; flow < traffic->flows; flow++) {
		uint8_t *head = traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN;
		struct frame frame;

		traffic_frame(&frame, subject, flow);
		memcpy(head, frame.head, TRAFFIC_HEAD_LEN);
		traffic->lens[flow] = frame.len;
		for (unsigned int i = TRAFFIC_HEAD_LEN / 2; i < TRAFFIC_HEAD_LEN; i++)
			traffic->long_heads |= head[i] != 0;
	}
}

/* Bytes of the buffers, and of heads and lengths of the flows, a cache line more for each. */
static size_t traffic_len(size_t flows)
{
	return (size_t)RING * BUFFER_LEN + flows * (TRAFFIC_HEAD_LEN + sizeof(uint16_t)) +
	       3 * GLB_ARENA_ALIGNMENT;
}

void traffic_start(struct traffic *traffic, const struct subject *subject, enum glb_isa isa)
{
	const struct subject all = subject_whole(subject);

	*traffic = (struct traffic){.subject = subject, .flows = all.flows};
	traffic->gen = bench_generation_of(&all, isa);
	if (glb_arena_make(&traffic->memory, traffic_len(all.flows)))
		abort();
	memset(traffic->memory.base, 0, traffic->memory.len);
	traffic->buffers = glb_arena_take(&traffic->memory, (size_t)RING * BUFFER_LEN);
	traffic->heads = glb_arena_take(&traffic->memory, (size_t)all.flows * TRAFFIC_HEAD_LEN);
	traffic->lens = glb_arena_take(&traffic->memory, all.flows * sizeof(*traffic->lens));
	fill_heads(traffic, &all);
}

void traffic_stop(struct traffic *traffic)
{
	glb_generation_free(traffic->gen);
	glb_arena_free(&traffic->memory);
}

void traffic_write(struct traffic *traffic, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t flow = traffic->next % traffic->flows;
		const uint8_t *head = traffic->heads + (size_t)flow * TRAFFIC_HEAD_LEN;
		uint8_t *frame =
			traffic->buffers + (size_t)(traffic->next % RING) * BUFFER_LEN + FRAME_AT;

		traffic->next++;
		memcpy(frame, head, TRAFFIC_HEAD_LEN / 2);
		if (traffic->long_heads)
			memcpy(frame + TRAFFIC_HEAD_LEN / 2, head + TRAFFIC_HEAD_LEN / 2,
			       TRAFFIC_HEAD_LEN / 2);
		traffic->frames[i] = (struct frame_at){
			.data = frame, .len = traffic->lens[flow], .headroom = HEADROOM};
	}
}

void traffic_refill(struct traffic *traffic, unsigned int n)
{
	traffic_write(traffic, n);
	packets_describe(traffic->packets, traffic->frames, n);
}
