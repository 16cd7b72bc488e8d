/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "director/trace/ring.h"

enum { RECORD_ALIGN = 64 };

#define BIT(verdict) ((uint64_t)1 << (verdict))

/* Replies over the limit become drops when the burst is settled. */
static uint64_t early_of(uint64_t verdicts)
{
	if (verdicts & BIT(GLB_DROP_ANSWER_LIMIT))
		verdicts |= BIT(GLB_ANSWER_ECHO);
	if (verdicts & BIT(GLB_DROP_ERROR_LIMIT))
		verdicts |= BIT(GLB_ANSWER_TOO_BIG) | BIT(GLB_ANSWER_OUTER_TOO_BIG);
	return verdicts;
}

static uint32_t record_len(uint32_t snaplen)
{
	const uint32_t len = (uint32_t)sizeof(struct trace_record) + 2 * snaplen;

	return (len + RECORD_ALIGN - 1) & ~(uint32_t)(RECORD_ALIGN - 1);
}

int trace_ring_make(struct trace_ring **out, const struct trace_filter *filter, uint32_t snaplen)
{
	struct trace_ring *ring = aligned_alloc(_Alignof(struct trace_ring), sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	memset(ring, 0, sizeof(*ring));
	ring->filter = filter;
	ring->early = early_of(filter->verdicts);
	ring->snaplen = snaplen;
	ring->record_len = record_len(snaplen);
	ring->count = TRACE_RECORDS_MIN;
	while (2 * ring->count * ring->record_len <= TRACE_RING_LEN)
		ring->count *= 2;
	ring->copies_max = ring->count;

	const size_t len = (size_t)ring->count * ring->record_len;

	ring->records = aligned_alloc(RECORD_ALIGN, len);
	ring->order = malloc(ring->count * sizeof(*ring->order));
	if (!ring->records || !ring->order) {
		trace_ring_free(ring);
		return -ENOMEM;
	}
	memset(ring->records, 1, len); /* so that no worker takes a page fault */
	for (uint32_t i = 0; i < ring->count; i++)
		ring->order[i] = (uint16_t)i;
	*out = ring;
	return 0;
}

void trace_ring_free(struct trace_ring *ring)
{
	if (!ring)
		return;
	free(ring->records);
	free(ring->order);
	free(ring);
}

/* --- The worker --- */

static uint16_t *trace_ring_place(const struct trace_ring *ring, uint64_t number)
{
	return &ring->order[number & (ring->count - 1)];
}

static struct trace_record *record(const struct trace_ring *ring, uint64_t number)
{
	return (struct trace_record *)(ring->records +
				       (size_t)*trace_ring_place(ring, number) * ring->record_len);
}

static struct trace_frame trace_ring_keep(uint8_t *out, const struct trace_ring *ring,
					  const struct glb_packet *pkt)
{
	const uint32_t kept = pkt->len < ring->snaplen ? pkt->len : ring->snaplen;

	memcpy(out, pkt->data, kept);
	return (struct trace_frame){.len = pkt->len, .kept = (uint16_t)kept, .port = pkt->port};
}

static void miss(struct trace_ring *ring)
{
	__atomic_store_n(&ring->missed, ring->missed + 1, __ATOMIC_RELAXED);
}

/* Copies packet i as received, if the program matches and there is room. */
static void trace_ring_receive(struct trace_ring *ring, const struct glb_packet *pkt,
			       unsigned int i)
{
	const uint64_t number = ring->written + ring->held;

	if (!trace_filter_takes(ring->filter, pkt->data, pkt->len))
		return;
	if (number - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) >= ring->count ||
	    ring->copied >= __atomic_load_n(&ring->copies_max, __ATOMIC_RELAXED)) {
		miss(ring);
		return;
	}

	struct trace_record *one = record(ring, number);

	one->received = trace_ring_keep(one->bytes, ring, pkt);
	__atomic_store_n(&ring->copied, ring->copied + 1, __ATOMIC_RELAXED);
	ring->at[i] = (uint16_t)++ring->held;
}

void trace_before(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n)
{
	ring->held = 0;
	memset(ring->at, 0, sizeof(ring->at));
	if (!trace_filter_wants(ring->filter, GLB_FORWARD))
		return;
	for (unsigned int i = 0; i < n; i++)
		trace_ring_receive(ring, &packets[i], i);
}

void trace_decided(struct trace_ring *ring, const struct glb_packet *packets, unsigned int n)
{
	if (trace_filter_wants(ring->filter, GLB_FORWARD))
		return;
	for (unsigned int i = 0; i < n; i++)
		if (ring->early >> packets[i].verdict & 1)
			trace_ring_receive(ring, &packets[i], i);
}

/* Completes a record. */
static void complete(struct trace_ring *ring, struct trace_record *one,
		     const struct glb_generation *gen, const struct glb_packet *pkt)
{
	one->verdict = pkt->verdict;
	one->generation = gen->number;
	one->backend = 0;
	one->sent = (struct trace_frame){.len = 0};
	if (pkt->verdict != GLB_FORWARD && !glb_verdict_is_icmp_reply(pkt->verdict))
		return;
	one->sent = trace_ring_keep(one->bytes + ring->snaplen, ring, pkt);
	if (pkt->verdict != GLB_FORWARD)
		return;
	one->backend = pkt->backend;
	one->sent.port = glb_way_out(&gen->settings, pkt->port);
}

void trace_settled(struct trace_ring *ring, const struct glb_generation *gen,
		   const struct glb_packet *packets, unsigned int n, uint64_t ticks)
{
	const uint64_t first = ring->written;
	uint32_t wanted = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!ring->at[i] || !trace_filter_wants(ring->filter, packets[i].verdict))
			continue;

		/* records to keep move to the front; the others are free again */
		uint16_t *to = trace_ring_place(ring, first + wanted++);
		uint16_t *from = trace_ring_place(ring, first + ring->at[i] - 1U);
		const uint16_t other = *to;

		*to = *from;
		*from = other;

		struct trace_record *one = record(ring, first + wanted - 1);

		one->ticks = ticks;
		complete(ring, one, gen, &packets[i]);
	}
	__atomic_store_n(&ring->written, first + wanted, __ATOMIC_RELEASE);
}

/* --- The control thread --- */

const struct trace_record *trace_ring_peek(const struct trace_ring *ring)
{
	if (__atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) == ring->read)
		return NULL;
	return record(ring, ring->read);
}

void trace_ring_pass(struct trace_ring *ring)
{
	__atomic_store_n(&ring->read, ring->read + 1, __ATOMIC_RELEASE);
}

void trace_ring_allow(struct trace_ring *ring)
{
	const uint64_t copied = __atomic_load_n(&ring->copied, __ATOMIC_RELAXED);

	__atomic_store_n(&ring->copies_max, copied + ring->count, __ATOMIC_RELAXED);
}
