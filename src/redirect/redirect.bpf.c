/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does this proxy serve the client's packet inside a GUE packet, or should the next hop try?
 *
 * A program for tc ingress (tcx, or a clsact filter with direct action). A packet that this proxy
 * serves is decapsulated and goes up the stack as if the client had sent it here. Any other goes to
 * the next hop in its list, its "second chance". docs/second-chance.md has the rules.
 *
 * The client's packet is parsed by the same headers as in the director.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include <glb/parse.h>

#include "counters.h"
#include "decapsulate.h"
#include "hop.h"
#include "peer_counts.h"
#include "routes.h"
#include "sender.h"
#include "syn_cookies.h"
#include "tcp_claims.h"
#include "tracked.h"
#include "tunnel.h"
#include "udp_claims.h"
#include "vip_counts.h"

enum {
	VLAN_ID_MASK = 0xfff,	 /* of vlan_tci; 0 is a priority tag rather than a VLAN (802.1Q) */
	PACKET_TO_THIS_HOST = 0, /* PACKET_HOST of linux/if_packet.h, which needs libc's types */
	TCP_SEQ_AT = 4,
	TCP_ACK_AT = 8,
	IPV4_LEN_MAX = 60,
	OUTER_LEN_MASK = 0xff, /* upper bound of the outer headers' length, for the verifier */
	/* not a fate: not GUE, and a socket here is waiting for it */
	NOT_GUE = GLB_REDIRECT_COUNTER_COUNT,
	IP_HEADERS_END = 1 << 14, /* no TCP header is looked for beyond this offset */
	/* the longest outer headers, followed by an ICMP error that quotes IPv4 options */
	HEADERS_MAX = IP_AT + GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT +
		      GLB_GUE_HOPS_MAX * GLB_GUE_HOP_LEN + IPV4_LEN_MAX + GLB_ICMP_LEN +
		      IPV4_LEN_MAX + GLB_PORTS_LEN,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GLB_REDIRECT_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} glb_counters SEC(".maps");

/* Permitted senders, unless everybody may send. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, SENDERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sender);
	__type(value, uint8_t);
} glb_senders SEC(".maps");

/* Set before the program is loaded. If false, the verifier removes the lookup. */
const volatile bool glb_limits_senders = false;

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

/* Is this a valid header of an unfragmented IPv4 packet without options? */
GLB_INLINE bool is_plain_ipv4(const uint8_t *ip)
{
	return ip[0] == (4 << 4 | GLB_IPV4_LEN / 4) && ip[9] == GLB_PROTO_UDP &&
	       !(glb_load_be16(ip + 6) & 0x3fff) && !glb_sum_check(glb_sum_long(ip, GLB_IPV4_LEN));
}

/* Is this the header of a unicast IPv6 packet without extension headers? */
GLB_INLINE bool is_plain_ipv6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 && ip[6] == GLB_PROTO_UDP && ip[24] != 0xff;
}

/*
 * Is this a whole IP packet, of this version and without options, for the GUE port of this host?
 * Anything else is reassembled, refused or dropped by the kernel.
 */
GLB_INLINE bool is_for_us(struct __sk_buff *skb, uint8_t version)
{
	if (outer_version(skb) != version || skb->pkt_type != PACKET_TO_THIS_HOST ||
	    (skb->vlan_present && skb->vlan_tci & VLAN_ID_MASK))
		return false;

	struct glb_cursor cur = bytes_of(skb);
	const uint8_t *frame = glb_take(&cur, gue_at(version));

	if (!frame) { /* too short, or its headers are not linear yet */
		if (bpf_skb_pull_data(skb, gue_at(version)))
			return false;
		cur = bytes_of(skb);
		frame = glb_take(&cur, gue_at(version));
		if (!frame)
			return false;
	}

	const uint8_t *ip = frame + IP_AT;

	return glb_load_be16(frame + udp_at(version) + 2) == GLB_GUE_PORT &&
	       (version == 4 ? is_plain_ipv4(ip) : is_plain_ipv6(ip)) &&
	       is_addressed_here(skb, ip, version);
}

