/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ranking.h"

/* Candidates `first` to `end` - 1 of a spec. */
struct listing {
	const struct candidate **list;
	uint32_t first;
	uint32_t end;
};

static int listing_init(struct listing *listing, const struct candidate *candidates, uint32_t count)
{
	*listing = (struct listing){.list = calloc(count, sizeof(*listing->list)), .end = count};
	if (!listing->list)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		listing->list[i] = &candidates[i];
	return 0;
}

/* Compares everything that ranks depend on. */
static int compare_nature(const struct candidate *a, const struct candidate *b)
{
	int order = memcmp(a->words, b->words, sizeof(a->words));

	if (!order)
		order = (a->zone > b->zone) - (a->zone < b->zone);
	return order ? order : (a->weight > b->weight) - (a->weight < b->weight);
}

static int compare_listed(const void *a, const void *b)
{
	const struct candidate *x = *(const struct candidate *const *)a;
	const struct candidate *y = *(const struct candidate *const *)b;
	int order = compare_nature(x, y);

	return order ? order : (x->backend > y->backend) - (x->backend < y->backend);
}

/* Matches and removes equal candidates at the start and the end of both lists, where most are. */
static void match_ends(struct change *change, struct listing *old, struct listing *new)
{
	while (old->first < old->end && new->first < new->end &&
	       !compare_nature(old->list[old->first], new->list[new->first]))
		change->now[old->list[old->first++]->backend] = new->list[new->first++];
	while (old->first < old->end && new->first < new->end &&
	       !compare_nature(old->list[old->end - 1], new->list[new->end - 1]))
		change->now[old->list[--old->end]->backend] = new->list[--new->end];
}

/* Which sorted list has the smaller next element? Negative: the old one; 0: both are equal. */
static int compare_next(const struct listing *old, const struct listing *new)
{
	if (old->first == old->end)
		return 1;
	if (new->first == new->end)
		return -1;
	return compare_nature(old->list[old->first], new->list[new->first]);
}

/* Matches the rest, and finds candidates that are in one list only. */
static void match_rest(struct change *change, struct listing *old, struct listing *new)
{
	qsort(&old->list[old->first], old->end - old->first, sizeof(*old->list), compare_listed);
	qsort(&new->list[new->first], new->end - new->first, sizeof(*new->list), compare_listed);
	while (old->first < old->end || new->first < new->end) {
		int order = compare_next(old, new);

		if (!order) {
			change->now[old->list[old->first++]->backend] = new->list[new->first++];
		} else if (order < 0) {
			change->removed = true;
			old->first++;
		} else {
			change->added[change->added_count++] = *new->list[new->first++];
		}
	}
}

static int reuse_match(struct change *change, const struct ranker *ranker,
		       const struct candidate *old_candidates, uint32_t old_count)
{
	struct listing old = {0};
	struct listing new = {0};
	int err = listing_init(&old, old_candidates, old_count);

	if (!err)
		err = listing_init(&new, ranker->candidates, ranker->candidate_count);
	if (!err) {
		match_ends(change, &old, &new);
		match_rest(change, &old, &new);
	}
	free(old.list);
	free(new.list);
	return err;
}

/* Converts the matches to arrays of indices for fast lookup. */
static void reuse_number(struct change *change, unsigned int old_count)
{
	change->same = !change->removed;
	for (unsigned int i = 0; i < old_count; i++) {
		const struct candidate *now = change->now[i];

		change->index[i] = now ? now->backend : GLB_NO_BACKEND;
		change->same &= !now || now->backend == i;
	}
}

/* Can rows of an old ranking be reused? */
static bool is_related(const struct ranker *ranker, const struct glb_table_spec *old)
{
	return old && !memcmp(ranker->seed, old->seed, sizeof(old->seed)) &&
	       glb_usable_count(old) >= 2 && glb_row_hop_count(old) == ranker->hops;
}

int glb_change_init(struct change *change, const struct ranker *ranker,
		    const struct glb_ranking *how)
{
	const struct glb_table_spec *old = how->old;

	*change = (struct change){0};
	if (!is_related(ranker, old))
		return 0;

	struct candidate *old_candidates = glb_candidates_of(old);
	int err;

	change->now = calloc(old->backend_count, sizeof(*change->now));
	change->index = calloc(old->backend_count, sizeof(*change->index));
	change->added = calloc(ranker->candidate_count, sizeof(*change->added));
	err = old_candidates && change->now && change->index && change->added ? 0 : -ENOMEM;
	if (!err)
		err = reuse_match(change, ranker, old_candidates, glb_usable_count(old));
	if (!err)
		reuse_number(change, old->backend_count);
	free(old_candidates);
	/* restoring a row's ratings costs as much as a few more candidates */
	if (!err && change->added_count + ranker->hops + 2 < ranker->candidate_count)
		change->old_ranked = how->old_ranked;
	return err;
}

void glb_change_clear(struct change *change)
{
	free(change->now);
	free(change->index);
	free(change->added);
}
