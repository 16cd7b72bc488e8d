/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "forward.h"
#include "parts.h"

enum glb_verdict spec_read_packet(struct spec_packet *out, const struct glb_generation *gen,
				  const struct glb_packet *pkt)
{
	enum glb_verdict verdict;

	*out = (struct spec_packet){.gen = gen, .pkt = pkt};
	verdict = glb_parse(&out->flow, pkt->data, pkt->len);
	if (verdict != GLB_FORWARD)
		return verdict;
	out->v4 = out->flow.version == 4;
	out->ip = pkt->data + out->flow.ip_at;
	out->src = out->ip + (out->v4 ? 12 : 8);
	out->dst = out->ip + (out->v4 ? 16 : 24);
	return GLB_FORWARD;
}

/* --- Is the frame for this director? --- */

static bool takes(const struct glb_port *port, const uint8_t *mac)
{
	if (mac[0] & 1)
		return false;
	if (port->any_mac || !memcmp(mac, port->mac, 6))
		return true;
	for (unsigned int i = 0; i < port->mac_count; i++)
		if (!memcmp(mac, port->macs[i], 6))
			return true;
	return false;
}

/* To a group of stations: IP is the kernel's, and so is anything else. Up to two tags. */
static enum glb_verdict judge_group(const struct glb_packet *pkt)
{
	uint32_t at = 12;

	for (unsigned int tags = 0; tags < 2; tags++) {
		uint32_t type = get16(pkt->data + at);

		if (type != 0x8100 && type != 0x88a8)
			break;
		at += 4;
		if (pkt->len < at + 2)
			return GLB_DROP_TRUNCATED;
	}
	return get16(pkt->data + at) == 0x0800 || get16(pkt->data + at) == 0x86dd ? GLB_PUNT_GROUP
										  : GLB_PUNT_NOT_IP;
}

/* --- Can it come from where it says? --- */

bool spec_is_host(const uint8_t *addr, bool v4)
{
	static const uint8_t zeros[15];

	if (v4) /* 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 */
		return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
	if (addr[0] == 0xff || (!memcmp(addr, zeros, 15) && addr[15] < 2)) /* ff00::/8, ::, ::1 */
		return false;
	return memcmp(addr, zeros, 10) != 0 || get16(addr + 10) != 0xffff; /* ::ffff:0:0/96 */
}

bool spec_is_from(const uint8_t *src, const uint8_t *dst, bool v4)
{
	return spec_is_host(src, v4) && memcmp(src, dst, v4 ? 4 : 16) != 0;
}

static bool may_be_client(const struct glb_settings *settings, const uint8_t *src,
			  const uint8_t *vip, bool v4)
{
	const struct glb_addr *own = v4 ? &settings->src_addr : &settings->src_addr6;

	return spec_is_from(src, vip, v4) && memcmp(src, own->bytes, v4 ? 4 : 16) != 0;
}

static bool has_good_source(const struct spec_packet *packet)
{
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;

	if (!may_be_client(settings, packet->src, packet->dst, packet->v4))
		return false;
	return flow->kind != GLB_FLOW_QUOTED ||
	       may_be_client(settings, flow->src, flow->dst, packet->v4);
}

/* A datagram to the GUE port that begins as one of a director's. */
static bool is_encapsulated(const struct spec_packet *packet)
{
	const struct glb_flow *flow = &packet->flow;
	const uint8_t *gue = packet->ip + flow->transport_at + 8;
	uint32_t len = (uint32_t)flow->ip_len - flow->transport_at;
	uint32_t hop_words = packet->v4 ? 1 : 4;

	if (flow->kind != GLB_FLOW_PORTS || flow->proto != 17 || flow->dst_port != 19523 ||
	    len < 16)
		return false;
	if (gue[0] >> 5 || get16(gue + 2) || get16(gue + 4) != (packet->v4 ? 0U : 1U))
		return false;
	if (gue[7] > (packet->v4 ? 30 : 7) || gue[0] != 1 + gue[7] * hop_words)
		return false;
	return (gue[1] == 4 || gue[1] == 41) && len >= 16 + gue[7] * hop_words * 4;
}

/* --- Which table serves it? --- */

/*
 * Quoted is neither TCP nor UDP, and every error is followed: one about an echo reply goes where
 * the request went, and anything else nowhere.
 */
