/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to be known of a packet that is not plain?
 *
 * Such packets are parsed one by one. Those that are to be forwarded become lanes like any other,
 * and go on with them.
 */
#ifndef CORE_FORWARD_SINGLE_H
#define CORE_FORWARD_SINGLE_H

#include <string.h>

#include <glb/gue.h>
#include <glb/icmp_reply.h>
#include <glb/tcp.h>

#include "burst.h"
#include "core/bind/binds.h"
#include "deny.h"
#include "hop_list.h"
#include "ingress.h"
#include "meter.h"
#include "relay.h"
#include "sum.h"

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
	return glb_parse(flow, pkt->data, pkt->len);
}

/* An IP packet that has been parsed. Its version is a constant in what this becomes. */
struct single {
	struct glb_packet *pkt;
	uint8_t *ip;
	struct glb_flow flow;
	bool framed_plainly; /* has it the Ethernet header that plain ones have? */
};

/* Source and destination of the packet itself. */
GLB_INLINE const uint8_t *packet_src(const struct single *one, uint8_t version)
{
	return one->ip + (version == 4 ? 12 : 8);
}

GLB_INLINE const uint8_t *packet_dst(const struct single *one, uint8_t version)
{
	return one->ip + (version == 4 ? 16 : 24);
}

/* What a bind is looked up by. */
static bool is_same_flow(const struct glb_flow *a, const struct glb_flow *b)
{
	return a->kind == b->kind && a->proto == b->proto && a->dst_port == b->dst_port &&
	       glb_load64(a->dst) == glb_load64(b->dst) &&
	       glb_load64(a->dst + 8) == glb_load64(b->dst + 8);
}

/* glb_binds_match(), which need not be asked again about the same. */
GLB_INLINE struct glb_match match_binds(struct burst *b, const struct single *one, uint8_t version)
{
	const struct glb_flow *flow = &one->flow;
	const uint8_t *also = packet_dst(one, version);

	if (flow->kind == GLB_FLOW_QUOTED && memcmp(also, flow->dst, version == 4 ? 4 : 16) != 0)
		return glb_binds_match(b->gen->binds, flow, also);
	if (!b->matched_any || !is_same_flow(&b->matched_flow, flow)) {
		b->match = glb_binds_match(b->gen->binds, flow, also);
		b->matched_flow = *flow;
		b->matched_any = true;
	}
	return b->match;
}

/*
 * The table of an error whose quote has no ports, when every error is followed: an echo reply
 * belongs to the flow of the request, and anything else to none.
 */
static struct glb_match match_portless_quote(const struct glb_generation *gen, struct single *one,
					     uint8_t version)
{
	struct glb_flow *flow = &one->flow;
	bool v4 = version == 4;
	uint8_t icmp = v4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6;
	uint16_t reply = (uint16_t)((v4 ? GLB_ICMP_ECHO_REPLY : GLB_ICMPV6_ECHO_REPLY) << 8);
	struct glb_flow request = *flow;

	/* where ports would be are the reply's type and code, then its checksum */
	if (flow->proto != icmp || flow->dst_port != reply ||
	    memcmp(flow->dst, packet_dst(one, version), v4 ? 4 : 16) != 0 ||
	    gen->settings.echo != GLB_ECHO_FORWARD)
		return no_match;
	flow->src_port = flow->dst_port = flow->entropy = 0;
	request.kind = GLB_FLOW_ECHO;
	return glb_binds_match(gen->binds, &request, NULL);
}

/* The table a packet belongs to, if it is one of ours. */
GLB_INLINE struct glb_match match(struct burst *b, struct single *one, uint8_t version)
{
	const struct glb_settings *settings = &b->gen->settings;
	const struct glb_flow *flow = &one->flow;

	if (flow->kind == GLB_FLOW_ECHO && settings->echo == GLB_ECHO_PUNT)
		return no_match;
	if (flow->extra_error && !settings->all_icmp_errors)
		return no_match;
	if (flow->kind == GLB_FLOW_QUOTED && settings->all_icmp_errors &&
	    flow->proto != GLB_PROTO_TCP && flow->proto != GLB_PROTO_UDP)
		return match_portless_quote(b->gen, one, version);
	return match_binds(b, one, version);
}

/*
 * Has a director sent this whole datagram to the port of GUE? Backends behind a bind of their own
 * would have it encapsulated again and again. It begins as only directors write it.
 */
