/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the rank of a candidate in many rows at once?
 *
 * The inner loops of rendezvous hashing, private to src/core: plain C over arrays of rows, which
 * compilers vectorise. lanes.c is compiled once per instruction set, with the same results; what
 * happens with the ranks is decided in rendezvous.c, which is compiled once.
 */
#ifndef CORE_LANES_H
#define CORE_LANES_H

#include <glb/table.h>

enum {
	LANES = 64,	 /* rows processed together */
	LANES_GROUP = 4, /* maximum number of candidates per sieve */
};

/* A usable backend: its address as the SipHash words after the row seed. */
struct candidate {
	uint64_t words[3];   /* the last one has the length of the whole input in its top byte */
	uint32_t word_count; /* 1 or 3 */
	uint16_t backend;    /* index in the spec */
	uint16_t zone;
	uint32_t weight; /* at least 1 */
};

/*
 * Rows being processed, one per lane, and the bound below which a candidate matters to each: half a
 * rank (its upper 32 bits) of at most reach * weight. UINT32_MAX: everything matters.
 */
struct lanes {
	uint64_t v0[LANES], v1[LANES], v2[LANES], v3[LANES]; /* set by start(), see lanes.c */
	uint64_t bit[LANES];				     /* 1 << lane */
	uint64_t reach[LANES];	     /* for candidates in the lane's zone; at most UINT32_MAX */
	uint64_t reach_other[LANES]; /* for those in other zones */
	uint64_t zone[LANES];
};

/* The result for a group of candidates. */
struct sieved {
	uint64_t rank[LANES_GROUP][LANES];
	uint64_t hits[LANES_GROUP]; /* bit i: the candidate matters to lane i */
};

/* The candidates with the smallest ranks in each lane, smallest first. */
struct leaders {
	uint64_t rank[GLB_HOPS_MAX][LANES];
	uint64_t candidate[GLB_HOPS_MAX][LANES]; /* index in the list */
};

/* The loops of one instruction set. */
struct lanes_set {
	const char *name;

	/* Prepares the lanes for ranking candidates in LANES rows, given by number. */
	void (*start)(struct lanes *lanes, const uint8_t *seed, const uint32_t *rows);

	/* Ranks one candidate per lane. */
	void (*rank)(uint64_t *rank, const struct lanes *lanes,
		     const struct candidate *const *candidates);

	/*
	 * Finds the first `hops` of all candidates in every lane, by rank alone; of equal ranks,
	 * the one listed first wins.
	 */
	void (*lead)(struct leaders *out, const struct lanes *lanes,
		     const struct candidate *candidates, uint32_t count, uint32_t hops);

	/*
	 * Ranks up to LANES_GROUP candidates in every lane and reports which matter. Without
	 * `options`, all weights count as 1 and all zones as one.
	 */
	void (*sieve)(struct sieved *out, const struct lanes *lanes,
		      const struct candidate *candidates, uint32_t count, bool options);
};

extern const struct lanes_set glb_lanes_generic;
extern const struct lanes_set glb_lanes_avx2;
extern const struct lanes_set glb_lanes_avx512;

/* The loops for an instruction set, or NULL if this processor does not support it. */
const struct lanes_set *glb_lanes_of(enum glb_isa isa);

#endif
