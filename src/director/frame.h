/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the frame in an mbuf become a packet for glb_forward(), and what came of it an mbuf
 * again?
 */
#ifndef DIRECTOR_FRAME_H
#define DIRECTOR_FRAME_H

#include <glb/forward.h>

#include "director/ethdev.h"

/*
 * One contiguous frame of what a driver delivered in several segments: in its own first one, or in
 * an mbuf of `pool`. When there is no room to join them, the first one is judged as a frame that
 * was cut. Takes the mbuf; returns the one to use.
 */
struct rte_mbuf *frame_join(struct rte_mbuf *mbuf, struct rte_mempool *pool);

/*
 * Describes the frame, VLAN tag included: drivers may strip it into the descriptor. Where it cannot
 * be put back, nothing is left of the frame, as without its tag it would be another one.
 *
 * Field by field: a structure put together first would be copied before its parts have arrived in
 * the cache, which makes the processor wait.
 */
static inline void frame_describe(struct glb_packet *pkt, struct rte_mbuf *mbuf)
{
	bool whole = true;

	if (GLB_UNLIKELY(mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		whole = !rte_vlan_insert(&mbuf);
	pkt->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	pkt->len = whole ? rte_pktmbuf_data_len(mbuf) : 0;
	pkt->headroom = rte_pktmbuf_headroom(mbuf);
	pkt->port = (uint8_t)mbuf->port;
}

/* Gives a frame that glb_forward() or glb_icmp_reply() has written to its mbuf. */
static inline void frame_adopt(struct rte_mbuf *mbuf, const struct glb_packet *pkt,
			       uint64_t ol_flags)
{
	mbuf->data_off = (uint16_t)(pkt->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)pkt->len;
	mbuf->pkt_len = pkt->len;
	/* who owns the buffer is no business of ours */
	mbuf->ol_flags = (mbuf->ol_flags & (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) | ol_flags;
}

/*
 * For a device that fills in the outer UDP checksum: the flags that frame_adopt() takes, with the
 * lengths of headers noted in the mbuf. 0 in any other mode.
 */
static inline uint64_t frame_offload(struct rte_mbuf *mbuf, const struct glb_packet *pkt,
				     enum glb_udp_checksum mode)
{
	uint64_t l2_len = GLB_ETHER_LEN;

	if (mode != GLB_UDP_OFFLOAD)
		return 0;
	while (glb_load_be16(pkt->data + l2_len - 2) != GLB_ETHERTYPE_IPV4 &&
	       glb_load_be16(pkt->data + l2_len - 2) != GLB_ETHERTYPE_IPV6)
		l2_len += GLB_VLAN_LEN;

	bool v4 = glb_load_be16(pkt->data + l2_len - 2) == GLB_ETHERTYPE_IPV4;

	mbuf->l2_len = l2_len;
	mbuf->l3_len = v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	return RTE_MBUF_F_TX_UDP_CKSUM | (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

#endif
