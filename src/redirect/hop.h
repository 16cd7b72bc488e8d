/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is a packet forwarded that no connection here claims, and what changes in it?
 */
#ifndef GLB_REDIRECT_HOP_H
#define GLB_REDIRECT_HOP_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "own_address.h"
#include "tunnel.h"

/* Addresses of a packet to be forwarded, in network order; IPv4 in the first word of each. */
struct ends {
	uint32_t src[4];
	uint32_t here[4]; /* the destination, which becomes the source */
	uint32_t next[4];
};

/* Offset of the hop that is next in the GUE header; 0 if none is left. */
GLB_INLINE uint32_t next_hop_at(const struct tunnel *tunnel, uint8_t version)
{
	if (tunnel->next_hop >= tunnel->hop_count)
		return 0;
	return gue_at(version) + GLB_GUE_HOPS_AT + tunnel->next_hop * address_len(version);
}

/* Are the addresses equal? Unused words are 0. */
GLB_INLINE bool is_same(const uint32_t *a, const uint32_t *b)
{
	for (int i = 0; i < 4; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The fate of a packet that no connection here claims. Fills in *ends if it is to be forwarded. */
GLB_INLINE enum glb_redirect_counter decide_hop(struct __sk_buff *skb, const struct tunnel *tunnel,
						struct ends *ends, uint8_t version)
{
	const uint32_t len = address_len(version);
	uint32_t at = next_hop_at(tunnel, version);

	if (!at || bpf_skb_load_bytes(skb, at, ends->next, len) ||
	    !glb_is_host((const uint8_t *)ends->next, version))
		return GLB_REDIRECT_ACCEPTED_LAST_RESORT;
	if (bpf_skb_load_bytes(skb, addresses_at(version), ends->src, len) ||
	    bpf_skb_load_bytes(skb, addresses_at(version) + len, ends->here, len))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;
	if (is_same(ends->here, ends->next) ||
	    is_own_address(ends->next, version, tunnel->generation))
		return GLB_REDIRECT_FORWARDED_TO_SELF;
	return GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
}

/*
 * Rewrites the addresses for forwarding: from us, to the next hop. In a checksum, changing (src,
 * here) to (here, next) amounts to changing src to next. IPv4: the header checksum absorbs the
 * change, so the sum over the frame (skb->csum) stays. IPv6: the UDP checksum absorbs it;
 * PSEUDO_HDR and RECOMPUTE keep skb->csum right for the checksum and the addresses.
 */
GLB_INLINE bool change_addresses(struct __sk_buff *skb, struct ends *ends, uint8_t version)
{
	const uint64_t flags = BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0;
	uint32_t now[2] = {ends->here[0], ends->next[0]};

	if (version == 4)
		return !bpf_l3_csum_replace(skb, IP_CHECK_AT, ends->src[0], ends->next[0], 4) &&
		       !bpf_l4_csum_replace(skb, udp_at(4) + 6, ends->src[0], ends->next[0],
					    flags | 4) &&
		       !bpf_skb_store_bytes(skb, addresses_at(4), now, sizeof(now), 0);

	int64_t change =
		bpf_csum_diff(ends->src, sizeof(ends->src), ends->next, sizeof(ends->next), 0);

	return !bpf_l4_csum_replace(skb, udp_at(6) + 6, 0, (uint32_t)change, flags) &&
	       !bpf_skb_store_bytes(skb, addresses_at(6), ends->here,
				    sizeof(ends->here) + sizeof(ends->next), BPF_F_RECOMPUTE_CSUM);
}

/*
 * Forwards the packet: from us, to the next hop, and advances the hop index. The kernel's helpers
 * update the checksums and skb->csum; an absent UDP checksum stays absent. A priority tag (VLAN 0)
 * is removed, as by any router.
 */
GLB_INLINE bool forward(struct __sk_buff *skb, const struct tunnel *tunnel, struct ends *ends,
			uint8_t version)
{
	uint8_t next_hop = tunnel->next_hop + 1;
	uint16_t tried = GLB_BE16((uint16_t)(tunnel->next_hop << 8 | tunnel->hop_count));
	uint16_t now = GLB_BE16((uint16_t)(next_hop << 8 | tunnel->hop_count));
	uint64_t uncounted = tunnel->udp_check ? 0 : BPF_F_RECOMPUTE_CSUM;

	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return false;
	return change_addresses(skb, ends, version) &&
	       !bpf_l4_csum_replace(skb, udp_at(version) + 6, tried, now,
				    BPF_F_MARK_MANGLED_0 | 2) &&
	       !bpf_skb_store_bytes(skb, gue_at(version) + GLB_GUE_NEXT_HOP_AT, &next_hop, 1,
				    uncounted);
}

/* The fate of a packet that no connection here claims; forwards it if there is another hop. */
GLB_INLINE enum glb_redirect_counter try_next(struct __sk_buff *skb, const struct tunnel *tunnel,
					      int *action, uint8_t version)
{
	struct ends ends = {};
	enum glb_redirect_counter fate = decide_hop(skb, tunnel, &ends, version);

	if (fate != GLB_REDIRECT_FORWARDED_TO_ALTERNATE)
		return fate;
	if (!forward(skb, tunnel, &ends, version))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;
	*action = bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	return fate;
}

#endif
