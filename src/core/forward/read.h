/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets of a burst are plain, and what do their headers say?
 *
 * Plain are the packets that nearly all are: in frames to the port, with as many VLAN tags as the
 * first one of the burst has, at most one; TCP or UDP, whole, without IPv4 options or IPv6
 * extension headers, from a source that can be one, and sure to fit where they go. They are read
 * side by side. All others are `odd`, and single.h reads them.
 */
#ifndef CORE_FORWARD_READ_H
#define CORE_FORWARD_READ_H

#include "burst.h"
#include "ingress.h"

/* Stands for packets that are too short to be read, and for those behind the last one. */
static const uint8_t no_frame[VLAN_FRAME_LEN + GLB_IPV6_LEN + GLB_UDP_LEN];

/* Copies a group, with frames of no length in place of packets that are not there, or too short. */
static void shelter(struct glb_packet safe[GROUP], const struct glb_packet *pkts,
		    unsigned int count, uint32_t least)
{
	for (size_t i = 0; i < GROUP; i++) {
		if (i < count && pkts[i].len >= least)
			safe[i] = pkts[i];
		else
			safe[i] = (struct glb_packet){.data = (uint8_t *)(uintptr_t)no_frame};
	}
}

/* The headers of a group of packets: little-endian words of their IP packets, and what they say. */
struct headers {
	vec addrs[4];  /* source, destination; of IPv4 both in the first */
	vec transport; /* ports; of UDP, length and checksum */
	vec ip_len;    /* of the packet */
	vec proto;     /* TCP, UDP, or else it is odd */
	vec traffic;   /* class: DSCP and ECN */
	vec ttl;       /* or hop limit */
	vec sum;       /* of the IP header but the addresses, below 2^34 */
	vec read_sum;  /* of all that is read: read_len() bytes; below 2^37 */
	vec odd;       /* not 0: it is not plain */
};

/*
 * From four bytes in front of the IP header on, IPv4 is
 *
 *   0  .. | EtherType | version, header length | TOS | length
 *   1  identification | fragment | TTL | protocol | checksum
 *   2  source | destination
 *   3  the first 8 bytes behind the header
 */
GLB_INLINE void read_ipv4(struct headers *h, const uint8_t *const ip[GROUP])
{
	const uint8_t *at[GROUP];
	vec words[4];

	for (size_t i = 0; i < GROUP; i++)
		at[i] = ip[i] - 4;
	vec_gather(words, at);
	h->addrs[0] = words[2];
	h->transport = words[3];
	h->ip_len = vec_swap16(words[0]) >> 48;
	h->proto = words[1] >> 40 & 0xff;
	h->traffic = words[0] >> 40;
	h->ttl = words[1] >> 32 & 0xff;
	h->sum = (words[0] >> 32) + vec_halves(words[1]);
	h->read_sum = h->sum + vec_halves(words[2]) + vec_halves(words[3]);
	h->odd = ((words[0] ^ 0x4500080000) & 0xffffff0000) | (words[1] & 0xff3f0000);
}

/*
 * From eight bytes in front of the IP header on, and from the end of the source address on, IPv6 is
 *
 *   0  .. | EtherType                                           0  the last half of the source
 *   1  version, class, flow label | length | protocol | limit   1  destination
 *   2  source                                                   2
 *   3                                                           3  as of IPv4
 */
GLB_INLINE void read_ipv6(struct headers *h, const uint8_t *const ip[GROUP])
{
	const uint8_t *at[GROUP];
	vec front[4], back[4];
	vec first;

	for (size_t i = 0; i < GROUP; i++)
		at[i] = ip[i] - 8;
	vec_gather(front, at);
	for (size_t i = 0; i < GROUP; i++)
		at[i] = ip[i] + 16;
	vec_gather(back, at);
	first = front[1];
	h->addrs[0] = front[2];
	h->addrs[1] = front[3];
	h->addrs[2] = back[1];
	h->addrs[3] = back[2];
	h->transport = back[3];
	h->ip_len = (vec_swap16(first) >> 32 & 0xffff) + GLB_IPV6_LEN;
	h->proto = first >> 48 & 0xff;
	h->traffic = (first << 4 & 0xf0) | (first >> 12 & 0xf);
	h->ttl = first >> 56;
	h->sum = vec_halves(first);
	h->read_sum = h->sum + vec_halves(front[2]) + vec_halves(front[3]) + vec_halves(back[1]) +
		      vec_halves(back[2]) + vec_halves(back[3]);
	h->odd = (front[0] >> 48 ^ 0xdd86) | ((first & 0xf0) ^ 0x60);
}

/*
 * Not 0 in lanes that may not leave, or have no room around them, or are shorter than they say. One
 * addition compares three numbers: bit 31 of it is set if the frame is as long as the packet in it,
 * and bit 56 if the port is that of the burst, so that there are ones in its place, and the
 * headroom carries into them.
 */
