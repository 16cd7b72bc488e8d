/* SPDX-License-Identifier: BSD-3-Clause */
/* clang-format off */
/*
 * What do the stages of the data path pass on to each other?
 *
 * The packets of one IP version in a burst are lanes: what is known of lane i is at index i of the
 * columns below. A stage works on the lanes in groups, as vectors. Memory that a stage reads has
 * been prefetched by an earlier one. The order of the stages is in forward.c.
 *
 *   column     filled by   read by
 *   ip         read        find, sum, write   address of the client's IP packet
 *   fields     read        write              length, headroom, port: glb_packet_fields()
 *   ip_lens    read        find, sum, write   bytes of that packet
 *   tos        read        write              DSCP and ECN of the outer header
 *   entropy    read        write              varies the outer source port besides the hash: the
 *                                             client's port, IPv4 ID or flow label, little-endian
 *   addrs      read        find, hash         source, destination, little-endian; IPv4: one word
 *   ports      read        hash               source, destination, little-endian
 *   keys       read        find               key of the bind: exact.h; IPv6: without the address
 *   sums       read, sum   write              of the client's packet, if the outer checksum needs it
 *   tags       read        write              VLAN tags of the client's frame
 *   k0, k1     find        hash               halves of the table's key
 *   routes     find        hops, write        what the table is to the data path
 *   tables     find        hash               the first row of the table
 *   servers    find        hops               backend that the packet asks for; only if `served`
 *   hashes     hash        hops, write
 *   rows       hash        hops               the row of the flow
 *   alt_rows   hash        hops               by the alternative hash fields, if there are any
 *   first      hops        write              IPv4: address of the primary, little-endian; IPv6: its sum
 *   second     hops        write              the same of the next hop
 *   more       hops        write              the same of the two behind it, in one word (1)
 *   rest       hops        write              sum of the addresses of all others (1)
 *   listed     hops        write              number of hops behind the primary (1)
 *   lists      hops        write              indices of all hops, the primary first (2)
 *
 * (1) Not filled where find_hops() says that every list has one hop behind the primary.
 * (2) Not filled there either, if the proxies are of IPv4.
 *
 * "read" includes single.h, which reads the packets that are not plain.
 *
 * Lanes that are not forwarded are not in `live`. They have the route of the first table, so that
 * every stage may follow the pointers of all lanes, and are never written to a packet.
 */
/* clang-format on */
#ifndef CORE_FORWARD_BURST_H
#define CORE_FORWARD_BURST_H

#include <string.h>

#include "core/bind/exact.h"
#include "forward_isa.h"
#include "vec.h"

enum {
	LANES = FORWARD_BURST,
	VLAN_FRAME_LEN = GLB_ETHER_LEN + GLB_VLAN_LEN, /* bytes of Ethernet with one tag */
};
_Static_assert(LANES % (2 * GROUP) == 0 && LANES <= 64, "whole groups; masks have a bit a lane");

struct columns {
	uint64_t ip[LANES];
	uint64_t fields[LANES];
	uint64_t ip_lens[LANES];
	uint64_t tos[LANES];
	uint64_t entropy[LANES];
	uint64_t addrs[4][LANES];
	uint64_t ports[LANES];
	uint64_t keys[LANES];
	uint64_t sums[LANES];
	uint64_t k0[LANES], k1[LANES];
	uint64_t hashes[LANES];
	uint64_t first[LANES], second[LANES];
	uint64_t more[LANES];
	uint64_t rest[LANES];
	uint64_t listed[LANES];
	uint64_t tags[LANES];
	uint64_t routes[LANES]; /* struct glb_route *, and below, struct glb_row * */
	uint64_t tables[LANES];
	uint64_t rows[LANES];
	uint64_t alt_rows[LANES];
	const uint16_t *lists[LANES];
	uint16_t lists_made[LANES][GLB_WIRE_HOPS_MAX]; /* where a list is not just that of a row */
	uint16_t servers[LANES];
	uint8_t l2_lens[LANES]; /* of `relabelled` lanes: bytes of the outer Ethernet header */
} __attribute__((aligned(64)));

