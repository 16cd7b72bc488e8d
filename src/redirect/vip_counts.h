/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIP is a packet counted for?
 *
 * An entry is made by evidence only, so that packets to made-up addresses, as a bind of a prefix
 * lets through, do not fill the map. vips.h has the rule.
 */
#ifndef GLB_REDIRECT_VIP_COUNTS_H
#define GLB_REDIRECT_VIP_COUNTS_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "own_address.h"
#include "tunnel.h"
#include "vip.h"

/*
 * A table with open addressing for each CPU, so that nobody waits and a look takes a few
 * nanoseconds: BPF_MAP_TYPE_PERCPU_HASH takes 30, a sixth of what the whole program does for a
 * packet.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VIPS_ENTRIES);
	__type(key, __u32);
	__type(value, struct vip_counts);
} glb_vips SEC(".maps");

enum { VIP_NEEDS = 1 << 16 }; /* beside a fate: the packet needed this host */

/* The cheaper clock where there is one, since Linux 5.11. Both are CLOCK_MONOTONIC. */
GLB_INLINE uint64_t vip_clock(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns)
		       ? bpf_ktime_get_coarse_ns()
		       : bpf_ktime_get_ns();
}

/* Does the packet belong to a connection of this host? Not by its addresses and ports alone. */
GLB_INLINE bool has_known_flow(uint32_t fate)
{
	return fate == GLB_REDIRECT_ACCEPTED_ESTABLISHED || fate == GLB_REDIRECT_ACCEPTED_TRACKED ||
	       fate == GLB_REDIRECT_ACCEPTED_UDP_CONNECTED;
}

/* Was it passed on to this host, which knows its connection? One that returned to us was not. */
GLB_INLINE bool needs_this_host(const struct tunnel *tunnel, uint32_t fate)
{
	return tunnel->next_hop && tunnel->next_hop <= tunnel->hop_count &&
	       (has_known_flow(fate) || fate == GLB_REDIRECT_ACCEPTED_SYN_COOKIE ||
		fate == GLB_REDIRECT_ACCEPTED_QUIC_SERVER_ID);
}

/* Is a packet evidence that its VIP is served here, given the generation of this host's addresses?
 */
GLB_INLINE bool is_vip_here(const struct vip *vip, uint32_t fate, uint64_t generation)
{
	return has_known_flow(fate) ||
	       (fate < GLB_REDIRECT_DROPPED_MALFORMED_GUE &&
		is_own_address(vip->words, (uint8_t)vip->version, generation));
}

/* The first slot of a VIP, without VIPS_FIRST: Fibonacci hashing. */
GLB_INLINE uint32_t vip_hash(const struct vip *vip)
{
	const uint64_t golden = 0x9e3779b97f4a7c15;

	return (uint32_t)(((vip->words[1] * golden ^ vip->words[0]) * golden) >> 56);
}

GLB_INLINE bool is_same_vip(const struct vip *a, const struct vip *b)
{
	return a->version == b->version && a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

/* The counts of a VIP, which gets a slot if the packet is evidence. NULL: it has none. */
GLB_INLINE struct vip_counts *vip_slot_of(const struct vip *vip, uint32_t fate, uint64_t generation)
{
	uint32_t hash = vip_hash(vip);

	for (uint32_t i = 0; i < VIPS_TRIES; i++) {
		uint32_t at = VIPS_FIRST + ((hash + i) & (VIPS_MAX - 1));
		struct vip_counts *counts = bpf_map_lookup_elem(&glb_vips, &at);

		if (!counts)
			return NULL;
		if (is_same_vip(&counts->vip, vip))
			return counts;
		if (!counts->vip.version) {
			if (!is_vip_here(vip, fate, generation))
				return NULL;
			counts->vip = *vip;
			return counts;
		}
	}
	return NULL;
}

/* Words of a packet that begin at a multiple of 4 behind the Ethernet header. */
GLB_INLINE uint32_t packet_word(const uint8_t *at)
{
	return *(const uint32_t *)
		at; /* byte by byte, as by glb_load32(), takes four times as long */
}

/*
 * Reads the destination from the IP header at ip_at in the frame; false if it is not there. Behind
 * the Ethernet header, where it is in packets that were kept, this takes no call.
 */
GLB_INLINE bool read_vip(struct vip *vip, struct __sk_buff *skb, uint32_t ip_at, uint32_t version)
{
	const uint8_t *ip = (const uint8_t *)(long)skb->data + IP_AT;
	const uint8_t *end = (const uint8_t *)(long)skb->data_end;

	vip->version = version;
	if (version == 4 && ip_at == IP_AT && ip + GLB_IPV4_LEN <= end) {
		vip->words[0] = packet_word(ip + 16);
		return true;
	}
	if (version == 4)
		return !bpf_skb_load_bytes(skb, ip_at + 16, vip->words, 4);
	return version && !bpf_skb_load_bytes(skb, ip_at + 24, vip->words, 16);
}

/*
 * Counts a packet whose client's IP header, of this version, is at ip_at; version 0: it cannot be
 * read. `what` is its fate, with VIP_NEEDS. Not inlined, and without pointers to what it needs, so
 * that the verifier checks it once and it takes none of the caller's stack. Returns whether the VIP
 * has an entry.
 */
__attribute__((noinline)) int count_vip(struct __sk_buff *skb, uint32_t ip_at, uint32_t version,
					uint32_t what, uint64_t generation)
{
	const uint32_t others = VIPS_OTHERS;
	uint32_t fate = what & (VIP_NEEDS - 1);
	struct vip_counts *counts = NULL;
	struct vip vip = {};

	if (read_vip(&vip, skb, ip_at, version))
		counts = vip_slot_of(&vip, fate, generation);
	if (!counts)
		counts = bpf_map_lookup_elem(&glb_vips, &others);
	if (!counts || fate >= GLB_REDIRECT_COUNTER_COUNT)
		return 0;
	counts->fates[fate] += 1;
	if (what & VIP_NEEDS) {
		counts->needed += 1;
		counts->needed_ns = vip_clock();
	}
	return counts->vip.version != 0;
}

#endif
