/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes are put in front of a client's packet on its way to a proxy?
 *
 *   IPv4 (DF) or IPv6 | UDP to port 19523 | GUE with the hop list | the client's packet
 *
 * The outer IP version is that of the table's backends. Everything that does not depend on the
 * packet is written once, when a generation is made, into a template per backend. Per packet a
 * template is copied and its variable fields are filled in.
 *
 * Sums are kept unfolded in 64 bits, as in net.h. The largest one here is that of the outer UDP
 * checksum: a template's sum, up to 7 sums of hops and 5 header words, each below 2^16, and the sum
 * of the client's packet, below 2^34. It stays below 2^35, and is folded once.
 */
#ifndef GLB_ENCAP_H
#define GLB_ENCAP_H

#include <glb/gue.h>
#include <glb/parse.h>

enum {
	GLB_HOPS_MAX = 4,	 /* per row, including the primary */
	GLB_WIRE_HOPS_MAX = 8,	 /* per packet: of the row, and of the alternative one */
	GLB_OUTER_LEN_MAX = 128, /* headroom that packet buffers usually have in front of a frame */
	GLB_OUTER_TTL = 64,
	GLB_OUTER_UDP_AT = GLB_IPV4_LEN, /* these three: with outer IPv4 */
	GLB_OUTER_GUE_AT = GLB_IPV4_LEN + GLB_UDP_LEN,
	GLB_OUTER_HOPS_AT = GLB_OUTER_GUE_AT + GLB_GUE_HOPS_AT,
};

/* How the outer UDP checksum is computed. */
enum glb_udp_checksum {
	GLB_UDP_FULL,	 /* summed over all bytes */
	GLB_UDP_INNER,	 /* the same result, derived from the client's own checksum: glb_inner_sum()
			  */
	GLB_UDP_OFFLOAD, /* by the port's device: only the pseudo-header sum is filled in */
	GLB_UDP_ZERO,	 /* none: RFC 768, and RFC 6936 for IPv6 */
};

/*
 * Outer headers to one backend, up to the hops, with sums of them so that they need not be summed
 * per packet. Fields that depend on the packet are 0; the IPv4 checksum field has the sum of the
 * header, folded but not complemented.
 */
struct glb_outer {
	uint8_t bytes[56];
	uint32_t udp_sum; /* of what the UDP checksum covers: pseudo header, UDP, GUE; folded */
	uint32_t dst_sum; /* of the backend's address; folded */
} __attribute__((aligned(64)));
/*
 * What the sums of a template are for: the outer UDP checksum covers the template's bytes, the
 * hops, the packet's own fields and the client's packet. The first part is udp_sum; a hop adds the
 * dst_sum of its own template, as its address is the destination there; the rest is added per
 * packet.
 */
_Static_assert(GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT == 56, "the longer headers fit");
_Static_assert(sizeof(struct glb_outer) == 64, "one cache line");

/* Bytes of outer headers of an IP version with hop_count hops after the primary. At most 64 for
 * IPv4; for IPv6, hop_count must be at most 4 to stay within GLB_OUTER_LEN_MAX. */
GLB_INLINE uint32_t glb_outer_len(uint8_t version, uint32_t hop_count)
{
	return version == 4 ? GLB_IPV4_LEN + GLB_UDP_LEN + glb_gue_len(hop_count, GLB_GUE_HOP_LEN)
			    : GLB_IPV6_LEN + GLB_UDP_LEN + glb_gue_len(hop_count, GLB_GUE_HOP6_LEN);
}
_Static_assert(GLB_OUTER_HOPS_AT + (GLB_WIRE_HOPS_MAX - 1) * GLB_GUE_HOP_LEN <= GLB_OUTER_LEN_MAX,
	       "any list of IPv4 hops fits");

/* The destination address in a template of this IP version, in network byte order. */
GLB_INLINE const uint8_t *glb_outer_dst(const struct glb_outer *outer, uint8_t version)
{
	return outer->bytes + (version == 4 ? 16 : 24);
}

/*
 * Fills in the template for the backend at dst, with src as the source: both have 4 or 16 bytes.
 * All bytes that are not set here are 0, and so are those behind shorter IPv4 headers. Templates
 * are written once, before workers see the generation, and only read from then on.
 */
