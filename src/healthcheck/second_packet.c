/* SPDX-License-Identifier: BSD-3-Clause */
#include "second_packet.h"

#include <string.h>

#include <glb/gue.h>
#include <glb/net.h>

enum {
	DST_PORT = 443,
	TTL = 64,
	WINDOW = 1024,
	TCP_SEQ_AT = 4,
	TCP_ACK_AT = 8,
	TCP_LEN_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_WINDOW_AT = 14,
	TCP_CHECK_AT = 16,
};
_Static_assert(GLB_GUE_HOPS_AT + GLB_GUE_HOP6_LEN + GLB_IPV6_LEN + GLB_TCP_LEN <=
		       SECOND_PACKET_LEN_MAX,
	       "the longer packet fits");

static uint32_t addr_len(const struct glb_addr *addr)
{
	return addr->version == 4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN;
}

static uint32_t second_ip_header_len(const struct glb_addr *addr)
{
	return addr->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
}

static void second_write_ipv4(uint8_t *ip, const struct glb_addr *src, const struct glb_addr *dst)
{
	ip[0] = 4 << 4 | GLB_IPV4_LEN / 4;
	glb_store_be16(ip + 2, GLB_IPV4_LEN + GLB_TCP_LEN);
	glb_store_be16(ip + 6, 0x4000); /* DF */
	ip[8] = TTL;
	ip[9] = GLB_PROTO_TCP;
	memcpy(ip + 12, src->bytes, 4);
	memcpy(ip + 16, dst->bytes, 4);
	glb_store16(ip + 10, glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN)));
}

static void second_write_ipv6(uint8_t *ip, const struct glb_addr *src, const struct glb_addr *dst)
{
	ip[0] = 6 << 4;
	glb_store_be16(ip + 4, GLB_TCP_LEN);
	ip[6] = GLB_PROTO_TCP;
	ip[7] = TTL;
	memcpy(ip + 8, src->bytes, 16);
	memcpy(ip + 24, dst->bytes, 16);
}

static void write_tcp(uint8_t *tcp, const struct second_token *token, const struct glb_addr *src,
		      const struct glb_addr *dst)
{
	uint64_t sum = GLB_BE16(GLB_PROTO_TCP) + (uint64_t)GLB_BE16(GLB_TCP_LEN);

	glb_store_be16(tcp, token->src_port);
	glb_store_be16(tcp + 2, DST_PORT);
	glb_store_be32(tcp + TCP_SEQ_AT, token->seq);
	glb_store_be32(tcp + TCP_ACK_AT, token->ack);
	tcp[TCP_LEN_AT] = GLB_TCP_LEN / 4 << 4;
	tcp[TCP_FLAGS_AT] = GLB_TCP_ACK;
	glb_store_be16(tcp + TCP_WINDOW_AT, WINDOW);
	sum = glb_sum(sum, src->bytes, addr_len(src));
	sum = glb_sum(sum, dst->bytes, addr_len(dst));
	glb_store16(tcp + TCP_CHECK_AT, glb_sum_check(glb_sum(sum, tcp, GLB_TCP_LEN)));
}

struct second_packet second_packet_make(const struct second_token *token,
					const struct glb_addr *own, const struct glb_addr *dst)
{
	uint32_t gue_len = glb_gue_len(1, addr_len(own));
	struct second_packet out = {
		.gue_len = (uint16_t)gue_len,
		.len = (uint16_t)(gue_len + second_ip_header_len(own) + GLB_TCP_LEN),
	};
	uint8_t *ip = out.bytes + gue_len;
	bool v4 = own->version == 4;

	glb_gue_encode(out.bytes, v4 ? GLB_PROTO_IPIP : GLB_PROTO_IPV6, 1, addr_len(own));
	memcpy(out.bytes + GLB_GUE_HOPS_AT, own->bytes, addr_len(own));
	if (v4)
		second_write_ipv4(ip, own, dst);
	else
		second_write_ipv6(ip, own, dst);
	write_tcp(ip + second_ip_header_len(own), token, own, dst);
	return out;
}

enum second_fate second_packet_fate(const struct second_packet *sent, const uint8_t *bytes,
				    size_t len)
{
	size_t inner_len = (size_t)sent->len - sent->gue_len;
	struct second_packet tried = *sent;

	if (len < inner_len ||
	    memcmp(bytes + len - inner_len, sent->bytes + sent->gue_len, inner_len) != 0)
		return SECOND_OTHER;
	tried.bytes[GLB_GUE_NEXT_HOP_AT]++;
	return len == tried.len && !memcmp(bytes, tried.bytes, len) ? SECOND_HANDED_ON
								    : SECOND_CHANGED;
}
