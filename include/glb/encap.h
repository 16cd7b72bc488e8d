/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes go in front of a client's packet on its way to a proxy?
 *
 *   IPv4 (DF, TTL 64) | UDP to port 19523 | GUE with the hop list | the client's packet, untouched
 *
 * Everything that does not depend on the packet is written once, when a generation is made, into a
 * template per backend. Per packet a template is copied and four fields are patched.
 */
#ifndef GLB_ENCAP_H
#define GLB_ENCAP_H

#include <glb/gue.h>
#include <glb/net.h>

enum {
	GLB_HOPS_MAX = 4,      /* of a row, primary included */
	GLB_WIRE_HOPS_MAX = 8, /* of a packet: those of a row, and of the alternative fields' row */
	GLB_OUTER_LEN_MAX = GLB_IPV4_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT +
			    (GLB_WIRE_HOPS_MAX - 1) * GLB_GUE_HOP_LEN,
	GLB_OUTER_TTL = 64,
	GLB_OUTER_UDP_AT = GLB_IPV4_LEN,
	GLB_OUTER_GUE_AT = GLB_IPV4_LEN + GLB_UDP_LEN,
	GLB_OUTER_HOPS_AT = GLB_OUTER_GUE_AT + GLB_GUE_HOPS_AT,
};

/* Outer headers to one backend: IPv4, UDP, GUE. Lengths 0, the IPv4 checksum a bare sum. */
struct glb_outer {
	uint8_t bytes[64];
} __attribute__((aligned(64)));
_Static_assert(GLB_OUTER_LEN_MAX <= 64, "the template of the longest hop list fits");

/* Bytes of outer headers whose list names hop_count hops, the primary not counted. */
GLB_INLINE uint32_t glb_outer_len(uint32_t hop_count)
{
	return GLB_OUTER_HOPS_AT + hop_count * GLB_GUE_HOP_LEN;
}

/* The address a template leads to, as 4 bytes in network order. */
GLB_INLINE const uint8_t *glb_outer_dst(const struct glb_outer *outer)
{
	return outer->bytes + 16;
}

/* Fills the template of the backend at dst, seen from src: IPv4 addresses of 4 bytes each. */
GLB_INLINE void glb_outer_init(struct glb_outer *outer, const uint8_t *src, const uint8_t *dst,
			       uint8_t hop_count)
{
	uint8_t *ip = outer->bytes;

	*outer = (struct glb_outer){{0}};
	ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
	glb_store_be16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = GLB_OUTER_TTL;
	ip[9] = GLB_PROTO_UDP;
	__builtin_memcpy(ip + 12, src, 4);
	__builtin_memcpy(ip + 16, dst, 4);
	glb_store16(ip + 10, glb_sum_fold(glb_sum(0, ip, GLB_IPV4_LEN)));
	glb_store_be16(ip + GLB_OUTER_UDP_AT + 2, GLB_GUE_PORT);
	glb_gue_encode(ip + GLB_OUTER_GUE_AT, GLB_PROTO_IPIP, hop_count);
}

/* One packet to encapsulate. */
struct glb_encap {
	uint16_t inner_len;			    /* bytes of the client's packet */
	uint16_t src_port;			    /* outer UDP source port, host order */
	uint8_t version;			    /* of the client's packet: 4 or 6 */
	uint8_t hop_count;			    /* as given to glb_outer_init() */
	const uint8_t *hops[GLB_WIRE_HOPS_MAX - 1]; /* hop_count IPv4 addresses */
};

/* The outer UDP checksum over pseudo header, UDP, GUE and inner packet; its field must be 0. */
GLB_INLINE uint16_t glb_outer_udp_check(const uint8_t *ip, uint16_t udp_len)
{
	uint64_t sum = GLB_BE16(GLB_PROTO_UDP) + (uint64_t)GLB_BE16(udp_len);

	sum = glb_sum(sum, ip + 12, 8);
	sum = glb_sum(sum, ip + GLB_OUTER_UDP_AT, udp_len);

	uint16_t check = glb_sum_check(sum);

	return check ? check : 0xffff; /* 0 would mean: no checksum, RFC 768 */
}

/*
 * Writes the outer headers in front of the client's packet at `inner`; glb_outer_len() bytes there
 * must be writable, and the outer length must fit 16 bits. Returns the first byte of the outer IPv4
 * header.
 */
GLB_INLINE uint8_t *glb_encap(uint8_t *inner, const struct glb_outer *outer,
			      const struct glb_encap *encap)
{
	uint32_t outer_len = glb_outer_len(encap->hop_count);
	uint16_t ip_len = (uint16_t)(outer_len + encap->inner_len);
	uint16_t udp_len = (uint16_t)(ip_len - GLB_IPV4_LEN);
	uint8_t *ip = inner - outer_len;
	uint8_t *udp = ip + GLB_OUTER_UDP_AT;

	__builtin_memcpy(ip, outer->bytes, GLB_OUTER_HOPS_AT);
	for (unsigned int i = 0; i < encap->hop_count; i++)
		__builtin_memcpy(ip + GLB_OUTER_HOPS_AT + i * GLB_GUE_HOP_LEN, encap->hops[i], 4);

	glb_store_be16(ip + 2, ip_len);
	glb_store16(ip + 10, glb_sum_check((uint64_t)glb_load16(ip + 10) + GLB_BE16(ip_len)));
	glb_store_be16(udp, encap->src_port);
	glb_store_be16(udp + 4, udp_len);
	if (encap->version == 6)
		ip[GLB_OUTER_GUE_AT + 1] = GLB_PROTO_IPV6;
	glb_store16(udp + 6, glb_outer_udp_check(ip, udp_len));
	return ip;
}

#endif