/*
 * Does a UDP socket of this host receive the packet? Addresses and ports are laid out in the outer
 * headers as in the tuple.
 */
GLB_INLINE bool has_udp_socket(struct __sk_buff *skb, uint8_t version)
{
	struct bpf_sock_tuple tuple = {};
	uint32_t len = version == 4 ? sizeof(tuple.ipv4) : sizeof(tuple.ipv6);

	if (bpf_skb_load_bytes(skb, addresses_at(version), &tuple, len))
		return false;

	struct bpf_sock *sock = bpf_sk_lookup_udp(skb, &tuple, len, BPF_F_CURRENT_NETNS, 0);

	if (sock)
		bpf_sk_release(sock);
	return sock;
}

/* May the sender of the packet send GUE to this host? */
GLB_INLINE bool may_send(struct __sk_buff *skb, uint8_t version)
{
	struct sender sender = {
		.bit_count = SENDER_VERSION_BITS + address_len(version) * 8,
		.version = version,
	};

	return !bpf_skb_load_bytes(skb, addresses_at(version), sender.address,
				   address_len(version)) &&
	       bpf_map_lookup_elem(&glb_senders, &sender);
}

/* The TCP header of a flow whose packet is at the cursor; NULL if it is missing. */
GLB_INLINE const uint8_t *tcp_of(struct glb_cursor cur, const struct glb_flow *flow)
{
	uint32_t at = flow->transport_at;

	if (at >= IP_HEADERS_END || !glb_take(&cur, at))
		return NULL;
	return glb_take(&cur, GLB_TCP_LEN);
}

/*
 * Does the TCP segment in the client's packet at the cursor return a valid SYN cookie of ours? A
 * cookie covers addresses, ports and sequence numbers, so IP options do not matter.
 */
GLB_INLINE bool has_syn_cookie(struct bpf_sock *listener, const struct glb_flow *flow,
			       struct glb_cursor cur)
{
	uint32_t ip_len = flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const uint8_t *tcp = tcp_of(cur, flow);
	const uint8_t *ip = glb_take(&cur, ip_len);

	return ip && tcp &&
	       !bpf_tcp_check_syncookie(listener, (void *)ip, ip_len, (void *)tcp, GLB_TCP_LEN);
}

/*
 * Reads the numbers of the TCP segment in the client's packet at the cursor, or of the segment that
 * it quotes, whose remainder after the ports is at `rest`. False if they are missing.
 */
GLB_INLINE bool read_numbers(struct tcp_numbers *numbers, const struct glb_flow *flow,
			     struct glb_cursor cur, struct glb_cursor rest)
{
	*numbers = (struct tcp_numbers){
		.flags = flow->tcp_flags,
		.quoted = flow->kind == GLB_FLOW_QUOTED,
	};
	if (numbers->quoted) {
		const uint8_t *seq = glb_take(&rest, 4);

		if (seq)
			numbers->seq = glb_load_be32(seq);
		return seq;
	}

	const uint8_t *tcp = tcp_of(cur, flow);

	if (!tcp)
		return false;
	numbers->seq = glb_load_be32(GLB_IN_HEADER(tcp + TCP_SEQ_AT));
	numbers->ack = glb_load_be32(GLB_IN_HEADER(tcp + TCP_ACK_AT));
	return true;
}

/*
 * Does the socket claim the packet at the cursor? `numbers` are those of its segment; NULL if they
 * are missing.
 */
GLB_INLINE enum glb_redirect_counter decide_socket(struct bpf_sock *sock,
						   const struct glb_flow *flow,
						   struct glb_cursor cur,
						   const struct tcp_numbers *numbers)
{
	/* if the bare ACK was lost, data or the client's FIN completes the handshake */
	const uint8_t telling = GLB_TCP_SYN | GLB_TCP_RST | GLB_TCP_ACK;

	if (sock->state == BPF_TCP_LISTEN)
		return (flow->tcp_flags & telling) == GLB_TCP_ACK && has_syn_cookie(sock, flow, cur)
			       ? GLB_REDIRECT_ACCEPTED_SYN_COOKIE
			       : GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
	return numbers && is_claimed(sock, numbers) ? GLB_REDIRECT_ACCEPTED_ESTABLISHED
						    : GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
}

