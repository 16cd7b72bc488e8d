/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the bytes of a client's packet sum up to?
 *
 * glb_sum() of net.h, but where a build of the data path may use AVX-512: compilers do not find the
 * loads under a mask that make a short packet one vector, or half of one. Alone it takes 31
 * instructions; in a group of short ones, 12.
 */
#ifndef CORE_FORWARD_SUM_H
#define CORE_FORWARD_SUM_H

#include "burst.h"

#ifdef __AVX512BW__
#include <immintrin.h>

/* 64 bytes as 8 sums. */
GLB_INLINE __m512i sum_vector(__m512i words)
{
	return _mm512_add_epi64(_mm512_and_si512(words, _mm512_set1_epi64(0xffffffff)),
				_mm512_srli_epi64(words, 32));
}

/* Of 1 to 64 bytes. */
GLB_INLINE __m512i sum_last(const uint8_t *bytes, uint32_t len)
{
	return sum_vector(_mm512_maskz_loadu_epi8(UINT64_MAX >> (-len & 63), bytes));
}

/* Sums len bytes, `least` or more, as glb_sum_least() does; the result may be larger. */
GLB_INLINE uint64_t sum_packet(const uint8_t *bytes, uint32_t least, uint32_t len)
{
	(void)least;
	if (len <= 64)
		return (uint64_t)_mm512_reduce_add_epi64(sum_last(bytes, len));

	__m512i sums = sum_vector(_mm512_loadu_si512(bytes));

	for (bytes += 64, len -= 64; len > 64; bytes += 64, len -= 64)
		sums = _mm512_add_epi64(sums, sum_vector(_mm512_loadu_si512(bytes)));
	return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(sums, sum_last(bytes, len)));
}

/* Two rows of 32 bytes, as vec_transpose() takes them, less the bytes that are not in the masks. */
GLB_INLINE vec sum_row(const uint8_t *low, uint64_t low_mask, const uint8_t *high,
		       uint64_t high_mask)
{
	return (vec)_mm512_inserti64x4(
		_mm512_castsi256_si512(_mm256_maskz_loadu_epi8((__mmask32)low_mask, low)),
		_mm256_maskz_loadu_epi8((__mmask32)high_mask, high), 1);
}

/*
 * Adds to the sums of those groups of lanes that have at most 32 bytes behind `from` what these sum
 * up to, and returns which lanes that are.
 */
GLB_INLINE uint64_t sum_short_groups(struct columns *c, unsigned int count, uint64_t lanes,
				     uint32_t from)
{
	uint64_t masks[GROUP] __attribute__((aligned(64)));
	uint64_t done = 0;
	vec row[4], words[4];

	for (size_t at = 0; at < count; at += GROUP) {
		const vec left = vec_load(c->ip_lens, at) - from;

		if (lanes_of(~lanes, at) || vec_nonzero((left - 1) >> 5))
			continue;
		vec_store(masks, 0, (vec_all(1) << left) - 1);
		for (size_t i = 0; i < 4; i++)
			row[i] = sum_row(lane_ip(c, at + i) + from, masks[i],
					 lane_ip(c, at + i + 4) + from, masks[i + 4]);
		vec_transpose(words, row);
		vec_store(c->sums, at,
			  vec_load(c->sums, at) + vec_halves(words[0]) + vec_halves(words[1]) +
				  vec_halves(words[2]) + vec_halves(words[3]));
		done |= (uint64_t)GROUP_MASK << at;
	}
	return done;
}
#else
GLB_INLINE uint64_t sum_short_groups(struct columns *c, unsigned int count, uint64_t lanes,
				     uint32_t from)
{
	(void)c, (void)count, (void)lanes, (void)from;
	return 0;
}

GLB_INLINE uint64_t sum_packet(const uint8_t *bytes, uint32_t least, uint32_t len)
{
	return glb_sum_least(0, bytes, least, len);
}
#endif

/* A sum of native 16-bit numbers as one of little-endian ones. */
GLB_INLINE uint64_t le_sum(uint64_t sum)
{
	return GLB_LE16(1) == 1 ? sum : GLB_LE16(glb_sum_fold(sum));
}

/* Sums what is behind the first `from` bytes, an even number, of a packet of len bytes. */
GLB_INLINE uint64_t sum_behind(const uint8_t *ip, uint32_t from, uint32_t len)
{
	const uint32_t left = len - from;

	return le_sum(GLB_LIKELY(left >= 8) ? sum_packet(ip + from, 8, left)
					    : glb_sum(0, ip + from, left));
}

/*
 * Fills in the sums that headers alone do not tell. Those of odd packets have been filled in, and
 * those of plain ones as far as read_len().
 */
GLB_INLINE void sum_packets(struct columns *c, const struct burst *b, uint8_t version)
{
	const enum glb_udp_checksum how = b->gen->settings.udp_checksum;
	const uint64_t plain = b->live & ~b->odd;

	if (how == GLB_UDP_FULL) {
		const uint32_t from = read_len(version);
		const uint64_t left = plain & ~sum_short_groups(c, b->count, plain, from);

		for (size_t i = 0; left && i < b->count; i++)
			if (GLB_LIKELY(left >> i & 1))
				c->sums[i] +=
					sum_behind(lane_ip(c, i), from, (uint32_t)c->ip_lens[i]);
	} else if (GLB_UNLIKELY(b->bare) && how == GLB_UDP_INNER) {
		for (uint64_t left = b->bare & plain; left; left &= left - 1) {
			size_t i = (size_t)__builtin_ctzll(left);

			c->sums[i] = sum_behind(lane_ip(c, i), 0, (uint32_t)c->ip_lens[i]);
		}
	}
}

#endif
