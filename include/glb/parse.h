/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flow does a frame belong to?
 *
 * A flow is always seen from the client: src is the client, dst the VIP. An ICMP error that quotes
 * a packet belongs to the flow of the quoted packet, which the VIP sent: it is reversed here. So
 * one hash serves a connection and every error about it.
 */
#ifndef GLB_PARSE_H
#define GLB_PARSE_H

#include <glb/cursor.h>
#include <glb/net.h>
#include <glb/verdict.h>

enum glb_flow_kind {
	GLB_FLOW_OTHER,	    /* nothing a bind could match */
	GLB_FLOW_PORTS,	    /* TCP or UDP, with its ports */
	GLB_FLOW_ECHO,	    /* ICMP echo request; ports are 0 */
	GLB_FLOW_QUOTED,    /* ICMP error; the flow is that of the packet it quotes */
	GLB_FLOW_BAD_QUOTE, /* ICMP error whose quote cannot be read; addresses of the error itself
			     */
	GLB_FLOW_FRAGMENT,  /* a fragment other than the first; ports are 0 */
};

enum glb_fragment { GLB_WHOLE, GLB_FIRST_FRAGMENT, GLB_LATER_FRAGMENT };

struct glb_flow {
	uint8_t src[16];   /* client; IPv4 in the first 4 bytes, the rest 0 */
	uint8_t dst[16];   /* VIP, likewise */
	uint16_t src_port; /* host order */
	uint16_t dst_port;
	uint16_t hint;	/* mixed into the outer source port: client's port, IPv4 id or flow label */
	uint16_t ip_at; /* offset of the IP header in the frame */
	uint16_t ip_len; /* bytes from there that the IP header announces; the frame has them */
	uint16_t transport_at;	  /* offset of the transport header from the IP header */
	uint8_t version;	  /* 4 or 6 */
	uint8_t proto;		  /* of the flow: for a quote, of the quoted packet */
	uint8_t kind;		  /* enum glb_flow_kind */
	uint8_t tcp_flags;	  /* enum glb_tcp_flag; 0 for anything but a TCP segment itself */
	uint16_t fragment : 2;	  /* enum glb_fragment */
	uint16_t routed : 1;	  /* its routing header names further destinations */
	uint16_t extra_error : 1; /* an error, but neither fragmentation needed nor too big */
	uint16_t zero : 12;	  /* no bit without a name, so that flows compare as bytes */
};
_Static_assert(sizeof(struct glb_flow) == 50, "leaves room for hash and row in one cache line");

/* What one IP header says, with the extension headers behind it. */
struct glb_ip {
	const uint8_t *src;
	const uint8_t *dst;
	uint32_t header_len;
	uint32_t len; /* headers and payload, as announced; UINT32_MAX: not announced */
	uint16_t hint;
	uint8_t version;
	uint8_t proto; /* behind the last header that was read */
	enum glb_fragment fragment;
	bool routed;
};

/*
 * Bytes of a packet, by the length field of its header, which counts what follows `before` bytes.
 * A quoted packet may leave it at 0: super-frames of BIG TCP and jumbograms (RFC 2675) are longer
 * than the field can say, and routers quote them as they are.
 */
GLB_INLINE uint32_t glb_announced_len(const uint8_t *field, uint32_t before, bool quoted)
{
	uint32_t len = glb_load_be16(field);

	return quoted && !len ? UINT32_MAX : before + len;
}

/* Reads an IPv4 header with its options, RFC 791. */
GLB_INLINE enum glb_verdict glb_parse_ipv4(struct glb_ip *ip, struct glb_cursor *cur, bool quoted)
{
	const uint8_t *header = glb_take(cur, GLB_IPV4_LEN);

	if (!header)
		return GLB_DROP_TRUNCATED;

	uint32_t header_len = (header[0] & 0xfU) * 4;
	uint32_t len = glb_announced_len(header + 2, 0, quoted);
	uint16_t fragment = glb_load_be16(header + 6);

	if (header[0] >> 4 != 4 || header_len < GLB_IPV4_LEN || len < header_len)
		return GLB_DROP_BAD_LENGTH;
	if (!glb_take(cur, header_len - GLB_IPV4_LEN))
		return GLB_DROP_TRUNCATED;

	*ip = (struct glb_ip){
		.src = header + 12,
		.dst = header + 16,
		.header_len = header_len,
		.len = len,
		.hint = glb_load_be16(header + 4),
		.version = 4,
		.proto = header[9],
		.fragment = fragment & 0x1fff	? GLB_LATER_FRAGMENT
			    : fragment & 0x2000 ? GLB_FIRST_FRAGMENT
						: GLB_WHOLE,
	};
	return GLB_FORWARD;
}

