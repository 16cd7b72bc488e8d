/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/answer.h>
#include <glb/forward.h>
#include <glb/gue.h>
#include <glb/hash.h>
#include <glb/tcp.h>

#include "forward_isa.h"
#include "hops.h"
#include "ingress.h"
#include "messages.h"
#include "relay.h"

/* What the stages of one burst hand each other about a packet: exactly one cache line. */
struct work {
	uint64_t hash;
	struct glb_flow flow;
	uint16_t table;
	uint16_t alt_row; /* of the alternative hash fields, when there are any */
	uint16_t server;  /* backend the packet itself asks for, or GLB_NO_BACKEND */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct work) == 64, "one packet, one cache line");

static const struct glb_match no_match = {.table = -1};

/* What becomes of a frame that this director is not alone to get. */
static enum glb_verdict judge_group(const struct glb_packet *pkt)
{
	struct glb_cursor cur = glb_cursor(pkt->data, pkt->len);
	uint16_t type;

	if (!glb_parse_ether(&type, &cur))
		return GLB_DROP_TRUNCATED;
	return type == GLB_ETHERTYPE_IPV4 || type == GLB_ETHERTYPE_IPV6 ? GLB_PUNT_GROUP
									: GLB_PUNT_NOT_IP;
}

/* Reads the flow of a frame that is for this director. GLB_FORWARD, or why there is none. */
static enum glb_verdict read_flow(struct glb_flow *flow, const struct glb_generation *gen,
				  const struct glb_packet *pkt)
{
	if (pkt->len < GLB_ETHER_LEN)
		return GLB_DROP_TRUNCATED;
	if (GLB_UNLIKELY(!ingress_takes(gen, pkt->port, glb_load_le64(pkt->data))))
		return glb_is_group(pkt->data) ? judge_group(pkt) : GLB_DROP_OTHER_HOST;
	return glb_parse_plain(flow, pkt->data, pkt->len) ? GLB_FORWARD
							  : glb_parse(flow, pkt->data, pkt->len);
}

static const uint8_t *outer_dst(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	return pkt->data + flow->ip_at + (flow->version == 4 ? 16 : 24);
}

/*
 * The table of an error whose quote has no ports, when every error is followed: an echo reply
 * belongs to the flow of the request, and anything else to none.
 */
static struct glb_match match_portless_quote(const struct glb_generation *gen,
					     const struct glb_packet *pkt, struct glb_flow *flow)
{
	bool v4 = flow->version == 4;
	uint8_t icmp = v4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6;
	uint16_t reply = (uint16_t)((v4 ? GLB_ICMP_ECHO_REPLY : GLB_ICMPV6_ECHO_REPLY) << 8);
	struct glb_flow request = *flow;

	/* where ports would be are the reply's type and code, then its checksum */
	if (flow->proto != icmp || flow->dst_port != reply ||
	    memcmp(flow->dst, outer_dst(pkt, flow), v4 ? 4 : 16) != 0 ||
	    gen->settings.echo != GLB_ECHO_FORWARD)
		return no_match;
	flow->src_port = flow->dst_port = flow->hint = 0;
	request.kind = GLB_FLOW_ECHO;
	return glb_binds_match(gen->binds, &request, NULL);
}

/* The table a packet belongs to, if it is one of ours. */
static struct glb_match match(const struct glb_generation *gen, const struct glb_packet *pkt,
			      struct glb_flow *flow)
{
	const struct glb_settings *settings = &gen->settings;

	if (flow->kind == GLB_FLOW_PORTS)
		return glb_binds_match(gen->binds, flow, NULL);
	if (flow->kind == GLB_FLOW_ECHO && settings->echo == GLB_ECHO_PUNT)
		return no_match;
	if (flow->extra_error && !settings->all_icmp_errors)
		return no_match;
	if (flow->kind == GLB_FLOW_QUOTED && settings->all_icmp_errors &&
	    flow->proto != GLB_PROTO_TCP && flow->proto != GLB_PROTO_UDP)
		return match_portless_quote(gen, pkt, flow);
	return glb_binds_match(gen->binds, flow, outer_dst(pkt, flow));
}

/*
 * Has a director sent this? Backends behind a bind of their own would have it encapsulated again
 * and again. A whole datagram that begins as only directors write it.
 */
