/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the rows of a table ranked, many at a time?
 *
 * Private to src/core, the parts of rendezvous.c: a spec becomes a ranker, reuse.c determines what
 * an old ranking is good for, batch.c ranks the remaining rows.
 */
#ifndef CORE_RANKING_H
#define CORE_RANKING_H

#include <glb/rendezvous.h>

#include "lanes.h"
#include "weight.h"

/* A spec prepared for ranking. */
struct ranker {
	const struct lanes_set *lanes;
	const uint8_t *seed;
	struct candidate *candidates;
	uint32_t candidate_count;
	uint32_t hops;
	bool zoned;
	bool weighted;
	struct glb_weight_log *log; /* if weighted, and there is something to rank */
};

/* What of an old ranking a new one can reuse. */
struct change {
	const struct glb_row *old_ranked; /* NULL: nothing, all rows are ranked afresh */
	const struct candidate **now;	  /* by backend of the old spec; NULL: removed */
	uint16_t *index; /* index in the new spec, by backend of the old one; or GLB_NO_BACKEND */
	struct candidate *added; /* candidates without an equal in the old spec */
	uint32_t added_count;
	bool removed; /* some were removed */
	bool same;    /* all have the same index as before */
};

static inline uint64_t glb_ranking_cost(const struct ranker *ranker,
					const struct candidate *candidate, uint64_t rank)
{
	return ranker->weighted ? glb_weight_cost(ranker->log, rank, candidate->weight) : rank;
}

/* One ranking. Its rows are divided into independent parts. */
struct ranking_job {
	const struct ranker *ranker;
	const struct change *change;
	struct glb_row *ranked;
	uint32_t rows_per_part;
};

/* The usable backends of a spec, glb_usable_count() of them; NULL: out of memory. */
struct candidate *glb_candidates_of(const struct glb_table_spec *spec);

/* To be released with glb_change_clear(), even after a failure. Returns 0 or -ENOMEM. */
GLB_NODISCARD int glb_change_init(struct change *change, const struct ranker *ranker,
				  const struct glb_ranking *how);
void glb_change_clear(struct change *change);

/* Ranks a part of the rows of the struct ranking_job at `job`. */
void glb_ranking_run_part(void *job, unsigned int part);

#endif
