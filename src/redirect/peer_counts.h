/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hop is a packet counted for that was passed on to this host, or is passed on by it?
 *
 * Packets of directors that are kept, nearly all of them, are not counted here and pay nothing for
 * it. peers.h has the rule by which a hop gets a slot.
 */
#ifndef GLB_REDIRECT_PEER_COUNTS_H
#define GLB_REDIRECT_PEER_COUNTS_H

#include "peer.h"
#include "vip_counts.h"

/* A table with open addressing for each CPU and side, as in vip_counts.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PEERS_ENTRIES);
	__type(key, __u32);
	__type(value, struct peer_counts);
} glb_peers SEC(".maps");

enum {
	PEER_IS_NEEDED = 1 << 0, /* the packet needed this host */
	PEER_IS_HOP = 1 << 1,	 /* there is evidence: the hop gets a slot */
};

/* The counts of a hop on a side, which gets a slot if it is one. NULL: it has none. */
GLB_INLINE struct peer_counts *peer_slot_of(const struct vip *hop, uint32_t side, bool is_hop)
{
	uint32_t hash = vip_hash(hop);

	for (uint32_t i = 0; i < PEERS_TRIES; i++) {
		uint32_t at = side * PEERS_OF_SIDE + PEERS_FIRST + ((hash + i) & (PEERS_MAX - 1));
		struct peer_counts *counts = bpf_map_lookup_elem(&glb_peers, &at);

		if (!counts)
			return NULL;
		if (is_same_vip(&counts->address, hop))
			return counts;
		if (!counts->address.version) {
			if (!is_hop)
				return NULL;
			counts->address = *hop;
			return counts;
		}
	}
	return NULL;
}

/* Reads the hop from the outer header, of this IP version; false if it is not there. */
GLB_INLINE bool read_hop(struct vip *hop, struct __sk_buff *skb, uint32_t version, bool after)
{
	const uint8_t *ip = (const uint8_t *)(long)skb->data + IP_AT;
	const uint8_t *end = (const uint8_t *)(long)skb->data_end;

	hop->version = version;
	if (version == 6)
		return !bpf_skb_load_bytes(skb, addresses_at(6) + (after ? 16 : 0), hop->words, 16);
	if (ip + GLB_IPV4_LEN > end)
		return false;
	hop->words[0] = after ? packet_word(ip + 16) : packet_word(ip + 12);
	return true;
}

/*
 * Counts a packet for the hop in its outer header, of this IP version: the source, or on the side
 * PEERS_AFTER the destination. Not inlined, so that the verifier checks it once.
 */
__attribute__((noinline)) int count_peer(struct __sk_buff *skb, uint32_t version, uint32_t side,
					 uint32_t flags)
{
	bool after = side == PEERS_AFTER;
	uint32_t others = (after ? PEERS_OF_SIDE : 0) + PEERS_OTHERS;
	struct peer_counts *counts = NULL;
	struct vip hop = {};

	if (read_hop(&hop, skb, version, after))
		counts = peer_slot_of(&hop, after, flags & PEER_IS_HOP);
	if (!counts)
		counts = bpf_map_lookup_elem(&glb_peers, &others);
	if (!counts)
		return 0;
	counts->packets += 1;
	if (flags & PEER_IS_NEEDED)
		counts->needed += 1;
	return 0;
}

#endif
