/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "ranking.h"

/* A candidate in a place of a row. */
struct place {
	uint64_t cost; /* equals the rank in a table without weights */
	uint64_t rank;
	const struct candidate *candidate;
};

/* Rows being ranked together. */
struct batch {
	uint32_t rows[LANES];
	uint32_t count;
	struct place places[LANES][GLB_HOPS_MAX];
	struct lanes lanes;
};

/* Empty place: sorts behind every backend. */
static const struct candidate no_candidate = {.backend = UINT16_MAX};
_Static_assert(GLB_BACKENDS_MAX <= UINT16_MAX, "the empty place sorts behind every backend");

static struct place batch_place_of(const struct ranker *ranker, const struct candidate *candidate,
				   uint64_t rank)
{
	return (struct place){
		.cost = glb_ranking_cost(ranker, candidate, rank),
		.rank = rank,
		.candidate = candidate,
	};
}

static bool precedes(const struct place *a, const struct place *b)
{
	if (a->cost != b->cost)
		return a->cost < b->cost;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return a->candidate->backend < b->candidate->backend;
}

/* Inserts a place in order among `count` places; the last one is dropped. */
static void batch_insert(struct place *places, uint32_t count, const struct place *new)
{
	uint32_t at = count - 1;

	if (!precedes(new, &places[at]))
		return;
	for (; at > 0 && precedes(new, &places[at - 1]); at--)
		places[at] = places[at - 1];
	places[at] = *new;
}

static void move_to_second(struct place *places, uint32_t from)
{
	struct place moved = places[from];

	memmove(&places[2], &places[1], (from - 1) * sizeof(*places));
	places[1] = moved;
}

/*
 * The same if the second place goes to another zone. The places of a row hold everything needed to
 * insert one more: the first of all, the first of another zone, and the first of the others.
 */
static void insert_zoned(struct place *places, uint32_t count, const struct place *new)
{
	const struct place last = {UINT64_MAX, UINT64_MAX, &no_candidate};
	struct place ordered[GLB_HOPS_MAX + 1];

	for (uint32_t i = 0; i <= count; i++)
		ordered[i] = last;
	for (uint32_t i = 0; i < count; i++)
		batch_insert(ordered, count + 1, &places[i]);
	batch_insert(ordered, count + 1, new);
	for (uint32_t i = 1; i <= count && ordered[i].candidate != &no_candidate; i++) {
		if (ordered[i].candidate->zone != ordered[0].candidate->zone) {
			move_to_second(ordered, i);
			break;
		}
	}
	memcpy(places, ordered, count * sizeof(*places));
}

/* The bound below which a candidate comes before this place. See lanes.h. */
static uint64_t reach_of(const struct ranker *ranker, const struct place *place)
{
	return ranker->weighted ? glb_weight_reach(place->cost) : place->cost >> 32;
}

static void set_reach(const struct ranker *ranker, struct batch *batch, uint32_t lane)
{
	const struct place *places = batch->places[lane];
	uint64_t reach = reach_of(ranker, &places[ranker->hops - 1]);

	batch->lanes.reach[lane] = reach;
	if (!ranker->zoned)
		return;

	uint64_t second = reach_of(ranker, &places[1]);
	bool apart = places[1].candidate->zone != places[0].candidate->zone &&
		     places[1].candidate != &no_candidate;

	batch->lanes.zone[lane] = places[0].candidate->zone;
	batch->lanes.reach_other[lane] = !apart ? UINT32_MAX : second > reach ? second : reach;
}

/* Inserts a candidate into a row if it comes before one of its places. */
static void batch_enter(const struct ranker *ranker, struct batch *batch, uint32_t lane,
			const struct candidate *candidate, uint64_t rank)
{
	const struct place new = batch_place_of(ranker, candidate, rank);

	if (ranker->zoned)
		insert_zoned(batch->places[lane], ranker->hops, &new);
	else
		batch_insert(batch->places[lane], ranker->hops, &new);
	set_reach(ranker, batch, lane);
}

