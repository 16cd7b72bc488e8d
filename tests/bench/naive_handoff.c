/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_hash_crc.h>

#include "director/ethdev.h"
#include "naive_handoff.h"

/* The same for all packets of a flow. */
static unsigned int worker_of(const struct rte_mbuf *mbuf, unsigned int count)
{
	struct glb_flow flow;
	uint32_t hash;

	if (glb_parse(&flow, rte_pktmbuf_mtod(mbuf, const uint8_t *), rte_pktmbuf_data_len(mbuf)) !=
	    GLB_FORWARD)
		return 0;
	hash = rte_hash_crc(flow.src, sizeof(flow.src), 0);
	hash = rte_hash_crc_4byte((uint32_t)flow.src_port << 16 | flow.dst_port, hash);
	return hash % count;
}

unsigned int naive_handoff(const struct handoff *handoff, struct rte_mbuf **mbufs, unsigned int n)
{
	unsigned int to[HANDOFF_BURST];
	unsigned int dropped = 0;

	for (unsigned int i = 0; i < n; i++)
		to[i] = worker_of(mbufs[i], handoff->count);
	for (unsigned int k = 0; k < handoff->count; k++) {
		struct rte_mbuf *batch[HANDOFF_BURST];
		unsigned int len = 0;

		for (unsigned int i = 0; i < n; i++)
			if (to[i] == k)
				batch[len++] = mbufs[i];
		if (len)
			dropped += handoff_put(handoff->rings[k], batch, len);
	}
	return dropped;
}