GLB_INLINE vec misfits(vec fields, vec ip_len, const struct burst *b)
{
	const uint64_t flip = (uint64_t)(uint8_t)~b->port << 48;
	const uint64_t add = ((1ULL << 16) - b->head_len) << 32 | ((1ULL << 31) - b->ip_at);
	vec numbers = (fields ^ flip) & 0x00ffffff7fffffff;

	return ~(numbers + add - ip_len) & (1ULL << 56 | 1ULL << 31);
}

/* Has its top bit set where a packet is not as long as its headers, or may be too long to leave. */
GLB_INLINE vec misshapen(const struct headers *h, const struct burst *b)
{
	/* the transport header of TCP, 6, has 12 bytes more than that of UDP, 17 */
	vec least = (h->proto << 1 & 12) + read_len(b->version);

	return vec_less(h->ip_len, least) | vec_less(vec_all(b->ip_len_max), h->ip_len);
}

/*
 * Has its top bit set where the source of a packet is not an address that its sender can have: see
 * glb_may_be_from(), and the director's own.
 */
GLB_INLINE vec strange4(vec addrs, uint64_t own)
{
	vec src = addrs & 0xffffffff;
	vec first = (src - 1) & 0xff; /* byte of the source, less 1: 0 is above all */

	return (222 - first) | vec_less(first ^ 126, vec_all(1)) |
	       vec_less(src ^ addrs >> 32, vec_all(1)) | vec_less(src ^ own, vec_all(1));
}

/* The same of IPv6; set for all of ::/64, most of which single.h knows to be fine. */
GLB_INLINE vec strange6(const vec addrs[4], const uint64_t own[2])
{
	vec same = (addrs[0] ^ addrs[2]) | (addrs[1] ^ addrs[3]);
	vec ours = (addrs[0] ^ own[0]) | (addrs[1] ^ own[1]);

	return vec_zero(addrs[0]) | vec_less(~addrs[0] & 0xff, vec_all(1)) | vec_zero(same) |
	       vec_zero(ours);
}

/* Not 0 where the settings have something against a header. */
GLB_INLINE vec refused(const struct headers *h, const struct glb_settings *settings,
		       uint8_t version)
{
	vec refused = vec_less(h->ttl, vec_all(settings->min_ttl)) >> 63;

	if (version == 4 && settings->verify_ip_checksum) {
		vec sum = vec_fold(h->sum + vec_halves(h->addrs[0]));

		refused |= ~sum & 0xffff0000;
	}
	return refused;
}

/*
 * The sum of packets that a checksum of their own covers, as glb_inner_sum() has it. Their
 * addresses are in the IP header and, taken away, in the pseudo header, so that neither need be
 * summed.
 */
GLB_INLINE vec sum_covered(const struct headers *h, uint32_t header_len)
{
	return h->sum + 2 * 0xffff - vec_swap16(h->ip_len - header_len) - (h->proto << 8);
}

/* Not 0 in lanes of UDP without a checksum, or one that does not cover all of the packet. */
GLB_INLINE vec uncovered(const struct headers *h, uint32_t header_len)
{
	vec len = vec_swap16(h->transport) >> 32 & 0xffff;
	vec bare = vec_zero(h->transport >> 48) >> 63;

	return (bare | (len ^ (h->ip_len - header_len))) & -(h->proto >> 4 & 1);
}

/* What the first 16 bytes of a group's frames have that differs from plain ones. */
GLB_INLINE bool heads_differ(const struct glb_packet *pkts, const struct burst *b)
{
	vec2 differ = {0};

	for (size_t i = 0; i < GROUP; i++) {
		vec2 head;

		__builtin_memcpy(&head, pkts[i].data, sizeof(head));
		differ |= head ^ b->head;
	}
	differ &= b->head_mask;
	return differ[0] | differ[1];
}

/* The lanes of such a group that do. */
static uint32_t lanes_astray(const struct glb_packet *pkts, const struct burst *b)
{
	uint32_t lanes = 0;

	for (size_t i = 0; i < GROUP; i++) {
		vec2 head;

		__builtin_memcpy(&head, pkts[i].data, sizeof(head));
		head = (head ^ b->head) & b->head_mask;
		lanes |= (head[0] | head[1] ? 1U : 0) << i;
	}
	return lanes;
}

/* The key of a packet's bind, as in exact.h, but for the address of IPv6. */
GLB_INLINE vec bind_keys(const struct headers *h, uint8_t version)
{
	vec what = (h->transport >> 16 & 0xffff) << 48 | h->proto << 32 | exact_what(version, 0, 0);

	return version == 4 ? what | h->addrs[0] >> 32 : what;
}

