/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes go in front of a client's packet on its way to a proxy?
 *
 *   IPv4 (DF) or IPv6 | UDP to port 19523 | GUE with the hop list | the client's packet
 *
 * The outer family is that of the table's backends. Everything that does not depend on the packet
 * is written once, when a generation is made, into a template per backend. Per packet a template is
 * copied and its variable fields are filled in.
 */
#ifndef GLB_ENCAP_H
#define GLB_ENCAP_H

#include <glb/gue.h>
#include <glb/parse.h>

enum {
	GLB_HOPS_MAX = 4,	 /* of a row, primary included */
	GLB_WIRE_HOPS_MAX = 8,	 /* of a packet: those of a row, and of the alternative fields' */
	GLB_OUTER_LEN_MAX = 128, /* what a packet buffer has in front of a frame, usually */
	GLB_OUTER_TTL = 64,
	GLB_OUTER_UDP_AT = GLB_IPV4_LEN, /* these three: with outer IPv4 */
	GLB_OUTER_GUE_AT = GLB_IPV4_LEN + GLB_UDP_LEN,
	GLB_OUTER_HOPS_AT = GLB_OUTER_GUE_AT + GLB_GUE_HOPS_AT,
};

/* How the outer UDP checksum comes about. */
enum glb_udp_checksum {
	GLB_UDP_FULL,	 /* sum of all bytes */
	GLB_UDP_INNER,	 /* the same sum, worked out from the client's own checksum: glb_inner_sum()
			  */
	GLB_UDP_OFFLOAD, /* the port's device does it: only the pseudo header's sum is filled in */
	GLB_UDP_ZERO,	 /* none: RFC 768, and RFC 6936 for IPv6 */
};

/* Outer headers to one backend up to the hops. Lengths 0, the IPv4 checksum a bare sum. */
struct glb_outer {
	uint8_t bytes[64];
} __attribute__((aligned(64)));
_Static_assert(GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT <= 64, "the longer template fits");

/* Bytes of outer headers of a version whose list names hop_count hops, the primary not counted. */
GLB_INLINE uint32_t glb_outer_len(uint8_t version, uint32_t hop_count)
{
	return version == 4 ? GLB_IPV4_LEN + GLB_UDP_LEN + glb_gue_len(hop_count, GLB_GUE_HOP_LEN)
			    : GLB_IPV6_LEN + GLB_UDP_LEN + glb_gue_len(hop_count, GLB_GUE_HOP6_LEN);
}
_Static_assert(GLB_OUTER_HOPS_AT + (GLB_WIRE_HOPS_MAX - 1) * GLB_GUE_HOP_LEN <= GLB_OUTER_LEN_MAX,
	       "any list of IPv4 hops fits");

/* The address a template of this version leads to, in network order. */
GLB_INLINE const uint8_t *glb_outer_dst(const struct glb_outer *outer, uint8_t version)
{
	return outer->bytes + (version == 4 ? 16 : 24);
}

