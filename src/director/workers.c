/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "director/ethdev.h"
#include "director/worker.h"
#include "sys/log.h"

enum {
	RING_LEN = 1024,
	/*
	 * Packets that are decided about together. What a burst costs by itself is shared by more
	 * of them in a large one, but without hugepages the TLB does not reach as many frames.
	 */
	BURST_HUGE = HANDOFF_BURST,
	BURST_SMALL = 32,
};

/* A ring with one consumer. */
static struct rte_ring *worker_make_ring(const char *what, unsigned int index, unsigned int writers)
{
	unsigned int flags = RING_F_SC_DEQ | (writers == 1 ? RING_F_SP_ENQ : 0);
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "glb-%s-%u", what, index);
	return rte_ring_create(name, RING_LEN, (int)rte_socket_id(), flags);
}

/* The number of workers without a queue that send through owner i. */
static unsigned int count_guests(const struct workers *all, unsigned int i)
{
	unsigned int queues = all->ports.queue_count;

	return (all->count - i - 1) / queues;
}

/* Creates the rings that an owner of queues needs for handoff. False if memory runs out. */
static bool equip_owner(struct worker *w)
{
	unsigned int guests = count_guests(w->all, w->index);

	if (guests)
		w->tx_ring = worker_make_ring("tx", w->index, guests);
	w->batches = rte_zmalloc("glb-batches", w->all->count * sizeof(*w->batches),
				 RTE_CACHE_LINE_SIZE);
	return w->batches && (w->tx_ring || !guests);
}

/* Prepares owners of queues to hand over packets. False if memory runs out. */
static bool make_handoff(struct workers *all)
{
	unsigned int queues = all->ports.queue_count;
	bool made = true;

	rss_assign(&all->handoff.rss, queues, all->count);
	all->handoff.count = all->count;
	for (unsigned int i = 0; i < all->count && made; i++) {
		struct worker *w = &all->workers[i];

		if (rss_weight(i, queues, all->count)) {
			w->in_ring = worker_make_ring("in", i, queues);
			all->handoff.rings[i] = w->in_ring;
			made = w->in_ring;
		}
		made = made && (!worker_owns_queue(w) || equip_owner(w));
	}
	return made;
}

/* False if memory runs out. */
static bool make_rings(struct workers *all)
{
	if (all->punt_unmatched && twins_make(&all->twins, &all->ports, all->count))
		return false;
	return all->ports.queue_count >= all->count || make_handoff(all);
}

int workers_make(struct workers *all, unsigned int count, struct glb_diag *diag)
{
	all->count = count;
	all->burst = rte_eal_has_hugepages() ? BURST_HUGE : BURST_SMALL;
	all->ns_per_tick = ((uint64_t)NS_PER_S << 32) / rte_get_tsc_hz();
	all->workers = aligned_alloc(RTE_CACHE_LINE_SIZE, count * sizeof(*all->workers));
	if (!all->workers) {
		glb_diag(diag, "out of memory");
		return -ENOMEM;
	}
	memset(all->workers, 0, count * sizeof(*all->workers));
	for (unsigned int i = 0; i < count; i++)
		all->workers[i] = (struct worker){
			.all = all,
			.index = i,
			.backend_stats =
				all->backend_stats.counts ? all->backend_stats.counts[i] : NULL,
		};
	if (!make_rings(all)) {
		glb_diag(diag, "no memory for rings: %s", rte_strerror(rte_errno));
		workers_free(all);
		return -ENOMEM;
	}
	return 0;
}

int workers_start(struct workers *all, struct glb_diag *diag)
{
	unsigned int lcore;
	unsigned int i = 0;
	int err = twins_start(&all->twins);

	if (err) {
		glb_diag(diag, "no thread for the twin ports: %s", strerror(-err));
		return err;
	}

	__atomic_store_n(&all->stop, false, __ATOMIC_RELAXED);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct worker *w = &all->workers[i++];

		w->node = numa_nodes_index(&all->publish.nodes, rte_lcore_to_socket_id(lcore));
		(void)rte_eal_remote_launch(worker_run, w, lcore);
	}
	return 0;
}

bool workers_serve(const struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++)
		if (!__atomic_load_n(&all->workers[i].counters.generation, __ATOMIC_RELAXED))
			return false;
	return true;
}

static void drain(struct rte_ring *ring)
{
	void *mbuf;

	while (ring && !rte_ring_dequeue(ring, &mbuf))
		rte_pktmbuf_free(mbuf);
}

unsigned int worker_lcore(unsigned int index)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER (lcore)
		if (!index--)
			break;
	return lcore;
}

/* Has it ended in time? `*patience_ms` is the time left for all workers. */
static bool has_left(unsigned int lcore, unsigned int *patience_ms)
{
	while (rte_eal_get_lcore_state(lcore) == RUNNING) {
		if (!*patience_ms)
			return false;
		--*patience_ms;
		rte_delay_us_sleep(1000);
	}
	(void)rte_eal_wait_lcore(lcore);
	return true;
}

int workers_pause(struct workers *all)
{
	unsigned int patience_ms = WORKERS_PATIENCE_MS;
	int err = 0;

	__atomic_store_n(&all->stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < all->count; i++) {
		if (has_left(worker_lcore(i), &patience_ms))
			continue;
		log_error("worker %u on lcore %u does not stop", i, worker_lcore(i));
		err = -ETIMEDOUT;
	}
	twins_stop(&all->twins);
	return err;
}

int workers_stop(struct workers *all)
{
	int err = workers_pause(all);

	if (err)
		return err;
	for (unsigned int i = 0; i < all->count; i++) {
		drain(all->workers[i].in_ring);
		drain(all->workers[i].tx_ring);
	}
	return 0;
}

void workers_free(struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++) {
		rte_ring_free(all->workers[i].in_ring);
		rte_ring_free(all->workers[i].tx_ring);
		rte_free(all->workers[i].batches);
	}
	twins_free(&all->twins);
	free(all->workers);
	all->workers = NULL;
}
