/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are many durations spread, to 1.6 % of each, at the cost of a few instructions and of 12 KiB?
 *
 * Buckets are as wide as values are large: 64 to a power of two.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_FINE = 6, /* 64 buckets */
	HISTOGRAM_BUCKETS = 48 << HISTOGRAM_FINE,
};

struct histogram {
	uint32_t buckets[HISTOGRAM_BUCKETS]; /* the last one has all that is larger */
	uint64_t count;
	uint64_t max;
};

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned int shift = (unsigned int)(63 - HISTOGRAM_FINE - __builtin_clzll(value | 64));
	uint64_t bucket = ((uint64_t)shift << HISTOGRAM_FINE) + (value >> shift);

	bucket = bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->max = value > histogram->max ? value : histogram->max;
}

/* What so many of 10,000 values do not exceed, as the middle of a bucket; 0 without values. */
static inline double histogram_at(const struct histogram *histogram, unsigned int per_10000)
{
	uint64_t below = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		unsigned int shift = i >> HISTOGRAM_FINE ? (i >> HISTOGRAM_FINE) - 1 : 0;
		uint64_t first = (uint64_t)(i - (shift << HISTOGRAM_FINE)) << shift;

		below += histogram->buckets[i];
		if (below && below * 10000 >= histogram->count * per_10000)
			return (double)first + (double)(1ULL << shift) / 2 - 0.5;
	}
	return 0;
}

#endif
