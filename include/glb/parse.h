/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flow does a frame belong to?
 *
 * A flow is always seen from the client: src is the client, dst the VIP. An ICMP error that quotes
 * a packet belongs to the flow of the quoted packet, which the VIP sent: it is reversed here. So a
 * connection and all errors about it have the same hash.
 *
 * Everything is read through a cursor, so no function reads past the end of the frame. Lengths are
 * sums of 8- and 16-bit fields in 32-bit variables, which cannot overflow: at most 65,575 bytes are
 * announced by an IP header, and IPv6 headers take at most GLB_IPV6_HEADERS_MAX.
 *
 * What holds after GLB_FORWARD, and is relied on without checking again:
 *
 *   frame      has ip_at + ip_len bytes, and transport_at <= ip_len
 *   PORTS      the 8 bytes of a UDP header, or the 20 of TCP's without options, are within ip_len
 *   ECHO and   the 8 bytes of an ICMP header are within ip_len; so are the headers of the quoted
 *   QUOTED     packet up to its ports, though nothing after them
 *   FRAGMENT   nothing is known of what follows the IP header; nor for OTHER
 *
 * Contents are parsed, not validated: checksums, TTL, TCP options and the UDP length are left to
 * the code that needs them. Lengths that contradict each other are refused, as different readers
 * would take different bytes for the headers.
 */
#ifndef GLB_PARSE_H
#define GLB_PARSE_H

#include <glb/cursor.h>
#include <glb/net.h>
#include <glb/verdict.h>

/* What a flow is identified by, and thus which binds can match it. */
enum glb_flow_kind {
	GLB_FLOW_OTHER,	    /* nothing that a bind could match */
	GLB_FLOW_PORTS,	    /* TCP or UDP, with ports */
	GLB_FLOW_ECHO,	    /* ICMP echo request; ports are 0 */
	GLB_FLOW_QUOTED,    /* ICMP error; the flow is that of the quoted packet */
	GLB_FLOW_BAD_QUOTE, /* ICMP error with an unreadable quote; addresses of the error itself */
	GLB_FLOW_FRAGMENT,  /* a fragment other than the first; ports are 0 */
};

/* Which part of a datagram a packet contains. */
enum glb_fragment { GLB_WHOLE, GLB_FIRST_FRAGMENT, GLB_LATER_FRAGMENT };

/* A flow, and where its packet was found. Compared as bytes, so there is no padding. */
struct glb_flow {
	uint8_t src[16];   /* client; IPv4 in the first 4 bytes, the rest 0 */
	uint8_t dst[16];   /* VIP, in the same form */
	uint16_t src_port; /* host byte order, as is dst_port */
	uint16_t dst_port;
	uint16_t entropy; /* mixed into the outer source port: client's port, IPv4 ID or flow label
			   */
	uint16_t ip_at;	  /* offset of the IP header in the frame */
	uint16_t ip_len;  /* length according to the IP header; the frame has as many bytes from
			     ip_at */
	uint16_t transport_at;	  /* offset of the transport header, from the IP header */
	uint8_t version;	  /* 4 or 6 */
	uint8_t proto;		  /* of the flow; for an error, of the quoted packet */
	uint8_t kind;		  /* enum glb_flow_kind */
	uint8_t tcp_flags;	  /* enum glb_tcp_flag; 0 for anything but a TCP segment itself */
	uint16_t fragment : 2;	  /* enum glb_fragment */
	uint16_t routed : 1;	  /* its routing header lists further destinations */
	uint16_t extra_error : 1; /* an error other than fragmentation needed and packet too big */
	uint16_t zero : 12;	  /* explicit padding, so that flows compare as bytes */
};
_Static_assert(sizeof(struct glb_flow) == 50, "leaves room for hash and row in one cache line");

/* The contents of one IP header and its extension headers. Points into the packet. */
struct glb_ip {
	const uint8_t *src;  /* 4 or 16 bytes, by version */
	const uint8_t *dst;  /* of the same length */
	uint32_t header_len; /* with options and extension headers: 20 to 60, or 40 to 16,383 */
	uint32_t len;	     /* headers and payload, as announced; UINT32_MAX: not announced */
	uint16_t entropy;    /* IPv4: the identification; IPv6: the lower bits of the flow label */
	uint8_t version;     /* 4 or 6 */
	uint8_t proto;	     /* of what follows the last header parsed */
	enum glb_fragment fragment;
	bool routed;
};

