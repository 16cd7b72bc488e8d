/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a new generation reach the workers, and when is an old one released?
 *
 * One pointer is shared between the control thread and the workers. A worker reads it once per
 * burst and reports a quiescent state when it does not use a generation; the control thread
 * releases a replaced generation once every worker has done so. Nothing ever blocks. The map of its
 * counters, and the replicas for workers on other NUMA nodes, come and go with a generation.
 */
#ifndef DIRECTOR_PUBLISH_H
#define DIRECTOR_PUBLISH_H

#include <glb/generation.h>

#include "director/backend_stats.h"
#include "director/dpdk.h"
#include "director/numa.h"

struct served {
	struct glb_generation *gen;    /* the one with tables, which is also near[0] */
	struct backend_stats_map *map; /* NULL: backends are not counted */
	struct glb_generation *near[NUMA_NODES_MAX]; /* for workers, by index of their node */
	/* used by the control thread, once replaced: */
	struct served *next;
	uint64_t token; /* grace period of the QSBR variable */
};

/*
 * Places a generation on each of these nodes, for publish_replace() to serve a successor with
 * different ports. To be released with served_free(), which also releases the generation. NULL: out
 * of memory, and the generation remains the caller's. Both are callable from any thread, as long as
 * no worker is involved.
 */
struct served *served_make(struct glb_generation *gen, const struct numa_nodes *nodes);
void served_free(struct served *served);

struct publish {
	const struct served *current;
	struct rte_rcu_qsbr *qsbr;
	struct numa_nodes nodes;
	struct served *retired; /* used by the control thread only */
};

/* Replaced tables that may be held for workers that could be reading them. */
enum { PUBLISH_HELD_MAX = 4 };

/* Replaced generations that may be held, most of which may share their tables. */
enum { PUBLISH_RETIRED_MAX = 32 };

/*
 * Starts with a generation and its map, or NULL, for worker_count workers. Returns 0, and owns both
 * from now on; or -ENOMEM.
 */
GLB_NODISCARD int publish_start(struct publish *publish, struct glb_generation *first,
				struct backend_stats_map *map, unsigned int worker_count);

/*
 * From now on places every generation, beginning with the current one, on each of these nodes.
 * Replicas come and go with their generation. To be called before the first worker joins, if at
 * all. Returns 0; or -ENOMEM, with nothing changed.
 */
GLB_NODISCARD int publish_replicate(struct publish *publish, const struct numa_nodes *nodes);

/*
 * Control thread: serves `next` from the next burst on. Returns 0, and owns `next` and `map` from
 * now on; or -ENOMEM.
 *
 * built  for a generation that differs from `next` in its ports only, so that nothing is copied
 *        here; NULL: use that of the current one, or copy `next`
 */
GLB_NODISCARD int publish_replace(struct publish *publish, struct glb_generation *next,
				  struct backend_stats_map *map, const struct served *built);

/* Control thread: releases the generations that no worker can be using any more. */
void publish_reclaim(struct publish *publish);

/*
 * Control thread: the number of arenas, apart from the current one, that are held for workers.
 * Beyond PUBLISH_HELD_MAX no more should be made.
 */
unsigned int publish_held(const struct publish *publish);

/*
 * Control thread: the number of replaced generations held for workers. Beyond PUBLISH_RETIRED_MAX
 * only those that cannot be postponed should be made.
 */
unsigned int publish_retired(const struct publish *publish);

/* Control thread: asks every worker for a quiescent state. Returns a token for
 * publish_has_answered(). */
uint64_t publish_ask(const struct publish *publish);

/* Has the worker reported one since, or left? */
bool publish_has_answered(const struct publish *publish, unsigned int worker, uint64_t token);

/* Control thread: called after the last worker has left. */
void publish_stop(struct publish *publish);

/* Worker: called before its first burst and after its last. `worker` counts from 0. */
void publish_join(struct publish *publish, unsigned int worker);
void publish_leave(struct publish *publish, unsigned int worker);

/* Worker: the generation to be used until the next publish_quiescent(). */
static inline const struct served *publish_current(const struct publish *publish)
{
	return __atomic_load_n(&publish->current, __ATOMIC_ACQUIRE);
}

/* Control thread: the generation in force, or NULL if there is none yet. */
static inline const struct glb_generation *publish_in_force(const struct publish *publish)
{
	return publish->current ? publish->current->gen : NULL;
}

/* Control thread: the generation with this number if it has not been released; otherwise NULL. */
const struct glb_generation *publish_find(const struct publish *publish, uint64_t number);

/* Worker: reports that it uses no generation at this point. */
static inline void publish_quiescent(const struct publish *publish, unsigned int worker)
{
	rte_rcu_qsbr_quiescent(publish->qsbr, worker);
}

#endif
