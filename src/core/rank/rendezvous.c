/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ranking.h"

static struct candidate candidate_of(const struct glb_backend *backend, unsigned int index)
{
	struct candidate c = {
		.word_count = backend->addr.version == 4 ? 1 : 3,
		.backend = (uint16_t)index,
		.zone = backend->zone,
		.weight = glb_backend_weight(backend),
	};

	if (backend->addr.version == 4) {
		c.words[0] = glb_load_le32(backend->addr.bytes) | (uint64_t)(8 + 4) << 56;
	} else {
		c.words[0] = glb_load_le64(backend->addr.bytes);
		c.words[1] = glb_load_le64(backend->addr.bytes + 8);
		c.words[2] = (uint64_t)(8 + 16) << 56;
	}
	return c;
}

unsigned int glb_row_hop_count(const struct glb_table_spec *spec)
{
	unsigned int usable = glb_usable_count(spec);
	unsigned int hops = spec->hops ? spec->hops : 2;

	hops = hops < usable ? hops : usable;
	return hops < 2 ? 2 : hops;
}

struct candidate *glb_candidates_of(const struct glb_table_spec *spec)
{
	struct candidate *list = calloc(glb_usable_count(spec), sizeof(*list));
	unsigned int n = 0;

	for (unsigned int i = 0; list && i < spec->backend_count; i++)
		if (glb_backend_usable(&spec->backends[i]))
			list[n++] = candidate_of(&spec->backends[i], i);
	return list;
}

static int ranker_init(struct ranker *ranker, const struct glb_table_spec *spec, enum glb_isa isa)
{
	*ranker = (struct ranker){
		.lanes = glb_lanes_of(isa),
		.seed = spec->seed,
		.candidates = glb_candidates_of(spec),
		.candidate_count = glb_usable_count(spec),
		.hops = glb_row_hop_count(spec),
	};
	if (!ranker->lanes)
		return -ENOTSUP;
	if (!ranker->candidates)
		return -ENOMEM;
	for (uint32_t c = 1; c < ranker->candidate_count; c++) {
		const struct candidate *candidate = &ranker->candidates[c];

		ranker->weighted |= candidate->weight != ranker->candidates[0].weight;
		ranker->zoned |= candidate->zone != ranker->candidates[0].zone;
	}
	return 0;
}

static void ranker_clear(struct ranker *ranker)
{
	free(ranker->candidates);
	free(ranker->log);
}

/* If all weights or all zones are equal, sets them to the default that the lanes expect. */
static void drop_equal_options(const struct ranker *ranker, struct candidate *candidate)
{
	if (!ranker->weighted)
		candidate->weight = 1;
	if (!ranker->zoned)
		candidate->zone = 0;
}

/* Prepares to rank the rows that cannot be reused. */
static int rendezvous_prepare(struct ranker *ranker, struct change *change)
{
	for (uint32_t c = 0; c < ranker->candidate_count; c++)
		drop_equal_options(ranker, &ranker->candidates[c]);
	for (uint32_t c = 0; c < change->added_count; c++)
		drop_equal_options(ranker, &change->added[c]);
	if (!ranker->weighted || (change->old_ranked && !change->removed && !change->added_count))
		return 0;
	ranker->log = malloc(sizeof(*ranker->log));
	if (!ranker->log)
		return -ENOMEM;
	glb_weight_log_init(ranker->log);
	return 0;
}

static void rank_all(const struct ranker *ranker, const struct change *change,
		     struct glb_row *ranked, glb_run_fn *run)
{
	enum { PARTS = 64 };

	struct ranking_job job = {ranker, change, ranked, GLB_ROWS};
	bool big = !change->old_ranked && ranker->candidate_count >= 16;

	if (run && big) {
		job.rows_per_part = GLB_ROWS / PARTS;
		run(glb_ranking_run_part, &job, PARTS);
	} else {
		glb_ranking_run_part(&job, 0);
	}
}

int glb_rank_rows_how(struct glb_row *ranked, const struct glb_table_spec *spec,
		      const struct glb_ranking *how)
{
	struct change change = {0};
	struct ranker ranker;
	int err = ranker_init(&ranker, spec, how->isa);

	if (!err)
		err = glb_change_init(&change, &ranker, how);
	if (!err)
		err = rendezvous_prepare(&ranker, &change);
	if (!err)
		rank_all(&ranker, &change, ranked, how->run);
	glb_change_clear(&change);
	ranker_clear(&ranker);
	return err;
}

int glb_rank_rows(struct glb_row *ranked, const struct glb_table_spec *spec)
{
	return glb_rank_rows_how(ranked, spec, &(struct glb_ranking){0});
}

int glb_rank_rows_from(struct glb_row *ranked, const struct glb_table_spec *spec,
		       const struct glb_row *old_ranked, const struct glb_table_spec *old)
{
	return glb_rank_rows_how(ranked, spec,
				 &(struct glb_ranking){.old_ranked = old_ranked, .old = old});
}

