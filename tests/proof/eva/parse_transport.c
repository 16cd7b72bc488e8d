/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What include/glb/parse.h says holds after GLB_FORWARD and is not checked again: transport headers
 * and quotes are within the IP length. It may be any, as may all bytes that are not written here;
 * where headers end is taken one by one: every IHL of IPv4, up to two extension headers of 8 to 24
 * bytes in IPv6, quotes with and without options.
 */
#include <stdbool.h>
#include <stdint.h>

static uint32_t len_least, len_most;

/* Which number is in the bytes does not matter: the ranges that are taken are all there are. */
/*@ assigns \result \from *field, before, quoted, len_least, len_most;
    ensures announced: quoted == 0 ==> len_least <= \result <= len_most; */
static inline uint32_t glb_announced_len(const uint8_t *field, uint32_t before, bool quoted);

#include <glb/parse.h>

#include "proof.h"

enum { PACKET = 256 };

/*
 * Any length that can be announced, which the transport header at `at` or a quote of this length in
 * it exceeds or does not: in ranges with bounds where something more fits.
 */
static void any_len(uint8_t version, uint32_t at, uint32_t quote_len)
{
	const uint32_t before =
		version == 4 ? 0 : GLB_IPV6_LEN; /* which the field does not count */
	const uint32_t from[] = {before,
				 at,
				 at + GLB_UDP_LEN,
				 at + GLB_TCP_LEN,
				 at + GLB_ICMP_LEN + quote_len,
				 at + GLB_ICMP_LEN + quote_len + GLB_PORTS_LEN,
				 before + 65535 + 1};
	uint32_t range = ANY32(from[1] > from[0] ? 0 : 1, quote_len ? 5 : 3);
	//@ split range;
	;
	len_least = from[range];
	len_most = from[range < 3 || quote_len ? range + 1 : 6] - 1;
}

/* What follows the headers: TCP, UDP, ICMP, or anything but further extension headers. */
static uint8_t any_proto(uint8_t version)
{
	uint32_t kind = ANY32(0, 3);
	//@ split kind;
	;
	if (kind == 0)
		return GLB_PROTO_TCP;
	if (kind == 1)
		return GLB_PROTO_UDP;
	if (kind == 2)
		return version == 4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6;
	return (uint8_t)ANY(GLB_PROTO_DESTINATION + 1, 255);
}

/* The quote of an ICMP header that is there. Returns the length of its IP header. */
static uint32_t put_quote(uint8_t *quote, uint8_t version)
{
	uint8_t words = (uint8_t)ANY(5, 6);
	//@ split words;
	;
	if (version == 6) {
		quote[6] = GLB_PROTO_TCP;
		return GLB_IPV6_LEN;
	}
	quote[0] = 4 << 4 | words;
	return words * 4U;
}

/* Returns where the transport header is. */
static uint32_t put_ipv4(uint8_t *packet, uint8_t proto)
{
	uint8_t words = (uint8_t)ANY(5, 15);
	//@ split words;
	;
	packet[0] = 4 << 4 | words;
	packet[9] = proto;
	return words * 4U;
}

static uint32_t put_ipv6(uint8_t *packet, uint8_t proto)
{
	uint32_t count = ANY32(0, 2);
	//@ split count;
	;
	uint32_t more = count ? ANY32(0, 2) : 0;
	//@ split more;
	;
	uint32_t at = GLB_IPV6_LEN;

	packet[6] = count ? GLB_PROTO_DESTINATION : proto;
	for (uint32_t i = 0; i < count; i++) {
		packet[at] = i + 1 < count ? GLB_PROTO_DESTINATION : proto;
		packet[at + 1] = (uint8_t)more;
		at += GLB_IPV6_EXT_LEN * (1 + more);
	}
	return at;
}

int main(void)
{
	uint8_t version = ANY(0, 1) ? 4 : 6;
	//@ split version;
	;
	uint8_t proto = any_proto(version);
	uint8_t packet[PACKET];
	struct glb_cursor cur = glb_cursor(packet, sizeof(packet));
	uint32_t quote_len = 0;
	struct glb_flow flow;

	ANY_BYTES(packet, sizeof(packet));

	uint32_t at = version == 4 ? put_ipv4(packet, proto) : put_ipv6(packet, proto);

	if (proto == (version == 4 ? GLB_PROTO_ICMP : GLB_PROTO_ICMPV6))
		quote_len = put_quote(packet + at + GLB_ICMP_LEN, version);
	any_len(version, at, quote_len);
	if (glb_parse_ip(&flow, &cur, version) == GLB_FORWARD) {
		uint32_t left = (uint32_t)flow.ip_len - flow.transport_at;
		uint8_t kind = flow.kind;

		//@ check ip_len: flow.ip_len >= at;
		//@ check udp: kind == GLB_FLOW_PORTS ==> left >= 8;
		//@ check tcp: kind == GLB_FLOW_PORTS && proto == 6 ==> left >= 20;
		//@ check icmp: kind == GLB_FLOW_ECHO || kind == GLB_FLOW_QUOTED ==> left >= 8;
		//@ check quote: kind == GLB_FLOW_QUOTED ==> left >= 8 + quote_len + 4;
	}
	return 0;
}