static bool is_encapsulated(const uint8_t *ip, uint32_t ip_len, uint32_t transport_at,
			    uint8_t version)
{
	struct glb_cursor cur = glb_cursor(ip, ip_len);
	struct glb_gue gue;

	return glb_take(&cur, transport_at + GLB_UDP_LEN) &&
	       glb_gue_decode(&gue, &cur, version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
}

/* Can a packet to a VIP come from src: can any, and is src not the director's own address? */
GLB_INLINE bool may_be_client(const struct glb_settings *settings, const uint8_t *src,
			      const uint8_t *vip, uint8_t version)
{
	const bool v4 = version == 4;
	const struct glb_addr *own = v4 ? &settings->src_addr : &settings->src_addr6;

	return glb_may_be_from(src, vip, version) && memcmp(src, own->bytes, v4 ? 4 : 16) != 0;
}

/* Can the sender of a packet and, if it is an error, of the one that it quotes have its address? */
GLB_INLINE bool has_good_source(const struct glb_settings *settings, const struct single *one,
				uint8_t version)
{
	const struct glb_flow *flow = &one->flow;

	return may_be_client(settings, packet_src(one, version), packet_dst(one, version),
			     version) &&
	       (flow->kind != GLB_FLOW_QUOTED ||
		may_be_client(settings, flow->src, flow->dst, version));
}

/* Is there a reason not to send a packet for a VIP to a proxy, before it is known to which? */
GLB_INLINE enum glb_verdict judge(const struct glb_generation *gen, const struct single *one,
				  uint8_t version)
{
	const struct glb_settings *settings = &gen->settings;
	const struct glb_flow *flow = &one->flow;
	const uint8_t *ip = one->ip;

	if (settings->verify_ip_checksum && version == 4 &&
	    glb_sum_check(glb_sum(0, ip, (ip[0] & 0xfU) * 4)))
		return GLB_DROP_BAD_CHECKSUM;
	if (ip[version == 4 ? 8 : 7] < settings->min_ttl)
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
		return settings->echo == GLB_ECHO_ANSWER && glb_may_reply_to_echo(one->pkt, flow)
			       ? GLB_ANSWER_ECHO
			       : GLB_DROP_ECHO;
	default:
		return GLB_FORWARD;
	}
}

/* Finds the table of a packet, and whether it may go to one of its backends. */
GLB_INLINE enum glb_verdict select_table(struct burst *b, struct single *one,
					 struct glb_match *found, uint8_t version)
{
	const struct glb_generation *gen = b->gen;
	const struct glb_flow *flow = &one->flow;

	*found = match(b, one, version);
	if (found->table < 0)
		return flow->kind == GLB_FLOW_QUOTED
			       ? relay_judge(&one->pkt->reply, gen, one->pkt, flow)
			       : GLB_PUNT_NO_BIND;
	if (GLB_UNLIKELY(flow->kind == GLB_FLOW_PORTS && flow->proto == GLB_PROTO_UDP &&
			 flow->dst_port == GLB_GUE_PORT &&
			 is_encapsulated(one->ip, flow->ip_len, flow->transport_at, version)))
		return GLB_DROP_LOOP;
	if (GLB_UNLIKELY(!has_good_source(&gen->settings, one, version)))
		return GLB_DROP_SOURCE;
	return judge(gen, one, version);
}

/* Bytes of the outer Ethernet header of a frame whose own one has ip_at bytes. */
static uint32_t l2_len(const struct glb_port *port, uint32_t ip_at)
{
	if (port->vlan == GLB_VLAN_KEEP)
		return ip_at;
	return GLB_ETHER_LEN + (port->vlan == GLB_VLAN_NONE ? 0 : GLB_VLAN_LEN);
}

/* Does it fit where it has to go? */
static enum glb_verdict check_room(const struct glb_generation *gen, const struct glb_packet *pkt,
				   const struct glb_flow *flow, const struct glb_route *route)
{
	const struct glb_port *port = &gen->settings.ports[glb_way_out(&gen->settings, pkt->port)];
	uint32_t outer_len = route->outer_len;
	uint32_t len = outer_len + flow->ip_len;
	uint32_t head = outer_len + l2_len(port, flow->ip_at);

	if (len > UINT16_MAX)
		return GLB_DROP_TOO_BIG;
	if (len > port->mtu && gen->settings.too_big != GLB_TOO_BIG_FORWARD) {
		if (gen->settings.too_big == GLB_TOO_BIG_DROP || !glb_may_reply(pkt, flow) ||
		    (flow->version == 6 && flow->ip_len <= GLB_IPV6_MTU_MIN))
			return GLB_DROP_MTU;
		return pkt->headroom < GLB_ICMP_REPLY_LEN_MAX ? GLB_DROP_NO_HEADROOM
							      : GLB_ANSWER_TOO_BIG;
	}
	if (!glb_load32(port->gateway_mac) && !glb_load16(port->gateway_mac + 4))
		return GLB_DROP_NO_GATEWAY;
	return (uint32_t)pkt->headroom + flow->ip_at < head ? GLB_DROP_NO_HEADROOM : GLB_FORWARD;
}