/* Those of RFC 8200 that may stand before TCP, UDP or ICMPv6 and hide nothing. */
GLB_INLINE bool glb_is_extension(uint8_t proto)
{
	const uint64_t all = 1ULL << GLB_PROTO_HOP_BY_HOP | 1ULL << GLB_PROTO_ROUTING |
			     1ULL << GLB_PROTO_FRAGMENT | 1ULL << GLB_PROTO_DESTINATION;

	return proto < 64 && all >> proto & 1;
}

/* Reads one extension header; false when it ends early. */
GLB_INLINE bool glb_parse_extension(struct glb_ip *ip, struct glb_cursor *cur)
{
	const uint8_t *ext = glb_take(cur, GLB_IPV6_EXT_LEN);

	if (!ext)
		return false;
	if (ip->proto == GLB_PROTO_FRAGMENT) {
		uint16_t fragment = glb_load_be16(ext + 2);

		if (fragment & 0xfff8)
			ip->fragment = GLB_LATER_FRAGMENT;
		else if (fragment & 1)
			ip->fragment = GLB_FIRST_FRAGMENT;
	} else {
		if (!glb_take(cur, ext[1] * 8U))
			return false;
		ip->routed |= ip->proto == GLB_PROTO_ROUTING && ext[3];
	}
	ip->proto = ext[0];
	return true;
}

/* Reads an IPv6 header and its extension headers, RFC 8200. Behind a later fragment's is payload.
 */
GLB_INLINE enum glb_verdict glb_parse_ipv6(struct glb_ip *ip, struct glb_cursor *cur, bool quoted)
{
	const uint8_t *header = glb_take(cur, GLB_IPV6_LEN);

	if (!header)
		return GLB_DROP_TRUNCATED;
	if (header[0] >> 4 != 6)
		return GLB_DROP_BAD_LENGTH;

	*ip = (struct glb_ip){
		.src = header + 8,
		.dst = header + 24,
		.len = glb_announced_len(header + 4, GLB_IPV6_LEN, quoted),
		.hint = glb_load_be16(header + 2),
		.version = 6,
		.proto = header[6],
	};
	for (int i = 0; i < GLB_IPV6_EXT_MAX; i++) {
		if (!glb_is_extension(ip->proto) || ip->fragment == GLB_LATER_FRAGMENT)
			break;
		if (!glb_parse_extension(ip, cur))
			return GLB_DROP_TRUNCATED;
		GLB_REJOIN(cur->at, header);
	}
	ip->header_len = (uint32_t)(cur->at - header);
	return glb_is_extension(ip->proto) && ip->fragment != GLB_LATER_FRAGMENT
		       ? GLB_DROP_EXT_HEADERS
		       : GLB_FORWARD;
}

/* GLB_FORWARD, or why there is no header of that version at the cursor. */
GLB_INLINE enum glb_verdict glb_parse_ip_header(struct glb_ip *ip, struct glb_cursor *cur,
						uint8_t version, bool quoted)
{
	enum glb_verdict verdict =
		version == 4 ? glb_parse_ipv4(ip, cur, quoted) : glb_parse_ipv6(ip, cur, quoted);

	if (verdict == GLB_FORWARD && ip->len < ip->header_len)
		return GLB_DROP_BAD_LENGTH;
	return verdict;
}

/* Addresses of a flow whose client sent (or, reversed, was sent) a packet with this header. */
GLB_INLINE void glb_flow_addresses(struct glb_flow *flow, const struct glb_ip *ip, bool reversed)
{
	const uint8_t *src = reversed ? ip->dst : ip->src;
	const uint8_t *dst = reversed ? ip->src : ip->dst;

	if (ip->version == 4) {
		__builtin_memcpy(flow->src, src, 4);
		__builtin_memcpy(flow->dst, dst, 4);
	} else {
		__builtin_memcpy(flow->src, src, 16);
		__builtin_memcpy(flow->dst, dst, 16);
	}
}

/*
 * Reads the packet quoted in an ICMP error, of which `left` bytes are announced. Routers quote as
 * little as 8 bytes behind the IP header (RFC 792), so its ports are all that is asked for.
 */
GLB_INLINE enum glb_flow_kind glb_parse_quote(struct glb_flow *flow, struct glb_cursor *cur,
					      uint32_t left)
{
	struct glb_ip quote;

	if (glb_parse_ip_header(&quote, cur, flow->version, true) != GLB_FORWARD ||
	    left < quote.header_len)
		return GLB_FLOW_BAD_QUOTE;
	if (quote.fragment == GLB_LATER_FRAGMENT)
		return GLB_FLOW_OTHER; /* nobody knows whose ports these were */

	const uint8_t *ports = glb_take(cur, GLB_PORTS_LEN);

	if (!ports || left < quote.header_len + GLB_PORTS_LEN)
		return GLB_FLOW_BAD_QUOTE;

	glb_flow_addresses(flow, &quote, true);
	flow->dst_port = glb_load_be16(ports);
	flow->src_port = glb_load_be16(ports + 2);
	flow->hint = flow->src_port;
	flow->proto = quote.proto;
	return GLB_FLOW_QUOTED;
}

