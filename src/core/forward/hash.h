/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the hashes of the flows, and which rows of their tables are theirs?
 *
 * SipHash of two groups at a time: each waits for itself most of the time.
 */
#ifndef CORE_FORWARD_HASH_H
#define CORE_FORWARD_HASH_H

#include <glb/hash.h>

#include "burst.h"

/* struct glb_siphash of a group. */
struct siphash_group {
	vec v0, v1, v2, v3;
};

GLB_INLINE void siphash_group_start(struct siphash_group *s, vec k0, vec k1)
{
	const struct glb_siphash zero = glb_siphash_keyed(0, 0);

	s->v0 = k0 ^ zero.v0;
	s->v1 = k1 ^ zero.v1;
	s->v2 = k0 ^ zero.v2;
	s->v3 = k1 ^ zero.v3;
}

/* glb_siphash_round() of both. */
GLB_INLINE void siphash_groups_round(struct siphash_group s[2])
{
#define BOTH(statement)                                                                            \
	do {                                                                                       \
		struct siphash_group *g = &s[0];                                                   \
		statement;                                                                         \
		g = &s[1];                                                                         \
		statement;                                                                         \
	} while (0)
	BOTH(g->v0 += g->v1; g->v2 += g->v3);
	BOTH(g->v1 = vec_rotl(g->v1, 13) ^ g->v0; g->v3 = vec_rotl(g->v3, 16) ^ g->v2);
	BOTH(g->v0 = vec_rotl(g->v0, 32));
	BOTH(g->v2 += g->v1; g->v0 += g->v3);
	BOTH(g->v1 = vec_rotl(g->v1, 17) ^ g->v2; g->v3 = vec_rotl(g->v3, 21) ^ g->v0);
	BOTH(g->v2 = vec_rotl(g->v2, 32));
#undef BOTH
}

GLB_INLINE void siphash_groups_word(struct siphash_group s[2], vec a, vec b)
{
	s[0].v3 ^= a;
	s[1].v3 ^= b;
	siphash_groups_round(s);
	siphash_groups_round(s);
	s[0].v0 ^= a;
	s[1].v0 ^= b;
}

GLB_INLINE void siphash_groups_finish(vec hashes[2], struct siphash_group s[2])
{
	s[0].v2 ^= 0xff;
	s[1].v2 ^= 0xff;
	for (size_t i = 0; i < 4; i++)
		siphash_groups_round(s);
	for (size_t i = 0; i < 2; i++)
		hashes[i] = s[i].v0 ^ s[i].v1 ^ s[i].v2 ^ s[i].v3;
}

/* The first word of IPv4, and the last one of either version. */
GLB_INLINE vec first_word4(const struct columns *c, size_t at, const struct glb_hash_plan *plan)
{
	return (vec_load(c->addrs[0], at) >> plan->addr_shift & plan->addr_mask) |
	       (vec_load(c->ports, at) >> plan->port_shift & plan->port_mask_first)
		       << plan->port_at |
	       plan->len_first;
}

GLB_INLINE vec last_word(const struct columns *c, size_t at, const struct glb_hash_plan *plan)
{
	return (vec_load(c->ports, at) >> plan->port_shift & plan->port_mask_last) | plan->len_last;
}

/* Hashes the groups at `a` and `b`, which may be the same. */
GLB_INLINE void hash_groups(vec hashes[2], const struct columns *c, size_t a, size_t b,
			    const struct glb_hash_plan *plan, uint8_t version)
{
	struct siphash_group s[2];

	siphash_group_start(&s[0], vec_load(c->k0, a), vec_load(c->k1, a));
	siphash_group_start(&s[1], vec_load(c->k0, b), vec_load(c->k1, b));
	if (version == 4)
		siphash_groups_word(s, first_word4(c, a, plan), first_word4(c, b, plan));
	for (unsigned int w = 0; w < plan->addr_words && version == 6; w++) {
		const uint64_t *column = c->addrs[plan->addr_shift / 64 + w];

		siphash_groups_word(s, vec_load(column, a), vec_load(column, b));
	}
	if (version == 6 || plan->two_words)
		siphash_groups_word(s, last_word(c, a, plan), last_word(c, b, plan));
	siphash_groups_finish(hashes, s);
}

/* The rows of a group, which are on their way from memory when this returns. */
GLB_INLINE void find_rows(uint64_t *rows, const struct columns *c, size_t at, vec hashes)
{
	vec offsets = (hashes & GLB_ROW_MASK) << 3;

	vec_store(rows, at, vec_load(c->tables, at) + offsets);
	for (size_t i = at; i < at + GROUP; i++)
		__builtin_prefetch((const void *)(uintptr_t)rows[i]);
}
_Static_assert(sizeof(struct glb_row) == 1 << 3, "the offset of a row");

/* By one set of hash fields. */
GLB_INLINE void hash_by(struct columns *c, const struct burst *b, const struct glb_hash_plan *plan,
			uint64_t *rows, bool keep, uint8_t version)
{
	for (size_t at = 0; at < b->count; at += 2 * GROUP) {
		size_t second = at + GROUP < b->count ? at + GROUP : at;
		vec hashes[2];

		hash_groups(hashes, c, at, second, plan, version);
		if (keep) {
			vec_store(c->hashes, at, hashes[0]);
			vec_store(c->hashes, second, hashes[1]);
		}
		find_rows(rows, c, at, hashes[0]);
		find_rows(rows, c, second, hashes[1]);
	}
}

/* Fills in hashes and rows. */
GLB_INLINE void hash_flows(struct columns *c, const struct burst *b, uint8_t version)
{
	const struct glb_generation *gen = b->gen;
	const unsigned int v = version == 6;

	hash_by(c, b, &gen->hash_plans[v], c->rows, true, version);
	if (GLB_UNLIKELY(gen->settings.alt_hash_fields))
		hash_by(c, b, &gen->alt_plans[v], c->alt_rows, false, version);
}

#endif
