/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encapsulates packets of the checker's own sockets in GUE, as a director would those of a client.
 *
 * A program for tc egress (tcx, or a clsact filter with direct action) of the device through which
 * VIPs are routed. The sockets to serve are in a map, by cookie. All other packets pass unchanged,
 * at the cost of reading one variable while no probe is in progress, or one lookup otherwise.
 *
 * The TCP checksum may be left to the device, and computed long after this program. That is fine:
 * its offset moves with the packet, and the outer checksum is computed from headers alone, as in
 * glb_inner_sum(): the sum of a segment with a correct checksum is known.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "tunnel_entry.h"

enum { IP_AT = GLB_ETHER_LEN, TCP_FLAGS_AT = 13, TCP_CHECK_AT = 16 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TUNNEL_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct tunnel_entry);
} glb_entries SEC(".maps");

/* Number of entries in the map; written by the checker. */
volatile uint32_t glb_entry_count = 0;

/* A packet of a probe, before encapsulation. */
struct inner {
	uint8_t ip[GLB_IPV6_LEN]; /* the IP header */
	uint16_t len;		  /* length in bytes, including the IP header */
	uint8_t tcp_flags;
};

GLB_INLINE uint32_t ip_header_len(uint8_t version)
{
	return version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
}

/* Offset of the IP header's length field; for IPv6 it does not include the header. */
GLB_INLINE uint32_t ip_len_at(uint8_t version)
{
	return version == 4 ? 2 : 4;
}

GLB_INLINE uint16_t ip_len_field(uint8_t version, uint32_t len)
{
	return GLB_BE16((uint16_t)(version == 4 ? len : len - GLB_IPV6_LEN));
}

/* Is the packet TCP? Encapsulated ones, which pass here again, are not. */
GLB_INLINE bool is_tcp(const struct inner *inner, uint8_t version)
{
	return inner->ip[version == 4 ? 9 : 6] == GLB_PROTO_TCP;
}

/* Reads the headers; false if they are missing or have options, which no probe uses. */
GLB_INLINE bool tunnel_read_inner(struct inner *inner, struct __sk_buff *skb, uint8_t version)
{
	uint32_t tcp_at = IP_AT + ip_header_len(version);

	inner->len = (uint16_t)(skb->len - IP_AT);
	return (version == 6 || inner->ip[0] == (4 << 4 | GLB_IPV4_LEN / 4)) &&
	       !bpf_skb_load_bytes(skb, tcp_at + TCP_FLAGS_AT, &inner->tcp_flags, 1);
}

/*
 * Pads a SYN with zeros to the length of a client's full-size packet. Listeners do not pass data in
 * a SYN on, so no application sees it: the reply of the kernel is the proof.
 */
GLB_INLINE bool stretch(struct __sk_buff *skb, struct inner *inner, uint16_t len, uint8_t version)
{
	uint32_t header_len = ip_header_len(version);
	uint16_t was = ip_len_field(version, inner->len);
	uint16_t now = ip_len_field(version, len);
	uint16_t tcp_was = GLB_BE16((uint16_t)(inner->len - header_len));
	uint16_t tcp_now = GLB_BE16((uint16_t)(len - header_len));

	inner->len = len;
	return !bpf_skb_change_tail(skb, IP_AT + len, 0) &&
	       (version == 6 || !bpf_l3_csum_replace(skb, IP_AT + 10, was, now, 2)) &&
	       !bpf_l4_csum_replace(skb, IP_AT + header_len + TCP_CHECK_AT, tcp_was, tcp_now,
				    BPF_F_PSEUDO_HDR | 2) &&
	       !bpf_skb_store_bytes(skb, IP_AT + ip_len_at(version), &now, sizeof(now), 0) &&
	       !bpf_skb_load_bytes(skb, IP_AT, inner->ip, header_len);
}

/* The sum of a whole packet whose checksum is correct, or will be. */
GLB_INLINE uint64_t tunnel_sum_inner(const struct inner *inner, uint8_t version)
{
	const struct glb_flow flow = {
		.version = version,
		.transport_at = (uint16_t)ip_header_len(version),
		.ip_len = inner->len,
		.proto = GLB_PROTO_TCP,
		.kind = GLB_FLOW_PORTS,
		.fragment = GLB_WHOLE,
	};

	return glb_inner_sum(inner->ip, &flow);
}

/*
 * Prepends the outer headers. A super-frame, to be segmented later by the kernel, gets no UDP
 * checksum: it would be wrong for every segment.
 */
GLB_INLINE bool wrap(struct __sk_buff *skb, const struct tunnel_entry *entry, uint64_t inner_sum,
		     const struct inner *inner, uint8_t version, uint8_t outer_version)
{
	enum { HEAD_LEN_MAX = GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT };
	const struct glb_encap encap = {
		.inner_sum = inner_sum,
		.flow_label = entry->src_port,
		.inner_len = inner->len,
		.src_port = entry->src_port,
		.inner_version = version,
		.outer_version = outer_version,
		.udp_checksum = skb->gso_size ? GLB_UDP_ZERO : GLB_UDP_INNER,
	};
	const uint64_t l3 =
		outer_version == 4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
	const uint32_t len = glb_outer_len(outer_version, 0);
	uint8_t head[HEAD_LEN_MAX];

	(void)glb_encap(head + len, &entry->outer, &encap);
	return !bpf_skb_adjust_room(skb, (int32_t)len, BPF_ADJ_ROOM_MAC,
				    l3 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_FIXED_GSO) &&
	       !bpf_skb_store_bytes(skb, IP_AT, head, len, 0);
}

/* The fate of a probe's packet: encapsulated or dropped, but never sent as it is. */
GLB_INLINE int send(struct __sk_buff *skb, struct tunnel_entry *entry, uint8_t version)
{
	struct inner inner;

	if (bpf_skb_load_bytes(skb, IP_AT, inner.ip, ip_header_len(version)))
		return TC_ACT_SHOT;
	if (!is_tcp(&inner, version))
		return TC_ACT_UNSPEC;
	if (!tunnel_read_inner(&inner, skb, version))
		return TC_ACT_SHOT;
	if ((inner.tcp_flags & (GLB_TCP_SYN | GLB_TCP_ACK)) == GLB_TCP_SYN &&
	    entry->full_size > inner.len && !stretch(skb, &inner, entry->full_size, version))
		return TC_ACT_SHOT;

	uint64_t sum = tunnel_sum_inner(&inner, version);

	if (entry->version == 4 ? !wrap(skb, entry, sum, &inner, version, 4)
				: !wrap(skb, entry, sum, &inner, version, 6))
		return TC_ACT_SHOT;
	__sync_fetch_and_add(&entry->packets, 1);
	return (int)bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
}

/* TC_ACT_UNSPEC, or TCX_NEXT: continue with the next program, and finally the device. */
SEC("tc")
int glb_tunnel(struct __sk_buff *skb)
{
	struct tunnel_entry *entry;
	uint64_t cookie;

	if (!glb_entry_count)
		return TC_ACT_UNSPEC;
	cookie = bpf_get_socket_cookie(skb);
	entry = bpf_map_lookup_elem(&glb_entries, &cookie);
	if (!entry)
		return TC_ACT_UNSPEC;
	if (skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV4))
		return send(skb, entry, 4);
	if (skb->protocol == GLB_BE16(GLB_ETHERTYPE_IPV6))
		return send(skb, entry, 6);
	return TC_ACT_UNSPEC;
}

char glb_tunnel_license[] SEC("license") = "Dual BSD/GPL";
