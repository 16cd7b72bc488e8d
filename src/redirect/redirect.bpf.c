/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does this proxy serve the client's packet inside a GUE packet, or should the next hop try?
 *
 * A program for tc ingress (clsact, direct action). A packet that this proxy serves loses its outer
 * headers and goes up the stack as if the client had sent it here. Any other goes to the next hop
 * of its list, "second chance". docs/second-chance.md has the rules.
 *
 * The client's packet is read by the same headers that the director reads it with.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include <glb/gue.h>
#include <glb/parse.h>

#include "counters.h"

enum {
	FAMILY_INET = 2,	 /* AF_INET, which no freestanding header has */
	PACKET_TO_THIS_HOST = 0, /* PACKET_HOST of linux/if_packet.h, which needs libc's types */
	IP_AT = GLB_ETHER_LEN,
	UDP_AT = IP_AT + GLB_IPV4_LEN,
	GUE_AT = UDP_AT + GLB_UDP_LEN,
	ETHERTYPE_AT = 12,
	IP_CHECK_AT = IP_AT + 10,
	IP_ADDRESSES_AT = IP_AT + 12,
	UDP_CHECK_AT = UDP_AT + 6,
	NEXT_HOP_AT = GUE_AT + GLB_GUE_NEXT_HOP_AT,
	TCP_SEQ_AT = 4,
	IPV4_LEN_MAX = 60,
	/* how far its late segments may be behind the end of a connection: a large window */
	LATE_MAX = 1 << 24,
	/* the longest headers that are read end in an ICMP error that quotes IPv4 options */
	HEADERS_MAX = GUE_AT + GLB_GUE_HOPS_AT + GLB_GUE_HOPS_MAX * GLB_GUE_HOP_LEN + IPV4_LEN_MAX +
		      GLB_ICMP_LEN + IPV4_LEN_MAX + GLB_PORTS_LEN,
};

/*
 * What the kernel remembers of a connection that the application here has closed. These are
 * declarations of the kernel's own, cut to what is read; the loader finds the places.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock_common {
	__u32 skc_tw_rcv_nxt;
};
struct inet_timewait_sock {
	struct sock_common __tw_common;
	unsigned char tw_substate;
};
struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	__u32 tw_rcv_wnd;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GLB_REDIRECT_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} glb_counters SEC(".maps");

/* What the outer headers say. Addresses and checksum in network order. */
struct tunnel {
	uint32_t src;
	uint32_t dst;
	uint32_t next; /* the hop to try next; 0 when no hop is left */
	uint16_t udp_check;
	uint16_t payload_len; /* bytes behind the GUE header, as the UDP header announces */
	uint16_t len;	      /* bytes of the outer headers behind Ethernet */
	uint8_t next_hop;
	uint8_t hop_count;
	uint8_t version; /* of the client's packet: 4 or 6 */
};

GLB_INLINE void count(uint32_t counter)
{
	__u64 *value = bpf_map_lookup_elem(&glb_counters, &counter);

	if (value)
		*value += 1;
}

GLB_INLINE struct glb_cursor bytes_of(const struct __sk_buff *skb)
{
	return (struct glb_cursor){(const uint8_t *)(long)skb->data,
				   (const uint8_t *)(long)skb->data_end};
}

/*
 * Has this IPv4 destination no other way than up? A host that routes must leave the packets of
 * others alone; one that does not would drop them anyway.
 */
GLB_INLINE bool is_addressed_here(struct __sk_buff *skb, uint32_t src, uint32_t dst)
{
	struct bpf_fib_lookup route = {
		.family = FAMILY_INET,
		.l4_protocol = GLB_PROTO_UDP,
		.ipv4_src = src,
		.ipv4_dst = dst,
		.ifindex = skb->ifindex,
	};
	long answer = bpf_fib_lookup(skb, &route, sizeof(route), 0);

	return answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/*
 * Is this a whole IPv4 packet without options for the GUE port of this host? The kernel
 * reassembles, refuses or drops whatever is not.
 */
GLB_INLINE bool is_for_us(struct __sk_buff *skb)
{
	if (skb->protocol != GLB_BE16(GLB_ETHERTYPE_IPV4) || skb->vlan_present ||
	    skb->pkt_type != PACKET_TO_THIS_HOST)
		return false;

	struct glb_cursor cur = bytes_of(skb);
	const uint8_t *frame = glb_take(&cur, GUE_AT);

	if (!frame) { /* shorter, or its headers are not in one piece yet */
		if (bpf_skb_pull_data(skb, GUE_AT))
			return false;
		cur = bytes_of(skb);
		frame = glb_take(&cur, GUE_AT);
		if (!frame)
			return false;
	}

	const uint8_t *ip = frame + IP_AT;

	if (ip[0] != (4 << 4 | GLB_IPV4_LEN / 4) || ip[9] != GLB_PROTO_UDP ||
	    glb_load_be16(ip + 6) & 0x3fff || glb_load_be16(frame + UDP_AT + 2) != GLB_GUE_PORT)
		return false;
	if (glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)))
		return false;
	return is_addressed_here(skb, glb_load32(ip + 12), glb_load32(ip + 16));
}

