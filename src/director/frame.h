/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the frame in an mbuf become a packet for glb_forward(), and the result an mbuf again?
 */
#ifndef DIRECTOR_FRAME_H
#define DIRECTOR_FRAME_H

#include <glb/forward.h>

#include "director/ethdev.h"

/*
 * Joins a frame received in several segments into one: in its first segment, or in an mbuf from
 * `pool`. If there is no room, the first segment is treated as a truncated frame. Consumes the mbuf
 * and returns the one to use.
 */
struct rte_mbuf *frame_join(struct rte_mbuf *mbuf, struct rte_mempool *pool);

/*
 * Describes the frame, including its VLAN tag, which drivers may strip into the descriptor. If the
 * tag cannot be put back, the frame is described as empty, as it would be a different one without
 * its tag.
 *
 * Its fields are stored as one number, as glb_forward() loads them.
 */
static inline void frame_describe(struct glb_packet *pkt, struct rte_mbuf *mbuf)
{
	bool whole = true;
	uint64_t len;

	if (GLB_UNLIKELY(mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		whole = !rte_vlan_insert(&mbuf);
	pkt->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	len = GLB_LIKELY(whole) ? rte_pktmbuf_data_len(mbuf) : 0;
	glb_packet_set_fields(pkt, len | (uint64_t)rte_pktmbuf_headroom(mbuf) << 32 |
					   (uint64_t)mbuf->port << 48);
}

/* Transfers a frame written by glb_forward() or glb_icmp_reply() back to its mbuf. */
static inline void frame_adopt(struct rte_mbuf *mbuf, const struct glb_packet *pkt,
			       uint64_t ol_flags)
{
	mbuf->data_off = pkt->headroom;
	mbuf->data_len = (uint16_t)pkt->len;
	mbuf->pkt_len = pkt->len;
	/* the ownership of the buffer does not change */
	mbuf->ol_flags = (mbuf->ol_flags & (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) | ol_flags;
}

/*
 * For a device that computes the outer UDP checksum: returns the flags for frame_adopt(), and sets
 * the header lengths in the mbuf. Returns 0 in any other mode.
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