/*
 * Does the packet at the cursor belong to a connection of this host, or open one? `rest` is what
 * the parser left unread. Connection tracking is consulted if no socket but a listener matches.
 */
GLB_INLINE enum glb_redirect_counter decide_flow(struct __sk_buff *skb, const struct glb_flow *flow,
						 struct glb_cursor cur, struct glb_cursor rest,
						 struct tunnel *tunnel)
{
	enum glb_redirect_counter fate = GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
	struct tcp_numbers numbers;
	struct tracked tracked;
	struct bpf_sock_tuple tuple;
	bool connected = false;
	bool listens = false;

	tunnel->tcp_at = (uint16_t)flow->transport_at;
	if (flow->tcp_flags & GLB_TCP_SYN)
		return GLB_REDIRECT_ACCEPTED_SYN;

	bool numbered = read_numbers(&numbers, flow, cur, rest);
	uint32_t tuple_len = tuple_of(&tuple, flow);
	struct bpf_sock *sock = bpf_skc_lookup_tcp(skb, &tuple, tuple_len, BPF_F_CURRENT_NETNS, 0);

	if (sock) {
		fate = decide_socket(sock, flow, cur, numbered ? &numbers : NULL);
		listens = sock->state == BPF_TCP_LISTEN;
		connected = !listens;
		bpf_sk_release(sock);
	}
	if (fate == GLB_REDIRECT_FORWARDED_TO_ALTERNATE && listens &&
	    has_our_cookie(skb, flow, tunnel))
		return GLB_REDIRECT_ACCEPTED_SYN_COOKIE;
	if (fate == GLB_REDIRECT_FORWARDED_TO_ALTERNATE && !connected && numbered &&
	    glb_ask_conntrack && read_tracked(&tracked, skb, &tuple, tuple_len) &&
	    tracked_claims(&tracked, &numbers))
		fate = GLB_REDIRECT_ACCEPTED_TRACKED;
	return fate;
}

/*
 * Can the packet at the cursor be from a client, judging by its source address alone? A VIP is not
 * a client of itself.
 */
