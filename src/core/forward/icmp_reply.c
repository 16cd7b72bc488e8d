/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/icmp_reply.h>

enum {
	TTL = 64,
	TOS_NETWORK_CONTROL = 0xc0, /* RFC 1812, 4.3.2.5: errors have precedence 6 or 7 */
};

bool glb_may_reply(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	const uint8_t *ip = pkt->data + flow->ip_at;
	const uint8_t *src = ip + (flow->version == 4 ? 12 : 8);
	const uint8_t *dst = ip + (flow->version == 4 ? 16 : 24);

	return !glb_is_group(pkt->data + GLB_MAC_LEN) && glb_may_be_from(src, dst, flow->version) &&
	       glb_is_host(dst, flow->version) && flow->fragment != GLB_LATER_FRAGMENT &&
	       flow->kind != GLB_FLOW_QUOTED && flow->kind != GLB_FLOW_BAD_QUOTE;
}

bool glb_may_reply_to_echo(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	return glb_may_reply(pkt, flow) && flow->fragment == GLB_WHOLE &&
	       flow->transport_at == (flow->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);
}

/* Ethernet back to where the frame came from, at out; its tags and EtherType stay the same. */
static void write_reply_l2(uint8_t *out, const struct glb_generation *gen,
			   const struct glb_packet *pkt, uint16_t ip_at)
{
	uint8_t l2[GLB_ETHER_LEN + GLB_VLAN_MAX * GLB_VLAN_LEN];

	memcpy(l2, pkt->data + GLB_MAC_LEN, GLB_MAC_LEN);
	memcpy(l2 + GLB_MAC_LEN, gen->settings.ports[pkt->port].mac, GLB_MAC_LEN);
	memcpy(l2 + 2 * GLB_MAC_LEN, pkt->data + 2 * GLB_MAC_LEN, ip_at - 2 * GLB_MAC_LEN);
	memcpy(out, l2, ip_at);
}

static void swap_addresses(uint8_t *src, uint32_t len)
{
	uint8_t old[16];

	memcpy(old, src, len);
	memcpy(src, src + len, len);
	memcpy(src + len, old, len);
}

static void sum_ipv4_header(uint8_t *ip)
{
	glb_store16(ip + 10, 0);
	glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)));
}

