/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "director/publish.h"

int publish_start(struct publish *publish, struct glb_generation *first, unsigned int worker_count)
{
	size_t len = RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(worker_count), RTE_CACHE_LINE_SIZE);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, len);

	if (!qsbr)
		return -ENOMEM;
	(void)rte_rcu_qsbr_init(qsbr, worker_count); /* fails for NULL or 0 workers only */
	*publish = (struct publish){first, qsbr, NULL};
	return 0;
}

int publish_replace(struct publish *publish, struct glb_generation *next)
{
	struct retired *retired = malloc(sizeof(*retired));

	if (!retired)
		return -ENOMEM;
	*retired = (struct retired){
		.next = publish->retired,
		.gen = (struct glb_generation *)publish->current,
	};
	__atomic_store_n(&publish->current, next, __ATOMIC_RELEASE);
	retired->token = rte_rcu_qsbr_start(publish->qsbr);
	publish->retired = retired;
	return 0;
}

void publish_reclaim(struct publish *publish)
{
	struct retired **link = &publish->retired;

	while (*link) {
		struct retired *retired = *link;

		if (rte_rcu_qsbr_check(publish->qsbr, retired->token, false) != 1) {
			link = &retired->next;
			continue;
		}
		*link = retired->next;
		glb_generation_free(retired->gen);
		free(retired);
	}
}

void publish_stop(struct publish *publish)
{
	publish_reclaim(publish); /* every worker has left, so nothing remains */
	glb_generation_free((struct glb_generation *)publish->current);
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
