/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a UDP packet belong to a flow of this proxy, or may its flow be on another one?
 *
 * Only asked about services that `attach --udp` lists, here or on the first hop. UDP has no SYN:
 * nothing in a packet says whether its flow is new, unless it is one of QUIC. A packet that nobody
 * claims returns from the last hop to the first, which serves it (hop.h,
 * docs/decisions/0013-udp-comes-back.md). So an error on the side of claiming nothing costs a
 * detour, and one on the other side a flow.
 */
#ifndef GLB_REDIRECT_UDP_CLAIMS_H
#define GLB_REDIRECT_UDP_CLAIMS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <glb/quic.h>

#include "counters.h"
#include "flow_tuple.h"
#include "service.h"
#include "tracked.h"
#include "tunnel.h"

enum {
	/* UDP header, first byte, version, length and beginning of the connection ID */
	QUIC_HEAD_LEN = GLB_UDP_LEN + 1 + 4 + 1 + GLB_QUIC_SERVER_LEN,
	QUIC_HEAD_MASK = 31, /* restates that bound for the verifier */
};
_Static_assert(QUIC_HEAD_LEN <= QUIC_HEAD_MASK, "the mask changes nothing");

/* Services with a second chance. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERVICES_MAX);
	__type(key, struct service);
	__type(value, struct service_rule);
} glb_services SEC(".maps");

/* Set before the program is loaded. If false, the verifier removes the lookup. */
const volatile bool glb_has_services = false;

/* The rule of the service that a flow is for; NULL if it has no second chance. */
GLB_INLINE const struct service_rule *udp_rule_of(const struct glb_flow *flow)
{
	struct service service = {.port = flow->dst_port, .version = flow->version};

	__builtin_memcpy(service.address, flow->dst, sizeof(service.address));
	return bpf_map_lookup_elem(&glb_services, &service);
}

/* Is a UDP socket of this host connected to the client? A listener is found here, too. */
GLB_INLINE bool has_connected_socket(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
				     uint32_t tuple_len)
{
	struct bpf_sock *sock = bpf_sk_lookup_udp(skb, tuple, tuple_len, BPF_F_CURRENT_NETNS, 0);

	if (!sock)
		return false;

	bool connected = sock->state == BPF_TCP_ESTABLISHED; /* of a datagram socket: connect(2) */

	bpf_sk_release(sock);
	return connected;
}

/*
 * Whose is the QUIC packet whose datagram is at `udp_at` in the frame, with `len` bytes? Judged by
 * its header alone: RETURNED_TO_FIRST if that does not say.
 */
GLB_INLINE enum glb_redirect_counter decide_quic(struct __sk_buff *skb, uint32_t udp_at,
						 uint32_t len, const struct service_rule *rule,
						 bool *names_another)
{
	uint8_t head[QUIC_HEAD_MASK + 1] = {};
	uint64_t there = len < QUIC_HEAD_LEN ? len : QUIC_HEAD_LEN;
	uint16_t server_id;

	__asm__ volatile("" : "+r"(there)); /* as in GLB_BOUND() */
	there &= QUIC_HEAD_MASK;
	if (there < GLB_UDP_LEN || bpf_skb_load_bytes(skb, udp_at, head, (uint32_t)there))
		return GLB_REDIRECT_RETURNED_TO_FIRST;

	struct glb_cursor cur = glb_cursor(head, there);
	struct glb_cursor again = cur;

	if (glb_quic_may_open(&cur))
		return GLB_REDIRECT_ACCEPTED_QUIC_OPENING;
	if (!rule->named || !glb_quic_quoted_id(&server_id, &again, len))
		return GLB_REDIRECT_RETURNED_TO_FIRST;
	*names_another = server_id != rule->server_id;
	return *names_another ? GLB_REDIRECT_RETURNED_TO_FIRST
			      : GLB_REDIRECT_ACCEPTED_QUIC_SERVER_ID;
}

/*
 * The fate of a UDP packet of a client, or of an ICMP error that quotes one of ours;
 * RETURNED_TO_FIRST if nothing here claims it. A proxy to which another has passed it on answers
 * that question whatever it lists, so the order in which proxies are set up does not matter.
 */
GLB_INLINE enum glb_redirect_counter decide_udp(struct __sk_buff *skb, const struct glb_flow *flow,
						const struct tunnel *tunnel)
{
	bool quoted = flow->kind == GLB_FLOW_QUOTED;
	const struct service_rule *rule = glb_has_services ? udp_rule_of(flow) : NULL;
	bool names_another = false;
	struct bpf_sock_tuple tuple;

	if (!rule && !tunnel->next_hop)
		return quoted ? GLB_REDIRECT_ACCEPTED_ICMP : GLB_REDIRECT_ACCEPTED_UDP;

	if (rule && rule->quic && !quoted) {
		enum glb_redirect_counter fate = decide_quic(
			skb, IP_AT + tunnel->len + flow->transport_at,
			flow->ip_len - (uint32_t)flow->transport_at, rule, &names_another);

		if (fate != GLB_REDIRECT_RETURNED_TO_FIRST || names_another)
			return fate;
	}

	uint32_t tuple_len = tuple_of(&tuple, flow);

	if (has_connected_socket(skb, &tuple, tuple_len))
		return GLB_REDIRECT_ACCEPTED_UDP_CONNECTED;
	if (glb_ask_conntrack && is_tracked_udp(skb, &tuple, tuple_len))
		return GLB_REDIRECT_ACCEPTED_TRACKED;
	return GLB_REDIRECT_RETURNED_TO_FIRST;
}

#endif
