/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do packets get from the workers that receive to those that decide?
 *
 * Owners of queues put them into rings, by flow (director/rss.h): all packets of a flow take the
 * same way and stay in order.
 */
#ifndef DIRECTOR_HANDOFF_H
#define DIRECTOR_HANDOFF_H

#include "director/dpdk.h"
#include "director/rss.h"

enum { HANDOFF_BURST = 32 }; /* packets handed over at once, at most */

/* Constant while workers run. */
struct handoff {
	struct rss rss;
	struct rte_ring *rings[RTE_MAX_LCORE]; /* of workers; NULL: it gets none */
	unsigned int count;		       /* of workers */
};
_Static_assert(RTE_MAX_LCORE <= RSS_WORKERS_MAX, "any lcore may be a worker");

/* What one owner of queues sorts a burst into: one for each worker. */
struct handoff_batch {
	unsigned int len;
	struct rte_mbuf *mbufs[HANDOFF_BURST];
};

/* Frees n packets that fit nowhere. */
void handoff_free(struct rte_mbuf **mbufs, unsigned int n);

/* Puts n packets into a ring. What does not fit is freed; returns how many that were. */
static inline unsigned int handoff_put(struct rte_ring *ring, struct rte_mbuf **mbufs,
				       unsigned int n)
{
	unsigned int put = rte_ring_enqueue_burst(ring, (void **)mbufs, n, NULL);

	if (GLB_UNLIKELY(put < n))
		handoff_free(mbufs + put, n - put);
	return n - put;
}

/*
 * Puts n packets, at most HANDOFF_BURST, into the rings of the workers that are to decide about
 * them. `batches` are the caller's own, one for each worker, empty before and after. Returns how
 * many were freed, as they did not fit.
 */
unsigned int handoff_burst(const struct handoff *handoff, struct handoff_batch *batches,
			   struct rte_mbuf **mbufs, unsigned int n);

#endif