/* Notes what the reply to a packet is about: an echo request, or one that does not fit. */
static void note_reply(const struct glb_generation *gen, const struct single *one,
		       const struct glb_route *route)
{
	const struct glb_flow *flow = &one->flow;
	const uint32_t mtu = gen->settings.ports[glb_way_out(&gen->settings, one->pkt->port)].mtu;
	/* a family promises that so much fits */
	const uint32_t least = flow->version == 4 ? GLB_IPV4_MTU_MIN : GLB_IPV6_MTU_MIN;

	one->pkt->reply = (struct glb_reply){
		.table = (uint16_t)(route - gen->routes),
		.quote_at = flow->ip_at,
		.quote_len = flow->ip_len,
		.mtu = (uint16_t)(mtu < least + route->outer_len ? least : mtu - route->outer_len),
	};
}

/* Is it sure to fit, whatever its route? */
GLB_INLINE bool fits_anyway(const struct burst *b, const struct single *one)
{
	return one->framed_plainly && one->flow.ip_len <= b->ip_len_max &&
	       one->pkt->headroom >= b->head_len;
}

/* Notes that lane i asks for a backend by itself. */
static void set_server(struct columns *c, struct burst *b, unsigned int i, uint16_t server)
{
	if (server == GLB_NO_BACKEND)
		return;
	if (!b->served)
		memset(c->servers, 0xff, sizeof(c->servers));
	b->served = true;
	c->servers[i] = server;
}
_Static_assert(GLB_NO_BACKEND == 0xffff, "what memset() writes");

/* Lowers the MSS of a SYN to what fits the way to the proxies of a route, if anything does. */
static void clamp_mss(const struct burst *b, uint8_t port, uint8_t *ip, uint32_t transport_at,
		      uint32_t ip_len, const struct glb_route *route)
{
	const struct glb_settings *settings = &b->gen->settings;
	const uint32_t headers = (b->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) +
				 (uint32_t)GLB_TCP_LEN + route->outer_len;
	const uint32_t mtu = settings->ports[glb_way_out(settings, port)].mtu;

	if (mtu > headers)
		glb_tcp_clamp_mss(ip + transport_at, ip_len - transport_at,
				  (uint16_t)(mtu - headers));
}

/* A port as in a packet, as a little-endian number. */
static uint64_t le_port(uint16_t port)
{
	return GLB_LE16(GLB_BE16(port));
}

/*
 * An Ethernet header that is not that of plain packets. The frame counts from where those of plain
 * packets begin, if that of its own is longer or shorter.
 */
static void fill_ethernet(struct columns *c, struct burst *b, unsigned int i,
			  const struct single *one)
{
	const struct glb_settings *settings = &b->gen->settings;
	const uint32_t ip_at = one->flow.ip_at;
	const struct glb_port *port = &settings->ports[glb_way_out(settings, one->pkt->port)];
	const uint32_t len = l2_len(port, ip_at);
	struct glb_packet plain = *one->pkt;
	uint8_t tags[8] = {0};

	memcpy(tags, one->pkt->data + 2 * GLB_MAC_LEN, ip_at - 2 * GLB_MAC_LEN - 2);
	c->tags[i] = glb_load64(tags);
	plain.len = plain.len - ip_at + b->ip_at;
	plain.headroom = (uint16_t)(plain.headroom + ip_at - b->ip_at);
	c->fields[i] = glb_packet_fields(&plain);
	if (plain.port != b->port || len != b->l2_len) {
		b->relabelled |= 1ULL << i;
		c->l2_lens[i] = (uint8_t)len;
	}
}