GLB_INLINE bool may_be_from_client(struct glb_cursor cur, uint8_t version)
{
	const uint8_t *ip = glb_take(&cur, version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	if (!ip)
		return false;
	return version == 4 ? glb_may_be_from(ip + 12, ip + 16, 4)
			    : glb_may_be_from(ip + 8, ip + 24, 6);
}

/*
 * The fate of a client's packet at the cursor; FORWARDED_TO_ALTERNATE if it is unknown here, or
 * RETURNED_TO_FIRST for UDP, which the first hop serves if it is unknown everywhere. An ICMP error
 * belongs to the flow that it quotes. A quote that cannot be parsed is left to the kernel.
 */
GLB_INLINE enum glb_redirect_counter decide_inner(struct __sk_buff *skb, struct glb_cursor cur,
						  struct tunnel *tunnel, uint8_t version)
{
	uint32_t payload_len = tunnel->payload_len;
	struct glb_flow flow;
	struct glb_cursor rest = cur;

	if (glb_parse_ip(&flow, &rest, version) != GLB_FORWARD || flow.ip_len > payload_len)
		return GLB_REDIRECT_DROPPED_MALFORMED_INNER;
	if (!may_be_from_client(cur, version))
		return GLB_REDIRECT_DROPPED_SOURCE;
	if (skb->gso_size && flow.ip_len != payload_len)
		return GLB_REDIRECT_DROPPED_MERGED;
	if (flow.kind == GLB_FLOW_FRAGMENT)
		return GLB_REDIRECT_ACCEPTED_FRAGMENT;
	if (flow.proto == GLB_PROTO_TCP)
		return decide_flow(skb, &flow, cur, rest, tunnel);
	if (flow.proto == GLB_PROTO_UDP)
		return decide_udp(skb, &flow, tunnel);
	if (flow.kind == GLB_FLOW_QUOTED ||
	    flow.proto == (version == 4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6))
		return GLB_REDIRECT_ACCEPTED_ICMP;
	return GLB_REDIRECT_DROPPED_PROTOCOL;
}

/*
 * Makes the headers of the client's packet linear. The only long ones are IPv6 extension headers,
 * or an error quoting them: then the whole packet is made linear.
 */
GLB_INLINE bool pull_client(struct __sk_buff *skb, const struct tunnel *tunnel)
{
	if (tunnel->client_version == 4 || tunnel->client_next == GLB_PROTO_TCP ||
	    tunnel->client_next == GLB_PROTO_UDP)
		return true;
	return !bpf_skb_pull_data(skb, skb->len);
}

/* Makes the longest headers linear. Most are already, which takes no call of the kernel to find
 * out. */
GLB_INLINE bool pull_headers(struct __sk_buff *skb)
{
	uint32_t wanted = skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX;
	struct glb_cursor cur = bytes_of(skb);

	return cur.end - cur.at >= (int64_t)wanted || !bpf_skb_pull_data(skb, wanted);
}

/*
 * The fate of a packet for our GUE port, before the hop list is considered, or NOT_GUE. Fills in
 * *tunnel as far as it gets.
 */
GLB_INLINE int decide(struct __sk_buff *skb, struct tunnel *tunnel)
{
	if (!pull_headers(skb))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;

	struct glb_cursor cur = bytes_of(skb);

	if (outer_version(skb) == 4 ? !read_tunnel(tunnel, &cur, skb->len, 4)
				    : !read_tunnel(tunnel, &cur, skb->len, 6))
		return (outer_version(skb) == 4 ? has_udp_socket(skb, 4) : has_udp_socket(skb, 6))
			       ? NOT_GUE
			       : GLB_REDIRECT_DROPPED_MALFORMED_GUE;
	if (glb_limits_senders && !(outer_version(skb) == 4 ? may_send(skb, 4) : may_send(skb, 6)))
		return GLB_REDIRECT_DROPPED_SENDER;
	if (!peek_at_client(tunnel, cur))
		return GLB_REDIRECT_DROPPED_MALFORMED_INNER;
	if (!pull_client(skb, tunnel))
		return GLB_REDIRECT_DROPPED_NO_MEMORY;

	cur = bytes_of(skb);
	if (!glb_take(&cur, IP_AT + (tunnel->len & OUTER_LEN_MASK)))
		return GLB_REDIRECT_DROPPED_MALFORMED_INNER;
	return tunnel->client_version == 4 ? decide_inner(skb, cur, tunnel, 4)
					   : decide_inner(skb, cur, tunnel, 6);
}

/* Does the client's packet go up the stack? Fates that do not are last in the list. */
GLB_INLINE bool is_kept(int fate)
{
	return fate < GLB_REDIRECT_FORWARDED_TO_ALTERNATE;
}

/* Passes the client's packet up the stack, or drops it and changes its fate. */
GLB_INLINE int keep(struct __sk_buff *skb, const struct tunnel *tunnel, int *fate)
{
	enum ecn inner = ecn_of(tunnel->client_second, tunnel->client_version);
	enum ecn ecn = ecn_behind_tunnel((enum ecn)tunnel->ecn, inner);

	if (ecn == ECN_DROP) {
		*fate = GLB_REDIRECT_DROPPED_ECN;
		return TC_ACT_SHOT;
	}
	if (decapsulate(skb, tunnel) && set_ecn(skb, tunnel, ecn))
		return TC_ACT_UNSPEC;
	*fate = GLB_REDIRECT_DROPPED_NO_MEMORY;
	return TC_ACT_SHOT;
}

/*
 * The fate of a packet that no connection here claims; by its headers alone it would be `fate`.
 * Forwards it if there is another hop.
 */
GLB_INLINE int decide_unclaimed(struct __sk_buff *skb, struct tunnel *tunnel, int fate, int *action)
{
	tunnel->generation = own_generation(skb);

	uint32_t ip_at = IP_AT + tunnel->len;
	int ends =
		look_at_ends(skb, ip_at, tunnel->client_version, tunnel->generation, is_kept(fate));

	if (ends & FROM_THIS_HOST)
		return GLB_REDIRECT_DROPPED_SOURCE;
	if (!is_kept(fate)) {
		bool returns = fate == GLB_REDIRECT_RETURNED_TO_FIRST;

		fate = outer_version(skb) == 4 ? try_next(skb, tunnel, action, returns, 4)
					       : try_next(skb, tunnel, action, returns, 6);
		if (is_kept(fate)) /* after all; the packet is as it was */
			ends = look_at_ends(skb, ip_at, tunnel->client_version, tunnel->generation,
					    true);
	}
	if (is_kept(fate) && ends & GOES_BACK)
		return GLB_REDIRECT_DROPPED_ROUTED_BACK;
	return fate;
}

/* Counts a packet that another hop passed on, while it has its outer headers. */
GLB_INLINE void count_for_hop_before(struct __sk_buff *skb, const struct tunnel *tunnel, int fate)
{
	uint32_t known = has_known_flow((uint32_t)fate) ? PEER_IS_HOP : 0;
	uint32_t needed = needs_this_host(tunnel, (uint32_t)fate) ? PEER_IS_NEEDED : 0;

	(void)count_peer(skb, outer_version(skb), PEERS_BEFORE, known | needed);
}

/* Where the header of the client's packet is, when its fate has left it so that count_vip() finds
 * the VIP: of an answer it is the source, one address before the destination. */
GLB_INLINE uint32_t client_at(const struct tunnel *tunnel, int fate)
{
	if (fate == GLB_REDIRECT_ANSWERED_SYN)
		return IP_AT - address_len(tunnel->client_version);
	return is_kept(fate) ? IP_AT : IP_AT + tunnel->len;
}

/* Counts a packet for its VIP, when it is as its fate has left it. Has the VIP an entry? */
GLB_INLINE bool count_for_vip(struct __sk_buff *skb, const struct tunnel *tunnel, int fate)
{
	bool lost = fate == GLB_REDIRECT_DROPPED_NO_MEMORY; /* perhaps half decapsulated */

	return count_vip(skb, client_at(tunnel, fate), lost ? 0 : tunnel->client_version,
			 (uint32_t)fate | (needs_this_host(tunnel, (uint32_t)fate) ? VIP_NEEDS : 0),
			 tunnel->generation);
}

/* TC_ACT_UNSPEC, or TCX_NEXT: continue with the next program, and finally the stack. */
SEC("tc")
int glb_redirect(struct __sk_buff *skb)
{
	struct tunnel tunnel = {};
	int action = TC_ACT_SHOT;

	if (!is_for_us(skb, 4) && !is_for_us(skb, 6))
		return TC_ACT_UNSPEC;

	int fate = decide(skb, &tunnel);

	if (fate == NOT_GUE)
		return TC_ACT_UNSPEC;
	count(GLB_REDIRECT_TOTAL);
	if (tunnel.next_hop && fate <= GLB_REDIRECT_RETURNED_TO_FIRST)
		count_for_hop_before(skb, &tunnel, fate);
	if (fate <= GLB_REDIRECT_RETURNED_TO_FIRST && !has_known_flow((uint32_t)fate))
		fate = decide_unclaimed(skb, &tunnel, fate, &action);
	if (is_kept(fate))
		action = keep(skb, &tunnel, &fate);
	if (answers_syns() && is_kept(fate))
		action = guard(skb, &tunnel, &fate);
	count((uint32_t)fate);

	bool served = count_for_vip(skb, &tunnel, fate);

	if (fate == GLB_REDIRECT_FORWARDED_TO_ALTERNATE || fate == GLB_REDIRECT_RETURNED_TO_FIRST)
		(void)count_peer(skb, outer_version(skb), PEERS_AFTER, served ? PEER_IS_HOP : 0);
	return action;
}

char glb_redirect_license[] SEC("license") = "Dual BSD/GPL";
