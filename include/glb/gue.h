/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is between the outer UDP header and the client's packet?
 *
 * Generic UDP Encapsulation, variant 0 (draft-ietf-intarea-gue), whose private field contains the
 * hops that may own the flow, after the one in the outer destination address:
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---+-+---------+---------------+-------------------------------+
 *   | 0 |0|  words  |   protocol    |           flags = 0           |
 *   +---+-+---------+---------------+---------------+---------------+
 *   |         private type          |   next hop    |   hop count   |
 *   +-------------------------------+---------------+---------------+
 *   |                     hop: an address, hop count times          |
 *   +---------------------------------------------------------------+
 *
 * words: 32-bit words after the first. protocol: 4 or 41, the packet after the header is IPv4 or
 * IPv6. private type: 0, hops are IPv4 addresses of one word each; 1, IPv6 addresses of four words
 * each, and equals the version of the outer IP header. next hop: index of the hop to try if the
 * receiver does not know the flow; directors send 0, and each hop that forwards the packet adds 1.
 * An index behind the last hop leaves none to try. A place before the index is not read as a hop
 * any more: in the first one, the first hop leaves its own address if the packet is to return to
 * it. The index of a returning packet is hop count + 1.
 *
 * Type 1 is an extension of ours. A proxy that only supports type 0 refuses it even if it ignores
 * the type, because words is not 1 + hop count then; and it does not support outer IPv6 at all.
 */
#ifndef GLB_GUE_H
#define GLB_GUE_H

#include <glb/cursor.h>
#include <glb/net.h>

enum {
	GLB_GUE_PORT = 19523,	 /* UDP destination port */
	GLB_GUE_BASE_LEN = 4,	 /* the first word */
	GLB_GUE_ROUTE_LEN = 4,	 /* private type, next hop, hop count */
	GLB_GUE_HOP_LEN = 4,	 /* one IPv4 address */
	GLB_GUE_HOP6_LEN = 16,	 /* one IPv6 address */
	GLB_GUE_HOPS_MAX = 30,	 /* 5 bits of words, less the one with type and count */
	GLB_GUE_HOPS6_MAX = 7,	 /* the same for IPv6 addresses: (31 - 1) / 4 */
	GLB_GUE_HOPS_IPV6 = 1,	 /* private type of IPv6 hops */
	GLB_GUE_NEXT_HOP_AT = 6, /* offset of `next hop` */
	GLB_GUE_HOPS_AT = 8,	 /* offset of the first hop */
};

/* A parsed GUE header. */
struct glb_gue {
	const uint8_t *header; /* first byte of the header, within the packet */
	uint16_t len;	       /* bytes of the whole header, at most 128 */
	uint8_t proto;	       /* GLB_PROTO_IPIP or GLB_PROTO_IPV6 */
	uint8_t next_hop;
	uint8_t hop_count;
	uint8_t hop_len; /* GLB_GUE_HOP_LEN or GLB_GUE_HOP6_LEN */
};

/* Bytes of a header with hop_count hops of hop_len bytes. */
GLB_INLINE uint32_t glb_gue_len(uint32_t hop_count, uint32_t hop_len)
{
	return GLB_GUE_HOPS_AT + hop_count * hop_len;
}

/*
 * Writes everything but the hops; hop_len is GLB_GUE_HOP_LEN or GLB_GUE_HOP6_LEN. The caller writes
 * hop i at out + GLB_GUE_HOPS_AT + i * hop_len. hop_count is at most GLB_GUE_HOPS_MAX or
 * GLB_GUE_HOPS6_MAX respectively, so that words fits its 5 bits.
 */
GLB_INLINE void glb_gue_encode(uint8_t *out, enum glb_proto proto, uint32_t hop_count,
			       uint32_t hop_len)
{
	out[0] = (uint8_t)(1 + hop_count * hop_len / 4);
	out[1] = (uint8_t)proto;
	glb_store16(out + 2, 0);
	glb_store_be16(out + 4, hop_len == GLB_GUE_HOP6_LEN ? GLB_GUE_HOPS_IPV6 : 0);
	out[GLB_GUE_NEXT_HOP_AT] = 0;
	out[GLB_GUE_HOPS_AT - 1] = (uint8_t)hop_count;
}

/*
 * Parses a header whose hops have hop_len bytes, and leaves the cursor at the packet after it.
 *
 * False, with *gue untouched and the cursor at an unspecified position, if the header is truncated,
 * is of another variant, is a control message, has flags or a different private type, or if its
 * length and hop count disagree: directors never write any of these.
 */
GLB_INLINE bool glb_gue_decode(struct glb_gue *gue, struct glb_cursor *cur, uint32_t hop_len)
{
	const uint8_t *base = glb_take(cur, GLB_GUE_HOPS_AT);
	bool ipv6 = hop_len == GLB_GUE_HOP6_LEN;

	if (!base || base[0] >> 5 || glb_load_be32(base + 2) != (ipv6 ? GLB_GUE_HOPS_IPV6 : 0))
		return false;

	uint8_t hop_count = base[GLB_GUE_HOPS_AT - 1];

	if ((base[0] & 0x1fU) != 1 + hop_count * hop_len / 4 ||
	    hop_count > (ipv6 ? GLB_GUE_HOPS6_MAX : GLB_GUE_HOPS_MAX))
		return false;
	if (base[1] != GLB_PROTO_IPIP && base[1] != GLB_PROTO_IPV6)
		return false;
	if (!glb_take(cur, hop_count * hop_len))
		return false;

	*gue = (struct glb_gue){
		.header = base,
		.len = (uint16_t)glb_gue_len(hop_count, hop_len),
		.proto = base[1],
		.next_hop = base[GLB_GUE_NEXT_HOP_AT],
		.hop_count = hop_count,
		.hop_len = (uint8_t)hop_len,
	};
	return true;
}

#endif
