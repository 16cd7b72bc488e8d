/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which backends may serve a row, and in what order?
 *
 * Rendezvous (highest random weight) hashing, Thaler and Ravishankar 1998: every backend gets a
 * rank in every row from a keyed hash of row and address alone, so the relative order of two
 * backends never depends on a third, and adding or removing one changes only the rows it wins or
 * had won.
 *
 *   row seed = SipHash(seed, row as 4 big-endian bytes), its 8 bytes little-endian
 *   rank     = SipHash(seed, row seed | address), its 8 bytes read as a big-endian number
 *
 * The ranking of a row consists of its first backends by rank, smallest first. Two options modify
 * it:
 *
 *   weight  If weights differ, backends are ordered by cost = -log2(1 - rank / 2^64) / weight
 *           instead, so that a backend is first in a share of rows proportional to its weight.
 *           Computed in integers, so that all machines get the same order; equal costs are
 *           ordered by rank, so equal weights result in the order without weights.
 *   zone    If backends have zones, the second place goes to the first by rank in a different zone
 *           than the first place's, if there is one; later places to the first by rank not placed.
 *
 * A ranking depends on addresses, weights and zones only. State and health are applied afterwards,
 * by glb_order_rows(), which is cheap and never adds a backend to a row or removes one.
 */
#ifndef GLB_RENDEZVOUS_H
#define GLB_RENDEZVOUS_H

#include <glb/spec.h>
#include <glb/table.h>

/*
 * The number of hops in the rows of a table: as many as the spec asks for or as there are usable
 * backends, whichever is less, but at least two: a single backend is listed twice.
 */
unsigned int glb_row_hop_count(const struct glb_table_spec *spec);

/*
 * How to rank. It does not affect the result; all zeros is fine.
 *
 * old         a spec ranked before, and its ranking: what both have in common is not hashed again.
 *             NULL: none
 * run         runs the parts of a large ranking; NULL: on the calling thread
 * isa         instruction set
 */
struct glb_ranking {
	const struct glb_row *old_ranked;
	const struct glb_table_spec *old;
	glb_run_fn *run;
	enum glb_isa isa;
};

/*
 * Ranks all GLB_ROWS rows. At least one backend must be usable. Returns 0; -ENOMEM; or -ENOTSUP if
 * this processor does not support the instruction set.
 */
GLB_NODISCARD int glb_rank_rows_how(struct glb_row *ranked, const struct glb_table_spec *spec,
				    const struct glb_ranking *how);

/* As glb_rank_rows_how(), on the calling thread with the best instruction set; without and with
 * an old ranking. */
GLB_NODISCARD int glb_rank_rows(struct glb_row *ranked, const struct glb_table_spec *spec);
GLB_NODISCARD int glb_rank_rows_from(struct glb_row *ranked, const struct glb_table_spec *spec,
				     const struct glb_row *old_ranked,
				     const struct glb_table_spec *old);

/* The rating of one backend in one row. */
struct glb_rating {
	uint16_t backend;
	uint64_t rank;
	uint64_t cost; /* equals the rank if weights do not differ */
};

/*
 * Rates every usable backend in one row, in ascending order of cost, disregarding zones. `out` must
 * have room for all backends of the spec. Returns the number of ratings, or -ENOMEM. For
 * explanations.
 */
GLB_NODISCARD int glb_rate_row(struct glb_rating *out, const struct glb_table_spec *spec,
			       uint32_t row);

/*
 * Orders the hops of ranked rows by state and health.
 *
 * In a table with options: first those that take new flows and are healthy, then those draining and
 * healthy, then the rest, each group in order of rank. In a table without: a first choice that is
 * draining or unhealthy yields to a second choice that is active, healthy or not. That is the
 * original's rule, kept because fleets mix directors.
 */
void glb_order_rows(struct glb_row *rows, const struct glb_row *ranked,
		    const struct glb_table_spec *spec);

/*
 * Counts the rows whose primary is unhealthy, in a table without options: the original's rule looks
 * at two choices only and, of the second, at its state but not at its health, so that it leaves
 * unhealthy backends first that a table with `hops` would not. All 0 in a table with options.
 */
struct glb_unhealthy_rows glb_count_unhealthy(const struct glb_row *rows,
					      const struct glb_row *ranked,
					      const struct glb_table_spec *spec);

#endif
