/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "director/publish.h"

_Static_assert(GLB_ROW_COPIES_MAX >= (int)NUMA_NODES_MAX, "rows have a copy for each node");

/* Everything but what the caller provided. */
static void free_near(struct served *served)
{
	for (unsigned int i = 1; i < NUMA_NODES_MAX; i++)
		glb_generation_free(served->near[i]);
	free(served);
}

/* A successor that differs only in ports shares its predecessor's memory, on every node. */
static int make_replica(struct glb_generation **out, const struct glb_generation *gen,
			const struct served *before, unsigned int node)
{
	if (before && before->near[node] && before->gen->arena.base == gen->arena.base)
		return glb_generation_with_ports(out, before->near[node], gen->settings.ports);
	return glb_generation_replicate(out, gen, node);
}

/*
 * Moves memory that a node's workers read to that node. Memory shared with an earlier generation is
 * in place already, and is being read. If the kernel refuses, workers read from a remote node, as
 * without replicas.
 */
static void place(unsigned int id, const struct glb_generation *gen, unsigned int copy)
{
	(void)numa_place(id, gen->arena.base, gen->arena.len);
	for (unsigned int t = 0; t < gen->tables.count; t++) {
		struct glb_slab *slab = gen->tables.tables[t]->copies[copy].slab;

		if (!slab->is_near)
			(void)numa_place(id, slab->arena.base, slab->arena.len);
		slab->is_near = true;
	}
}

/* `before`: a generation that may share its arena, or NULL. Returns NULL if memory runs out. */
static struct served *make_after(struct glb_generation *gen, struct backend_stats_map *map,
				 const struct numa_nodes *nodes, const struct served *before)
{
	struct served *served = malloc(sizeof(*served));

	if (!served)
		return NULL;
	*served = (struct served){.gen = gen, .map = map, .near = {gen}};
	for (unsigned int i = 1; i < nodes->count; i++) {
		if (make_replica(&served->near[i], gen, before, i)) {
			free_near(served);
			return NULL;
		}
	}
	for (unsigned int i = 0; i < nodes->count; i++)
		if (!before || served->near[i]->arena.base != before->near[i]->arena.base)
			place(nodes->ids[i], served->near[i], i);
	return served;
}

struct served *served_make(struct glb_generation *gen, const struct numa_nodes *nodes)
{
	return make_after(gen, NULL, nodes, NULL);
}

void served_free(struct served *served)
{
	glb_generation_free(served->gen);
	backend_stats_map_free(served->map);
	free_near(served);
}

int publish_start(struct publish *publish, struct glb_generation *first,
		  struct backend_stats_map *map, unsigned int worker_count)
{
	size_t len = RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(worker_count), RTE_CACHE_LINE_SIZE);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, len);
	struct served *served = make_after(first, map, &(struct numa_nodes){.count = 0}, NULL);

	if (!qsbr || !served) {
		free(qsbr);
		free(served);
		return -ENOMEM;
	}
	(void)rte_rcu_qsbr_init(qsbr, worker_count); /* fails for NULL or 0 workers only */
	*publish = (struct publish){.current = served, .qsbr = qsbr};
	return 0;
}

int publish_replicate(struct publish *publish, const struct numa_nodes *nodes)
{
	struct served *alone = (struct served *)publish->current;
	struct served *served = make_after(alone->gen, alone->map, nodes, NULL);

	if (!served)
		return -ENOMEM;
	publish->current = served;
	publish->nodes = *nodes;
	free_near(alone);
	return 0;
}

int publish_replace(struct publish *publish, struct glb_generation *next,
		    struct backend_stats_map *map, const struct served *built)
{
	struct served *retired = (struct served *)publish->current;
	struct served *served = make_after(next, map, &publish->nodes, built ? built : retired);

	if (!served)
		return -ENOMEM;
	__atomic_store_n(&publish->current, served, __ATOMIC_RELEASE);
	retired->token = rte_rcu_qsbr_start(publish->qsbr);
	retired->next = publish->retired;
	publish->retired = retired;
	return 0;
}

void publish_reclaim(struct publish *publish)
{
	struct served **link = &publish->retired;

	while (*link) {
		struct served *retired = *link;

		if (rte_rcu_qsbr_check(publish->qsbr, retired->token, false) != 1) {
			link = &retired->next;
			continue;
		}
		*link = retired->next;
		served_free(retired);
	}
}

const struct glb_generation *publish_find(const struct publish *publish, uint64_t number)
{
	const struct served *one = publish->current;

	if (one && one->gen->number == number)
		return one->gen;
	for (one = publish->retired; one && one->gen->number != number;)
		one = one->next;
	return one ? one->gen : NULL;
}

unsigned int publish_held(const struct publish *publish)
{
	const void *last = publish->current->gen->arena.base;
	unsigned int count = 0;

	/* newest first; generations that share an arena are adjacent */
	for (const struct served *retired = publish->retired; retired; retired = retired->next) {
		count += retired->gen->arena.base != last;
		last = retired->gen->arena.base;
	}
	return count;
}

unsigned int publish_retired(const struct publish *publish)
{
	unsigned int count = 0;

	for (const struct served *retired = publish->retired; retired; retired = retired->next)
		count++;
	return count;
}

uint64_t publish_ask(const struct publish *publish)
{
	return rte_rcu_qsbr_start(publish->qsbr);
}

bool publish_has_answered(const struct publish *publish, unsigned int worker, uint64_t token)
{
	uint64_t count = __atomic_load_n(&publish->qsbr->qsbr_cnt[worker].cnt, __ATOMIC_RELAXED);

	return !count || count >= token; /* 0: the worker has ended */
}

void publish_stop(struct publish *publish)
{
	publish_reclaim(publish); /* all workers have ended, so nothing is held */
	served_free((struct served *)publish->current);
	free(publish->qsbr);
	*publish = (struct publish){0};
}

void publish_join(struct publish *publish, unsigned int worker)
{
	(void)rte_rcu_qsbr_thread_register(publish->qsbr, worker);
	rte_rcu_qsbr_thread_online(publish->qsbr, worker);
}

void publish_leave(struct publish *publish, unsigned int worker)
{
	rte_rcu_qsbr_thread_offline(publish->qsbr, worker);
	(void)rte_rcu_qsbr_thread_unregister(publish->qsbr, worker);
}
