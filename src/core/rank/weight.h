/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the cost of a rank for a backend with a given weight?
 *
 * cost = -log2(1 - rank / 2^64) / weight, in units of 2^-GLB_COST_BITS: an exponentially
 * distributed variate, the smallest of which belongs to backend i with probability weight_i / sum
 * of weights. Never decreases with the rank.
 *
 * Integers only, and every bit of the result is part of the format. A table has log2(1 + i / 4096),
 * computed digit by digit from squares truncated to 63 binary places; between two entries, the next
 * 32 bits of the argument interpolate linearly. Products and quotients are rounded down.
 */
#ifndef CORE_WEIGHT_H
#define CORE_WEIGHT_H

#include <glb/bytes.h>

enum {
	GLB_COST_BITS = 56,
	GLB_LOG_STEP_BITS = 12, /* 4096 steps between powers of two */
};

/* log2(1 + i / 2^GLB_LOG_STEP_BITS), in units of 2^-GLB_COST_BITS. */
struct glb_weight_log {
	uint64_t at[(1 << GLB_LOG_STEP_BITS) + 1];
};

void glb_weight_log_init(struct glb_weight_log *log);

static inline uint64_t glb_weight_cost(const struct glb_weight_log *log, uint64_t rank,
				       uint32_t weight)
{
	uint64_t value = -rank; /* 2^64 - rank, but 0 for rank 0 */

	if (!rank)
		return 0;

	unsigned int zeros = (unsigned int)__builtin_clzll(value);
	uint64_t mantissa = value << zeros << 1; /* after the leading 1 */
	uint64_t step = mantissa >> (64 - GLB_LOG_STEP_BITS);
	uint64_t part = mantissa << GLB_LOG_STEP_BITS >> 32;
	uint64_t low = log->at[step];
	uint64_t high = log->at[step + 1];

	__extension__ typedef unsigned __int128 wide;
	uint64_t log2_mantissa = low + (uint64_t)((wide)(high - low) * part >> 32);

	return (((uint64_t)(zeros + 1) << GLB_COST_BITS) - log2_mantissa) / weight;
}

/*
 * Ranks that cost a backend of weight w at most `cost` have an upper half of at most w times this.
 * Slightly generous: -log2(1 - x) is at least x / ln 2.
 */
static inline uint64_t glb_weight_reach(uint64_t cost)
{
	const uint64_t ln2 = 45427; /* rounded up, in units of 2^-16 */
	uint64_t reach = (((cost >> (GLB_COST_BITS - 32)) + 1) * ln2 >> 16) + 1;

	return reach < UINT32_MAX ? reach : UINT32_MAX;
}

#endif
