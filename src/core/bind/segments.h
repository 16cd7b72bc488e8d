/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of many rules serves a port?
 *
 * Port ranges overlap, and the best rule that contains a port serves it. When an index is built,
 * the ports are cut into segments, each served by one rule, so a lookup is a binary search, however
 * many rules there are. Private to the index of binds.
 */
#ifndef CORE_SEGMENTS_H
#define CORE_SEGMENTS_H

#include <stddef.h>

#include "rule.h"

/* Adjacent ports served by one rule. */
struct segment {
	uint16_t first;
	uint16_t last;
	uint32_t rule; /* index in the list of rules */
};

/* n ranges begin or end in at most 2n places. */
enum { SEGMENTS_PER_RULE = 2 };

/*
 * Writes the segments of `count` rules, at least one, best first; their keys are ignored. Segments
 * are in ascending order and do not overlap; ports without a rule are in none.
 *
 * out   room for SEGMENTS_PER_RULE * count segments, all of which may be written
 *
 * Returns the number of segments, at least one.
 */
uint32_t segments_of(struct segment *out, const struct rule *rules, uint32_t count);

/* The last of `count` segments, at least one, that begins at or before a port; if there is none,
 * the first. */
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

/* The segment that contains a port. `count` is at least one. NULL: no rule serves it. */
static inline const struct segment *segments_find(const struct segment *segments, uint32_t count,
						  uint16_t port)
{
	const struct segment *at = segments_at(segments, count, port);

	return at->first <= port && port <= at->last ? at : NULL;
}

#endif