/* Does an ICMP message of this type quote a packet? */
GLB_INLINE bool glb_icmp_quotes(uint8_t version, uint8_t type)
{
	if (version == 4)
		return type == GLB_ICMP_UNREACHABLE || type == GLB_ICMP_TIME_EXCEEDED ||
		       type == GLB_ICMP_PARAMETER_PROBLEM;
	return type >= GLB_ICMPV6_UNREACHABLE && type <= GLB_ICMPV6_PARAMETER_PROBLEM;
}

GLB_INLINE enum glb_verdict glb_parse_icmp(struct glb_flow *flow, struct glb_cursor *cur,
					   uint32_t left)
{
	const uint8_t *icmp = glb_take(cur, GLB_ICMP_LEN);

	if (!icmp || left < GLB_ICMP_LEN)
		return GLB_DROP_TRUNCATED;

	uint8_t type = icmp[0];
	uint8_t code = icmp[1];
	bool v4 = flow->version == 4;

	if (type == (v4 ? GLB_ICMP_ECHO : GLB_ICMPV6_ECHO) && code == 0) {
		flow->kind = GLB_FLOW_ECHO;
	} else if (glb_icmp_quotes(flow->version, type)) {
		bool too_big = v4 ? type == GLB_ICMP_UNREACHABLE && code == GLB_ICMP_FRAG_NEEDED
				  : type == GLB_ICMPV6_PACKET_TOO_BIG && code == 0;

		flow->extra_error = !too_big;
		flow->kind = (uint8_t)glb_parse_quote(flow, cur, left - GLB_ICMP_LEN);
	}
	return GLB_FORWARD;
}

/* Two steps of fixed length for TCP: the eBPF verifier follows no reads of one or another length.
 */
GLB_INLINE enum glb_verdict glb_parse_ports(struct glb_flow *flow, struct glb_cursor *cur,
					    uint32_t left)
{
	const uint8_t *ports = glb_take(cur, GLB_UDP_LEN);

	if (!ports || left < GLB_UDP_LEN)
		return GLB_DROP_TRUNCATED;
	flow->src_port = glb_load_be16(ports);
	flow->dst_port = glb_load_be16(ports + 2);
	flow->hint = flow->src_port;
	flow->kind = GLB_FLOW_PORTS;
	if (flow->proto != GLB_PROTO_TCP)
		return GLB_FORWARD;

	const uint8_t *rest = glb_take(cur, GLB_TCP_LEN - GLB_UDP_LEN);

	if (!rest || left < GLB_TCP_LEN)
		return GLB_DROP_TRUNCATED;
	flow->tcp_flags = rest[13 - GLB_UDP_LEN];
	return GLB_FORWARD;
}

/*
 * Reads an IP packet of the given version (4 or 6) at the cursor into a flow; flow->ip_at is left
 * to the caller. Bytes behind the length that the IP header announces are never read as transport
 * headers or quotes; where extension headers go on behind it, the packet is dropped for what is
 * noticed first.
 *
 * GLB_FORWARD, or the reason why the packet can be read no further.
 */
GLB_INLINE enum glb_verdict glb_parse_ip(struct glb_flow *flow, struct glb_cursor *cur,
					 uint8_t version)
{
	struct glb_ip ip;
	enum glb_verdict verdict = glb_parse_ip_header(&ip, cur, version, false);

	*flow = (struct glb_flow){.version = version};
	if (verdict != GLB_FORWARD)
		return verdict;
	if (ip.len > UINT16_MAX)
		return GLB_DROP_TOO_BIG;

	uint32_t left = ip.len - ip.header_len;

	glb_flow_addresses(flow, &ip, false);
	flow->ip_len = (uint16_t)ip.len;
	flow->transport_at = (uint16_t)ip.header_len;
	flow->proto = ip.proto;
	flow->hint = ip.hint;
	flow->fragment = ip.fragment & 3;
	flow->routed = ip.routed;

	if (ip.fragment == GLB_LATER_FRAGMENT)
		flow->kind = GLB_FLOW_FRAGMENT;
	else if (ip.proto == GLB_PROTO_TCP || ip.proto == GLB_PROTO_UDP)
		return glb_parse_ports(flow, cur, left);
	else if (ip.proto == (version == 4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6))
		return glb_parse_icmp(flow, cur, left);
	return GLB_FORWARD;
}

