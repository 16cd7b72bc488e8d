/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "director/publish.h"

static struct served *make_served(struct glb_generation *gen, struct tally_map *map)
{
	struct served *served = malloc(sizeof(*served));

	if (served)
		*served = (struct served){.gen = gen, .map = map};
	return served;
}

static void free_served(struct served *served)
{
	glb_generation_free(served->gen);
	tally_map_free(served->map);
	free(served);
}

int publish_start(struct publish *publish, struct glb_generation *first, struct tally_map *map,
		  unsigned int worker_count)
{
	size_t len = RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(worker_count), RTE_CACHE_LINE_SIZE);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, len);
	struct served *served = make_served(first, map);

	if (!qsbr || !served) {
		free(qsbr);
		free(served);
		return -ENOMEM;
	}
	(void)rte_rcu_qsbr_init(qsbr, worker_count); /* fails for NULL or 0 workers only */
	*publish = (struct publish){served, qsbr, NULL};
	return 0;
}

int publish_replace(struct publish *publish, struct glb_generation *next, struct tally_map *map)
{
	struct served *retired = (struct served *)publish->current;
	struct served *served = make_served(next, map);

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
		free_served(retired);
	}
}

void publish_stop(struct publish *publish)
{
	publish_reclaim(publish); /* every worker has left, so nothing remains */
	free_served((struct served *)publish->current);
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