/* The hop that a header names next. One that is no unicast address leads nowhere. */
GLB_INLINE uint32_t next_hop_of(const struct glb_gue *gue, const struct glb_cursor *cur)
{
	uint32_t index = gue->next_hop;

	if (index >= gue->hop_count || index >= GLB_GUE_HOPS_MAX)
		return 0;

	struct glb_cursor hops = {gue->header + GLB_GUE_HOPS_AT + index * GLB_GUE_HOP_LEN,
				  cur->end};
	const uint8_t *hop = glb_take(&hops, GLB_GUE_HOP_LEN);

	if (!hop || hop[0] == 0 || hop[0] == 127 || hop[0] >= 224)
		return 0;
	return glb_load32(hop);
}

/*
 * Reads the outer headers of a frame of frame_len bytes and leaves the cursor on the client's
 * packet; false when they are malformed, or announce more than the frame has.
 */
GLB_INLINE bool read_tunnel(struct tunnel *tunnel, struct glb_cursor *cur, uint32_t frame_len)
{
	const uint8_t *frame = glb_take(cur, GUE_AT);
	struct glb_gue gue;

	if (!frame || !glb_gue_decode(&gue, cur, GLB_GUE_HOP_LEN))
		return false;

	uint32_t ip_len = glb_load_be16(frame + IP_AT + 2);
	uint32_t udp_len = glb_load_be16(frame + UDP_AT + 4);

	if (IP_AT + ip_len > frame_len || GLB_IPV4_LEN + udp_len > ip_len ||
	    udp_len < (uint32_t)GLB_UDP_LEN + gue.len)
		return false;

	*tunnel = (struct tunnel){
		.src = glb_load32(frame + IP_ADDRESSES_AT),
		.dst = glb_load32(frame + IP_ADDRESSES_AT + 4),
		.next = next_hop_of(&gue, cur),
		.udp_check = glb_load16(frame + UDP_CHECK_AT),
		.payload_len = (uint16_t)(udp_len - GLB_UDP_LEN - gue.len),
		.len = (uint16_t)(GLB_IPV4_LEN + GLB_UDP_LEN + gue.len),
		.next_hop = gue.next_hop,
		.hop_count = gue.hop_count,
		.version = gue.proto == GLB_PROTO_IPIP ? 4 : 6,
	};
	return true;
}

/* The socket that would receive a TCP segment of this flow, to be released; NULL if there is none.
 */