/* Fills in the columns of a group. */
GLB_INLINE void take(struct columns *c, struct burst *b, size_t at, vec fields,
		     const struct headers *h, uint8_t version)
{
	const struct glb_generation *gen = b->gen;
	vec ports = h->transport & 0xffffffff;

	vec_store(c->fields, at, fields);
	vec_store(c->ip_lens, at, h->ip_len);
	vec_store(c->tos, at, gen->tos | (h->traffic & gen->tos_mask));
	vec_store(c->addrs[0], at, h->addrs[0]);
	for (unsigned int w = 1; w < 4 && version == 6; w++)
		vec_store(c->addrs[w], at, h->addrs[w]);
	vec_store(c->ports, at, ports);
	vec_store(c->entropy, at, ports & 0xffff);
	vec_store(c->keys, at, bind_keys(h, version));
	if (gen->settings.udp_checksum == GLB_UDP_FULL) {
		vec_store(c->sums, at, h->read_sum);
	} else if (gen->settings.udp_checksum == GLB_UDP_INNER) {
		const uint32_t header_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;

		vec_store(c->sums, at, sum_covered(h, header_len));
		b->bare |= (uint64_t)vec_nonzero(uncovered(h, header_len)) << at;
	}
}

/* Of one group; `count` packets are there, of it or behind it, too. */
GLB_INLINE void read_group(struct columns *c, struct burst *b, size_t at,
			   const struct glb_packet *pkts, unsigned int count, uint8_t version)
{
	const struct glb_settings *settings = &b->gen->settings;
	const struct glb_addr *own = version == 4 ? &settings->src_addr : &settings->src_addr6;
	const uint32_t least = b->ip_at + read_len(version);
	const uintptr_t head_at = (uintptr_t)b->ip_at - b->head_len;
	const uint64_t own_words[2] = {glb_load_le64(own->bytes), glb_load_le64(own->bytes + 8)};
	struct glb_packet safe[GROUP];
	const uint8_t *ip[GROUP];
	struct headers h;
	vec data = {0}, fields = {0}; /* too short */
	vec signs;

	if (GLB_LIKELY(count >= GROUP))
		load_packets(&data, &fields, pkts);
	if (GLB_UNLIKELY(vec_nonzero(vec_less(fields & 0xffffffff, vec_all(least)) >> 63))) {
		shelter(safe, pkts, count, least);
		pkts = safe;
		load_packets(&data, &fields, safe);
	}
	vec_store(c->ip, at, data + b->ip_at);
	for (size_t i = 0; i < GROUP; i++) {
		ip[i] = pkts[i].data + b->ip_at;
		/* where the outer headers will be, if there is room for them */
		__builtin_prefetch((const void *)((uintptr_t)pkts[i].data + head_at), 1);
	}
	if (version == 4)
		read_ipv4(&h, ip);
	else
		read_ipv6(&h, ip);
	signs = misshapen(&h, b) | (version == 4 ? strange4(h.addrs[0], own_words[0] & UINT32_MAX)
						 : strange6(h.addrs, own_words));
	h.odd |= (signs & 1ULL << 63) | misfits(fields, h.ip_len, b) |
		 (vec)((h.proto != GLB_PROTO_TCP) & (h.proto != GLB_PROTO_UDP));
	if (GLB_UNLIKELY(b->gen->strict_ip))
		h.odd |= refused(&h, settings, version);
	b->odd |= (uint64_t)vec_nonzero(h.odd) << at;
	if (GLB_UNLIKELY(heads_differ(pkts, b)))
		b->odd |= (uint64_t)lanes_astray(pkts, b) << at;
	take(c, b, at, fields, &h, version);
}

/* Notes the tags of plain packets, and which of them are the SYNs of TCP, if that matters. */
static void read_more(struct columns *c, struct burst *b, uint8_t version)
{
	const bool tagged = b->ip_at > GLB_ETHER_LEN;
	const uint32_t flags_at = (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + 13;

	for (size_t i = 0; i < b->count; i++) {
		const uint8_t *ip = lane_ip(c, i);

		if (b->odd >> i & 1)
			continue;
		if (tagged)
			c->tags[i] = glb_load32(ip - GLB_VLAN_LEN - 2);
		/* those of UDP may be behind the frame */
		if (ip[version == 4 ? 9 : 6] == GLB_PROTO_TCP &&
		    ip[flags_at] & b->gen->rare_tcp_flags)
			b->clamped |= 1ULL << i;
	}
}

/* Reads all of a burst. The version is a constant in what this becomes. */
GLB_INLINE void read_burst(struct columns *c, struct burst *b, uint8_t version)
{
	b->odd = b->bare = b->clamped = 0;
	for (size_t at = 0; at < b->count; at += GROUP)
		read_group(c, b, at, b->pkts + at, b->count - (unsigned int)at, version);
	b->odd &= lanes_below(b->count);
	if (GLB_UNLIKELY(b->ip_at > GLB_ETHER_LEN || b->gen->rare_tcp_flags))
		read_more(c, b, version);
}

#endif