/* Inserts candidates into all rows of a batch. */
static void enter_all(const struct ranker *ranker, struct batch *batch,
		      const struct candidate *candidates, uint32_t count)
{
	const bool options = ranker->weighted || ranker->zoned;
	struct sieved sieved;

	for (uint32_t c = 0; c < count; c += LANES_GROUP) {
		uint32_t group = count - c < LANES_GROUP ? count - c : LANES_GROUP;

		ranker->lanes->sieve(&sieved, &batch->lanes, &candidates[c], group, options);
		for (uint32_t k = 0; k < group; k++) {
			for (uint64_t hits = sieved.hits[k]; hits; hits &= hits - 1) {
				uint32_t lane = (uint32_t)__builtin_ctzll(hits);

				batch_enter(ranker, batch, lane, &candidates[c + k],
					    sieved.rank[k][lane]);
			}
		}
	}
}

static void batch_start(const struct ranker *ranker, struct batch *batch)
{
	for (uint32_t i = batch->count; i < LANES; i++)
		batch->rows[i] = batch->rows[0]; /* not written at the end */
	ranker->lanes->start(&batch->lanes, ranker->seed, batch->rows);
}

static void batch_end(const struct ranker *ranker, struct batch *batch, struct glb_row *ranked)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct place *places = batch->places[i];
		struct glb_row *row = &ranked[batch->rows[i]];

		*row = (struct glb_row){{0}};
		for (uint32_t hop = 0; hop < ranker->hops; hop++)
			row->hops[hop] = places[hop].candidate->backend;
	}
	batch->count = 0;
}

/* Ranks rows without prior knowledge, in a table without options. */
static void rank_plain(const struct ranker *ranker, struct batch *batch, struct glb_row *ranked)
{
	struct leaders leaders;

	batch_start(ranker, batch);
	ranker->lanes->lead(&leaders, &batch->lanes, ranker->candidates, ranker->candidate_count,
			    ranker->hops);
	for (uint32_t i = 0; i < batch->count; i++) {
		struct glb_row *row = &ranked[batch->rows[i]];

		*row = (struct glb_row){{0}};
		for (uint32_t hop = 0; hop < ranker->hops; hop++)
			row->hops[hop] = ranker->candidates[leaders.candidate[hop][i]].backend;
	}
	batch->count = 0;
}

/* Ranks rows without prior knowledge. */
static void rank_afresh(const struct ranker *ranker, struct batch *batch, struct glb_row *ranked)
{
	const struct place last = {UINT64_MAX, UINT64_MAX, &no_candidate};

	if (!ranker->weighted && !ranker->zoned) {
		rank_plain(ranker, batch, ranked);
		return;
	}
	batch_start(ranker, batch);
	for (uint32_t lane = 0; lane < LANES; lane++) {
		for (uint32_t hop = 0; hop < ranker->hops; hop++)
			batch->places[lane][hop] = last;
		batch->lanes.reach[lane] = UINT32_MAX;
		batch->lanes.reach_other[lane] = UINT32_MAX;
		batch->lanes.zone[lane] = 0;
	}
	enter_all(ranker, batch, ranker->candidates, ranker->candidate_count);
	batch_end(ranker, batch, ranked);
}

/* Ranks rows that keep all their candidates, plus those that were added. */
static void rank_added(const struct ranker *ranker, const struct change *change,
		       struct batch *batch, struct glb_row *ranked)
{
	const struct candidate *held[LANES];
	uint64_t rank[LANES];

	batch_start(ranker, batch);
	for (uint32_t hop = 0; hop < ranker->hops; hop++) {
		for (uint32_t i = 0; i < LANES; i++)
			held[i] = change->now[change->old_ranked[batch->rows[i]].hops[hop]];
		ranker->lanes->rank(rank, &batch->lanes, held);
		for (uint32_t i = 0; i < LANES; i++)
			batch->places[i][hop] = batch_place_of(ranker, held[i], rank[i]);
	}
	for (uint32_t lane = 0; lane < LANES; lane++) {
		batch->lanes.zone[lane] = 0;
		set_reach(ranker, batch, lane);
	}
	enter_all(ranker, batch, change->added, change->added_count);
	batch_end(ranker, batch, ranked);
}

/* Is it worth determining first which rows the added ones affect? */
static bool few_added(const struct ranker *ranker, const struct change *change)
{
	return !ranker->zoned && change->added_count * ranker->hops * 2 <= ranker->candidate_count;
}

