/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/frame.h"
#include "director/ethdev.h"

struct rte_mbuf *frame_join(struct rte_mbuf *mbuf, struct rte_mempool *pool)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	struct rte_mbuf *joined = NULL;

	if (!rte_pktmbuf_linearize(mbuf))
		return mbuf;
	if (mbuf->pkt_len <= room)
		joined = rte_pktmbuf_copy(mbuf, pool, 0, mbuf->pkt_len);
	if (joined) {
		rte_pktmbuf_free(mbuf);
		return joined;
	}
	rte_pktmbuf_free(mbuf->next);
	mbuf->next = NULL;
	mbuf->nb_segs = 1;
	mbuf->pkt_len = mbuf->data_len;
	return mbuf;
}
