/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/handoff.h"
#include "director/ethdev.h"

enum { AHEAD = 4 }; /* packets whose headers are prefetched */

/* A NIC that distributes by RSS delivers the hash, for all packets of a flow or for none. */
static uint32_t hash_of(const struct rte_mbuf *mbuf)
{
	if (mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH) /* packets of one queue share its low bits */
		return rss_mix(mbuf->hash.rss, 0);
	return rss_hash(rte_pktmbuf_mtod(mbuf, const uint8_t *), rte_pktmbuf_data_len(mbuf));
}

static void prefetch(const struct rte_mbuf *mbuf)
{
	if (!(mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH))
		rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void *));
}

void handoff_free(struct rte_mbuf **mbufs, unsigned int n)
{
	rte_pktmbuf_free_bulk(mbufs, n);
}

unsigned int handoff_burst(const struct handoff *handoff, struct handoff_batch *batches,
			   struct rte_mbuf **mbufs, unsigned int n)
{
	unsigned int dropped = 0;

	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)AHEAD); i++)
		prefetch(mbufs[i]);
	for (unsigned int i = 0; i < n; i++) {
		if (i + AHEAD < n)
			prefetch(mbufs[i + AHEAD]);

		unsigned int worker = rss_worker(&handoff->rss, hash_of(mbufs[i]));
		struct handoff_batch *batch = &batches[worker];

		batch->mbufs[batch->len++] = mbufs[i];
	}
	for (unsigned int i = 0; i < handoff->count; i++) {
		struct handoff_batch *batch = &batches[i];

		if (!batch->len)
			continue;
		dropped += handoff_put(handoff->rings[i], batch->mbufs, batch->len);
		batch->len = 0;
	}
	return dropped;
}
