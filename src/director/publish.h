/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a new generation reach the workers, and when is an old one gone?
 *
 * One pointer is shared between the control thread and the workers. A worker reads it once a burst
 * and reports a quiescent state when it holds no generation; the control thread frees a replaced
 * generation once every worker has done so. Nobody ever waits. Where its packets are counted comes
 * with a generation and goes with it, and so do the replicas for workers on other NUMA nodes.
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
	struct glb_generation *near[NUMA_NODES_MAX]; /* for workers, by the index of their node */
	/* control thread only, once replaced: */
	struct served *next;
	uint64_t token; /* a grace period of the QSBR variable */
};

/*
 * Puts a generation on each of these nodes, for publish_replace() to serve a successor of it with
 * other ports. To be freed with served_free(), which frees the generation, too. NULL: out of
 * memory, and the generation is the caller's still. Both for any thread, as long as no worker is
 * involved.
 */
struct served *served_make(struct glb_generation *gen, const struct numa_nodes *nodes);
void served_free(struct served *served);

struct publish {
	const struct served *current;
	struct rte_rcu_qsbr *qsbr;
	struct numa_nodes nodes;
	struct served *retired; /* control thread only */
};

/* So many tables that were replaced may wait for workers that could be reading them. */
enum { PUBLISH_HELD_MAX = 4 };

/* So many generations, of which most may share their tables. */
enum { PUBLISH_RETIRED_MAX = 32 };

/*
 * Starts with a generation and its map, or NULL, for worker_count workers. 0, and both are its own
 * from now on; or -ENOMEM.
 */
GLB_NODISCARD int publish_start(struct publish *publish, struct glb_generation *first,
				struct backend_stats_map *map, unsigned int worker_count);

/*
 * Has workers find every generation, the current one to begin with, on each of these nodes.
 * Replicas come and go with their generation. To be called before the first worker joins, if at
 * all. 0, or -ENOMEM and nothing has changed.
 */
GLB_NODISCARD int publish_replicate(struct publish *publish, const struct numa_nodes *nodes);

/*
 * Control thread: serve `next` from the next burst on. 0, and `next` and `map` are its own from now
 * on; or -ENOMEM.
 *
 * built  of a generation that differs from `next` in its ports only, so that nothing is copied
 * here; NULL: that is the current one, or `next` is to be copied
 */
GLB_NODISCARD int publish_replace(struct publish *publish, struct glb_generation *next,
				  struct backend_stats_map *map, const struct served *built);

/* Control thread: frees the generations that no worker can be using any more. */
void publish_reclaim(struct publish *publish);

/*
 * Control thread: how many arenas, apart from the current one, wait for workers. With more than
 * PUBLISH_HELD_MAX no more should be made.
 */
unsigned int publish_held(const struct publish *publish);

/*
 * Control thread: how many generations that were replaced wait for workers. With more than
 * PUBLISH_RETIRED_MAX none should be made that can wait, too.
 */
unsigned int publish_retired(const struct publish *publish);

/* Control thread: asks every worker for a quiescent state. The token is for publish_has_answered().
 */
uint64_t publish_ask(const struct publish *publish);

/* Has the worker reported one since, or left? */
bool publish_has_answered(const struct publish *publish, unsigned int worker, uint64_t token);

/* Control thread, after the last worker has left. */
void publish_stop(struct publish *publish);

/* Worker, before its first burst and after its last. `worker` counts from 0. */
void publish_join(struct publish *publish, unsigned int worker);
void publish_leave(struct publish *publish, unsigned int worker);

/* Worker: the generation to serve, until the next publish_quiescent(). */
static inline const struct served *publish_current(const struct publish *publish)
{
	return __atomic_load_n(&publish->current, __ATOMIC_ACQUIRE);
}

/* Control thread: the generation in force, or NULL when there is none yet. */
static inline const struct glb_generation *publish_in_force(const struct publish *publish)
{
	return publish->current ? publish->current->gen : NULL;
}

/* Control thread: the generation of this number, if it was not freed yet; else NULL. */
const struct glb_generation *publish_find(const struct publish *publish, uint64_t number);

/* Worker: no generation is in use here. */
static inline void publish_quiescent(const struct publish *publish, unsigned int worker)
{
	rte_rcu_qsbr_quiescent(publish->qsbr, worker);
}

#endif
