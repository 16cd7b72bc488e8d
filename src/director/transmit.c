/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/transmit.h"
#include "director/ethdev.h"

uint16_t transmit(const struct tx_queue *tx, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t taken = 0;
	uint16_t at = 0;

	while (at < n) {
		uint16_t sent = rte_eth_tx_burst(tx->port, tx->queue, mbufs + at, n - at);

		taken += sent;
		at += sent;
		if (at < n && mbufs[at]->pkt_len <= tx->frame_max)
			break;
		if (at < n)
			rte_pktmbuf_free(mbufs[at++]);
	}
	if (at < n)
		rte_pktmbuf_free_bulk(mbufs + at, n - at);
	return taken;
}
