/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What glb/icmp_reply.h promises of replies, for packets as glb_parse() leaves them: echo requests
 * of all lengths up to 12 bytes of data, and errors with quotes of all lengths around the least and
 * the most that is quoted. The frame is alone in its memory, with the headroom that is required.
 */
#include "sum_contract.h"

#include "core/forward/icmp_reply.c"

#include "proof.h"

static struct glb_generation gen;

/* A frame of any bytes whose IP packet begins at ip_at. */
static struct glb_packet any_frame(uint8_t *room, uint32_t ip_at, uint32_t len)
{
	struct glb_packet pkt = {.data = room + GLB_ICMP_REPLY_LEN_MAX,
				 .len = ip_at + len,
				 .headroom = GLB_ICMP_REPLY_LEN_MAX,
				 .port = 3};

	ANY_BYTES(pkt.data, ip_at + len);
	return pkt;
}

static void write_tags(uint8_t *frame, uint32_t ip_at)
{
	uint32_t at = 12;

	for (; at < ip_at - 2; at += GLB_VLAN_LEN)
		glb_store_be16(frame + at, GLB_ETHERTYPE_VLAN);
	glb_store_be16(frame + at, GLB_ETHERTYPE_IPV4);
}

static void echo(uint8_t version, uint32_t ip_at)
{
	uint32_t head = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint32_t len = head + ANY32(GLB_ICMP_LEN, GLB_ICMP_LEN + 12);
	//@ split len;
	;
	uint8_t *room = malloc(GLB_ICMP_REPLY_LEN_MAX + ip_at + len);
	struct glb_packet pkt = any_frame(room, ip_at, len);

	pkt.data[ip_at] = version == 4 ? 0x45 : 0x60;
	pkt.reply = (struct glb_reply){.quote_at = (uint16_t)ip_at, .quote_len = (uint16_t)len};
	write_echo_reply(&gen, &pkt);

	uint16_t check = glb_load16(pkt.data + ip_at + head + 2);

	//@ check echo_len: pkt.len == ip_at + len;
	//@ check echo_data: pkt.data == room + GLB_ICMP_REPLY_LEN_MAX;
	//@ check echo_type: pkt.data[ip_at + head] == (version == 4 ? 0 : 129);
	//@ check echo_sum: check != 0;
	//@ check echo_ttl: pkt.data[ip_at + (version == 4 ? 8 : 7)] == 64;
}

static void error(uint8_t version, uint32_t ip_at)
{
	uint32_t head = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	uint32_t most = version == 4 ? GLB_ICMP_ERROR_MAX : GLB_IPV6_MTU_MIN;
	uint32_t quote_len = ANY(0, 1) ? head + ANY32(0, 3) : most - head - ANY32(6, 10);
	//@ split quote_len;
	;
	uint8_t *room = malloc(GLB_ICMP_REPLY_LEN_MAX + ip_at + quote_len);
	struct glb_packet pkt = any_frame(room, ip_at, quote_len);

	pkt.data[ip_at] = version == 4 ? 0x45 : 0x60;
	write_tags(pkt.data, ip_at);
	pkt.reply = (struct glb_reply){.quote_at = (uint16_t)ip_at,
				       .quote_len = (uint16_t)quote_len,
				       .mtu = (uint16_t)ANY(0, 65535)};
	write_error(&gen, &pkt);

	uint32_t len = pkt.len - ip_at;
	uint16_t said = glb_load_be16(pkt.data + ip_at + (version == 4 ? 2 : 4));

	//@ check most: len <= most;
	//@ check len: len == head + 8 + quote_len || len == most;
	//@ check said: said == len - (version == 4 ? 0 : 40);
	//@ check data: pkt.data == room + pkt.headroom;
	//@ check headroom: pkt.headroom == GLB_ICMP_REPLY_LEN_MAX - head - 8;
	//@ check written: \initialized(pkt.data + (0 .. pkt.len - 1));
	//@ check type: pkt.data[ip_at + head] == (version == 4 ? 3 : 2);
}

int main(void)
{
	uint8_t version = ANY(0, 1) ? 4 : 6;
	//@ split version;
	;
	uint32_t ip_at = GLB_ETHER_LEN + GLB_VLAN_LEN * ANY32(0, GLB_VLAN_MAX);
	//@ split ip_at;
	;
	ANY_BYTES(gen.settings.ports[3].mac, GLB_MAC_LEN);
	if (ANY(0, 1))
		echo(version, ip_at);
	else
		error(version, ip_at);
	return 0;
}
