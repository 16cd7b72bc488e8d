/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where do random tests get their choices from?
 *
 * Numbers that look random and are the same in every run with one seed: xorshift64*, Vigna 2016.
 */
#ifndef SPEC_CHANCE_H
#define SPEC_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t state; /* not 0 */
};

static inline uint64_t chance_next(struct chance *chance)
{
	chance->state ^= chance->state >> 12;
	chance->state ^= chance->state << 25;
	chance->state ^= chance->state >> 27;
	return chance->state * 0x2545f4914f6cdd1d;
}

/* A number below n, which is not 0. */
static inline uint32_t chance_below(struct chance *chance, uint32_t n)
{
	return (uint32_t)((chance_next(chance) >> 32) * n >> 32);
}

/* True once in n times. */
static inline bool chance_once_in(struct chance *chance, uint32_t n)
{
	return !chance_below(chance, n);
}

#endif