/*
 * Length of a packet by its header's length field, which does not count the first `before` bytes.
 *
 * The field of a quoted packet may be 0: super-frames of BIG TCP and jumbograms (RFC 2675) are
 * longer than it can express, and routers quote them unchanged.
 */
GLB_INLINE uint32_t glb_announced_len(const uint8_t *field, uint32_t before, bool quoted)
{
	uint32_t len = glb_load_be16(field);

	return quoted && !len ? UINT32_MAX : before + len;
}

/*
 * Parses an IPv4 header with its options, RFC 791. Returns GLB_FORWARD with the cursor after the
 * header; GLB_DROP_TRUNCATED or GLB_DROP_BAD_LENGTH, with *ip untouched. `quoted`: see
 * glb_announced_len().
 *
 * The header length is 4 bits of 32-bit words, so 0 to 60 bytes; below 20 it is refused before the
 * options are taken, of which there are thus 0 to 40 bytes.
 */
GLB_INLINE enum glb_verdict glb_parse_ipv4(struct glb_ip *ip, struct glb_cursor *cur, bool quoted)
{
	const uint8_t *header = glb_take(cur, GLB_IPV4_LEN);

	if (!header)
		return GLB_DROP_TRUNCATED;

	uint32_t header_len = (header[0] & 0xfU) * 4;
	uint32_t len = glb_announced_len(header + 2, 0, quoted);
	/* reserved bit, DF, MF, and the offset in units of 8 bytes; MF and offset count here */
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
		.entropy = glb_load_be16(header + 4),
		.version = 4,
		.proto = header[9],
		.fragment = fragment & 0x1fff	? GLB_LATER_FRAGMENT
			    : fragment & 0x2000 ? GLB_FIRST_FRAGMENT
						: GLB_WHOLE,
	};
	return GLB_FORWARD;
}

/* The extension headers of RFC 8200 that may precede TCP, UDP or ICMPv6 and do not conceal
 * anything. */
GLB_INLINE bool glb_is_extension(uint8_t proto)
{
	const uint64_t all = 1ULL << GLB_PROTO_HOP_BY_HOP | 1ULL << GLB_PROTO_ROUTING |
			     1ULL << GLB_PROTO_FRAGMENT | 1ULL << GLB_PROTO_DESTINATION;

	return proto < 64 && all >> proto & 1;
}

/*
 * Parses one extension header of type ip->proto and replaces that with the type of the next one.
 * False if it is truncated. It has 8 bytes and 8 more for each unit of its length byte: at most
 * 2,048. The length byte of a fragment header is reserved (RFC 8200, section 4.5) and ignored.
 */
GLB_INLINE bool glb_parse_extension(struct glb_ip *ip, struct glb_cursor *cur)
{
	const uint8_t *ext = glb_take(cur, GLB_IPV6_EXT_LEN);

	if (!ext)
		return false;
	if (ip->proto == GLB_PROTO_FRAGMENT) {
		/* 13 bits of offset in units of 8 bytes, two reserved ones, and M */
		uint16_t fragment = glb_load_be16(ext + 2);

		if (fragment & 0xfff8)
			ip->fragment = GLB_LATER_FRAGMENT;
		else if (fragment & 1)
			ip->fragment = GLB_FIRST_FRAGMENT;
	} else {
		if (!glb_take(cur, ext[1] * 8U))
			return false;
		/* Segments Left, at the same place in all types of routing headers */
		ip->routed |= ip->proto == GLB_PROTO_ROUTING && ext[3];
	}
	ip->proto = ext[0];
	return true;
}