/* Fills the template of the backend at dst, seen from src: both of 4 bytes, or of 16. */
GLB_INLINE void glb_outer_init(struct glb_outer *outer, uint8_t version, const uint8_t *src,
			       const uint8_t *dst)
{
	uint8_t *ip = outer->bytes;
	uint8_t *udp = ip + (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	*outer = (struct glb_outer){{0}};
	if (version == 4) {
		ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
		glb_store_be16(ip + 6, 0x4000); /* do not fragment */
		ip[8] = GLB_OUTER_TTL;
		ip[9] = GLB_PROTO_UDP;
		__builtin_memcpy(ip + 12, src, 4);
		__builtin_memcpy(ip + 16, dst, 4);
		glb_store16(ip + 10, glb_sum_fold(glb_sum(0, ip, GLB_IPV4_LEN)));
	} else {
		ip[0] = 6 << 4;
		ip[6] = GLB_PROTO_UDP;
		ip[7] = GLB_OUTER_TTL;
		__builtin_memcpy(ip + 8, src, 16);
		__builtin_memcpy(ip + 24, dst, 16);
	}
	glb_store_be16(udp + 2, GLB_GUE_PORT);
	glb_gue_encode(udp + GLB_UDP_LEN, GLB_PROTO_IPIP, 0,
		       version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
}

/* One packet to encapsulate. */
struct glb_encap {
	uint64_t inner_sum;			    /* of the client's packet; see below */
	uint32_t flow_label;			    /* of outer IPv6, 20 bits: RFC 6438 */
	uint16_t inner_len;			    /* bytes of the client's packet */
	uint16_t src_port;			    /* outer UDP source port, host order */
	uint8_t inner_version;			    /* of the client's packet: 4 or 6 */
	uint8_t outer_version;			    /* of the template and the hops: 4 or 6 */
	uint8_t tos;				    /* outer DSCP and ECN */
	uint8_t udp_checksum;			    /* enum glb_udp_checksum; FULL and INNER need */
						    /* inner_sum, and write the same */
	uint8_t hop_count;			    /* of hops, below GLB_WIRE_HOPS_MAX */
	const uint8_t *hops[GLB_WIRE_HOPS_MAX - 1]; /* addresses of 4 or 16 bytes */
};

/* Is the client's packet at ip a whole one under a checksum that covers all of its payload? */
GLB_INLINE bool glb_inner_is_covered(const uint8_t *ip, const struct glb_flow *flow)
{
	const uint8_t *transport = ip + flow->transport_at;
	uint32_t options = flow->version == 4 ? flow->transport_at - GLB_IPV4_LEN : 0;

	/* options of IPv4, like routing headers, may make another destination the one summed */
	if (flow->fragment != GLB_WHOLE || flow->routed || options || flow->kind == GLB_FLOW_OTHER)
		return false;
	if (flow->kind != GLB_FLOW_PORTS || flow->proto == GLB_PROTO_TCP)
		return true;
	return glb_load16(transport + 6) &&
	       glb_load_be16(transport + 4) == flow->ip_len - flow->transport_at;
}

/*
 * The sum of the client's packet at ip in the time its headers take: a segment under a right
 * checksum sums to the complement of its pseudo header ("local checksum offload"). Where the
 * checksum is wrong, so will be the outer one. Packets that it does not cover are summed whole.
 */
GLB_INLINE uint64_t glb_inner_sum(const uint8_t *ip, const struct glb_flow *flow)
{
	if (!glb_inner_is_covered(ip, flow))
		return glb_sum(0, ip, flow->ip_len);

	uint64_t headers = glb_sum(0, ip, flow->transport_at);
	bool v4 = flow->version == 4;
	uint16_t len = (uint16_t)(flow->ip_len - flow->transport_at);
	uint8_t proto = flow->kind == GLB_FLOW_PORTS ? flow->proto : GLB_PROTO_ICMPV6;
	uint64_t pseudo = (uint64_t)GLB_BE16(len) + GLB_BE16(proto);

	if (flow->kind != GLB_FLOW_PORTS && v4) /* ICMP has none, RFC 792 */
		return headers;
	pseudo = v4 ? glb_sum(pseudo, ip + 12, 8) : glb_sum(pseudo, ip + 8, 32);
	return headers + glb_sum_check(pseudo);
}

/* The outer UDP checksum field; it must be 0 before, and everything else outside be written. */
GLB_INLINE uint16_t glb_outer_udp_check(const uint8_t *ip, uint8_t version,
					const struct glb_encap *encap, uint32_t outer_len)
{
	bool v4 = version == 4;
	uint32_t udp_at = v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint16_t udp_len = (uint16_t)(outer_len - udp_at + encap->inner_len);
	uint64_t sum = (uint64_t)GLB_BE16(GLB_PROTO_UDP) + GLB_BE16(udp_len);

	if (encap->udp_checksum == GLB_UDP_ZERO)
		return 0;
	sum = v4 ? glb_sum(sum, ip + 12, 8) : glb_sum(sum, ip + 8, 32);
	if (encap->udp_checksum == GLB_UDP_OFFLOAD)
		return glb_sum_fold(sum);
	sum = glb_sum(sum, ip + udp_at, outer_len - udp_at) + encap->inner_sum;

	uint16_t check = glb_sum_check(sum);

	return check ? check : 0xffff; /* 0 would mean: no checksum, RFC 768 */
}

/* Fills in UDP and GUE behind an outer IP header of this version, in which nothing is missing. */
GLB_INLINE void glb_encap_udp(uint8_t *ip, uint8_t version, const struct glb_encap *encap)
{
	uint32_t ip_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint32_t hop_len = version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	uint32_t outer_len = glb_outer_len(version, encap->hop_count);
	uint8_t *udp = ip + ip_len;
	uint8_t *gue = udp + GLB_UDP_LEN;

	for (unsigned int i = 0; i < encap->hop_count; i++)
		__builtin_memcpy(gue + GLB_GUE_HOPS_AT + i * hop_len, encap->hops[i], hop_len);
	gue[0] = (uint8_t)(1 + encap->hop_count * hop_len / 4);
	gue[GLB_GUE_HOPS_AT - 1] = encap->hop_count;
	if (encap->inner_version == 6)
		gue[1] = GLB_PROTO_IPV6;
	glb_store_be16(udp, encap->src_port);
	glb_store_be16(udp + 4, (uint16_t)(outer_len - ip_len + encap->inner_len));
	glb_store16(udp + 6, glb_outer_udp_check(ip, version, encap, outer_len));
}

GLB_INLINE uint8_t *glb_encap_ipv4(uint8_t *inner, const struct glb_outer *outer,
				   const struct glb_encap *encap)
{
	uint32_t outer_len = glb_outer_len(4, encap->hop_count);
	uint16_t ip_len = (uint16_t)(outer_len + encap->inner_len);
	uint8_t *ip = inner - outer_len;

	__builtin_memcpy(ip, outer->bytes, GLB_OUTER_HOPS_AT);
	ip[1] = encap->tos;
	glb_store_be16(ip + 2, ip_len);
	glb_store16(ip + 10, glb_sum_check((uint64_t)glb_load16(ip + 10) + GLB_BE16(ip_len) +
					   GLB_BE16(encap->tos)));
	glb_encap_udp(ip, 4, encap);
	return ip;
}

GLB_INLINE uint8_t *glb_encap_ipv6(uint8_t *inner, const struct glb_outer *outer,
				   const struct glb_encap *encap)
{
	uint32_t outer_len = glb_outer_len(6, encap->hop_count);
	uint8_t *ip = inner - outer_len;

	__builtin_memcpy(ip, outer->bytes, GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT);
	glb_store_be32(ip, 6U << 28 | (uint32_t)encap->tos << 20 | encap->flow_label);
	glb_store_be16(ip + 4, (uint16_t)(outer_len - GLB_IPV6_LEN + encap->inner_len));
	glb_encap_udp(ip, 6, encap);
	return ip;
}

/*
 * Writes the outer headers in front of the client's packet at `inner`; glb_outer_len() bytes there
 * must be writable, and the outer length must fit 16 bits. Returns the first byte of the outer IP
 * header.
 */
GLB_INLINE uint8_t *glb_encap(uint8_t *inner, const struct glb_outer *outer,
			      const struct glb_encap *encap)
{
	return encap->outer_version == 4 ? glb_encap_ipv4(inner, outer, encap)
					 : glb_encap_ipv6(inner, outer, encap);
}

#endif