static struct spec_match match_odd_quote(struct spec_packet *packet)
{
	static const struct spec_match none = {.table = NULL};
	struct glb_flow *flow = &packet->flow;
	struct glb_flow request;

	if (flow->proto != (packet->v4 ? 1 : 58) || flow->dst_port != (packet->v4 ? 0 : 129 << 8))
		return none;
	if (packet->gen->settings.echo != GLB_ECHO_FORWARD ||
	    memcmp(flow->dst, packet->dst, packet->v4 ? 4 : 16) != 0)
		return none;
	flow->src_port = flow->dst_port = flow->entropy = 0;
	request = *flow;
	request.kind = GLB_FLOW_ECHO;
	return spec_match(&packet->gen->tables, &request, NULL);
}

static struct spec_match match(struct spec_packet *packet)
{
	static const struct spec_match none = {.table = NULL};
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;

	if (flow->kind == GLB_FLOW_ECHO && settings->echo == GLB_ECHO_PUNT)
		return none;
	if (flow->extra_error && !settings->all_icmp_errors)
		return none;
	if (flow->kind == GLB_FLOW_QUOTED && settings->all_icmp_errors && flow->proto != 6 &&
	    flow->proto != 17)
		return match_odd_quote(packet);
	return spec_match(&packet->gen->tables, flow, packet->dst);
}

/* --- May it be sent to a proxy? --- */

static enum glb_verdict judge(const struct spec_packet *packet)
{
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;
	const uint8_t *ip = packet->ip;

	if (packet->v4 && settings->verify_ip_checksum &&
	    plain_sum(0, ip, 4U * (ip[0] & 15)) != 0xffff)
		return GLB_DROP_BAD_CHECKSUM;
	if (ip[packet->v4 ? 8 : 7] < settings->min_ttl)
		return GLB_DROP_TTL;
	if (flow->kind == GLB_FLOW_FRAGMENT &&
	    !(settings->forward_fragments && spec_one_table(&packet->gen->tables, flow)))
		return GLB_DROP_FRAGMENT;
	if (flow->kind == GLB_FLOW_BAD_QUOTE)
		return GLB_DROP_BAD_QUOTE;
	if (flow->kind != GLB_FLOW_ECHO || settings->echo == GLB_ECHO_FORWARD)
		return GLB_FORWARD;
	return settings->echo == GLB_ECHO_ANSWER && flow->fragment == GLB_WHOLE &&
			       flow->transport_at == (packet->v4 ? 20 : 40) &&
			       spec_may_reply(packet->pkt, flow, ip)
		       ? GLB_ANSWER_ECHO
		       : GLB_DROP_ECHO;
}

static const struct glb_port *port_out(const struct spec_packet *packet)
{
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_port *in = &settings->ports[packet->pkt->port];

	return in->through ? &settings->ports[in->through - 1] : in;
}

/* Bytes in front of the outer IP header. */
static uint32_t l2_len(const struct spec_packet *packet)
{
	uint16_t vlan = port_out(packet)->vlan;

	if (vlan == GLB_VLAN_KEEP)
		return packet->flow.ip_at;
	return vlan == GLB_VLAN_NONE ? 14 : 18;
}

/* Does it fit IP, the MTU and its buffer? Counted is as if no hop were left out. */
static enum glb_verdict check_room(const struct spec_packet *packet, uint32_t outer_len)
{
	static const uint8_t unknown[6];
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;
	const uint32_t headroom = packet->pkt->headroom;
	const uint32_t len = outer_len + flow->ip_len;

	if (len > 65535)
		return GLB_DROP_TOO_BIG;
	if (len > port_out(packet)->mtu && settings->too_big != GLB_TOO_BIG_FORWARD) {
		/* IPv6 promises 1280 bytes: no sender could send less */
		if (settings->too_big == GLB_TOO_BIG_DROP ||
		    (!packet->v4 && flow->ip_len <= 1280) ||
		    !spec_may_reply(packet->pkt, flow, packet->ip))
			return GLB_DROP_MTU;
		return headroom < 48 ? GLB_DROP_NO_HEADROOM : GLB_ANSWER_TOO_BIG;
	}
	if (!memcmp(port_out(packet)->gateway_mac, unknown, 6))
		return GLB_DROP_NO_GATEWAY;
	return headroom + flow->ip_at < outer_len + l2_len(packet) ? GLB_DROP_NO_HEADROOM
								   : GLB_FORWARD;
}

