/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands between the outer UDP header and the client's packet?
 *
 * Generic UDP Encapsulation, variant 0 (draft-ietf-intarea-gue), whose private field carries the
 * hops that may own the flow, after the one in the outer destination address:
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---+-+---------+---------------+-------------------------------+
 *   | 0 |0|  words  |   protocol    |           flags = 0           |
 *   +---+-+---------+---------------+---------------+---------------+
 *   |       private type = 0        |   next hop    |   hop count   |
 *   +-------------------------------+---------------+---------------+
 *   |                 hop: an IPv4 address, hop count times         |
 *   +---------------------------------------------------------------+
 *
 * words: 32-bit words behind the first, that is 1 + hop count. protocol: 4 or 41, the packet behind
 * the header is IPv4 or IPv6. next hop: index of the hop to try when the receiver does not know the
 * flow; directors send 0, each hop that passes the packet on adds 1.
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
	GLB_GUE_HOPS_MAX = 30,	 /* 5 bits of words, less the route word */
	GLB_GUE_NEXT_HOP_AT = 6, /* offset of `next hop` */
	GLB_GUE_HOPS_AT = 8,	 /* offset of the first hop */
};

struct glb_gue {
	const uint8_t *header; /* first byte of the header, inside the packet */
	uint16_t len;	       /* bytes of the whole header */
	uint8_t proto;	       /* GLB_PROTO_IPIP or GLB_PROTO_IPV6 */
	uint8_t next_hop;
	uint8_t hop_count;
};

/* Bytes of a header that lists hop_count hops. */
GLB_INLINE uint32_t glb_gue_len(uint32_t hop_count)
{
	return GLB_GUE_HOPS_AT + hop_count * GLB_GUE_HOP_LEN;
}

/*
 * Writes everything but the hops. The caller writes hop i at out + GLB_GUE_HOPS_AT + i *
 * GLB_GUE_HOP_LEN. hop_count is at most GLB_GUE_HOPS_MAX.
 */
GLB_INLINE void glb_gue_encode(uint8_t *out, enum glb_proto proto, uint8_t hop_count)
{
	out[0] = (uint8_t)(1 + hop_count);
	out[1] = (uint8_t)proto;
	glb_store32(out + 2, 0);
	out[GLB_GUE_NEXT_HOP_AT] = 0;
	out[GLB_GUE_HOPS_AT - 1] = hop_count;
}

/*
 * Reads a header and leaves the cursor on the packet behind it. False, with *gue untouched, when
 * the header is cut short, is of another variant, a control message, has flags or another private
 * type, or its length and hop count disagree: none of these was written by a director.
 */
GLB_INLINE bool glb_gue_decode(struct glb_gue *gue, struct glb_cursor *cur)
{
	const uint8_t *base = glb_take(cur, GLB_GUE_HOPS_AT);

	if (!base || base[0] >> 5 || glb_load32(base + 2))
		return false;

	uint8_t hop_count = base[GLB_GUE_HOPS_AT - 1];

	if ((base[0] & 0x1f) != hop_count + 1 || hop_count > GLB_GUE_HOPS_MAX)
		return false;
	if (base[1] != GLB_PROTO_IPIP && base[1] != GLB_PROTO_IPV6)
		return false;
	if (!glb_take(cur, (uint32_t)hop_count * GLB_GUE_HOP_LEN))
		return false;

	*gue = (struct glb_gue){
		.header = base,
		.len = (uint16_t)glb_gue_len(hop_count),
		.proto = base[1],
		.next_hop = base[GLB_GUE_NEXT_HOP_AT],
		.hop_count = hop_count,
	};
	return true;
}

#endif
