/* SPDX-License-Identifier: BSD-3-Clause */
#include "lanes.h"

enum { HALF = LANES / 2 };

/*
 * All candidates of a row share the SipHash state in which the row's seed is absorbed. A word
 * enters it at v3, and the first round does much with v0 and v1 alone: so that much is done here,
 * once per row, and resume_round() does the rest for each candidate.
 */
GLB_INLINE void start_one(struct lanes *restrict lanes, struct glb_siphash begin, uint32_t i)
{
	struct glb_siphash s = begin;

	/* v0 holds the row */
	glb_siphash_word(&s, glb_siphash_end(begin, lanes->v0[i], 4));
	s.v0 += s.v1;
	lanes->v0[i] = glb_rotl64(s.v0, 32);
	lanes->v1[i] = glb_rotl64(s.v1, 13) ^ s.v0;
	lanes->v2[i] = s.v2;
	lanes->v3[i] = s.v3;
}

static void lanes_start(struct lanes *lanes, const uint8_t *seed, const uint32_t *rows)
{
	const struct glb_siphash begin = glb_siphash_start(seed);

	/* a separate loop: steps of a different width would prevent vectorization of the other
	 * one */
	for (uint32_t i = 0; i < LANES; i++) {
		lanes->v0[i] = GLB_LE32(GLB_BE32(rows[i])); /* 4 big-endian bytes */
		lanes->bit[i] = (uint64_t)1 << i;
	}
	for (uint32_t i = 0; i < LANES; i++)
		start_one(lanes, begin, i);
}

/* The part of a round that lanes_start() has not done: see glb_siphash_round(). */
GLB_INLINE void resume_round(struct glb_siphash *s)
{
	s->v2 += s->v3;
	s->v3 = glb_rotl64(s->v3, 16) ^ s->v2;
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = glb_rotl64(s->v1, 17) ^ s->v2;
	s->v3 = glb_rotl64(s->v3, 21) ^ s->v0;
	s->v2 = glb_rotl64(s->v2, 32);
}

/* word_count is a constant wherever this is inlined. */
GLB_INLINE uint64_t rank_in(const struct lanes *lanes, uint32_t i, const uint64_t *words,
			    uint32_t word_count)
{
	struct glb_siphash s = {lanes->v0[i], lanes->v1[i], lanes->v2[i], lanes->v3[i]};

	s.v3 ^= words[0];
	resume_round(&s);
	glb_siphash_round(&s);
	s.v0 ^= words[0];
	for (uint32_t w = 1; w < word_count; w++)
		glb_siphash_word(&s, words[w]);
	/* the little-endian digest read as a big-endian number */
	return GLB_BE64(GLB_LE64(glb_siphash_finish(s)));
}

static void rank_each(uint64_t *rank, const struct lanes *lanes,
		      const struct candidate *const *candidates)
{
	uint64_t words[3][LANES];
	uint64_t is_long[LANES];
	uint64_t any_long = 0;

	for (uint32_t i = 0; i < LANES; i++) {
		for (uint32_t w = 0; w < 3; w++)
			words[w][i] = candidates[i]->words[w];
		is_long[i] = -(uint64_t)(candidates[i]->word_count == 3);
		any_long |= is_long[i];
	}
	for (uint32_t i = 0; i < LANES; i++)
		rank[i] = rank_in(lanes, i, &words[0][i], 1);
	for (uint32_t i = 0; i < LANES && any_long; i++) {
		const uint64_t own[3] = {words[0][i], words[1][i], words[2][i]};
		uint64_t longer = rank_in(lanes, i, own, 3);

		rank[i] = (longer & is_long[i]) | (rank[i] & ~is_long[i]);
	}
}

/* Offers a candidate to the leaders of one lane. */
GLB_INLINE void offer(struct leaders *leaders, uint32_t i, uint64_t rank, uint64_t candidate,
		      uint32_t hops)
{
	for (uint32_t hop = 0; hop < hops; hop++) {
		uint64_t held = leaders->rank[hop][i];
		uint64_t holder = leaders->candidate[hop][i];
		bool better = rank < held;

		leaders->rank[hop][i] = better ? rank : held;
		leaders->candidate[hop][i] = better ? candidate : holder;
		rank = better ? held : rank;
		candidate = better ? holder : candidate;
	}
}