GLB_INLINE struct bpf_sock *find_socket(struct __sk_buff *skb, const struct glb_flow *flow)
{
	struct bpf_sock_tuple tuple = {};

	if (flow->version == 4) {
		__builtin_memcpy(&tuple.ipv4.saddr, flow->src, 4);
		__builtin_memcpy(&tuple.ipv4.daddr, flow->dst, 4);
		tuple.ipv4.sport = GLB_BE16(flow->src_port);
		tuple.ipv4.dport = GLB_BE16(flow->dst_port);
		return bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(tuple.ipv6.saddr, flow->src, 16);
	__builtin_memcpy(tuple.ipv6.daddr, flow->dst, 16);
	tuple.ipv6.sport = GLB_BE16(flow->src_port);
	tuple.ipv6.dport = GLB_BE16(flow->dst_port);
	return bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* The TCP header of the client's packet at the cursor; NULL when it is not there. */
GLB_INLINE const uint8_t *tcp_of(struct glb_cursor cur, uint8_t version)
{
	uint32_t ip_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	struct glb_cursor peek = cur;
	const uint8_t *ip = glb_take(&peek, ip_len);

	if (!ip || !glb_take(&cur, version == 4 ? (ip[0] & 0xfU) * 4 : ip_len))
		return NULL;
	return glb_take(&cur, GLB_TCP_LEN);
}

/* Does the TCP segment in the client's packet at the cursor bring back a SYN cookie of ours? */
GLB_INLINE bool has_syn_cookie(struct bpf_sock *listener, struct glb_cursor cur, uint8_t version)
{
	uint32_t ip_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const uint8_t *tcp = tcp_of(cur, version);
	const uint8_t *ip = glb_take(&cur, ip_len);

	return ip && tcp &&
	       !bpf_tcp_check_syncookie(listener, (void *)ip, ip_len, (void *)tcp, GLB_TCP_LEN);
}

/*
 * Is the packet at the cursor a late one of the connection that `sock` remembers, in TIME-WAIT? A
 * client may use its port again while the kernel here still remembers, and another proxy may serve
 * the new connection. Its sequence numbers are elsewhere: the old ones end at the client's FIN, or,
 * where that is still to come, at the end of the window. Errors are of no use to the old one.
 */
GLB_INLINE bool is_late(struct bpf_sock *sock, const struct glb_flow *flow, struct glb_cursor cur,
			uint8_t version)
{
	const struct tcp_timewait_sock *old = bpf_skc_to_tcp_timewait_sock(sock);
	const uint8_t *tcp = tcp_of(cur, version);

	if (!old || !tcp || flow->kind == GLB_FLOW_QUOTED)
		return false;

	uint32_t ahead = glb_load_be32(tcp + TCP_SEQ_AT) - old->tw_sk.__tw_common.skc_tw_rcv_nxt;
	uint32_t room = old->tw_sk.tw_substate == BPF_TCP_FIN_WAIT2 ? old->tw_rcv_wnd : 0;

	return ahead <= room || -ahead <= LATE_MAX;
}

/* Is there a connection of this host that the packet at the cursor belongs to, or opens? */
GLB_INLINE enum glb_redirect_counter decide_flow(struct __sk_buff *skb, const struct glb_flow *flow,
						 struct glb_cursor cur, uint8_t version)
{
	const uint8_t bare = GLB_TCP_FIN | GLB_TCP_SYN | GLB_TCP_RST | GLB_TCP_ACK;
	enum glb_redirect_counter fate = GLB_REDIRECT_FORWARDED_TO_ALTERNATE;

	if (flow->tcp_flags & GLB_TCP_SYN)
		return GLB_REDIRECT_ACCEPTED_SYN;

	struct bpf_sock *sock = find_socket(skb, flow);

	if (!sock)
		return fate;
	if (sock->state == BPF_TCP_LISTEN) {
		if ((flow->tcp_flags & bare) == GLB_TCP_ACK && has_syn_cookie(sock, cur, version))
			fate = GLB_REDIRECT_ACCEPTED_SYN_COOKIE;
	} else if (sock->state != BPF_TCP_TIME_WAIT || is_late(sock, flow, cur, version)) {
		fate = GLB_REDIRECT_ACCEPTED_ESTABLISHED;
	}
	bpf_sk_release(sock);
	return fate;
}

/* The fate of a client's packet at the cursor; FORWARDED_TO_ALTERNATE when nobody here knows it. */
GLB_INLINE enum glb_redirect_counter decide_inner(struct __sk_buff *skb, struct glb_cursor cur,
						  uint32_t payload_len, uint8_t version)
{
	struct glb_flow flow;
	struct glb_cursor rest = cur;

	if (glb_parse_ip(&flow, &rest, version) != GLB_FORWARD || flow.ip_len > payload_len)
		return GLB_REDIRECT_DROPPED_MALFORMED_INNER;
	if (skb->gso_size && flow.ip_len != payload_len)
		return GLB_REDIRECT_DROPPED_MERGED;
	if (flow.kind == GLB_FLOW_FRAGMENT)
		return GLB_REDIRECT_ACCEPTED_FRAGMENT;
	if (flow.proto == GLB_PROTO_TCP)
		return decide_flow(skb, &flow, cur, version);
	if (flow.kind == GLB_FLOW_QUOTED ||
	    flow.proto == (version == 4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6))
		return GLB_REDIRECT_ACCEPTED_ICMP;
	if (flow.proto == GLB_PROTO_UDP)
		return GLB_REDIRECT_ACCEPTED_UDP;
	return GLB_REDIRECT_DROPPED_PROTOCOL;
}

/* The fate of a packet for our GUE port. */
GLB_INLINE enum glb_redirect_counter decide(struct __sk_buff *skb, struct tunnel *tunnel)
{
	struct glb_cursor cur = bytes_of(skb);

	if (!read_tunnel(tunnel, &cur, skb->len))
		return GLB_REDIRECT_DROPPED_MALFORMED_GUE;

	enum glb_redirect_counter fate = tunnel->version == 4
						 ? decide_inner(skb, cur, tunnel->payload_len, 4)
						 : decide_inner(skb, cur, tunnel->payload_len, 6);

	if (fate != GLB_REDIRECT_FORWARDED_TO_ALTERNATE)
		return fate;
	if (!tunnel->next)
		return GLB_REDIRECT_ACCEPTED_LAST_RESORT;
	return tunnel->next == tunnel->dst ? GLB_REDIRECT_FORWARDED_TO_SELF : fate;
}

/*
 * Sends the packet on: from us, to the next hop, which counts as tried. The kernel's helpers keep
 * both checksums and its own notes about them; an absent UDP checksum stays absent.
 */
GLB_INLINE bool forward(struct __sk_buff *skb, const struct tunnel *tunnel)
{
	uint32_t addresses[2] = {tunnel->dst, tunnel->next};
	uint8_t next_hop = tunnel->next_hop + 1;
	uint16_t tried = GLB_BE16((uint16_t)(tunnel->next_hop << 8 | tunnel->hop_count));
	uint16_t now = GLB_BE16((uint16_t)(next_hop << 8 | tunnel->hop_count));
	uint64_t uncounted = tunnel->udp_check ? 0 : BPF_F_RECOMPUTE_CSUM;

	/* to a sum, (src, dst) becoming (dst, next) is src becoming next */
	return !bpf_l3_csum_replace(skb, IP_CHECK_AT, tunnel->src, tunnel->next, 4) &&
	       !bpf_l4_csum_replace(skb, UDP_CHECK_AT, tunnel->src, tunnel->next,
				    BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4) &&
	       !bpf_l4_csum_replace(skb, UDP_CHECK_AT, tried, now, BPF_F_MARK_MANGLED_0 | 2) &&
	       !bpf_skb_store_bytes(skb, IP_ADDRESSES_AT, addresses, sizeof(addresses), 0) &&
	       !bpf_skb_store_bytes(skb, NEXT_HOP_AT, &next_hop, 1, uncounted);
}

/*
 * Takes the outer headers away and leaves Ethernet and the client's packet. For an IPv6 packet, the
 * outer IPv4 header first becomes room for one of IPv6: that tells the kernel what comes up.
 */
GLB_INLINE bool decapsulate(struct __sk_buff *skb, const struct tunnel *tunnel)
{
	uint16_t type = GLB_BE16(GLB_ETHERTYPE_IPV6);
	int32_t surplus = tunnel->len;

	if (tunnel->version == 6) {
		if (bpf_skb_change_proto(skb, type, 0) ||
		    bpf_skb_store_bytes(skb, ETHERTYPE_AT, &type, sizeof(type), 0))
			return false;
		surplus += GLB_IPV6_LEN - GLB_IPV4_LEN;
	}
	return !bpf_skb_adjust_room(skb, -surplus, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

/* TC_ACT_UNSPEC: filters of others behind this one, and then the stack, get the packet. */
SEC("tc")
int glb_redirect(struct __sk_buff *skb)
{
	struct tunnel tunnel = {};

	if (!is_for_us(skb))
		return TC_ACT_UNSPEC;
	count(GLB_REDIRECT_TOTAL);
	if (bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX)) {
		count(GLB_REDIRECT_DROPPED_NO_MEMORY);
		return TC_ACT_SHOT;
	}

	enum glb_redirect_counter fate = decide(skb, &tunnel);
	int action = TC_ACT_UNSPEC;

	switch (fate) {
	case GLB_REDIRECT_DROPPED_MALFORMED_GUE:
	case GLB_REDIRECT_DROPPED_MALFORMED_INNER:
	case GLB_REDIRECT_DROPPED_PROTOCOL:
	case GLB_REDIRECT_DROPPED_MERGED:
		action = TC_ACT_SHOT;
		break;
	case GLB_REDIRECT_FORWARDED_TO_ALTERNATE:
		action = forward(skb, &tunnel) ? bpf_redirect_neigh(skb->ifindex, NULL, 0, 0)
					       : TC_ACT_SHOT;
		break;
	default:
		action = decapsulate(skb, &tunnel) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
		break;
	}
	count(fate);
	return action;
}

char glb_redirect_license[] SEC("license") = "Dual BSD/GPL";
