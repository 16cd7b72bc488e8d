/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do packets get from the workers that receive to those that decide?
 *
 * Owners of queues put them into rings, by flow (director/rss.h): all packets of a flow take the
 * same path and stay in order.
 */
#ifndef DIRECTOR_HANDOFF_H
#define DIRECTOR_HANDOFF_H

#include "director/dpdk.h"
#include "director/rss.h"

enum { HANDOFF_BURST = 64 }; /* maximum number of packets handed over at once */

/* Constant while workers run. */
struct handoff {
	struct rss rss;
	struct rte_ring *rings[RTE_MAX_LCORE]; /* by worker; NULL: it gets none */
	unsigned int count;		       /* of workers */
};
_Static_assert(RTE_MAX_LCORE <= RSS_WORKERS_MAX, "any lcore may be a worker");

/* Packets of a burst sorted by one owner of queues; one for each worker. */
struct handoff_batch {
	unsigned int len;
	struct rte_mbuf *mbufs[HANDOFF_BURST];
};

/* Frees n packets that do not fit anywhere. */
void handoff_free(struct rte_mbuf **mbufs, unsigned int n);

/* Puts n packets into a ring. Those that do not fit are freed; returns their number. */
static inline unsigned int handoff_put(struct rte_ring *ring, struct rte_mbuf **mbufs,
				       unsigned int n)
{
	unsigned int put = rte_ring_enqueue_burst(ring, (void **)mbufs, n, NULL);

	if (GLB_UNLIKELY(put < n))
		handoff_free(mbufs + put, n - put);
	return n - put;
}

/*
 * Puts n packets, at most HANDOFF_BURST, into the rings of the workers that decide about them.
 * `batches` belongs to the caller, one for each worker, empty before and after. Returns the number
 * of packets freed because they did not fit.
 */
unsigned int handoff_burst(const struct handoff *handoff, struct handoff_batch *batches,
			   struct rte_mbuf **mbufs, unsigned int n);

#endif