/*
 * Two independent rows in each round of the loop, here and below, because the many steps of one
 * hash wait for each other.
 */
GLB_INLINE void lead_one(struct leaders *restrict out, const struct lanes *restrict lanes,
			 const struct candidate *candidate, uint64_t number, uint32_t word_count,
			 uint32_t hops)
{
	const struct candidate c = *candidate;

	for (uint32_t i = 0; i < HALF; i++) {
		uint64_t a = rank_in(lanes, i, c.words, word_count);
		uint64_t b = rank_in(lanes, i + HALF, c.words, word_count);

		offer(out, i, a, number, hops);
		offer(out, i + HALF, b, number, hops);
	}
}

GLB_INLINE void lead_all(struct leaders *out, const struct lanes *lanes,
			 const struct candidate *candidates, uint32_t count, uint32_t hops)
{
	for (uint32_t c = 0; c < count; c++) {
		if (candidates[c].word_count == 1)
			lead_one(out, lanes, &candidates[c], c, 1, hops);
		else
			lead_one(out, lanes, &candidates[c], c, 3, hops);
	}
}

static void lead(struct leaders *out, const struct lanes *lanes, const struct candidate *candidates,
		 uint32_t count, uint32_t hops)
{
	for (uint32_t hop = 0; hop < hops; hop++) {
		for (uint32_t i = 0; i < LANES; i++) {
			out->rank[hop][i] = UINT64_MAX;
			out->candidate[hop][i] = 0;
		}
	}
	if (hops == 2)
		lead_all(out, lanes, candidates, count, 2);
	else if (hops == 3)
		lead_all(out, lanes, candidates, count, 3);
	else
		lead_all(out, lanes, candidates, count, 4);
}

/* All ones if a candidate of this rank can be among the leaders. */
GLB_INLINE uint64_t hit(const struct lanes *lanes, uint32_t i, uint64_t rank, uint64_t weight,
			uint64_t zone, bool options)
{
	uint64_t reach = lanes->reach[i];

	if (options) {
		reach = lanes->zone[i] == zone ? reach : lanes->reach_other[i];
		reach = (uint64_t)(uint32_t)reach * (uint32_t)weight;
	}
	return -(uint64_t)(rank >> 32 <= reach);
}

GLB_INLINE uint64_t sieve_one(uint64_t *restrict rank, const struct lanes *restrict lanes,
			      const struct candidate *candidate, uint32_t word_count, bool options)
{
	const struct candidate c = *candidate;
	uint64_t hits = 0;
	uint64_t hits_too = 0;

	for (uint32_t i = 0; i < HALF; i++) {
		uint64_t a = rank_in(lanes, i, c.words, word_count);
		uint64_t b = rank_in(lanes, i + HALF, c.words, word_count);

		rank[i] = a;
		rank[i + HALF] = b;
		hits |= lanes->bit[i] & hit(lanes, i, a, c.weight, c.zone, options);
		hits_too |=
			lanes->bit[i + HALF] & hit(lanes, i + HALF, b, c.weight, c.zone, options);
	}
	return hits | hits_too;
}

static void sieve(struct sieved *out, const struct lanes *lanes, const struct candidate *candidates,
		  uint32_t count, bool options)
{
	for (uint32_t k = 0; k < count; k++) {
		const struct candidate *c = &candidates[k];
		uint64_t *ranks = out->rank[k];

		if (c->word_count == 1)
			out->hits[k] = options ? sieve_one(ranks, lanes, c, 1, true)
					       : sieve_one(ranks, lanes, c, 1, false);
		else
			out->hits[k] = options ? sieve_one(ranks, lanes, c, 3, true)
					       : sieve_one(ranks, lanes, c, 3, false);
	}
}

/* Both names differ for each instruction set that this file is compiled for. */
const struct lanes_set GLB_LANES = {
	.name = GLB_LANES_NAME,
	.start = lanes_start,
	.rank = rank_each,
	.lead = lead,
	.sieve = sieve,
};
