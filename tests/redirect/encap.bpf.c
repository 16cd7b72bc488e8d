/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A director for super-frames: wraps what leaves a client towards a VIP in GUE, for tc egress.
 *
 * The client's own TCP is still in one piece of up to 64 KiB, with its checksum left to hardware;
 * a director in user space never sees it so.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include <glb/encap.h>

enum {
	ONE_HOP_LEN = GLB_OUTER_HOPS_AT + GLB_GUE_HOP_LEN,
	UDP6_AT = GLB_IPV6_LEN,
	GUE6_AT = UDP6_AT + GLB_UDP_LEN,
	ONE_HOP6_LEN = GUE6_AT + GLB_GUE_HOPS_AT + GLB_GUE_HOP6_LEN,
};

/* As in hosts.py. */
static const uint8_t client[4] = {10, 9, 0, 1};
static const uint8_t first_hop[4] = {10, 9, 0, 11};
static const uint8_t second_hop[4] = {10, 9, 0, 12};

/* The IPv6 address of a host there. A constant array of 16 bytes is more than libbpf can open. */
static inline void load_host6(uint8_t *address, uint8_t number)
{
	__builtin_memset(address, 0, 16);
	address[0] = 0xfd;
	address[1] = 0x09;
	address[15] = number;
}

/* Does the frame go to 192.0.2.10 or to 2001:db8:10::10? 0 if not, else the IP version. */
static inline int version_for_vip(struct __sk_buff *skb)
{
	uint8_t dst[4];

	if (skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV4) &&
	    !bpf_skb_load_bytes(skb, GLB_ETHER_LEN + 16, dst, 4) &&
	    glb_load_be32(dst) == 0xc000020a)
		return 4;
	if (skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV6) &&
	    !bpf_skb_load_bytes(skb, GLB_ETHER_LEN + 24, dst, 4) &&
	    glb_load_be32(dst) == 0x20010db8)
		return 6;
	return 0;
}

SEC("tc")
int encapsulate(struct __sk_buff *skb)
{
	uint32_t inner_len = skb->len - GLB_ETHER_LEN;
	uint16_t type = GLB_BE16(GLB_ETHERTYPE_IPV4);
	int version = version_for_vip(skb);
	uint8_t head[ONE_HOP_LEN];
	struct glb_outer outer;

	if (!version)
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, ONE_HOP_LEN, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
					BPF_F_ADJ_ROOM_ENCAP_L4_UDP))
		return TC_ACT_SHOT;

	glb_outer_init(&outer, 4, client, first_hop);
	__builtin_memcpy(head, outer.bytes, GLB_OUTER_HOPS_AT);
	glb_gue_encode(head + GLB_OUTER_GUE_AT, GLB_PROTO_IPIP, 1, GLB_GUE_HOP_LEN);
	__builtin_memcpy(head + GLB_OUTER_HOPS_AT, second_hop, 4);

	uint16_t ip_len = (uint16_t)(ONE_HOP_LEN + inner_len);

	glb_store_be16(head + 2, ip_len);
	glb_store16(head + 10, glb_sum_check((uint64_t)glb_load16(head + 10) + GLB_BE16(ip_len)));
	glb_store_be16(head + GLB_OUTER_UDP_AT, 0x9abc);
	glb_store_be16(head + GLB_OUTER_UDP_AT + 4, (uint16_t)(ip_len - GLB_IPV4_LEN));
	if (version == 6)
		head[GLB_OUTER_GUE_AT + 1] = GLB_PROTO_IPV6;
	if (bpf_skb_store_bytes(skb, 12, &type, sizeof(type), 0) ||
	    bpf_skb_store_bytes(skb, GLB_ETHER_LEN, head, sizeof(head), 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* The same over IPv6, without a UDP checksum; the section is another name that the loader knows. */
SEC("classifier")
int encapsulate6(struct __sk_buff *skb)
{
	uint16_t udp_len = (uint16_t)(ONE_HOP6_LEN - UDP6_AT + skb->len - GLB_ETHER_LEN);
	uint16_t type = GLB_BE16(GLB_ETHERTYPE_IPV6);
	int version = version_for_vip(skb);
	uint8_t head[ONE_HOP6_LEN];
	uint8_t client6[16], first_hop6[16];
	struct glb_outer outer;

	if (!version)
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, ONE_HOP6_LEN, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 |
					BPF_F_ADJ_ROOM_ENCAP_L4_UDP))
		return TC_ACT_SHOT;

	load_host6(client6, 0x01);
	load_host6(first_hop6, 0x11);
	glb_outer_init(&outer, 6, client6, first_hop6);
	__builtin_memcpy(head, outer.bytes, GUE6_AT + GLB_GUE_HOPS_AT);
	glb_gue_encode(head + GUE6_AT, version == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6, 1,
		       GLB_GUE_HOP6_LEN);
	load_host6(head + GUE6_AT + GLB_GUE_HOPS_AT, 0x12);
	glb_store_be16(head + 4, udp_len);
	glb_store_be16(head + UDP6_AT, 0x9abc);
	glb_store_be16(head + UDP6_AT + 4, udp_len);
	if (bpf_skb_store_bytes(skb, 12, &type, sizeof(type), 0) ||
	    bpf_skb_store_bytes(skb, GLB_ETHER_LEN, head, sizeof(head), 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char encapsulate_license[] SEC("license") = "Dual BSD/GPL";