/*
 * Parses an IPv6 header and its extension headers, RFC 8200; what follows the header of a later
 * fragment is payload. Returns GLB_FORWARD with the cursor after them; GLB_DROP_TRUNCATED,
 * GLB_DROP_BAD_LENGTH, or GLB_DROP_EXT_HEADERS if there are more than GLB_IPV6_EXT_MAX, or more
 * bytes than GLB_IPV6_HEADERS_MAX. The bounds are those that the eBPF verifier can follow: the
 * proxy parses what the director does, or a packet would be decided about by other bytes there.
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
		.entropy = glb_load_be16(header + 2),
		.version = 6,
		.proto = header[6],
	};
	for (int i = 0; i < GLB_IPV6_EXT_MAX; i++) {
		if (!glb_is_extension(ip->proto) || ip->fragment == GLB_LATER_FRAGMENT)
			break;
		if (!glb_parse_extension(ip, cur))
			return GLB_DROP_TRUNCATED;
		if (cur->at - header > GLB_IPV6_HEADERS_MAX)
			return GLB_DROP_EXT_HEADERS;
		GLB_REJOIN(cur->at, header);
	}
	ip->header_len = (uint32_t)(cur->at - header);
	return glb_is_extension(ip->proto) && ip->fragment != GLB_LATER_FRAGMENT
		       ? GLB_DROP_EXT_HEADERS
		       : GLB_FORWARD;
}

/* Parses an IP header of the given version. Returns GLB_FORWARD, with ip->len >= ip->header_len;
 * or the reason why there is no valid header at the cursor. */
GLB_INLINE enum glb_verdict glb_parse_ip_header(struct glb_ip *ip, struct glb_cursor *cur,
						uint8_t version, bool quoted)
{
	enum glb_verdict verdict =
		version == 4 ? glb_parse_ipv4(ip, cur, quoted) : glb_parse_ipv6(ip, cur, quoted);

	if (verdict == GLB_FORWARD && ip->len < ip->header_len)
		return GLB_DROP_BAD_LENGTH;
	return verdict;
}

/* Sets the addresses of a flow from a packet sent by the client or, if reversed, to the client. The
 * bytes after an IPv4 address are left as they are: zeros, as flows are initialised to. */
GLB_INLINE void glb_flow_addresses(struct glb_flow *flow, const struct glb_ip *ip, bool reversed)
{
	const uint8_t *src = reversed ? ip->dst : ip->src;
	const uint8_t *dst = reversed ? ip->src : ip->dst;

	if (ip->version == 4) {
		__builtin_memcpy(flow->src, GLB_IN_HEADER(src), 4);
		__builtin_memcpy(flow->dst, GLB_IN_HEADER(dst), 4);
	} else {
		__builtin_memcpy(flow->src, GLB_IN_HEADER(src), 16);
		__builtin_memcpy(flow->dst, GLB_IN_HEADER(dst), 16);
	}
}

/*
 * Parses the packet quoted in an ICMP error; `left` is the number of bytes announced for it.
 * Routers may quote as little as 8 bytes after the IP header (RFC 792), so only the ports are
 * required. Changes *flow only if it returns GLB_FLOW_QUOTED.
 *
 * `left` is compared as well as the cursor's end, because padding of the frame may follow the
 * error. header_len is at most 16,383, so the sum that is compared with it does not overflow.
 */
GLB_INLINE enum glb_flow_kind glb_parse_quote(struct glb_flow *flow, struct glb_cursor *cur,
					      uint32_t left)
{
	struct glb_ip quote;

	if (glb_parse_ip_header(&quote, cur, flow->version, true) != GLB_FORWARD ||
	    left < quote.header_len)
		return GLB_FLOW_BAD_QUOTE;
	if (quote.fragment == GLB_LATER_FRAGMENT)
		return GLB_FLOW_OTHER; /* the ports cannot be known */

	const uint8_t *ports = glb_take(cur, GLB_PORTS_LEN);

	if (!ports || left < quote.header_len + GLB_PORTS_LEN)
		return GLB_FLOW_BAD_QUOTE;

	/* the VIP sent the quoted packet: its source is the flow's destination */
	glb_flow_addresses(flow, &quote, true);
	flow->dst_port = glb_load_be16(ports);
	flow->src_port = glb_load_be16(ports + 2);
	flow->entropy = flow->src_port;
	flow->proto = quote.proto;
	return GLB_FLOW_QUOTED;
}

