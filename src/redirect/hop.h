/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is a packet forwarded that no connection here claims, and what changes in it?
 */
#ifndef GLB_REDIRECT_HOP_H
#define GLB_REDIRECT_HOP_H

#include <linux/bpf.h>
#include <stddef.h>

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

/* Offset of a hop of the list in the frame. */
GLB_INLINE uint32_t hop_at(uint32_t index, uint8_t version)
{
	return gue_at(version) + GLB_GUE_HOPS_AT + index * address_len(version);
}

/* Reads a hop of the list; false if there is none, or it is no address of a host. */
GLB_INLINE bool load_hop(uint32_t *hop, struct __sk_buff *skb, const struct tunnel *tunnel,
			 uint32_t index, uint8_t version)
{
	return index < tunnel->hop_count &&
	       !bpf_skb_load_bytes(skb, hop_at(index, version), hop, address_len(version)) &&
	       glb_is_host((const uint8_t *)hop, version);
}

/* Are the addresses equal? Unused words are 0. */
GLB_INLINE bool is_same(const uint32_t *a, const uint32_t *b)
{
	for (int i = 0; i < 4; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/*
 * The fate of a packet that no connection here claims, and which hop it goes to in ends->next. One
 * that `returns` goes back to the first hop from the last. The list does not name the first hop, so
 * that has put its own address in the place of the second (see leave_address()). A hop index
 * behind the end of the list says that the packet has been everywhere.
 */
GLB_INLINE enum glb_redirect_counter choose_hop(struct __sk_buff *skb, const struct tunnel *tunnel,
						struct ends *ends, bool returns, uint8_t version)
{
	if (load_hop(ends->next, skb, tunnel, tunnel->next_hop, version))
		return GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
	if (!returns)
		return GLB_REDIRECT_ACCEPTED_LAST_RESORT;
	if (tunnel->next_hop && tunnel->next_hop <= tunnel->hop_count &&
	    load_hop(ends->next, skb, tunnel, 0, version))
		return GLB_REDIRECT_RETURNED_TO_FIRST;
	return GLB_REDIRECT_ACCEPTED_UDP_UNKNOWN;
}

/* Reads source and destination from the outer header. They are next to each other there, and those
 * of IPv6 in *ends, too. */
GLB_INLINE bool load_ends(struct ends *ends, struct __sk_buff *skb, uint8_t version)
{
	uint32_t both[2];

	_Static_assert(offsetof(struct ends, here) == sizeof(ends->src), "one read for both");
	if (version == 6)
		return !bpf_skb_load_bytes(skb, addresses_at(6), ends->src,
					   sizeof(ends->src) + sizeof(ends->here));
	if (bpf_skb_load_bytes(skb, addresses_at(4), both, sizeof(both)))
		return false;
	ends->src[0] = both[0];
	ends->here[0] = both[1];
	return true;
}

/* The fate of a packet that no connection here claims. Fills in *ends if it is to be forwarded. */
GLB_INLINE enum glb_redirect_counter decide_hop(struct __sk_buff *skb, const struct tunnel *tunnel,
						struct ends *ends, bool returns, uint8_t version)
{
	enum glb_redirect_counter fate = choose_hop(skb, tunnel, ends, returns, version);

	if (fate < GLB_REDIRECT_FORWARDED_TO_ALTERNATE)
		return fate;
	if (!load_ends(ends, skb, version))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;
	if (is_same(ends->here, ends->next) ||
	    is_own_address(ends->next, version, tunnel->generation))
		return fate == GLB_REDIRECT_RETURNED_TO_FIRST ? GLB_REDIRECT_ACCEPTED_UDP_UNKNOWN
							      : GLB_REDIRECT_FORWARDED_TO_SELF;
	return fate;
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
 * Puts our address in the list in the place of the next hop, which is in the outer destination now
 * and not read from the list any more. From there the last hop takes it to return the packet.
 */
GLB_INLINE bool leave_address(struct __sk_buff *skb, struct ends *ends, uint64_t uncounted,
			      uint8_t version)
{
	uint32_t check_at = udp_at(version) + 6;
	long failed;

	if (version == 4)
		failed = bpf_l4_csum_replace(skb, check_at, ends->next[0], ends->here[0],
					     BPF_F_MARK_MANGLED_0 | 4);
	else
		failed = bpf_l4_csum_replace(skb, check_at, 0,
					     (uint32_t)bpf_csum_diff(ends->next, sizeof(ends->next),
								     ends->here, sizeof(ends->here),
								     0),
					     BPF_F_MARK_MANGLED_0);
	return !failed && !bpf_skb_store_bytes(skb, hop_at(0, version), ends->here,
					       address_len(version), uncounted);
}

/*
 * Forwards the packet: from us, to the next hop, and changes the hop index to next_hop. The
 * kernel's helpers update the checksums and skb->csum; an absent UDP checksum stays absent. A
 * priority tag (VLAN 0) is removed, as by any router.
 */
GLB_INLINE bool forward(struct __sk_buff *skb, const struct tunnel *tunnel, struct ends *ends,
			uint8_t next_hop, bool leaves_address, uint8_t version)
{
	uint16_t tried = GLB_BE16((uint16_t)(tunnel->next_hop << 8 | tunnel->hop_count));
	uint16_t now = GLB_BE16((uint16_t)(next_hop << 8 | tunnel->hop_count));
	uint64_t uncounted = tunnel->udp_check ? 0 : BPF_F_RECOMPUTE_CSUM;

	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return false;
	return change_addresses(skb, ends, version) &&
	       !bpf_l4_csum_replace(skb, udp_at(version) + 6, tried, now,
				    BPF_F_MARK_MANGLED_0 | 2) &&
	       !bpf_skb_store_bytes(skb, gue_at(version) + GLB_GUE_NEXT_HOP_AT, &next_hop, 1,
				    uncounted) &&
	       (!leaves_address || leave_address(skb, ends, uncounted, version));
}

/*
 * The fate of a packet that no connection here claims; forwards it if there is another hop. One
 * that `returns` is served by the first hop if no hop claims it, any other by the last.
 */
GLB_INLINE enum glb_redirect_counter try_next(struct __sk_buff *skb, const struct tunnel *tunnel,
					      int *action, bool returns, uint8_t version)
{
	struct ends ends = {};
	enum glb_redirect_counter fate = decide_hop(skb, tunnel, &ends, returns, version);
	bool back = fate == GLB_REDIRECT_RETURNED_TO_FIRST;

	if (fate != GLB_REDIRECT_FORWARDED_TO_ALTERNATE && !back)
		return fate;
	if (!forward(skb, tunnel, &ends, (back ? tunnel->hop_count : tunnel->next_hop) + 1,
		     returns && !tunnel->next_hop, version))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;
	*action = bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	return fate;
}

#endif