static bool is_encapsulated(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	struct glb_cursor cur = glb_cursor(pkt->data + flow->ip_at, flow->ip_len);
	struct glb_gue gue;

	if (flow->kind != GLB_FLOW_PORTS || flow->proto != GLB_PROTO_UDP ||
	    flow->dst_port != GLB_GUE_PORT || !glb_take(&cur, flow->transport_at + GLB_UDP_LEN))
		return false;
	return glb_gue_decode(&gue, &cur, flow->version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
}

/* Can a packet to a VIP come from src: can any, and is src not the director's own address? */
static bool may_be_client(const struct glb_settings *settings, const uint8_t *src,
			  const uint8_t *vip, uint8_t version)
{
	const bool v4 = version == 4;
	const struct glb_addr *own = v4 ? &settings->src_addr : &settings->src_addr6;

	return glb_may_be_from(src, vip, version) && memcmp(src, own->bytes, v4 ? 4 : 16) != 0;
}

/* Can the sender of a packet and, if it is an error, of the one that it quotes have its address? */
static bool has_good_source(const struct glb_settings *settings, const struct glb_packet *pkt,
			    const struct glb_flow *flow)
{
	const uint8_t version = flow->version;
	const uint8_t *src = pkt->data + flow->ip_at + (version == 4 ? 12 : 8);

	return may_be_client(settings, src, outer_dst(pkt, flow), version) &&
	       (flow->kind != GLB_FLOW_QUOTED ||
		may_be_client(settings, flow->src, flow->dst, version));
}

/* Is there a reason not to send a packet for a VIP to a proxy, before it is known to which? */
static enum glb_verdict judge(const struct glb_generation *gen, const struct glb_packet *pkt,
			      const struct glb_flow *flow)
{
	const struct glb_settings *settings = &gen->settings;
	const uint8_t *ip = pkt->data + flow->ip_at;

	if (settings->verify_ip_checksum && flow->version == 4 &&
	    glb_sum_check(glb_sum(0, ip, (ip[0] & 0xfU) * 4)))
		return GLB_DROP_BAD_CHECKSUM;
	if (ip[flow->version == 4 ? 8 : 7] < settings->min_ttl)
		return GLB_DROP_TTL;
	switch ((enum glb_flow_kind)flow->kind) {
	case GLB_FLOW_FRAGMENT:
		/* it has no ports, so all of its address must lead to the same rows */
		return settings->forward_fragments && glb_binds_lead_to_one_table(gen->binds, flow)
			       ? GLB_FORWARD
			       : GLB_DROP_FRAGMENT;
	case GLB_FLOW_BAD_QUOTE:
		return GLB_DROP_BAD_QUOTE;
	case GLB_FLOW_ECHO:
		if (settings->echo == GLB_ECHO_FORWARD)
			return GLB_FORWARD;
		return settings->echo == GLB_ECHO_ANSWER && glb_may_answer_echo(pkt, flow)
			       ? GLB_ANSWER_ECHO
			       : GLB_DROP_ECHO;
	default:
		return GLB_FORWARD;
	}
}

/* Finds the table of a packet, and whether it may go to one of its backends. */
static enum glb_verdict select_table(const struct glb_generation *gen, const struct glb_packet *pkt,
				     struct work *work)
{
	struct glb_flow *flow = &work->flow;
	struct glb_match found = match(gen, pkt, flow);

	if (found.table < 0)
		return flow->kind == GLB_FLOW_QUOTED ? relay_judge(gen, pkt, flow)
						     : GLB_PUNT_NO_BIND;
	if (GLB_UNLIKELY(is_encapsulated(pkt, flow)))
		return GLB_DROP_LOOP;
	if (GLB_UNLIKELY(!has_good_source(&gen->settings, pkt, flow)))
		return GLB_DROP_SOURCE;
	work->table = (uint16_t)found.table;
	work->alt_row = 0;
	work->server = found.quic ? find_server(&gen->routes[found.table], pkt->data + flow->ip_at,
						flow->ip_len, flow)
				  : GLB_NO_BACKEND;
	if (flow->kind == GLB_FLOW_PORTS && !gen->strict_ip)
		return GLB_FORWARD;
	return judge(gen, pkt, flow);
}

/* Hashes the flows of all packets to be forwarded by a set of fields. */
static void hash_burst(struct messages messages[2], const struct glb_generation *gen,
		       uint8_t fields, const struct work *work, struct glb_packet *const *pkts,
		       unsigned int n)
{
	messages[0].count = messages[1].count = 0;
	messages[0].word_count = messages[1].word_count = 1;
	for (unsigned int i = 0; i < n; i++) {
		const struct glb_flow *flow = &work[i].flow;
		uint64_t words[GLB_MESSAGE_WORDS];

		if (pkts[i]->verdict != GLB_FORWARD)
			continue;

		struct messages *mine = &messages[flow->version == 6];

		mine->word_count = glb_flow_message(words, fields, flow);
		messages_add(mine, i, gen->routes[work[i].table].key, words);
	}
	messages_hash(&messages[0]);
	messages_hash(&messages[1]);
}

/* Finds the rows of all flows, and has them on their way from memory when this returns. */
static void select_rows(const struct glb_generation *gen, struct work *work,
			struct glb_packet *const *pkts, unsigned int n)
{
	struct messages messages[2];

	hash_burst(messages, gen, gen->settings.hash_fields, work, pkts, n);
	for (unsigned int v = 0; v < 2; v++) {
		for (uint32_t m = 0; m < messages[v].count; m++) {
			struct work *one = &work[messages[v].of[m]];

			one->hash = messages[v].hashes[m];
			__builtin_prefetch(&gen->routes[one->table].rows[glb_row_index(one->hash)]);
		}
	}
	if (!gen->settings.alt_hash_fields)
		return;
	hash_burst(messages, gen, gen->settings.alt_hash_fields, work, pkts, n);
	for (unsigned int v = 0; v < 2; v++) {
		for (uint32_t m = 0; m < messages[v].count; m++) {
			struct work *one = &work[messages[v].of[m]];

			one->alt_row = glb_row_index(messages[v].hashes[m]);
			__builtin_prefetch(&gen->routes[one->table].rows[one->alt_row]);
		}
	}
}

/* Bytes of the outer Ethernet header of a frame whose own one has ip_at bytes. */
static uint32_t l2_len(const struct glb_port *port, uint32_t ip_at)
{
	if (port->vlan == GLB_VLAN_KEEP)
		return ip_at;
	return GLB_ETHER_LEN + (port->vlan == GLB_VLAN_NONE ? 0 : GLB_VLAN_LEN);
}

/* The outer Ethernet header: addresses, the tags the port wants, and the outer EtherType. */
static void write_l2(uint8_t *out, const struct glb_port *port, const struct glb_packet *pkt,
		     uint32_t ip_at)
{
	uint32_t len = l2_len(port, ip_at);

	memcpy(out, port->gateway_mac, GLB_MAC_LEN);
	memcpy(out + GLB_MAC_LEN, port->mac, GLB_MAC_LEN);
	if (port->vlan == GLB_VLAN_KEEP) {
		for (uint32_t at = 2 * GLB_MAC_LEN; at < len - 2; at += GLB_VLAN_LEN)
			memcpy(out + at, pkt->data + at, GLB_VLAN_LEN);
	} else if (port->vlan != GLB_VLAN_NONE) {
		glb_store_be16(out + 12, GLB_ETHERTYPE_VLAN);
		glb_store_be16(out + 14, port->vlan);
	}
}

/* DSCP and ECN of the outer header, RFC 2983 and RFC 6040. */
static uint8_t outer_tos(const struct glb_settings *settings, const uint8_t *inner)
{
	unsigned int tos = inner[0] >> 4 == 4 ? inner[1] : glb_load_be16(inner) >> 4 & 0xff;
	unsigned int dscp =
		settings->outer_dscp == GLB_DSCP_COPY ? tos & 0xfc : settings->outer_dscp * 4U;

	return (uint8_t)(settings->copy_ecn ? dscp | (tos & 3) : dscp);
}

/* Does it fit where it has to go? */
static enum glb_verdict check_room(const struct glb_generation *gen, const struct glb_packet *pkt,
				   const struct work *work)
{
	const struct glb_port *port = &gen->settings.ports[glb_way_out(&gen->settings, pkt->port)];
	const struct glb_flow *flow = &work->flow;
	uint32_t outer_len = gen->routes[work->table].outer_len;
	uint32_t len = outer_len + flow->ip_len;
	uint32_t head = outer_len + l2_len(port, flow->ip_at);

	if (len > UINT16_MAX)
		return GLB_DROP_TOO_BIG;
	if (len > port->mtu && gen->settings.too_big != GLB_TOO_BIG_FORWARD) {
		if (gen->settings.too_big == GLB_TOO_BIG_DROP || !glb_may_answer(pkt, flow) ||
		    (flow->version == 6 && flow->ip_len <= GLB_IPV6_MTU_MIN))
			return GLB_DROP_MTU;
		return pkt->headroom < GLB_ANSWER_LEN_MAX ? GLB_DROP_NO_HEADROOM
							  : GLB_ANSWER_TOO_BIG;
	}
	if (!glb_load32(port->gateway_mac) && !glb_load16(port->gateway_mac + 4))
		return GLB_DROP_NO_GATEWAY;
	return (uint32_t)pkt->headroom + flow->ip_at < head ? GLB_DROP_NO_HEADROOM : GLB_FORWARD;
}

static void clamp_mss(const struct glb_generation *gen, const struct glb_packet *pkt,
		      const struct work *work)
{
	const struct glb_flow *flow = &work->flow;
	uint32_t headers = flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint32_t room = gen->settings.ports[glb_way_out(&gen->settings, pkt->port)].mtu -
			gen->routes[work->table].outer_len;

	if (flow->fragment == GLB_WHOLE)
		glb_tcp_clamp_mss(pkt->data + flow->ip_at + flow->transport_at,
				  flow->ip_len - flow->transport_at,
				  (uint16_t)(room - headers - GLB_TCP_LEN));
}

/* The sum of the client's packet, as far as the outer checksum needs one. */
static uint64_t inner_sum(const struct glb_settings *settings, const uint8_t *inner,
			  const struct glb_flow *flow)
{
	if (settings->udp_checksum == GLB_UDP_FULL)
		return glb_sum(0, inner, flow->ip_len);
	return settings->udp_checksum == GLB_UDP_INNER ? glb_inner_sum(inner, flow) : 0;
}

static enum glb_verdict encapsulate(const struct glb_generation *gen, struct glb_packet *pkt,
				    const struct work *work)
{
	const struct glb_settings *settings = &gen->settings;
	const struct glb_port *port = &settings->ports[glb_way_out(settings, pkt->port)];
	const struct glb_route *route = &gen->routes[work->table];
	const struct glb_flow *flow = &work->flow;
	enum glb_verdict verdict = check_room(gen, pkt, work);
	uint8_t *inner = pkt->data + flow->ip_at;

	if (verdict != GLB_FORWARD)
		return verdict;
	if (settings->clamp_mss && flow->tcp_flags & GLB_TCP_SYN)
		clamp_mss(gen, pkt, work);

	struct glb_encap encap = {
		.inner_sum = inner_sum(settings, inner, flow),
		.flow_label = (uint32_t)(work->hash >> 16) & 0xfffff,
		.inner_len = flow->ip_len,
		.src_port = glb_outer_src_port(work->hash, flow),
		.inner_version = flow->version,
		.outer_version = route->version,
		.tos = outer_tos(settings, inner),
		.udp_checksum = settings->udp_checksum,
	};
	const struct choice choice = {glb_row_index(work->hash), work->alt_row, work->server};
	uint16_t primary = list_hops(&encap, route, &choice, settings->unique_hops);
	uint32_t head = glb_outer_len(route->version, encap.hop_count) + l2_len(port, flow->ip_at);
	uint8_t *data = inner - head;
	uint32_t behind = settings->trim_padding ? 0 : pkt->len - flow->ip_at - flow->ip_len;

	write_l2(data, port, pkt, flow->ip_at);
	glb_store_be16(data + l2_len(port, flow->ip_at) - 2,
		       route->version == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	(void)glb_encap(inner, &route->outers[primary], &encap);
	pkt->backend = (uint32_t)(&route->outers[primary] - gen->outers);
	pkt->headroom = (uint16_t)(pkt->headroom - (pkt->data - data));
	pkt->data = data;
	pkt->len = head + flow->ip_len + behind;
	return GLB_FORWARD;
}

/* Passes over all of them, so that their rows are on their way from memory together. */
static void forward_any(const struct glb_generation *gen, struct glb_packet **pkts, unsigned int n)
{
	struct work work[FORWARD_BURST];
	bool any = false;

	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = (uint8_t)read_flow(&work[i].flow, gen, pkts[i]);

	for (unsigned int i = 0; i < n; i++) {
		if (pkts[i]->verdict != GLB_FORWARD)
			continue;
		pkts[i]->verdict = (uint8_t)select_table(gen, pkts[i], &work[i]);
		any |= pkts[i]->verdict == GLB_FORWARD;
	}
	if (!any)
		return;

	select_rows(gen, work, pkts, n);

	for (unsigned int i = 0; i < n; i++)
		if (pkts[i]->verdict == GLB_FORWARD)
			pkts[i]->verdict = (uint8_t)encapsulate(gen, pkts[i], &work[i]);
}

static void forward_burst(const struct glb_generation *gen, struct glb_packet *pkts, unsigned int n)
{
	struct glb_packet *others[FORWARD_BURST];
	unsigned int count = FORWARD_ISA_NAME(plain)(gen, pkts, n, others);

	if (count)
		forward_any(gen, others, count);
}

void FORWARD_ISA_NAME(glb_forward)(const struct glb_generation *gen, struct glb_packet *packets,
				   unsigned int n)
{
	while (n) {
		unsigned int burst = n < FORWARD_BURST ? n : FORWARD_BURST;

		forward_burst(gen, packets, burst);
		packets += burst;
		n -= burst;
	}
}