/* --- What is sent --- */

/* Where in a SYN of len bytes the MSS option is, 0 if it has none that can be read. RFC 9293. */
static uint32_t mss_at(const uint8_t *tcp, uint32_t len)
{
	const uint32_t end = 4U * (tcp[12] >> 4);
	uint32_t at = 20;

	if (end > len)
		return 0;
	while (at < end && tcp[at] != 0) {
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 == end || tcp[at + 1] < 2)
			return 0;
		if (tcp[at] == 2)
			return tcp[at + 1] == 4 && at + 4 <= end ? at : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* Lowers the MSS to what fits; the checksum stays as right, or as wrong, as it was: RFC 1624. */
static void clamp_mss(const struct spec_packet *packet, uint8_t *tcp, uint32_t outer_len)
{
	uint32_t at = mss_at(tcp, (uint32_t)packet->flow.ip_len - packet->flow.transport_at);
	uint32_t headers = outer_len + (packet->v4 ? 40 : 60);
	uint32_t mtu = port_out(packet)->mtu;
	uint32_t mss = mtu > headers ? mtu - headers : 65535; /* else no segment fits anyway */
	uint32_t old = get16(tcp + at + 2);
	uint32_t sum = ~get16(tcp + 16) & 0xffffU;

	if (!at || old <= mss)
		return;
	(void)put16(tcp + at + 2, mss);
	if (at % 2) { /* its bytes are in the other halves of two words */
		old = (old << 8 | old >> 8) & 0xffff;
		mss = (mss << 8 | mss >> 8) & 0xffff;
	}
	sum = plain_sum(sum + (~old & 0xffff) + mss, NULL, 0);
	(void)put16(tcp + 16, ~sum & 0xffff);
}

/* RFC 2983 and RFC 6040. */
static uint8_t outer_tos(const struct spec_packet *packet)
{
	const struct glb_settings *settings = &packet->gen->settings;
	uint32_t inner = packet->v4 ? packet->ip[1] : get16(packet->ip) >> 4 & 0xff;
	uint32_t dscp = settings->outer_dscp == GLB_DSCP_COPY ? inner >> 2 : settings->outer_dscp;

	return (uint8_t)(dscp << 2 | (settings->copy_ecn ? inner & 3 : 0));
}

/*
 * Sums the client's packet, trusting its own checksum where that covers all behind the IP header,
 * and where that is without options, which may change what it covers.
 */
static uint16_t inner_sum(const struct spec_packet *packet)
{
	const struct glb_flow *flow = &packet->flow;
	const uint8_t *transport = packet->ip + flow->transport_at;
	const uint32_t head = packet->v4 ? 20 : 40;
	const uint32_t len = (uint32_t)flow->ip_len - flow->transport_at;
	bool udp = flow->kind == GLB_FLOW_PORTS && flow->proto == 17;
	uint32_t proto = flow->kind == GLB_FLOW_PORTS ? flow->proto : 58;
	uint32_t pseudo;

	if (packet->gen->settings.udp_checksum == GLB_UDP_FULL || flow->fragment != GLB_WHOLE ||
	    flow->transport_at != head ||
	    (udp && (!get16(transport + 6) || get16(transport + 4) != len)))
		return plain_sum(0, packet->ip, flow->ip_len);
	if (flow->kind != GLB_FLOW_PORTS && packet->v4) /* ICMP: sums to nothing */
		return plain_sum(0, packet->ip, head);
	pseudo = plain_sum(proto + len, packet->src, packet->v4 ? 8 : 32);
	return plain_sum(~pseudo & 0xffff, packet->ip, head);
}

static void write_udp_checksum(const struct spec_packet *packet, uint8_t *udp, uint32_t addr_len,
			       const uint8_t *inner)
{
	const uint8_t mode = packet->gen->settings.udp_checksum;
	uint32_t sum = plain_sum(17 + get16(udp + 4), udp - 2 * addr_len, 2 * addr_len);

	if (mode == GLB_UDP_FULL || mode == GLB_UDP_INNER) {
		sum = plain_sum(sum + inner_sum(packet), udp, (uint32_t)(inner - udp));
		sum = ~sum & 0xffff;
		if (!sum)
			sum = 0xffff; /* 0 means none */
	}
	(void)put16(udp + 6, mode == GLB_UDP_ZERO ? 0 : sum);
}

/* Addresses and tags; the EtherType is the outer one. */
static void write_l2(uint8_t *out, const struct spec_packet *packet, bool outer_v4)
{
	const struct glb_port *port = port_out(packet);
	uint32_t len = l2_len(packet);
	uint8_t tags[8];

	if (port->vlan == GLB_VLAN_KEEP) {
		memcpy(tags, packet->pkt->data + 12, len - 14);
	} else {
		(void)put16(tags, 0x8100);
		(void)put16(tags + 2, port->vlan);
	}
	memcpy(out, port->gateway_mac, 6);
	memcpy(out + 6, port->mac, 6);
	memcpy(out + 12, tags, len - 14);
	(void)put16(out + len - 2, outer_v4 ? 0x0800 : 0x86dd);
}

static void encapsulate(const struct spec_packet *packet, struct glb_packet *pkt,
			const struct spec_match *match)
{
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;
	struct spec_way way = spec_way_of(settings, match, flow, packet->ip, flow->ip_len);
	uint8_t *inner = pkt->data + flow->ip_at;
	uint8_t head[22 + SPEC_OUTER_MAX];
	uint8_t *ip = head + l2_len(packet);
	uint32_t len = l2_len(packet);

	if (settings->clamp_mss && flow->tcp_flags & 2 && flow->fragment == GLB_WHOLE)
		clamp_mss(packet, inner + flow->transport_at,
			  spec_outer_len(settings, match->table));
	write_l2(head, packet, way.addr_len == 4);
	len += spec_write_outer(ip, settings, &way, flow, outer_tos(packet));
	write_udp_checksum(packet, ip + (way.addr_len == 4 ? 20 : 40), way.addr_len, head + len);
	memcpy(inner - len, head, len);
	pkt->backend = match->first_backend + way.hops[0];
	pkt->headroom = (uint16_t)(pkt->headroom + flow->ip_at - len);
	pkt->len = len + (settings->trim_padding ? flow->ip_len : pkt->len - flow->ip_at);
	pkt->data = inner - len;
}

/* Does a prefix of the list have the source of the packet itself? */
static bool is_denied(const struct spec_packet *packet)
{
	const struct glb_deny *deny = packet->gen->settings.deny;
	const bool v4 = packet->flow.version == 4;
	const uint8_t *src = packet->ip + (v4 ? 12 : 8);

	for (uint32_t i = 0; deny && i < deny->prefix_count; i++) {
		const struct glb_deny_prefix *prefix = &deny->prefixes[i];
		const unsigned int whole = prefix->prefix_len / 8, rest = prefix->prefix_len % 8;
		const uint8_t *bytes = prefix->addr.bytes;

		if (prefix->addr.version == packet->flow.version && !memcmp(bytes, src, whole) &&
		    (!rest || !((bytes[whole] ^ src[whole]) >> (8 - rest))))
			return true;
	}
	return false;
}

static enum glb_verdict forward_one(const struct glb_generation *gen, struct glb_packet *pkt)
{
	const struct glb_packet before = *pkt;
	struct spec_packet packet;
	struct spec_match found;
	enum glb_verdict verdict;

	if (pkt->len < 14)
		return GLB_DROP_TRUNCATED;
	if (!takes(&gen->settings.ports[pkt->port], pkt->data))
		return pkt->data[0] & 1 ? judge_group(pkt) : GLB_DROP_OTHER_HOST;
	verdict = spec_read_packet(&packet, gen, &before);
	if (verdict != GLB_FORWARD)
		return verdict;
	found = match(&packet);
	if (!found.table)
		return packet.flow.kind == GLB_FLOW_QUOTED ? spec_judge_outer_error(&packet)
							   : GLB_PUNT_NO_BIND;
	if (is_encapsulated(&packet))
		return GLB_DROP_LOOP;
	if (!has_good_source(&packet))
		return GLB_DROP_SOURCE;
	if (is_denied(&packet))
		return GLB_DROP_DENIED;
	verdict = judge(&packet);
	if (verdict == GLB_FORWARD)
		verdict = check_room(&packet, spec_outer_len(&gen->settings, found.table));
	if (verdict == GLB_FORWARD)
		encapsulate(&packet, pkt, &found);
	return verdict;
}

void spec_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		packets[i].verdict = (uint8_t)forward_one(gen, &packets[i]);
}
