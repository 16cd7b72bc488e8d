/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes go in front of packets?
 *
 * The same as glb/encap.h says, without templates: all but the hops, lengths and checksums is the
 * same for a burst, and those are worked out side by side. Numbers are those that little-endian
 * loads make of the fields, so a field of two bytes in network order has them swapped.
 *
 * No sum in a lane overflows, or is more than vec_fold() takes: that of a packet has at most 38
 * bits when it gets here, and the dozen of terms that are added have 33 at most.
 */
#ifndef CORE_FORWARD_WRITE_H
#define CORE_FORWARD_WRITE_H

#include <string.h>

#include "hops.h"

enum {
	UDP_BARE_LEN = GLB_UDP_LEN + GLB_GUE_HOPS_AT, /* UDP and GUE without hops */
	ADDRS6_AT = 8,				      /* in IPv6 */
};
_Static_assert(ADDRS6_AT + 2 * 16 == GLB_IPV6_LEN, "a word, and two addresses");
_Static_assert(GLB_IPV6_LEN + UDP_BARE_LEN == sizeof(((struct glb_outer *)NULL)->bytes),
	       "as in templates");

/* Bytes of a hop. Here and below, `outer` is the version of the proxies: 4 or 6. */
GLB_INLINE uint32_t hop_len(uint8_t outer)
{
	return outer == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
}

/* Outer headers of a group, but for addresses of IPv6 and further hops. */
struct outer_group {
	vec len; /* of all outer headers, without Ethernet */
	vec udp_len;
	vec udp_ports;	/* source, destination */
	vec udp_rest;	/* length, checksum */
	vec gue_first;	/* version, length, protocol, flags */
	vec gue_second; /* private type, next hop, number of hops */
	vec ip_sum;	/* of IPv4 without length, TOS, identification */
};

/*
 * UDP and GUE; `one`: each list has one hop.
 *
 * The checksum: what it covers is the pseudo header, UDP, GUE with its hops, and the client's
 * packet; devices that do the rest find the sum of the pseudo header alone, not complemented.
 */