/* Reads past VLAN tags to the EtherType behind them; false when the frame ends first. */
GLB_INLINE bool glb_parse_ether(uint16_t *type, struct glb_cursor *cur)
{
	const uint8_t *ether = glb_take(cur, GLB_ETHER_LEN);

	if (!ether)
		return false;
	*type = glb_load_be16(ether + 12);

	for (int tags = 0; tags < GLB_VLAN_MAX; tags++) {
		if (*type != GLB_ETHERTYPE_VLAN && *type != GLB_ETHERTYPE_QINQ)
			return true;

		const uint8_t *tag = glb_take(cur, GLB_VLAN_LEN);

		if (!tag)
			return false;
		*type = glb_load_be16(tag + 2);
	}
	return true;
}

/*
 * Reads an Ethernet frame of len bytes, with up to two VLAN tags, into a flow.
 *
 * GLB_FORWARD, or the reason why there is no flow. A frame that is shorter than its IP header
 * announces is GLB_DROP_TRUNCATED.
 */
GLB_INLINE enum glb_verdict glb_parse(struct glb_flow *flow, const uint8_t *frame, uint32_t len)
{
	struct glb_cursor cur = glb_cursor(frame, len);
	uint16_t type;

	if (!glb_parse_ether(&type, &cur))
		return GLB_DROP_TRUNCATED;
	if (type != GLB_ETHERTYPE_IPV4 && type != GLB_ETHERTYPE_IPV6)
		return GLB_PUNT_NOT_IP;

	uint16_t ip_at = (uint16_t)(cur.at - frame);
	enum glb_verdict verdict = glb_parse_ip(flow, &cur, type == GLB_ETHERTYPE_IPV4 ? 4 : 6);

	if (verdict != GLB_FORWARD)
		return verdict;
	if (len - ip_at < flow->ip_len)
		return GLB_DROP_TRUNCATED;
	flow->ip_at = ip_at;
	return GLB_FORWARD;
}

/*
 * What glb_parse_plain() has found to be there: an IP header without anything behind it but a
 * transport header of the length of TCP's.
 */
GLB_INLINE bool glb_plain_flow(struct glb_flow *flow, const uint8_t *ip, const struct glb_ip *seen)
{
	const uint8_t *transport = ip + seen->header_len;
	uint16_t src_port = glb_load_be16(transport);
	bool tcp = seen->proto == GLB_PROTO_TCP;

	if (!tcp && seen->proto != GLB_PROTO_UDP)
		return false;
	*flow = (struct glb_flow){
		.src_port = src_port,
		.dst_port = glb_load_be16(transport + 2),
		.hint = src_port,
		.ip_at = GLB_ETHER_LEN,
		.ip_len = (uint16_t)seen->len,
		.transport_at = (uint16_t)seen->header_len,
		.version = seen->version,
		.proto = seen->proto,
		.kind = GLB_FLOW_PORTS,
		.tcp_flags = tcp ? transport[13] : 0,
	};
	glb_flow_addresses(flow, seen, false);
	return true;
}

/*
 * Reads the frames that nearly all are: untagged, IPv4 without options or IPv6 without extension
 * headers, not a fragment, TCP or UDP, all there. True, with the flow that glb_parse() makes of it;
 * or false, and glb_parse() must be asked.
 */
GLB_INLINE bool glb_parse_plain(struct glb_flow *flow, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + GLB_ETHER_LEN;
	struct glb_ip seen;

	if (len < GLB_ETHER_LEN + GLB_IPV4_LEN + GLB_TCP_LEN)
		return false;
	if (glb_load_be16(frame + 12) == GLB_ETHERTYPE_IPV4) {
		seen = (struct glb_ip){
			.src = ip + 12,
			.dst = ip + 16,
			.header_len = GLB_IPV4_LEN,
			.len = glb_load_be16(ip + 2),
			.version = 4,
			.proto = ip[9],
		};
		if (ip[0] != (4 << 4 | GLB_IPV4_LEN / 4) || glb_load_be16(ip + 6) & 0x3fff)
			return false;
	} else if (glb_load_be16(frame + 12) == GLB_ETHERTYPE_IPV6) {
		seen = (struct glb_ip){
			.src = ip + 8,
			.dst = ip + 24,
			.header_len = GLB_IPV6_LEN,
			.len = (uint32_t)GLB_IPV6_LEN + glb_load_be16(ip + 4),
			.version = 6,
			.proto = ip[6],
		};
		if (ip[0] >> 4 != 6 || seen.len > UINT16_MAX)
			return false;
	} else {
		return false;
	}
	if (seen.len < seen.header_len + GLB_TCP_LEN || seen.len > len - GLB_ETHER_LEN)
		return false;
	return glb_plain_flow(flow, ip, &seen);
}

#endif