GLB_INLINE void glb_outer_init(struct glb_outer *outer, uint8_t version, const uint8_t *src,
			       const uint8_t *dst)
{
	uint8_t *ip = outer->bytes;
	uint8_t *udp = ip + (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	*outer = (struct glb_outer){.udp_sum = 0};
	if (version == 4) {
		ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
		glb_store_be16(ip + 6, 0x4000); /* DF */
		ip[8] = GLB_OUTER_TTL;
		ip[9] = GLB_PROTO_UDP;
		__builtin_memcpy(ip + 12, src, 4);
		__builtin_memcpy(ip + 16, dst, 4);
		/* with a length and TOS of 0: glb_encap_ipv4() adds them and complements */
		glb_store16(ip + 10, glb_sum_fold(glb_sum(0, ip, GLB_IPV4_LEN)));
	} else {
		ip[0] = 6 << 4;
		ip[6] = GLB_PROTO_UDP;
		ip[7] = GLB_OUTER_TTL;
		__builtin_memcpy(ip + 8, src, 16);
		__builtin_memcpy(ip + 24, dst, 16);
	}
	glb_store_be16(udp + 2, GLB_GUE_PORT);
	if (version == 6)
		glb_store_be16(udp + GLB_UDP_LEN + 4, GLB_GUE_HOPS_IPV6);

	/* the pseudo header but for its length; the UDP header's length and checksum are 0 */
	uint32_t addr_len = version == 4 ? 4 : 16;
	uint64_t sum = glb_sum(GLB_BE16(GLB_PROTO_UDP), src, addr_len);

	outer->dst_sum = glb_sum_fold(glb_sum(0, dst, addr_len));
	sum = glb_sum(sum + outer->dst_sum, udp, GLB_UDP_LEN + GLB_GUE_HOPS_AT);
	outer->udp_sum = glb_sum_fold(sum);
}

/* Describes the encapsulation of one packet. */
struct glb_encap {
	uint64_t inner_sum;    /* sum of the client's packet, below 2^34: glb_inner_sum() */
	uint32_t flow_label;   /* of outer IPv6, 20 bits: RFC 6438 */
	uint16_t inner_len;    /* bytes of the client's packet */
	uint16_t src_port;     /* outer UDP source port, host byte order */
	uint8_t inner_version; /* of the client's packet: 4 or 6 */
	uint8_t outer_version; /* of the template and the hops: 4 or 6 */
	uint8_t tos;	       /* outer DSCP and ECN */
	uint8_t udp_checksum;  /* enum glb_udp_checksum; FULL and INNER both require */
			       /* inner_sum and write the same */
	uint8_t hop_count;     /* entries in hops, below GLB_WIRE_HOPS_MAX */
	const struct glb_outer *hops[GLB_WIRE_HOPS_MAX - 1];
};

/* Is the client's packet at ip a whole one whose checksum covers all of its payload? UDP without
 * a checksum, or with a length that contradicts the IP header, is not. */
GLB_INLINE bool glb_inner_is_covered(const uint8_t *ip, const struct glb_flow *flow)
{
	const uint8_t *transport = ip + flow->transport_at;
	uint32_t bare = flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	bool options = flow->transport_at != bare;

	/*
	 * options and extension headers can change the addresses covered by the checksum: source
	 * routes, routing headers, the home address of RFC 6275
	 */
	if (flow->fragment != GLB_WHOLE || options || flow->kind == GLB_FLOW_OTHER)
		return false;
	if (flow->kind != GLB_FLOW_PORTS || flow->proto == GLB_PROTO_TCP)
		return true;
	return glb_load16(transport + 6) &&
	       glb_load_be16(transport + 4) == flow->ip_len - flow->transport_at;
}

/*
 * The sum of the client's packet at ip, below 2^34, computed from its headers alone: a segment with
 * a correct checksum sums to the complement of its pseudo header ("local checksum offload"). If its
 * checksum is wrong, the outer one will be wrong as well. Packets that are not covered by a
 * checksum are summed in full.
 *
 * The packet has flow->ip_len bytes, as glb_parse() has verified.
 */
GLB_INLINE uint64_t glb_inner_sum(const uint8_t *ip, const struct glb_flow *flow)
{
	if (!glb_inner_is_covered(ip, flow))
		return glb_sum(0, ip, flow->ip_len);

	/* an even number of bytes, so what follows is in the right halves */
	uint64_t headers = glb_sum(0, ip, flow->transport_at);
	bool v4 = flow->version == 4;
	uint16_t len = (uint16_t)(flow->ip_len - flow->transport_at);
	uint8_t proto = flow->kind == GLB_FLOW_PORTS ? flow->proto : GLB_PROTO_ICMPV6;
	uint64_t pseudo = (uint64_t)GLB_BE16(len) + GLB_BE16(proto);

	if (flow->kind != GLB_FLOW_PORTS && v4) /* ICMP has no pseudo header, RFC 792 */
		return headers;
	pseudo = v4 ? glb_sum(pseudo, ip + 12, 8) : glb_sum(pseudo, ip + 8, 32);
	return headers + glb_sum_check(pseudo);
}

/*
 * The sum of the pseudo header alone, which checksum offload expects in the checksum field: of the
 * addresses, which end where the UDP header at `udp` begins in both IP versions, the protocol and
 * the length. Folded, but not complemented.
 */
GLB_INLINE uint16_t glb_encap_pseudo(const uint8_t *udp, uint8_t version, uint16_t be_len)
{
	uint32_t len = version == 4 ? 8 : 32;

	return glb_sum_fold(glb_sum((uint64_t)GLB_BE16(GLB_PROTO_UDP) + be_len, udp - len, len));
}

/*
 * Fills in UDP and GUE after an outer IP header of this version, and returns the length of the
 * outer IP header's payload. be_len is the same in the pseudo header and in the UDP header, so it
 * is summed twice. The caller ensures that the length fits 16 bits.
 *
 * The GUE header has at most 1 + 7 words with IPv4 hops and 1 + 7 * 4 with IPv6 ones, so their
 * number fits its 5 bits.
 */
GLB_INLINE uint16_t glb_encap_udp(uint8_t *udp, uint8_t version, const struct glb_outer *outer,
				  const struct glb_encap *encap)
{
	uint32_t hop_len = version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
	uint8_t *gue = udp + GLB_UDP_LEN;
	uint32_t hop_count = encap->hop_count;
	uint16_t len = (uint16_t)(GLB_UDP_LEN + glb_gue_len(hop_count, hop_len) + encap->inner_len);
	uint16_t be_len = GLB_BE16(len);
	uint16_t be_port = GLB_BE16(encap->src_port);
	uint16_t first =
		GLB_BE16((uint16_t)((1 + hop_count * hop_len / 4) << 8 |
				    (encap->inner_version == 4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6)));
	uint16_t be_count = GLB_BE16((uint16_t)hop_count);
	/* the length is in the pseudo header and in the UDP header */
	uint64_t sum = (uint64_t)outer->udp_sum + be_len;

	glb_store16(udp, be_port);
	glb_store16(udp + 4, be_len);
	glb_store16(gue, first);
	glb_store16(gue + GLB_GUE_NEXT_HOP_AT, be_count);
	for (uint32_t i = 0; i < hop_count; i++) {
		__builtin_memcpy(gue + GLB_GUE_HOPS_AT + i * hop_len,
				 glb_outer_dst(encap->hops[i], version), hop_len);
		sum += encap->hops[i]->dst_sum;
	}

	uint16_t check;

	if (encap->udp_checksum == GLB_UDP_ZERO) {
		check = 0;
	} else if (encap->udp_checksum == GLB_UDP_OFFLOAD) {
		check = glb_encap_pseudo(udp, version, be_len);
	} else {
		sum += (uint64_t)be_len + be_port + first + be_count + encap->inner_sum;
		check = glb_sum_check(sum);
		check = check ? check : 0xffff; /* 0 would mean no checksum, RFC 768 */
	}
	glb_store16(udp + 6, check);
	return len;
}

/*
 * Writes outer IPv4, UDP and GUE in front of `inner`; see glb_encap(). The header checksum is the
 * complement of the template's sum plus the two fields that depend on the packet: three numbers
 * below 2^16, which the fold reduces without loss.
 */
GLB_INLINE uint8_t *glb_encap_ipv4(uint8_t *inner, const struct glb_outer *outer,
				   const struct glb_encap *encap)
{
	uint8_t *ip = inner - glb_outer_len(4, encap->hop_count);

	__builtin_memcpy(ip, outer->bytes, GLB_OUTER_HOPS_AT);

	uint16_t len = (uint16_t)(GLB_IPV4_LEN + glb_encap_udp(ip + GLB_IPV4_LEN, 4, outer, encap));
	uint16_t be_len = GLB_BE16(len);

	ip[1] = encap->tos;
	glb_store16(ip + 2, be_len);
	glb_store16(ip + 10, glb_sum_check((uint64_t)glb_load16(outer->bytes + 10) + be_len +
					   GLB_BE16(encap->tos)));
	return ip;
}

/*
 * Writes outer IPv6, UDP and GUE in front of `inner`; see glb_encap(). The first word has the
 * version, 8 bits of traffic class and 20 bits of flow label, which do not overlap; IPv6 has no
 * header checksum.
 */
GLB_INLINE uint8_t *glb_encap_ipv6(uint8_t *inner, const struct glb_outer *outer,
				   const struct glb_encap *encap)
{
	uint8_t *ip = inner - glb_outer_len(6, encap->hop_count);

	__builtin_memcpy(ip, outer->bytes, GLB_IPV6_LEN + GLB_UDP_LEN + GLB_GUE_HOPS_AT);
	glb_store_be32(ip, 6U << 28 | (uint32_t)encap->tos << 20 | encap->flow_label);
	glb_store_be16(ip + 4, glb_encap_udp(ip + GLB_IPV6_LEN, 6, outer, encap));
	return ip;
}

/*
 * Writes the outer headers in front of the client's packet at `inner`. The glb_outer_len() bytes
 * before it must be writable, and the length of the outer packet must fit 16 bits. Returns the
 * first byte of the outer IP header.
 */
GLB_INLINE uint8_t *glb_encap(uint8_t *inner, const struct glb_outer *outer,
			      const struct glb_encap *encap)
{
	return encap->outer_version == 4 ? glb_encap_ipv4(inner, outer, encap)
					 : glb_encap_ipv6(inner, outer, encap);
}

#endif
