/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the stages of plain packets hand each other?
 *
 * The packets of a burst lie side by side in arrays, and pass through one stage after the other:
 * what a stage reads from memory was asked for a stage before, and arithmetic is done in loops that
 * compilers make vectors of. Private to plain.c, whose parts these headers are.
 */
#ifndef CORE_PLAIN_H
#define CORE_PLAIN_H

#include "core/bind/exact.h"

#include "messages.h"

enum { LANES = FORWARD_BURST };

/*
 * The outer headers of a plain packet to IPv4 proxies with one hop behind the primary are five
 * words, little-endian:
 *
 *   0  version, header length | TOS | length | identification | do not fragment
 *   1  TTL | protocol | checksum | source address
 *   2  destination address | UDP ports
 *   3  UDP length | checksum | GUE words, protocol, flags
 *   4  GUE private type, next hop, hop count | the hop
 */
enum { OUTER_WORDS = 5, UDP_BARE_LEN = GLB_UDP_LEN + GLB_GUE_HOPS_AT /* without hops */ };
_Static_assert(GLB_OUTER_HOPS_AT + GLB_GUE_HOP_LEN == OUTER_WORDS * 8, "they end with the hop");

/* Plain packets of one IP version, or such as may be; all about one at the same index. */
struct plain {
	struct messages messages; /* and how many there are */
	struct glb_packet *pkts[LANES];
	uint64_t fields[LANES];	  /* of the packets: see load_fields() */
	uint64_t macs[LANES];	  /* from the destination address on, little-endian */
	uint64_t types[LANES];	  /* from the EtherType on, little-endian */
	uint64_t limits[LANES];	  /* likewise, from the fragment field of IPv4 or the next header of
				     IPv6 */
	uint64_t addrs[4][LANES]; /* likewise, source and destination */
	uint64_t ports[LANES];	  /* likewise, source and destination; */
				  /* of IPv4, at first with the destination address */
	uint64_t whats[LANES];	  /* key of the bind: see exact.h; 0: not plain */
	const struct glb_route *routes[LANES];
	const struct glb_row *rows[LANES];
	uint32_t ip_lens[LANES];    /* bytes of the client's IP packet */
	uint32_t listed[LANES];	    /* hops behind the primary */
	uint32_t firsts[LANES];	    /* addresses of the primary and of the hop behind it, */
	uint32_t seconds[LANES];    /* little-endian; of IPv6 ones, sums */
	uint32_t hop_sums[LANES];   /* of other hops' addresses */
	uint64_t inner_sums[LANES]; /* of the client's packet, unless it is covered: */
	uint64_t covered[LANES];    /* all ones: see sum_covered() */
	uint32_t be_lens[LANES];    /* header fields of the outer IP */
	uint32_t ip_checks[LANES];
	uint32_t udp_ports[LANES];  /* and of UDP: the ports, little-endian, */
	uint32_t udp_rest[LANES];   /* length and checksum */
	uint64_t words01[LANES][2]; /* of the outer headers */
	uint64_t words23[LANES][2];
	uint64_t words4[LANES];
	const struct glb_outer *outers[2][LANES]; /* of IPv6 proxies: primary, and hop behind it */
	uint64_t heads6[LANES];			  /* the first word of outer IPv6 */
	uint64_t tails6[LANES][2];		  /* and the words of UDP and GUE behind it */
};

/* What is the same for all packets of a burst. */
struct burst {
	const struct glb_generation *gen;
	const struct exact_index *exact;
	const struct glb_egress *egress;
	struct glb_packet *pkts;
	uint64_t ip_len_max;	/* of packets that surely fit the port once encapsulated, */
	uint64_t outer_len_max; /* by so many bytes at most */
	struct message_plan plan;
	uint64_t word0, word1;	/* of outer IPv4, but for lengths and checksums */
	uint32_t ip_sum;	/* of these */
	uint32_t pseudo_sum;	/* of the pseudo header, but for length and destination */
	uint8_t version;	/* of the client's packets */
	bool other_version;	/* are there IP packets of the other one? */
	uint64_t mac, mac_mask; /* plain frames go to this address: see struct glb_ingress */
	uint64_t fields_flip, fields_add; /* see lane_misfit() */
	uint64_t own[2];		  /* outer source address, little-endian */
};

/* Arithmetic on 16-bit numbers in wider lanes. */
GLB_INLINE uint64_t lane_swap64(uint64_t value)
{
	return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

GLB_INLINE uint32_t lane_swap(uint32_t value)
{
	return (value << 8 | value >> 8) & 0xffff;
}

GLB_INLINE uint32_t lane_le16(uint32_t value)
{
	return GLB_LE16(1) == 1 ? value : lane_swap(value);
}

/* A sum of native 16-bit numbers as one of little-endian ones. */
GLB_INLINE uint64_t lane_le_sum(uint64_t sum)
{
	return GLB_LE16(1) == 1 ? sum : lane_swap(glb_sum_fold(sum));
}

GLB_INLINE uint32_t lane_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/*
 * All of a packet but its address, as one word: len in 32 bits, then headroom in 16, port and
 * verdict in 8 each.
 */
GLB_INLINE uint64_t load_fields(const struct glb_packet *pkt)
{
	if (GLB_LE16(1) == 1)
		return glb_load64((const uint8_t *)pkt + offsetof(struct glb_packet, len));
	return pkt->len | (uint64_t)pkt->headroom << 32 | (uint64_t)pkt->port << 48 |
	       (uint64_t)pkt->verdict << 56;
}

GLB_INLINE void store_fields(struct glb_packet *pkt, uint64_t fields)
{
	if (GLB_LE16(1) == 1) {
		glb_store64((uint8_t *)pkt + offsetof(struct glb_packet, len), fields);
		return;
	}
	pkt->len = (uint32_t)fields;
	pkt->headroom = (uint16_t)(fields >> 32);
	pkt->verdict = (uint8_t)(fields >> 56);
}
_Static_assert(offsetof(struct glb_packet, headroom) == offsetof(struct glb_packet, len) + 4 &&
		       offsetof(struct glb_packet, port) == offsetof(struct glb_packet, len) + 6 &&
		       offsetof(struct glb_packet, verdict) == offsetof(struct glb_packet, len) + 7,
	       "the fields of a packet are one word");

/* Has its top bit set if a is less than b, both below 2^63. Cheaper in vectors than a comparison.
 */
GLB_INLINE uint64_t lane_less(uint64_t a, uint64_t b)
{
	return a - b;
}

#endif