/*
 * Does an ICMP message of this type quote a packet of a flow? Not among them are source quench,
 * which RFC 6633 deprecates, and redirects, which are for hosts on the link of the router. Of
 * ICMPv6 they are the four errors that RFC 4443 defines.
 */
GLB_INLINE bool glb_icmp_quotes(uint8_t version, uint8_t type)
{
	if (version == 4)
		return type == GLB_ICMP_UNREACHABLE || type == GLB_ICMP_TIME_EXCEEDED ||
		       type == GLB_ICMP_PARAMETER_PROBLEM;
	return type >= GLB_ICMPV6_UNREACHABLE && type <= GLB_ICMPV6_PARAMETER_PROBLEM;
}

/*
 * Parses an ICMP or ICMPv6 message, of which `left` bytes are announced, and sets flow->kind. A
 * message that is neither an echo request nor an error stays GLB_FLOW_OTHER. Returns GLB_FORWARD or
 * GLB_DROP_TRUNCATED; an error with an unreadable quote is a flow of kind GLB_FLOW_BAD_QUOTE rather
 * than a failure, as only the caller can say whether its address is bound.
 */
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

/*
 * Parses TCP or UDP, of which `left` bytes are announced. TCP in two steps of constant length, as
 * the eBPF verifier cannot follow reads of a variable one. Returns GLB_FORWARD or
 * GLB_DROP_TRUNCATED.
 */
GLB_INLINE enum glb_verdict glb_parse_ports(struct glb_flow *flow, struct glb_cursor *cur,
					    uint32_t left)
{
	const uint8_t *ports = glb_take(cur, GLB_UDP_LEN);

	if (!ports || left < GLB_UDP_LEN)
		return GLB_DROP_TRUNCATED;
	flow->src_port = glb_load_be16(ports);
	flow->dst_port = glb_load_be16(ports + 2);
	flow->entropy = flow->src_port;
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
 * Parses an IP packet of the given version (4 or 6) at the cursor into a flow; flow->ip_at is left
 * to the caller. Bytes after the length announced by the IP header are never taken for transport
 * headers or quotes; if extension headers continue beyond it, the packet is dropped for whichever
 * problem is found first.
 *
 * Returns GLB_FORWARD, or the reason why it cannot be parsed further.
 */
GLB_INLINE enum glb_verdict glb_parse_ip(struct glb_flow *flow, struct glb_cursor *cur,
					 uint8_t version)
{
	struct glb_ip ip;
	enum glb_verdict verdict = glb_parse_ip_header(&ip, cur, version, false);

	*flow = (struct glb_flow){.version = version};
	if (verdict != GLB_FORWARD)
		return verdict;
	/* only IPv6, whose payload length does not count 40 bytes of header: no outer header can
	 * announce it, nor flow->ip_len hold it */
	if (ip.len > UINT16_MAX)
		return GLB_DROP_TOO_BIG;

	/* not negative: see glb_parse_ip_header() */
	uint32_t left = ip.len - ip.header_len;

	glb_flow_addresses(flow, &ip, false);
	flow->ip_len = (uint16_t)ip.len;
	flow->transport_at = (uint16_t)ip.header_len;
	flow->proto = ip.proto;
	flow->entropy = ip.entropy;
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

/*
 * Parses the Ethernet header and up to GLB_VLAN_MAX tags. Sets *type to the EtherType after them;
 * false if the frame ends before that. A further tag is left in *type, so that the frame is none of
 * IP. A value below 0x600 is the length of an IEEE 802.3 frame, and no EtherType of IP either.
 */
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
 * Parses an Ethernet frame of len bytes, with up to two VLAN tags, into a flow.
 *
 * Returns GLB_FORWARD with *flow complete; or the reason why there is no flow: GLB_PUNT_NOT_IP, or
 * a drop. A frame shorter than its IP header announces is GLB_DROP_TRUNCATED. The offset of the IP
 * header is at most 22, so it fits flow->ip_at, and at most len, as the cursor never passes the
 * end.
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

#endif
