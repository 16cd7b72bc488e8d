/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes go in front of plain packets?
 *
 * The same as glb/encap.h says, without templates: all but the hops, lengths and checksums is the
 * same for a burst, and those are worked out side by side. What differs for IPv6 proxies is in
 * plain_write6.h.
 */
#ifndef CORE_PLAIN_WRITE_H
#define CORE_PLAIN_WRITE_H

#include <string.h>

#include "plain.h"
#include "sum.h"

/* Is a plain packet of UDP under a checksum that covers all of it? Those of TCP are. */
GLB_INLINE bool is_covered(const uint8_t *ip, uint8_t version, uint32_t ip_len)
{
	uint32_t head_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;

	return ip[version == 4 ? 9 : 6] != GLB_PROTO_UDP ||
	       (glb_load16(ip + head_len + 6) &&
		glb_load_be16(ip + head_len + 4) == ip_len - head_len);
}

/* Sums packets as far as it takes looking at more than is in arrays. */
GLB_INLINE void sum_inner(struct plain *plain, enum glb_udp_checksum how, uint8_t version)
{
	const uint32_t least =
		version == 4 ? GLB_IPV4_LEN + GLB_TCP_LEN : GLB_IPV6_LEN + GLB_TCP_LEN;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		const uint8_t *ip = plain->pkts[n]->data + GLB_ETHER_LEN;
		uint32_t len = plain->ip_lens[n];

		if (how == GLB_UDP_INNER)
			plain->covered[n] = is_covered(ip, version, len) ? UINT64_MAX : 0;
		if (how == GLB_UDP_FULL || GLB_UNLIKELY(!plain->covered[n]))
			plain->inner_sums[n] = lane_le_sum(sum_packet(ip, least & ~7U, len));
	}
}

/*
 * What glb_inner_sum() says of covered packets. Their addresses are in the IP header and, taken
 * away, in the pseudo header, so that neither need be summed.
 */
GLB_INLINE void sum_covered(struct plain *plain, uint8_t version)
{
	const uint32_t head_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		/* of the IP header, what is before the addresses */
		uint64_t first = plain->types[n] >> 16;
		uint64_t limits = plain->limits[n] & (version == 4 ? 0xffffffffffff : 0xffff);
		uint64_t proto =
			version == 4 ? plain->limits[n] >> 24 & 0xff : plain->limits[n] & 0xff;
		uint64_t len = lane_swap64(plain->ip_lens[n] - head_len);
		uint64_t sum = (first & 0xffffffff) + (first >> 32) + (limits & 0xffffffff) +
			       (limits >> 32) + 2 * 0xffff - len - (proto << 8);

		plain->inner_sums[n] =
			(plain->inner_sums[n] & ~plain->covered[n]) | (sum & plain->covered[n]);
	}
}

/* The way and the version are constants in each of the loops this becomes. */
static void sum_inners(struct plain *plain, const struct burst *burst)
{
	enum glb_udp_checksum how = burst->gen->settings.udp_checksum;

	if (how == GLB_UDP_FULL && burst->version == 4) {
		sum_inner(plain, GLB_UDP_FULL, 4);
	} else if (how == GLB_UDP_FULL) {
		sum_inner(plain, GLB_UDP_FULL, 6);
	} else if (how == GLB_UDP_INNER && burst->version == 4) {
		sum_inner(plain, GLB_UDP_INNER, 4);
		sum_covered(plain, 4);
	} else if (how == GLB_UDP_INNER) {
		sum_inner(plain, GLB_UDP_INNER, 6);
		sum_covered(plain, 6);
	} else {
		memset(plain->inner_sums, 0, sizeof(plain->inner_sums));
	}
}

/* DSCP and ECN of the outer header. */
GLB_INLINE uint64_t lane_tos(uint64_t type, uint8_t version, const struct glb_generation *gen)
{
	uint64_t inner = version == 4 ? type >> 24 : (type >> 12 & 0xf0) | (type >> 28 & 0xf);

	return gen->tos | (inner & gen->tos_mask);
}

/* Bytes of a hop. Here and below, `outer` is the version of the proxies: 4 or 6. */
GLB_INLINE uint32_t hop_len(uint8_t outer)
{
	return outer == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
}

/* GUE up to the hops, as two little-endian words. */
GLB_INLINE uint32_t lane_gue_first(uint32_t listed, uint8_t version, uint8_t outer)
{
	return (1 + hop_len(outer) / 4 * listed) |
	       (uint32_t)(version == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6) << 8;
}

GLB_INLINE uint32_t lane_gue_second(uint32_t listed, uint8_t outer)
{
	return listed << 24 | (outer == 4 ? 0 : GLB_GUE_HOPS_IPV6 << 8);
}

GLB_INLINE uint32_t lane_gue_sum(uint32_t listed, uint8_t version, uint8_t outer)
{
	uint32_t second = lane_gue_second(listed, outer);

	return lane_gue_first(listed, version, outer) + (second >> 16) + (second & 0xffff);
}