static void write_echo_reply(const struct glb_generation *gen, struct glb_packet *pkt)
{
	uint8_t *ip = pkt->data + pkt->reply.quote_at;
	bool v4 = ip[0] >> 4 == 4;
	uint8_t *icmp = ip + (v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN); /* see glb_may_reply_to_echo() */
	uint8_t reply = v4 ? GLB_ICMP_ECHO_REPLY : GLB_ICMPV6_ECHO_REPLY;
	uint32_t from = GLB_BE16((uint16_t)(icmp[0] << 8));
	uint32_t to = GLB_BE16((uint16_t)(reply << 8));
	uint16_t check;

	write_reply_l2(pkt->data, gen, pkt, pkt->reply.quote_at);
	swap_addresses(ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	ip[v4 ? 8 : 7] = TTL;
	if (v4)
		sum_ipv4_header(ip);
	icmp[0] = reply;
	/* the addresses are in the sum of ICMPv6, too, but not their order */
	check = glb_check_update(glb_load16(icmp + 2), from, to);
	/* all ones mean the same as 0, but where all the reply is 0 are the one right way */
	glb_store16(icmp + 2, check ? check : 0xffff);
	pkt->len = (uint32_t)pkt->reply.quote_at + pkt->reply.quote_len;
}

/* The error in front of a quote that begins with its IP header. */
static void write_ipv4_error(uint8_t *quote, uint32_t quote_len, uint16_t mtu)
{
	uint8_t *icmp = quote - GLB_ICMP_LEN;
	uint8_t *ip = icmp - GLB_IPV4_LEN;

	memset(ip, 0, GLB_IPV4_LEN + GLB_ICMP_LEN);
	icmp[0] = GLB_ICMP_UNREACHABLE;
	icmp[1] = GLB_ICMP_FRAG_NEEDED;
	glb_store_be16(icmp + 6, mtu);
	glb_store16(icmp + 2, glb_sum_check(glb_sum(0, icmp, GLB_ICMP_LEN + quote_len)));

	ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
	ip[1] = TOS_NETWORK_CONTROL;
	glb_store_be16(ip + 2, (uint16_t)(GLB_IPV4_LEN + GLB_ICMP_LEN + quote_len));
	glb_store_be16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = TTL;
	ip[9] = GLB_PROTO_ICMP;
	memcpy(ip + 12, quote + 16, 4);
	memcpy(ip + 16, quote + 12, 4);
	sum_ipv4_header(ip);
}

static void write_ipv6_error(uint8_t *quote, uint32_t quote_len, uint16_t mtu)
{
	uint8_t *icmp = quote - GLB_ICMP_LEN;
	uint8_t *ip = icmp - GLB_IPV6_LEN;
	uint16_t len = (uint16_t)(GLB_ICMP_LEN + quote_len);
	uint64_t sum = (uint64_t)GLB_BE16(len) + GLB_BE16(GLB_PROTO_ICMPV6);

	memset(ip, 0, GLB_IPV6_LEN + GLB_ICMP_LEN);
	ip[0] = 6 << 4;
	glb_store_be16(ip + 4, len);
	ip[6] = GLB_PROTO_ICMPV6;
	ip[7] = TTL;
	memcpy(ip + 8, quote + 24, 16);
	memcpy(ip + 24, quote + 8, 16);

	icmp[0] = GLB_ICMPV6_PACKET_TOO_BIG;
	glb_store_be16(icmp + 6, mtu);
	sum = glb_sum(sum, ip + 8, 32);
	glb_store16(icmp + 2, glb_sum_check(glb_sum(sum, icmp, len)));
}

/* Bytes of the Ethernet header, tags included, which glb_forward() has seen to be there. */
static uint16_t ether_len(const struct glb_packet *pkt)
{
	struct glb_cursor cur = glb_cursor(pkt->data, pkt->len);
	uint16_t type;

	(void)glb_parse_ether(&type, &cur);
	return (uint16_t)(cur.at - pkt->data);
}

/* Tells the client, in front of its packet: over what the frame has there, and its headroom. */
static void write_error(const struct glb_generation *gen, struct glb_packet *pkt)
{
	const struct glb_reply *about = &pkt->reply;
	uint8_t *quote = pkt->data + about->quote_at;
	bool v4 = quote[0] >> 4 == 4;
	uint16_t l2_len = ether_len(pkt);
	uint32_t head_len = (v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) + GLB_ICMP_LEN;
	uint32_t room = (v4 ? GLB_ICMP_ERROR_MAX : GLB_IPV6_MTU_MIN) - head_len;
	uint32_t quote_len = about->quote_len < room ? about->quote_len : room;
	uint8_t *data = quote - head_len - l2_len;

	/* before the tags are overwritten */
	write_reply_l2(data, gen, pkt, l2_len);
	glb_store_be16(data + l2_len - 2, v4 ? GLB_ETHERTYPE_IPV4 : GLB_ETHERTYPE_IPV6);
	if (v4)
		write_ipv4_error(quote, quote_len, about->mtu);
	else
		write_ipv6_error(quote, quote_len, about->mtu);
	pkt->headroom = (uint16_t)(pkt->headroom + (data - pkt->data));
	pkt->data = data;
	pkt->len = l2_len + head_len + quote_len;
}

void glb_icmp_reply(const struct glb_generation *gen, struct glb_packet *pkt)
{
	if (pkt->verdict == GLB_ANSWER_ECHO)
		write_echo_reply(gen, pkt);
	else if (glb_verdict_is_icmp_reply(pkt->verdict))
		write_error(gen, pkt);
}

void glb_icmp_reply_within(struct glb_icmp_reply_limits *limits, const struct glb_generation *gen,
			   struct glb_packet *pkt, uint64_t now_ns)
{
	const struct glb_settings *settings = &gen->settings;
	bool echo = pkt->verdict == GLB_ANSWER_ECHO;
	struct glb_token_buckets *buckets = echo ? &limits->echoes : &limits->errors;
	uint32_t rate = echo ? settings->answers_per_second : settings->errors_per_second;
	const uint8_t *ip = pkt->data + pkt->reply.quote_at;
	struct glb_shares shares;
	bool v4;

	if (!glb_verdict_is_icmp_reply(pkt->verdict))
		return;
	v4 = ip[0] >> 4 == 4;
	shares = glb_shares_of(ip + (v4 ? 12 : 8), ip + (v4 ? 16 : 24), v4 ? 4 : 6,
			       pkt->reply.table);
	if (glb_token_buckets_take(buckets, rate, &shares, now_ns))
		glb_icmp_reply(gen, pkt);
	else
		pkt->verdict = echo ? GLB_DROP_ANSWER_LIMIT : GLB_DROP_ERROR_LIMIT;
}
