/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of many rules serves a port?
 *
 * Port ranges overlap, and the best rule that holds a port serves it. When an index is built, the
 * ports are cut into segments, each served by one rule, so that a look-up is a binary search,
 * however many rules there are. Private to the index of binds.
 */
#ifndef CORE_SEGMENTS_H
#define CORE_SEGMENTS_H

#include <stddef.h>

#include "rule.h"

/* Ports next to each other that one rule serves. */
struct segment {
	uint16_t first;
	uint16_t last;
	uint32_t rule; /* its position in the list of rules */
};

/* n ranges begin or end in at most 2n places. */
enum { SEGMENTS_PER_RULE = 2 };

/*
 * Writes the segments of `count` rules, at least one, the best rule first; of their keys nothing is
 * read. They are in the order of their ports and do not overlap; ports without a rule are in none.
 *
 * out   room for SEGMENTS_PER_RULE * count of them, all of which may be written
 *
 * Returns how many segments there are, at least one.
 */
uint32_t segments_of(struct segment *out, const struct rule *rules, uint32_t count);

/* The last segment that begins at a port or before, of `count`, at least one; or else the first. */
static inline const struct segment *segments_at(const struct segment *segments, uint32_t count,
						uint16_t port)
{
	const struct segment *at = segments;

	/* halves without branches, which would be mispredicted */
	while (count > 1) {
		uint32_t half = count / 2;

		at += at[half].first <= port ? half : 0;
		count -= half;
	}
	return at;
}

/* The segment that holds a port, of `count`, at least one. NULL: no rule serves it. */
static inline const struct segment *segments_find(const struct segment *segments, uint32_t count,
						  uint16_t port)
{
	const struct segment *at = segments_at(segments, count, port);

	return at->first <= port && port <= at->last ? at : NULL;
}

#endif