GLB_INLINE void make_udp(struct outer_group *o, const struct columns *c, const struct burst *b,
			 size_t at, bool one, uint8_t version, uint8_t outer)
{
	const enum glb_udp_checksum how = b->gen->settings.udp_checksum;
	const uint64_t gue_port = GLB_LE16(GLB_BE16(GLB_GUE_PORT));
	vec listed = one ? vec_all(1) : vec_load(c->listed, at);
	vec hops_len = outer == 4 ? listed << 2 : listed << 4;
	vec be_len, port, sum, check = {0};

	o->udp_len = vec_load(c->ip_lens, at) + UDP_BARE_LEN + hops_len;
	o->len = hops_len + (outer == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + UDP_BARE_LEN;
	be_len = vec_swap16(o->udp_len);
	port = vec_swap16(vec_load(c->hashes, at)) ^ vec_load(c->entropy, at);
	port = (port & 0xff7f) | 0x80;
	o->udp_ports = port | gue_port << 16;
	o->gue_first = (1 + (hops_len >> 2)) |
		       (version == 4 ? (uint64_t)GLB_PROTO_IPIP : GLB_PROTO_IPV6) << 8;
	o->gue_second = listed << 24 | (outer == 4 ? 0 : GLB_GUE_HOPS_IPV6 << 8);
	sum = vec_load(c->first, at) + be_len + b->outer->pseudo_sum;
	if (how == GLB_UDP_FULL || how == GLB_UDP_INNER) {
		sum += be_len + o->udp_ports + o->gue_first + o->gue_second +
		       vec_load(c->second, at) + vec_load(c->sums, at);
		if (!one)
			sum += vec_halves(vec_load(c->more, at)) + vec_load(c->rest, at);
		/*
		 * The complement, as what is left of a larger multiple of 0xffff: that is not 0, so
		 * the checksum is not either, which would mean that there is none, RFC 768.
		 */
		check = vec_fold((0xffffULL << 30) - sum);
	} else if (how == GLB_UDP_OFFLOAD) {
		check = vec_fold(sum);
	}
	o->udp_rest = be_len | (check & 0xffff0000);
	o->ip_sum = vec_load(c->first, at) + b->outer->ip_sum;
}

/* What becomes of the packets themselves: address of the frame, and fields. */
GLB_INLINE struct vec_pairs make_packets(const struct columns *c, const struct burst *b, size_t at,
					 vec outer_len)
{
	typedef uint16_t quarters __attribute__((vector_size(sizeof(vec))));
	const vec added = outer_len + b->l2_len;
	vec fields = vec_load(c->fields, at) & ~(0xffULL << 56); /* GLB_FORWARD */

	if (b->gen->settings.trim_padding)
		fields = (fields & 0xffffffff00000000) | (vec_load(c->ip_lens, at) + b->ip_at);
	/* what the headroom of relabelled lanes lacks may not be taken from the port behind it */
	fields = (vec)((quarters)fields - (quarters)((added - b->ip_at) << 32));
	return vec_pair(vec_load(c->ip, at) - added, fields + added - b->ip_at);
}
_Static_assert(GLB_FORWARD == 0, "the verdict in the top byte");

/*
 * The Ethernet header of lane i in front of `ip`, but for tags, and bytes behind it that are
 * written after it. Of relabelled lanes relabel() has it: there may be no room for another one.
 */
GLB_INLINE void put_ethernet(uint8_t *ip, const struct burst *b, size_t i, bool all)
{
	if (all || !(b->relabelled >> i & 1))
		memcpy(ip - b->l2_len, &b->l2, sizeof(b->l2));
}

/* Hops behind those that have columns. */
GLB_INLINE void put_rest(uint8_t *out, const struct columns *c, size_t i, unsigned int hop,
			 uint8_t outer)
{
	const struct glb_route *route = lane_route(c, i);
	const uint16_t *list = c->lists[i];

	for (; hop <= c->listed[i]; hop++, out += hop_len(outer)) {
		if (outer == 4)
			glb_store32(out, route->addrs[list[hop]]);
		else
			memcpy(out, glb_outer_dst(&route->outers[list[hop]], 6), GLB_GUE_HOP6_LEN);
	}
}

/* IPv4 hops behind the second. */
GLB_INLINE void put_more_hops4(uint8_t *out, const struct columns *c, size_t i)
{
	const uint64_t more = GLB_LE64(c->more[i]);

	if (c->listed[i] > 2)
		glb_store64(out, more);
	else if (c->listed[i] == 2)
		memcpy(out, &more, GLB_GUE_HOP_LEN);
	if (GLB_UNLIKELY(c->listed[i] > 3))
		put_rest(out + 2 * GLB_GUE_HOP_LEN, c, i, GLB_HOPS_MAX, 4);
}

/*
 * To IPv4 proxies. The outer headers up to the second hop are five words, little-endian:
 *
 *   0  version, header length | TOS | length | identification | do not fragment
 *   1  TTL | protocol | checksum | source address
 *   2  destination address | UDP ports
 *   3  UDP length | checksum | GUE version, length, protocol, flags
 *   4  GUE private type, next hop, hop count | the hop
 */
GLB_INLINE void write_group4(const struct columns *c, const struct burst *b, size_t at,
			     uint32_t lanes, bool all, bool one, uint8_t version)
{
	struct outer_group o;
	struct vec_pairs front, middle, back, packets;
	vec be_len, tos, check, last;

	make_udp(&o, c, b, at, one, version, 4);
	be_len = vec_swap16(o.udp_len + GLB_IPV4_LEN);
	tos = vec_load(c->tos, at) << 8;
	check = ~vec_fold(o.ip_sum + be_len + tos) & 0xffff0000;
	front = vec_pair(b->outer->words[0] | be_len << 16 | tos, b->outer->words[1] | check);
	last = o.udp_rest | o.gue_first << 32;
	middle = vec_pair(vec_load(c->first, at) | o.udp_ports << 32, last);
	back = vec_pair(last, o.gue_second | vec_load(c->second, at) << 32);
	packets = make_packets(c, b, at, o.len);
#pragma GCC unroll 8
	for (size_t n = 0; n < GROUP; n++) {
		const uint32_t listed = one ? 1 : (uint32_t)c->listed[at + n];
		uint8_t *ip = lane_ip(c, at + n) - glb_outer_len(4, listed);

		if (!all && !(lanes >> n & 1))
			continue;
		put_ethernet(ip, b, at + n, all);
		vec_put_pair(ip, &front, n);
		vec_put_pair(ip + 16, &middle, n);
		if (GLB_LIKELY(listed))
			vec_put_pair(ip + 24, &back, n);
		else
			glb_store32(ip + 32, 0); /* the first half of word 4 */
		if (!one)
			put_more_hops4(ip + glb_outer_len(4, 1), c, at + n);
		store_packet(&b->pkts[at + n], &packets, n);
	}
}

/*
 * To IPv6 proxies: version, DSCP and ECN, flow label (RFC 6438) | length, next header, hop limit;
 * addresses from the template of the backend; UDP and GUE.
 */
GLB_INLINE void write_group6(const struct columns *c, const struct burst *b, size_t at,
			     uint32_t lanes, bool all, bool one, uint8_t version)
{
	struct outer_group o;
	struct vec_pairs tail, packets;
	uint64_t head[GROUP] __attribute__((aligned(64)));
	vec label = vec_load(c->hashes, at) >> 16 & 0xfffff;

	make_udp(&o, c, b, at, one, version, 6);
	tail = vec_pair(o.udp_ports | o.udp_rest << 32, o.gue_first | o.gue_second << 32);
	vec_store(head, 0,
		  6ULL << 60 | vec_load(c->tos, at) << 52 | label << 32 | o.udp_len << 16 |
			  GLB_PROTO_UDP << 8 | GLB_OUTER_TTL);
	packets = make_packets(c, b, at, o.len);
#pragma GCC unroll 8
	for (size_t n = 0; n < GROUP; n++) {
		const size_t i = at + n;
		const struct glb_outer *outers = lane_route(c, i)->outers;
		const uint32_t listed = one ? 1 : (uint32_t)c->listed[i];
		uint8_t *ip = lane_ip(c, i) - glb_outer_len(6, listed);
		uint8_t *hops = ip + glb_outer_len(6, 0);

		if (!all && !(lanes >> n & 1))
			continue;
		put_ethernet(ip, b, i, all);
		glb_store64(ip, GLB_BE64(head[n]));
		memcpy(ip + ADDRS6_AT, outers[c->lists[i][0]].bytes + ADDRS6_AT, 2 * 16);
		vec_put_pair(ip + GLB_IPV6_LEN, &tail, n);
		if (GLB_LIKELY(listed))
			memcpy(hops, glb_outer_dst(&outers[c->lists[i][1]], 6), GLB_GUE_HOP6_LEN);
		if (!one)
			put_rest(hops + GLB_GUE_HOP6_LEN, c, i, 2, 6);
		store_packet(&b->pkts[at + n], &packets, n);
	}
}

GLB_INLINE void write_group(const struct columns *c, const struct burst *b, size_t at,
			    uint32_t lanes, bool all, bool one, uint8_t version, uint8_t outer)
{
	if (outer == 4)
		write_group4(c, b, at, lanes, all, one, version);
	else
		write_group6(c, b, at, lanes, all, one, version);
}

/* Gives lane i, which has been written, the Ethernet header that its own port and tags want. */
static void relabel(const struct columns *c, const struct burst *b, size_t i, uint8_t outer)
{
	const struct glb_settings *settings = &b->gen->settings;
	struct glb_packet *pkt = &b->pkts[i];
	const struct glb_port *port = &settings->ports[glb_way_out(settings, pkt->port)];
	const uint32_t len = c->l2_lens[i];
	uint8_t *ip = pkt->data + b->l2_len;
	uint8_t *frame = ip - len;

	memcpy(frame, port->gateway_mac, GLB_MAC_LEN);
	memcpy(frame + GLB_MAC_LEN, port->mac, GLB_MAC_LEN);
	if (port->vlan == GLB_VLAN_KEEP) {
		memcpy(frame + 2 * GLB_MAC_LEN, &c->tags[i], len - GLB_ETHER_LEN);
	} else if (port->vlan != GLB_VLAN_NONE) {
		glb_store_be16(frame + 12, GLB_ETHERTYPE_VLAN);
		glb_store_be16(frame + 14, port->vlan);
	}
	glb_store_be16(ip - 2, outer == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	pkt->headroom = (uint16_t)(pkt->headroom + b->l2_len - len);
	pkt->len = pkt->len + len - b->l2_len;
	pkt->data = frame;
}

/* The tags of lanes that have been written, and the EtherType behind it. */
static void put_tags(const struct columns *c, const struct burst *b, uint64_t lanes)
{
	for (; lanes; lanes &= lanes - 1) {
		const size_t i = (size_t)__builtin_ctzll(lanes);
		uint8_t *tag = b->pkts[i].data + 2 * GLB_MAC_LEN;

		glb_store32(tag, b->tag ? b->tag : (uint32_t)c->tags[i]);
		glb_store16(tag + GLB_VLAN_LEN, b->l2_type);
	}
}

/* Works out the Ethernet header in front of outer packets of a version. */
GLB_INLINE void start_ethernet(struct burst *b, uint8_t outer)
{
	const struct glb_settings *settings = &b->gen->settings;
	const struct glb_port *port = &settings->ports[glb_way_out(settings, b->port)];
	uint8_t tag[GLB_VLAN_LEN] = {0x81, 0, (uint8_t)(port->vlan >> 8), (uint8_t)port->vlan};

	b->l2_type = GLB_BE16(outer == 4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	memcpy(&b->l2, b->egress->l2, sizeof(b->l2));
	b->l2[1] |= GLB_LE64((uint64_t)GLB_LE16(b->l2_type) << 32);
	b->tag = port->vlan == GLB_VLAN_KEEP || port->vlan == GLB_VLAN_NONE ? 0 : glb_load32(tag);
}

/* Writes the outer headers of live lanes, whose backends are of the version `outer`. */
GLB_INLINE void write_lanes(const struct columns *c, struct burst *b, uint64_t live, bool one,
			    uint8_t version, uint8_t outer)
{
	start_ethernet(b, outer);
	b->outer = &b->gen->outer_plans[outer == 6];
	for (size_t at = 0; at < b->count; at += GROUP) {
		const uint32_t lanes = lanes_of(live, at);

		const bool all = lanes == GROUP_MASK && !lanes_of(b->relabelled, at);

		if (GLB_LIKELY(all && one))
			write_group(c, b, at, lanes, true, true, version, outer);
		else if (GLB_LIKELY(all))
			write_group(c, b, at, lanes, true, false, version, outer);
		else
			write_group(c, b, at, lanes, false, one, version, outer);
	}
	if (GLB_UNLIKELY(b->l2_len > GLB_ETHER_LEN))
		put_tags(c, b, live & ~b->relabelled);
	for (uint64_t left = b->relabelled & live; left; left &= left - 1)
		relabel(c, b, (size_t)__builtin_ctzll(left), outer);
}

#endif