static int compare_ratings(const void *left, const void *right)
{
	const struct glb_rating *a = left;
	const struct glb_rating *b = right;

	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->backend < b->backend ? -1 : 1;
}

/* Rates candidates in one row, a candidate per lane. */
static void rate(const struct ranker *ranker, struct glb_rating *out, const struct lanes *lanes,
		 uint32_t first)
{
	uint32_t left = ranker->candidate_count - first;
	const struct candidate *candidates[LANES];
	uint64_t ranks[LANES];

	for (uint32_t i = 0; i < LANES; i++)
		candidates[i] = &ranker->candidates[i < left ? first + i : first];
	ranker->lanes->rank(ranks, lanes, candidates);
	for (uint32_t i = 0; i < LANES && i < left; i++)
		out[first + i] = (struct glb_rating){
			.backend = candidates[i]->backend,
			.rank = ranks[i],
			.cost = glb_ranking_cost(ranker, candidates[i], ranks[i]),
		};
}

static void rate_all(const struct ranker *ranker, struct glb_rating *out, uint32_t row)
{
	uint32_t rows[LANES];
	struct lanes lanes;

	for (uint32_t i = 0; i < LANES; i++)
		rows[i] = row;
	ranker->lanes->start(&lanes, ranker->seed, rows);
	for (uint32_t first = 0; first < ranker->candidate_count; first += LANES)
		rate(ranker, out, &lanes, first);
	qsort(out, ranker->candidate_count, sizeof(*out), compare_ratings);
}

int glb_rate_row(struct glb_rating *out, const struct glb_table_spec *spec, uint32_t row)
{
	struct change nothing = {0};
	struct ranker ranker;
	int err = ranker_init(&ranker, spec, GLB_ISA_BEST);

	if (!err)
		err = rendezvous_prepare(&ranker, &nothing);
	if (!err)
		rate_all(&ranker, out, row);
	ranker_clear(&ranker);
	return err ? err : (int)ranker.candidate_count;
}

/* A smaller class precedes. */
static uint8_t class_of(const struct glb_backend *backend)
{
	if (!backend->healthy)
		return 2;
	return backend->state == GLB_DRAINING ? 1 : 0;
}

/* See the original's rule in rendezvous.h. */
static struct glb_row order_as_original(struct glb_row row, const struct glb_table_spec *spec)
{
	const struct glb_backend *first = &spec->backends[row.hops[0]];
	const struct glb_backend *second = &spec->backends[row.hops[1]];

	if (!glb_backend_serves(first) && second->state == GLB_ACTIVE)
		return (struct glb_row){.hops = {row.hops[1], row.hops[0]}};
	return row;
}

static struct glb_row order_by_class(struct glb_row row, const uint8_t *classes, unsigned int hops)
{
	struct glb_row ordered = {{0}};
	unsigned int n = 0;

	for (unsigned int class = 0; class <= 2; class ++)
		for (unsigned int hop = 0; hop < hops; hop++)
			if (classes[row.hops[hop]] == class)
				ordered.hops[n++] = row.hops[hop];
	return ordered;
}

void glb_order_rows(struct glb_row *rows, const struct glb_row *ranked,
		    const struct glb_table_spec *spec)
{
	unsigned int hops = glb_row_hop_count(spec);
	uint8_t classes[GLB_BACKENDS_MAX];

	for (unsigned int i = 0; i < spec->backend_count; i++)
		classes[i] = class_of(&spec->backends[i]);
	for (uint32_t row = 0; row < GLB_ROWS; row++) {
		const uint16_t *in = ranked[row].hops;

		/* most rows are in order already; unused hops are backend 0 */
		if (!(classes[in[0]] | classes[in[1]] | classes[in[2]] | classes[in[3]]))
			rows[row] = ranked[row];
		else if (spec->hops)
			rows[row] = order_by_class(ranked[row], classes, hops);
		else
			rows[row] = order_as_original(ranked[row], spec);
	}
}

static bool all_are_healthy(const struct glb_table_spec *spec)
{
	bool healthy = true;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		healthy &= spec->backends[i].healthy;
	return healthy;
}

struct glb_unhealthy_rows glb_count_unhealthy(const struct glb_row *rows,
					      const struct glb_row *ranked,
					      const struct glb_table_spec *spec)
{
	const struct glb_backend *backends = spec->backends;
	struct glb_unhealthy_rows count = {0, 0, 0};

	if (spec->hops || all_are_healthy(spec))
		return count;
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		const uint16_t *hops = rows[r].hops;

		if (backends[hops[0]].healthy)
			continue;
		if (!backends[hops[1]].healthy)
			count.both++;
		else if (hops[0] == ranked[r].hops[0])
			count.not_replaced++;
		else
			count.replaced++;
	}
	return count;
}