/* Sets the reach needed to precede the last hop of a row, the only hop whose rank is computed. */
static void reach_last(const struct ranker *ranker, const struct change *change,
		       struct batch *batch)
{
	const struct candidate *held[LANES];
	uint64_t rank[LANES];

	batch_start(ranker, batch);
	for (uint32_t i = 0; i < LANES; i++)
		held[i] = change->now[change->old_ranked[batch->rows[i]].hops[ranker->hops - 1]];
	ranker->lanes->rank(rank, &batch->lanes, held);
	for (uint32_t i = 0; i < LANES; i++) {
		struct place last = batch_place_of(ranker, held[i], rank[i]);

		batch->lanes.reach[i] = reach_of(ranker, &last);
		batch->lanes.zone[i] = 0;
	}
}

/* Like rank_added(), but only for the rows of a batch on which an added candidate may be a hop. */
static void rank_touched(const struct ranker *ranker, const struct change *change,
			 struct batch *kept, struct batch *touched, struct glb_row *ranked)
{
	uint64_t hits = 0;
	struct sieved sieved;

	reach_last(ranker, change, kept);
	for (uint32_t c = 0; c < change->added_count; c += LANES_GROUP) {
		uint32_t left = change->added_count - c;
		uint32_t group = left < LANES_GROUP ? left : LANES_GROUP;

		ranker->lanes->sieve(&sieved, &kept->lanes, &change->added[c], group,
				     ranker->weighted);
		for (uint32_t k = 0; k < group; k++)
			hits |= sieved.hits[k];
	}
	for (; hits; hits &= hits - 1) {
		uint32_t lane = (uint32_t)__builtin_ctzll(hits);

		if (lane >= kept->count)
			break; /* padding of the batch */
		touched->rows[touched->count++] = kept->rows[lane];
		if (touched->count == LANES)
			rank_added(ranker, change, touched, ranked);
	}
	kept->count = 0;
}

/* Copies a row from the old ranking; false if it contained a backend that was removed. */
static bool carry_over(const struct ranker *ranker, const struct change *change,
		       struct glb_row *row, const struct glb_row *old)
{
	bool gone = false;

	if (change->same) {
		*row = *old;
		return true;
	}
	*row = (struct glb_row){{0}};
	for (uint32_t hop = 0; hop < ranker->hops; hop++) {
		row->hops[hop] = change->index[old->hops[hop]];
		gone |= row->hops[hop] == GLB_NO_BACKEND;
	}
	return !gone;
}

/* Rows of a part, collected until a batch of their kind is full. */
struct waiting {
	struct batch fresh;   /* ranked without prior knowledge */
	struct batch kept;    /* all their candidates remain */
	struct batch touched; /* the same, and an added one may be a hop */
};

/* Ranks batches of at least `enough` rows. */
static void rank_waiting(const struct ranking_job *job, struct waiting *waiting, uint32_t enough)
{
	const struct ranker *ranker = job->ranker;

	if (waiting->fresh.count >= enough)
		rank_afresh(ranker, &waiting->fresh, job->ranked);
	if (waiting->kept.count >= enough && few_added(ranker, job->change))
		rank_touched(ranker, job->change, &waiting->kept, &waiting->touched, job->ranked);
	else if (waiting->kept.count >= enough)
		rank_added(ranker, job->change, &waiting->kept, job->ranked);
	if (waiting->touched.count >= enough)
		rank_added(ranker, job->change, &waiting->touched, job->ranked);
}

void glb_ranking_run_part(void *arg, unsigned int number)
{
	const struct ranking_job *job = arg;
	const struct change *change = job->change;
	const uint32_t first = number * job->rows_per_part;
	struct waiting waiting;

	waiting.fresh.count = 0;
	waiting.kept.count = 0;
	waiting.touched.count = 0;
	for (uint32_t row = first; row < first + job->rows_per_part; row++) {
		if (!change->old_ranked ||
		    !carry_over(job->ranker, change, &job->ranked[row], &change->old_ranked[row]))
			waiting.fresh.rows[waiting.fresh.count++] = row;
		else if (change->added_count)
			waiting.kept.rows[waiting.kept.count++] = row;
		if (waiting.fresh.count == LANES || waiting.kept.count == LANES)
			rank_waiting(job, &waiting, LANES);
	}
	rank_waiting(job, &waiting, 1);
}
