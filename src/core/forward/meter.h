/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets exceed the meter of their VIP?
 *
 * Plain packets of a burst are counted by meter, and each meter is asked once for as many tokens.
 * If it has fewer, the last packets of the burst go without. Packets that are not plain ask alone,
 * before their buffers are touched.
 */
#ifndef CORE_FORWARD_METER_H
#define CORE_FORWARD_METER_H

#include <glb/meter.h>

#include "burst.h"

/* The packets of a burst by meter. */
struct tally {
	uint16_t meters[LANES]; /* by lane: its number; 0: none */
	uint16_t met[LANES];	/* numbers that occur */
	unsigned int met_count;
	uint8_t counts[GLB_METERS_MAX + 1]; /* by number: packets, then tokens */
};
_Static_assert(LANES <= 64, "what a meter can be asked for at once");

/* The VIP of a lane, as meters know it. */
GLB_INLINE void lane_vip(uint64_t vip[2], const struct columns *c, size_t i, uint8_t version)
{
	vip[0] = version == 4 ? c->addrs[0][i] >> 32 : c->addrs[2][i];
	vip[1] = version == 4 ? 0 : c->addrs[3][i];
}

/* Counts lanes. Neighbours are often for the same VIP. */
GLB_INLINE void count_metered(struct tally *tally, const struct columns *c, const struct burst *b,
			      uint64_t lanes, uint8_t version)
{
	uint64_t last[2];
	uint32_t number = 0;
	bool any = false;

	for (uint64_t left = lanes; left; left &= left - 1) {
		const size_t i = (size_t)__builtin_ctzll(left);
		uint64_t vip[2];

		lane_vip(vip, c, i, version);
		if (!any || vip[0] != last[0] || vip[1] != last[1])
			number = glb_meters_find(b->meters, vip, version);
		any = true;
		memcpy(last, vip, sizeof(last));
		tally->meters[i] = (uint16_t)number;
		if (number && !tally->counts[number]++)
			tally->met[tally->met_count++] = (uint16_t)number;
	}
}

/* Puts tokens in the place of packets. True: there is one for each. */
static bool take_tokens(struct tally *tally, const struct burst *b)
{
	bool enough = true;

	for (unsigned int m = 0; m < tally->met_count; m++) {
		uint8_t *count = &tally->counts[tally->met[m]];
		const uint32_t taken =
			glb_meter_take(&b->meters->meters[tally->met[m] - 1], *count, b->now_ns);

		enough &= taken == *count;
		*count = (uint8_t)taken;
	}
	return enough;
}

/* Drops the lanes for which there is no token. */
static void drop_metered(struct tally *tally, struct burst *b, uint64_t lanes)
{
	for (uint64_t left = lanes; left; left &= left - 1) {
		const size_t i = (size_t)__builtin_ctzll(left);
		const uint16_t number = tally->meters[i];

		if (!number)
			continue;
		if (tally->counts[number]) {
			tally->counts[number]--;
			continue;
		}
		b->pkts[i].verdict = GLB_DROP_METERED;
		b->live &= ~(1ULL << i);
	}
}

/* Meters the live lanes that are plain. Not inlined, so that the code of the data path without
 * meters stays together. */
static __attribute__((noinline)) void meter_plain(const struct columns *c, struct burst *b)
{
	const uint64_t lanes = b->live & ~b->odd;
	struct tally tally;

	tally.met_count = 0;
	memset(tally.counts, 0, sizeof(tally.counts));
	if (b->version == 4)
		count_metered(&tally, c, b, lanes, 4);
	else
		count_metered(&tally, c, b, lanes, 6);
	if (GLB_UNLIKELY(!take_tokens(&tally, b)))
		drop_metered(&tally, b, lanes);
}

/* The verdict of a packet that is judged alone, and would be forwarded otherwise. */
static __attribute__((noinline)) enum glb_verdict meter_single(const struct burst *b,
							       const struct glb_flow *flow)
{
	const struct glb_meter *meter = glb_meters_of(b->meters, flow->dst, flow->version);

	if (!meter || glb_meter_take(meter, 1, b->now_ns))
		return GLB_FORWARD;
	return GLB_DROP_METERED;
}

#endif
