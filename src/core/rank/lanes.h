/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the rank of a candidate in many rows at once?
 *
 * The inner loops of rendezvous hashing, private to src/core: plain C over arrays of rows, which
 * compilers vectorise. lanes.c is compiled once per instruction set, with the same results; what to
 * do with the ranks is decided in rendezvous.c, which is compiled once.
 */
#ifndef CORE_LANES_H
#define CORE_LANES_H

#include <glb/table.h>

enum {
	LANES = 64,	 /* rows worked on together */
	LANES_GROUP = 4, /* candidates sieved at a time, at most */
};

/* A usable backend: its address as the SipHash words that follow the row seed. */
struct candidate {
	uint64_t words[3];   /* the last one with the length of the whole input on top */
	uint32_t word_count; /* 1 or 3 */
	uint16_t backend;    /* index in the spec */
	uint16_t zone;
	uint32_t weight; /* 1 or more */
};

/*
 * Rows being worked on, a lane each, and what a candidate must reach to matter to them: half a rank
 * (its upper 32 bits) of at most reach * weight. A lane that everything may enter has UINT32_MAX.
 */
struct lanes {
	uint64_t v0[LANES], v1[LANES], v2[LANES], v3[LANES]; /* of start(), see lanes.c */
	uint64_t bit[LANES];				     /* 1 << lane */
	uint64_t reach[LANES];	     /* for candidates in the lane's zone; up to UINT32_MAX */
	uint64_t reach_other[LANES]; /* for those in other zones */
	uint64_t zone[LANES];
};

/* What became of a group of candidates. */
struct sieved {
	uint64_t rank[LANES_GROUP][LANES];
	uint64_t hits[LANES_GROUP]; /* bit i: the candidate reaches lane i */
};

/* The candidates of the smallest ranks in each lane, smallest first. */
struct leaders {
	uint64_t rank[GLB_HOPS_MAX][LANES];
	uint64_t candidate[GLB_HOPS_MAX][LANES]; /* number in the list */
};

/* One instruction set. */
struct lanes_set {
	const char *name;

	/* Makes the lanes ready to rank candidates in LANES rows, given by number. */
	void (*start)(struct lanes *lanes, const uint8_t *seed, const uint32_t *rows);

	/* Ranks a candidate per lane. */
	void (*rank)(uint64_t *rank, const struct lanes *lanes,
		     const struct candidate *const *candidates);

	/*
	 * Finds the first `hops` of all candidates in every lane, by rank alone; of equal ranks,
	 * the one listed first comes first.
	 */
	void (*lead)(struct leaders *out, const struct lanes *lanes,
		     const struct candidate *candidates, uint32_t count, uint32_t hops);

	/*
	 * Ranks up to LANES_GROUP candidates in every lane and tells which ones matter. Without
	 * `options` all weights are taken for 1 and all zones for one.
	 */
	void (*sieve)(struct sieved *out, const struct lanes *lanes,
		      const struct candidate *candidates, uint32_t count, bool options);
};

extern const struct lanes_set glb_lanes_generic;
extern const struct lanes_set glb_lanes_avx2;
extern const struct lanes_set glb_lanes_avx512;

/* The loops for an instruction set, or NULL if this processor lacks it. */
const struct lanes_set *glb_lanes_of(enum glb_isa isa);

#endif