/* What is the same for all lanes; masks have a bit a lane, the first the lowest. */
struct burst {
	const struct glb_generation *gen;
	const struct glb_egress *egress;
	const struct exact_index *exact;
	struct glb_packet *pkts;
	unsigned int count;   /* packets */
	uint8_t version;      /* of the client's packets */
	uint8_t port;	      /* where the first one came in, and plain ones do */
	uint8_t ip_at;	      /* bytes of Ethernet in front of plain ones, */
	uint8_t l2_len;	      /* and of the outer Ethernet header */
	uint16_t head_len;    /* bytes that the outer headers take at most, in front of `ip_at` */
	uint64_t ip_len_max;  /* of plain ones, which surely fit once encapsulated */
	vec2 head, head_mask; /* their first 16 bytes, and which bits of these matter */
	vec2 l2;	      /* the outer Ethernet header, untagged; */
	uint32_t tag;	      /* the tag in it, as in memory, or 0: the client's, if any */
	uint16_t l2_type;     /* the outer EtherType, as in memory */
	const struct glb_outer_plan *outer; /* of the version of the proxies */
	uint64_t odd;			    /* lanes that must be read one by one */
	uint64_t clamped;		    /* SYNs whose MSS is to be looked at */
	uint64_t bare; /* lanes whose packet has no checksum that covers all of it */
	const struct glb_route *route; /* of all lanes, if they are known to have the same */
	uint64_t live;		       /* lanes to be forwarded, */
	uint64_t relabelled; /* and those of them whose Ethernet header is not that of the burst */
	bool served;	     /* are there lanes that ask for a backend: is `servers` filled? */
	uint64_t others;     /* packets of the other IP version */
	struct glb_flow matched_flow; /* what single.h has looked up last, if anything, */
	struct glb_match match;	      /* and found */
	bool matched_any;
	const struct glb_meters *meters; /* NULL: none are applied */
	uint64_t now_ns;		 /* for them */
};

/* The addresses of a group's frames, and the fields of its packets. */
GLB_INLINE void load_packets(vec *data, vec *fields, const struct glb_packet pkts[GROUP])
{
#if defined(__AVX512F__)
	vec a, b, c;

	memcpy(&a, pkts, sizeof(vec));
	memcpy(&b, (const uint8_t *)pkts + sizeof(vec), sizeof(vec));
	memcpy(&c, (const uint8_t *)pkts + 2 * sizeof(vec), sizeof(vec));
	*data = __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 0, 0);
	*data = __builtin_shufflevector(*data, c, 0, 1, 2, 3, 4, 5, 10, 13);
	*fields = __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 0, 0, 0);
	*fields = __builtin_shufflevector(*fields, c, 0, 1, 2, 3, 4, 8, 11, 14);
#else
	for (size_t i = 0; i < GROUP; i++) {
		(*data)[i] = (uintptr_t)pkts[i].data;
		(*fields)[i] = glb_packet_fields(&pkts[i]);
	}
#endif
}

/* The same two of lane n, to its packet. */
GLB_INLINE void store_packet(struct glb_packet *pkt, const struct vec_pairs *words, size_t n)
{
	uint64_t both[2];

	if (GLB_LE16(1) == 1) {
		vec_put_pair(pkt, words, n);
		return;
	}
	vec_put_pair(both, words, n);
	pkt->data = (uint8_t *)(uintptr_t)GLB_LE64(both[0]);
	glb_packet_set_fields(pkt, GLB_LE64(both[1]));
}
_Static_assert(sizeof(struct glb_packet) == 3 * sizeof(uint64_t) &&
		       offsetof(struct glb_packet, len) == sizeof(uint64_t),
	       "three words, of which these are the first two");

/* The lowest `count` bits, at most 64. */
GLB_INLINE uint64_t lanes_below(unsigned int count)
{
	return count < 64 ? (1ULL << count) - 1 : UINT64_MAX;
}

/* The bits of a group in a mask. */
GLB_INLINE uint32_t lanes_of(uint64_t mask, size_t at)
{
	return (uint32_t)(mask >> at) & GROUP_MASK;
}

/* Bytes of a plain packet that are read: IP, and the first 8 behind it. */
GLB_INLINE uint32_t read_len(uint8_t version)
{
	return (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_UDP_LEN;
}

/* The client's IP packet. */
GLB_INLINE uint8_t *lane_ip(const struct columns *c, size_t i)
{
	return (uint8_t *)(uintptr_t)c->ip[i];
}

GLB_INLINE const struct glb_route *lane_route(const struct columns *c, size_t i)
{
	return (const struct glb_route *)(uintptr_t)c->routes[i];
}

GLB_INLINE void set_route(struct columns *c, size_t i, const struct glb_route *route)
{
	c->k0[i] = route->key[0];
	c->k1[i] = route->key[1];
	c->routes[i] = (uintptr_t)route;
	c->tables[i] = (uintptr_t)route->rows;
}

#endif
