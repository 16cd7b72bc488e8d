/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the index of binds consist of?
 *
 * Every distinct (prefix length, address, protocol) is an entry of one hash table and refers to the
 * segments of its ports. A lookup probes the prefix lengths in use, longest first. Real
 * configurations use one to three of them. Binds for exactly one address are in a table of their
 * own: exact.h.
 *
 * Private to the functions that fill it (bind_build.c) and those that look flows up (bind.c).
 */
#ifndef CORE_BIND_INDEX_H
#define CORE_BIND_INDEX_H

#include "binds.h"
#include "exact.h"
#include "level.h"
#include "segments.h"

struct entry {
	uint32_t rules;		/* the first of its rules */
	uint32_t segments;	/* the first of its segments */
	uint32_t segment_count; /* 0: free slot */
	bool mixed;		/* its rules lead to more than one table */
	bool alone; /* no bind of its protocol is more specific: see struct bind_scope */
};

struct glb_binds {
	struct exact_index exact;
	struct rule *rules;
	struct segment *segments;
	uint32_t segment_count;
	struct entry *entries;
	uint32_t entry_mask;
	uint32_t level_count;
	struct level levels[33 + 129]; /* longest prefix first */
};

/* The entry of a key; NULL: there is none. */
static inline struct entry *find_entry(const struct glb_binds *binds, const struct key *key)
{
	uint32_t slot = key_hash(key) & binds->entry_mask;

	for (; binds->entries[slot].segment_count; slot = (slot + 1) & binds->entry_mask)
		if (key_equal(&binds->rules[binds->entries[slot].rules].key, key))
			return &binds->entries[slot];
	return NULL;
}

#endif
