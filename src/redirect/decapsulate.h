/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the client's packet leave its outer headers?
 */
#ifndef GLB_REDIRECT_DECAPSULATE_H
#define GLB_REDIRECT_DECAPSULATE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "ecn.h"
#include "tunnel.h"

/*
 * The IP version of the outer header, 0 for other protocols. Recomputed where needed rather than
 * kept, so that the verifier has fewer states to track.
 */
GLB_INLINE uint8_t outer_version(const struct __sk_buff *skb)
{
	if (skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV4))
		return 4;
	return skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV6) ? 6 : 0;
}

/*
 * Removes the outer headers, leaving Ethernet and the client's packet. If that is of the other IP
 * version, first converts the outer IP header, so that the kernel updates the packet's protocol.
 */
GLB_INLINE bool decapsulate(struct __sk_buff *skb, const struct tunnel *tunnel)
{
	bool v4 = tunnel->client_version == 4;
	uint16_t type = v4 ? GLB_BE16(GLB_ETHERTYPE_IPV4) : GLB_BE16(GLB_ETHERTYPE_IPV6);
	int32_t surplus = tunnel->len;

	if (tunnel->client_version != outer_version(skb)) {
		if (bpf_skb_change_proto(skb, type, 0) ||
		    bpf_skb_store_bytes(skb, ETHERTYPE_AT, &type, sizeof(type), 0))
			return false;
		surplus += v4 ? GLB_IPV4_LEN - GLB_IPV6_LEN : GLB_IPV6_LEN - GLB_IPV4_LEN;
	}
	return !bpf_skb_adjust_room(skb, -surplus, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

/* Changes the ECN field of the client's packet, which is decapsulated already. */
GLB_INLINE bool set_ecn(struct __sk_buff *skb, const struct tunnel *tunnel, enum ecn ecn)
{
	bool v4 = tunnel->client_version == 4;
	uint8_t was = tunnel->client_second;
	uint8_t second = ecn_replace(was, tunnel->client_version, ecn);

	if (second == was)
		return true;
	if (v4 && bpf_l3_csum_replace(skb, IP_CHECK_AT, GLB_BE16(was), GLB_BE16(second), 2))
		return false;
	return !bpf_skb_store_bytes(skb, IP_AT + 1, &second, 1, v4 ? 0 : BPF_F_RECOMPUTE_CSUM);
}

#endif
