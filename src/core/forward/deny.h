/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets for a VIP come from a denied source?
 *
 * Plain packets are looked at side by side: the bits of glb/deny.h for all lanes, without a branch,
 * and slots for the lanes that are in doubt then. Packets that are not plain are judged in
 * single.h.
 */
#ifndef CORE_FORWARD_DENY_H
#define CORE_FORWARD_DENY_H

#include <glb/deny.h>

#include "burst.h"

/* Which lanes of a group have their bit set? */
GLB_INLINE uint64_t lanes_set(const uint64_t *words, vec bits, size_t at)
{
	return (uint64_t)vec_nonzero(vec_look_up(words, bits >> 6) >> (bits & 63) & 1) << at;
}

/* Lanes, live or not, whose source is in a network that has denied addresses. */
GLB_INLINE uint64_t lanes_in_doubt4(const struct columns *c, const struct burst *b,
				    const struct glb_deny4 *deny)
{
	uint64_t lanes = 0;

	for (size_t at = 0; at < b->count; at += GROUP) {
		const vec halves = vec_swap16(vec_load(c->addrs[0], at) & UINT32_MAX);
		const vec number = (halves << 16 & UINT32_MAX) | halves >> 16;

		lanes |= lanes_set(deny->index.bits, number >> deny->shift, at);
	}
	return lanes;
}

GLB_INLINE uint64_t lanes_in_doubt6(const struct columns *c, const struct burst *b,
				    const struct glb_deny6 *deny)
{
	uint64_t lanes = 0;

	for (uint32_t m = 0; m < deny->large_count; m++)
		for (size_t at = 0; at < b->count; at += GROUP) {
			const vec nets = vec_load(c->addrs[0], at) & deny->large_masks[m];

			lanes |= lanes_set(deny->large, nets * GLB_DENY_FACTOR >> deny->large_shift,
					   at);
		}
	return lanes;
}

/* Is a lane denied, whose bit is set? */
GLB_INLINE bool lane_denied4(const struct columns *c, size_t i, const struct glb_deny4 *deny)
{
	const uint32_t src = GLB_BE32(GLB_LE32((uint32_t)c->addrs[0][i]));

	return glb_deny4_has(deny, glb_deny4_bit(deny, src), src);
}

/* Drops the plain packets of denied sources: they are not live any more. */
GLB_INLINE void deny_lanes(const struct columns *c, struct burst *b, uint8_t version)
{
	const struct glb_deny *deny = b->gen->settings.deny;
	uint64_t left =
		version == 4 ? lanes_in_doubt4(c, b, &deny->v4) : lanes_in_doubt6(c, b, &deny->v6);

	for (left &= b->live & ~b->odd; left; left &= left - 1) {
		const size_t i = (size_t)__builtin_ctzll(left);

		if (version == 4 ? !lane_denied4(c, i, &deny->v4)
				 : !glb_denies6(&deny->v6, c->addrs[0][i], c->addrs[1][i]))
			continue;
		b->pkts[i].verdict = GLB_DROP_DENIED;
		b->live &= ~(1ULL << i);
	}
}

/* The verdict of a packet for a VIP that is judged alone, whose source is at `src`. */
static __attribute__((noinline)) enum glb_verdict deny_single(const struct glb_generation *gen,
							      enum glb_verdict verdict,
							      const uint8_t *src, uint8_t version)
{
	if (verdict == GLB_DROP_LOOP || verdict == GLB_DROP_SOURCE)
		return verdict; /* these were asked first */
	return glb_denies(gen->settings.deny, src, version) ? GLB_DROP_DENIED : verdict;
}

/* deny_lanes() of any version. Not inlined, so that the code of the data path without a list stays
 * together. */
static __attribute__((noinline)) void deny_plain(const struct columns *c, struct burst *b)
{
	const struct glb_deny *deny = b->gen->settings.deny;

	if (b->version == 4 && deny->v4.ranges)
		deny_lanes(c, b, 4);
	else if (b->version == 6 && deny->v6.ranges)
		deny_lanes(c, b, 6);
}

#endif
