/* SPDX-License-Identifier: BSD-3-Clause */
/* What a director says itself: RFC 792, RFC 1191, RFC 1812, RFC 4443. */
#include <string.h>

#include "forward.h"
#include "parts.h"

enum { ERROR_LEN_MAX = 22 + 1280 };

bool spec_may_reply(const struct glb_packet *pkt, const struct glb_flow *flow, const uint8_t *ip)
{
	bool v4 = flow->version == 4;
	const uint8_t *src = ip + (v4 ? 12 : 8);
	const uint8_t *dst = ip + (v4 ? 16 : 24);

	if (pkt->data[6] & 1) /* the frame's source is a group */
		return false;
	if (flow->kind == GLB_FLOW_QUOTED || flow->kind == GLB_FLOW_BAD_QUOTE)
		return false;
	return flow->fragment != GLB_LATER_FRAGMENT && spec_is_from(src, dst, v4) &&
	       spec_is_host(dst, v4);
}

/* Back to where the frame came from; tags stay the same. */
static void write_l2(uint8_t *out, const struct spec_packet *packet, bool v4)
{
	uint32_t len = packet->flow.ip_at;

	memcpy(out, packet->pkt->data + 6, 6);
	memcpy(out + 6, packet->gen->settings.ports[packet->pkt->port].mac, 6);
	memcpy(out + 12, packet->pkt->data + 12, len - 12);
	(void)put16(out + len - 2, v4 ? 0x0800 : 0x86dd);
}

static void reply_echo(const struct spec_packet *packet, struct glb_packet *pkt)
{
	const bool v4 = packet->v4;
	const uint32_t addr_len = v4 ? 4 : 16;
	uint8_t *ip = pkt->data + packet->flow.ip_at;
	uint8_t *src = ip + (v4 ? 12 : 8);
	uint8_t *icmp = ip + packet->flow.transport_at;
	uint8_t l2[22], client[16];
	uint32_t check = get16(icmp + 2);

	write_l2(l2, packet, v4);
	memcpy(pkt->data, l2, packet->flow.ip_at);
	memcpy(client, src, addr_len);
	memcpy(src, src + addr_len, addr_len);
	memcpy(src + addr_len, client, addr_len);
	ip[v4 ? 8 : 7] = 64;
	if (v4) {
		(void)put16(ip + 10, 0);
		(void)put16(ip + 10, ~plain_sum(0, ip, 20) & 0xffffU);
	}
	/* RFC 1624; as wrong as the request's was, and never 0 */
	check = plain_sum((~check & 0xffff) + (~get16(icmp) & 0xffff), NULL, 0);
	icmp[0] = v4 ? 0 : 129;
	check = ~plain_sum(check + get16(icmp), NULL, 0) & 0xffffU;
	(void)put16(icmp + 2, check ? check : 0xffff);
	pkt->len = (uint32_t)packet->flow.ip_at + packet->flow.ip_len;
}

/* An error about the packet at `was`, of which `len` bytes are known. Returns its length. */
static uint32_t write_frag_needed(uint8_t *ip, const uint8_t *was, uint32_t len, uint32_t mtu)
{
	uint32_t quote_len = len < 576 - 28 ? len : 576 - 28;

	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[1] = 0xc0;
	(void)put16(ip + 2, 28 + quote_len);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, was + 16, 4);
	memcpy(ip + 16, was + 12, 4);
	(void)put16(ip + 10, ~plain_sum(0, ip, 20) & 0xffffU);
	ip[20] = 3;
	ip[21] = 4;
	(void)put16(ip + 26, mtu);
	memcpy(ip + 28, was, quote_len);
	(void)put16(ip + 22, ~plain_sum(0, ip + 20, 8 + quote_len) & 0xffffU);
	return 28 + quote_len;
}

static uint32_t write_packet_too_big(uint8_t *ip, const uint8_t *was, uint32_t len, uint32_t mtu)
{
	uint32_t quote_len = len < 1280 - 48 ? len : 1280 - 48;

	memset(ip, 0, 48);
	ip[0] = 0x60;
	(void)put16(ip + 4, 8 + quote_len);
	ip[6] = 58;
	ip[7] = 64;
	memcpy(ip + 8, was + 24, 16);
	memcpy(ip + 24, was + 8, 16);
	ip[40] = 2;
	(void)put16(ip + 46, mtu);
	memcpy(ip + 48, was, quote_len);
	(void)put16(ip + 42, ~plain_segment_sum(ip + 8, 16, 58, ip + 40, 8 + quote_len) & 0xffffU);
	return 48 + quote_len;
}

/* Puts the error where its quote ends up in front of the quoted packet, which stays in place. */
static void reply_error(const struct spec_packet *packet, struct glb_packet *pkt,
			const struct spec_complaint *about)
{
	const bool v4 = about->flow.version == 4;
	uint8_t frame[ERROR_LEN_MAX];
	uint8_t *ip = frame + packet->flow.ip_at;
	uint8_t *data = pkt->data + (about->ip - pkt->data) - (v4 ? 28 : 48) - packet->flow.ip_at;
	uint32_t len = packet->flow.ip_at;

	write_l2(frame, packet, v4);
	len += v4 ? write_frag_needed(ip, about->ip, about->there, about->mtu)
		  : write_packet_too_big(ip, about->ip, about->there, about->mtu);
	memcpy(data, frame, len);
	pkt->headroom = (uint16_t)(pkt->headroom + (data - pkt->data));
	pkt->data = data;
	pkt->len = len;
}

/* What fits, of the packets of a table; IP promises some bytes anyway. */
static uint32_t mtu_for(const struct spec_packet *packet, const struct glb_table *table)
{
	const struct glb_settings *settings = &packet->gen->settings;
	uint8_t out = glb_way_out(settings, packet->pkt->port);
	uint32_t overhead = spec_outer_len(settings, table);
	uint32_t least = packet->v4 ? 68 : 1280;
	uint32_t mtu = settings->ports[out].mtu;

	return mtu < least + overhead ? least : mtu - overhead;
}

void spec_icmp_reply(const struct glb_generation *gen, struct glb_packet *pkt)
{
	const struct glb_packet before = *pkt;
	struct spec_packet packet;
	struct spec_complaint about;
	struct spec_match match;

	if (spec_read_packet(&packet, gen, &before) != GLB_FORWARD)
		return;
	match = spec_match(&gen->tables, &packet.flow, packet.dst);
	switch ((enum glb_verdict)pkt->verdict) {
	case GLB_ANSWER_ECHO:
		reply_echo(&packet, pkt);
		break;
	case GLB_ANSWER_TOO_BIG:
		about = (struct spec_complaint){packet.flow, packet.ip, packet.flow.ip_len,
						mtu_for(&packet, match.table)};
		reply_error(&packet, pkt, &about);
		break;
	case GLB_ANSWER_OUTER_TOO_BIG:
		if (spec_read_outer_error(&about, &packet))
			reply_error(&packet, pkt, &about);
		break;
	default:
		break;
	}
}
