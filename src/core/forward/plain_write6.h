/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes go in front of plain packets to IPv6 proxies?
 *
 * As plain_write.h has it for IPv4, whose fields of UDP and GUE these share. Addresses are too long
 * to be worked on side by side: they, and their sums, are taken from the templates of backends.
 */
#ifndef CORE_PLAIN_WRITE6_H
#define CORE_PLAIN_WRITE6_H

#include <string.h>

#include "plain_write.h"

enum { ADDRS6_AT = 8 /* in IPv6 */, OUTER6_HOPS_AT = GLB_IPV6_LEN + UDP_BARE_LEN };
_Static_assert(ADDRS6_AT + 2 * 16 == GLB_IPV6_LEN, "a word, and two addresses");
_Static_assert(OUTER6_HOPS_AT == sizeof(((struct glb_outer *)NULL)->bytes), "as in templates");

/* Asks for the memory in front of frames that reading them did not ask for. */
static void ask_for_room6(const struct plain *plain, const struct burst *burst)
{
	const uint64_t len = burst->outer_len_max;

	for (uint32_t n = 0; n < plain->messages.count; n++)
		__builtin_prefetch(plain->pkts[n]->data - len, 1);
}

static void find_hops6(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];
		const struct glb_row *row = plain->rows[n];
		const struct glb_outer *first = &route->outers[row->hops[0]];
		const struct glb_outer *second = &route->outers[row->hops[1]];

		plain->outers[0][n] = first;
		plain->outers[1][n] = second;
		plain->firsts[n] = lane_le16(first->dst_sum);
		plain->seconds[n] = lane_le16(second->dst_sum);
		plain->pkts[n]->backend = route->first_backend + row->hops[0];
	}
}

/* Hops behind the second. */
static void sum_more_hops6(struct plain *plain)
{
	for (uint32_t n = 0; n < plain->messages.count; n++) {
		const struct glb_route *route = plain->routes[n];

		plain->hop_sums[n] = 0;
		for (unsigned int hop = 2; hop < route->row_hops; hop++)
			plain->hop_sums[n] +=
				lane_le16(route->outers[plain->rows[n]->hops[hop]].dst_sum);
	}
}

/* Version, DSCP and ECN, flow label (RFC 6438) | length, next header, hop limit; then UDP, GUE. */
GLB_INLINE void make_words6(struct plain *plain, const struct burst *burst, uint8_t version)
{
	const struct glb_generation *gen = burst->gen;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t listed = plain->listed[n];
		uint64_t tos = lane_tos(plain->types[n], version, gen);
		uint64_t label = plain->messages.hashes[n] >> 16 & 0xfffff;
		uint64_t len = plain->ip_lens[n] + UDP_BARE_LEN + hop_len(6) * listed;

		/* big-endian, so that a little-endian store puts the version first */
		plain->heads6[n] =
			__builtin_bswap64(6ULL << 60 | tos << 52 | label << 32 | len << 16 |
					  GLB_PROTO_UDP << 8 | GLB_OUTER_TTL);
		plain->tails6[n][0] = plain->udp_ports[n] | (uint64_t)plain->udp_rest[n] << 32;
		plain->tails6[n][1] = lane_gue_first(listed, version, 6) |
				      (uint64_t)lane_gue_second(listed, 6) << 32;
	}
}

GLB_INLINE void write_hop6(uint8_t *out, const struct glb_outer *outer)
{
	memcpy(out, glb_outer_dst(outer, 6), GLB_GUE_HOP6_LEN);
}

/* Hops behind the second. */
static void write_more_hops6(uint8_t *out, const struct glb_route *route, const struct glb_row *row)
{
	for (unsigned int hop = 2; hop < route->row_hops; hop++)
		write_hop6(out + (hop - 2) * GLB_GUE_HOP6_LEN, &route->outers[row->hops[hop]]);
}

static void write_frames6(const struct plain *plain, const struct burst *burst)
{
	const struct glb_egress *egress = burst->egress;
	const bool more = burst->gen->many_hops;
	const uint32_t count = plain->messages.count;

	for (uint32_t n = 0; n < count; n++) {
		struct glb_packet *pkt = plain->pkts[n];
		uint8_t *frame = pkt->data - plain->routes[n]->outer_len;
		uint8_t *ip = frame + GLB_ETHER_LEN;
		uint8_t *hops = ip + OUTER6_HOPS_AT;

		memcpy(frame, egress->l2, sizeof(egress->l2)); /* and 2 bytes of what comes next */
		store_words(ip, &plain->heads6[n], 1);
		memcpy(ip + ADDRS6_AT, plain->outers[0][n]->bytes + ADDRS6_AT, 2 * 16);
		store_words(ip + GLB_IPV6_LEN, plain->tails6[n], 2);
		write_hop6(hops, plain->outers[1][n]);
		if (more)
			write_more_hops6(hops + GLB_GUE_HOP6_LEN, plain->routes[n], plain->rows[n]);
		pkt->data = frame;
		store_fields(pkt, plain->fields[n]);
	}
}

#endif