/* Fills in what later stages need to know of a packet. */
GLB_INLINE void fill_lane(struct columns *c, struct burst *b, unsigned int i,
			  const struct single *one, uint8_t version)
{
	const struct glb_flow *flow = &one->flow;
	const uint8_t *ip = one->ip;
	const unsigned int traffic = version == 4 ? ip[1] : glb_load_be16(ip) >> 4 & 0xff;

	if (GLB_UNLIKELY(!one->framed_plainly)) {
		fill_ethernet(c, b, i, one);
	} else {
		c->fields[i] = glb_packet_fields(one->pkt);
		c->tags[i] = glb_load32(one->pkt->data + 2 * GLB_MAC_LEN);
	}
	c->ip[i] = (uintptr_t)ip;
	c->ip_lens[i] = flow->ip_len;
	c->tos[i] = b->gen->tos | (traffic & b->gen->tos_mask);
	c->entropy[i] = le_port(flow->entropy);
	c->ports[i] = le_port(flow->src_port) | le_port(flow->dst_port) << 16;
	if (version == 4) {
		c->addrs[0][i] = glb_load_le32(flow->src) | (uint64_t)glb_load_le32(flow->dst)
								    << 32;
		return;
	}
	c->addrs[0][i] = glb_load_le64(flow->src);
	c->addrs[1][i] = glb_load_le64(flow->src + 8);
	c->addrs[2][i] = glb_load_le64(flow->dst);
	c->addrs[3][i] = glb_load_le64(flow->dst + 8);
}

/* Makes a packet that is to be forwarded lane i. */
GLB_INLINE void add_lane(struct columns *c, struct burst *b, unsigned int i,
			 const struct single *one, const struct glb_match *found, uint8_t version)
{
	const enum glb_udp_checksum how = b->gen->settings.udp_checksum;
	const struct glb_route *route = &b->gen->routes[found->table];
	const struct glb_flow *flow = &one->flow;
	uint8_t *ip = one->ip;

	if (GLB_UNLIKELY(found->quic) && flow->kind == GLB_FLOW_PORTS &&
	    flow->fragment == GLB_WHOLE)
		set_server(c, b, i,
			   find_server(route, ip, flow->ip_len, flow->transport_at, flow->ip_len));
	if (GLB_UNLIKELY(flow->tcp_flags & b->gen->rare_tcp_flags) && flow->fragment == GLB_WHOLE)
		clamp_mss(b, one->pkt->port, ip, flow->transport_at, flow->ip_len, route);
	if (how == GLB_UDP_INNER)
		c->sums[i] = le_sum(glb_inner_sum(ip, flow));
	else if (how == GLB_UDP_FULL)
		c->sums[i] = le_sum(sum_packet(ip, GLB_IPV4_LEN & ~7U, flow->ip_len));
	fill_lane(c, b, i, one, version);
	set_route(c, i, route);
}

/* Is a packet one of the IP version that is not that of the burst? */
GLB_INLINE bool is_other_version(const struct glb_packet *pkt, uint8_t version)
{
	const uint16_t ours = version == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6;
	const uint16_t other = version == 4 ? GLB_ETHERTYPE_IPV6 : GLB_ETHERTYPE_IPV4;
	struct glb_cursor cur = glb_cursor(pkt->data, pkt->len);
	uint16_t type = 0;

	if (pkt->len >= GLB_ETHER_LEN && glb_load_be16(pkt->data + 12) == ours)
		return false;
	return glb_parse_ether(&type, &cur) && type == other;
}

/*
 * Reads packet i of the burst. GLB_FORWARD, and it is a lane like any other; or what else becomes
 * of it. One of the other IP version is only noted: it is for a burst of those.
 */
GLB_INLINE enum glb_verdict read_single(struct columns *c, struct burst *b, unsigned int i,
					uint8_t version)
{
	struct single one = {.pkt = &b->pkts[i]};
	struct glb_match found;
	enum glb_verdict verdict;

	if (GLB_UNLIKELY(is_other_version(one.pkt, version))) {
		b->others |= 1ULL << i;
		return GLB_VERDICT_COUNT; /* until that one decides */
	}
	verdict = read_flow(&one.flow, b->gen, one.pkt);
	if (verdict != GLB_FORWARD)
		return verdict;
	one.ip = one.pkt->data + one.flow.ip_at;
	one.framed_plainly = one.pkt->port == b->port && one.flow.ip_at == b->ip_at;
	verdict = select_table(b, &one, &found, version);
	if (GLB_UNLIKELY(b->gen->settings.deny) && found.table >= 0)
		verdict = deny_single(b->gen, verdict, packet_src(&one, version), version);
	if (verdict == GLB_FORWARD && GLB_UNLIKELY(!fits_anyway(b, &one)))
		verdict = check_room(b->gen, one.pkt, &one.flow, &b->gen->routes[found.table]);
	if (verdict == GLB_FORWARD && GLB_UNLIKELY(b->meters != NULL))
		verdict = meter_single(b, &one.flow);
	if (verdict == GLB_FORWARD)
		add_lane(c, b, i, &one, &found, version);
	else if (glb_verdict_is_icmp_reply(verdict) && found.table >= 0)
		note_reply(b->gen, &one, &b->gen->routes[found.table]);
	return verdict;
}

#endif