/* Checksums, lengths and the outer source port; those of the outer IP header for IPv4 only. */
GLB_INLINE void make_fields(struct plain *plain, const struct burst *burst, uint8_t version,
			    uint8_t outer)
{
	const struct glb_generation *gen = burst->gen;
	enum glb_udp_checksum how = gen->settings.udp_checksum;
	/* only a whole sum has more than the pseudo header in it, and is complemented */
	const bool whole = how == GLB_UDP_FULL || how == GLB_UDP_INNER;
	const uint32_t whole_mask = whole ? UINT32_MAX : 0;
	const uint32_t keep = how == GLB_UDP_ZERO ? 0 : 0xffff;
	const uint32_t ip_sum = burst->ip_sum;
	const uint32_t pseudo_sum = burst->pseudo_sum;
	const uint32_t gue_port = GLB_LE16(GLB_BE16(GLB_GUE_PORT));
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t listed = plain->listed[n];
		uint32_t udp_len = plain->ip_lens[n] + UDP_BARE_LEN + hop_len(outer) * listed;
		uint32_t hash = (uint32_t)plain->messages.hashes[n] & 0xffff;
		uint32_t tos = (uint32_t)lane_tos(plain->types[n], version, gen) << 8;
		uint32_t be_len = lane_swap(udp_len + GLB_IPV4_LEN);
		uint32_t be_udp_len = lane_swap(udp_len);
		uint32_t be_port = ((lane_swap(hash) ^ (uint32_t)plain->ports[n]) & 0xff7f) | 0x80;
		uint32_t first = (plain->firsts[n] & 0xffff) + (plain->firsts[n] >> 16);
		uint32_t second = (plain->seconds[n] & 0xffff) + (plain->seconds[n] >> 16);
		uint64_t inner = (plain->inner_sums[n] & 0xffffffff) + (plain->inner_sums[n] >> 32);
		uint32_t inner_sum = lane_fold((uint32_t)((inner & 0xffff) + (inner >> 16)));
		uint32_t sum = inner_sum + second + plain->hop_sums[n] + be_udp_len + be_port +
			       gue_port + lane_gue_sum(listed, version, outer);
		uint32_t udp_check =
			lane_fold((sum & whole_mask) + pseudo_sum + first + be_udp_len) ^
			(whole_mask & 0xffff);

		udp_check = (udp_check ? udp_check : 0xffff) & keep; /* 0: none, RFC 768 */
		plain->udp_ports[n] = be_port | gue_port << 16;
		plain->udp_rest[n] = be_udp_len | udp_check << 16;
		if (outer == 6)
			continue;
		plain->be_lens[n] = be_len << 16 | tos;
		plain->ip_checks[n] = (lane_fold(ip_sum + first + be_len + tos) ^ 0xffff) << 16;
	}
}

GLB_INLINE void make_words(struct plain *plain, const struct burst *burst, uint8_t version)
{
	const uint64_t word0 = burst->word0;
	const uint64_t word1 = burst->word1;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t listed = plain->listed[n];

		plain->words01[n][0] = word0 | plain->be_lens[n];
		plain->words01[n][1] = word1 | plain->ip_checks[n];
		plain->words23[n][0] = plain->firsts[n] | (uint64_t)plain->udp_ports[n] << 32;
		plain->words23[n][1] =
			plain->udp_rest[n] | (uint64_t)lane_gue_first(listed, version, 4) << 32;
		plain->words4[n] = lane_gue_second(listed, 4) | (uint64_t)plain->seconds[n] << 32;
	}
}

/* What becomes of the packets themselves. */
GLB_INLINE void make_packets(struct plain *plain, bool trim, uint8_t outer)
{
	const uint32_t count = plain->messages.count;
	const uint64_t port_mask = 0xffULL << 48;
	const uint64_t verdict = (uint64_t)GLB_FORWARD << 56;

	for (uint32_t n = 0; n < count; n++) {
		uint64_t fields = plain->fields[n];
		uint64_t outer_len =
			glb_outer_len(outer, 0) + hop_len(outer) * (uint64_t)plain->listed[n];
		uint64_t headroom = (fields >> 32 & 0xffff) - outer_len;
		uint64_t len =
			trim ? plain->ip_lens[n] + (uint64_t)GLB_ETHER_LEN : fields & 0xffffffff;

		plain->fields[n] =
			(len + outer_len) | headroom << 32 | (fields & port_mask) | verdict;
	}
}

GLB_INLINE void store_words(uint8_t *out, const uint64_t *words, unsigned int count)
{
	uint64_t le[2];

	for (unsigned int w = 0; w < count; w++)
		le[w] = GLB_LE64(words[w]);
	memcpy(out, le, count * sizeof(*le));
}

/* Hops behind the second. */
static void write_more_hops(uint8_t *out, const struct glb_route *route, const struct glb_row *row)
{
	for (unsigned int hop = 2; hop < route->row_hops; hop++)
		glb_store32(out + (hop - 2) * GLB_GUE_HOP_LEN, route->addrs[row->hops[hop]]);
}

static void write_frames(const struct plain *plain, const struct burst *burst)
{
	const struct glb_egress *egress = burst->egress;
	const bool more = burst->gen->many_hops;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		struct glb_packet *pkt = plain->pkts[n];
		uint8_t *frame = pkt->data - plain->routes[n]->outer_len;
		uint8_t *ip = frame + GLB_ETHER_LEN;

		memcpy(frame, egress->l2, sizeof(egress->l2)); /* and 2 bytes of what comes next */
		store_words(ip, plain->words01[n], 2);
		store_words(ip + 16, plain->words23[n], 2);
		store_words(ip + 32, &plain->words4[n], 1);
		if (more)
			write_more_hops(ip + 8 * OUTER_WORDS, plain->routes[n], plain->rows[n]);
		pkt->data = frame;
		store_fields(pkt, plain->fields[n]);
	}
}

#endif
