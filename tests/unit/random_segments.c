/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP, UDP, ICMP and what they carry. */
#include <string.h>

#include "plain.h"
#include "random_frames.h"

static uint8_t *bytes_at(const struct draft *draft, uint32_t at)
{
	return draft->frame->bytes + at;
}

/* Of a range its ends and their neighbours; else any. */
static uint16_t choose_port(struct chance *chance, const struct glb_bind *bind)
{
	switch (chance_below(chance, 16)) {
	case 0:
		return (uint16_t)(bind->port_first - 1);
	case 1:
		return (uint16_t)(bind->port_last + 1);
	case 2:
		return (uint16_t)chance_next(chance);
	case 3:
	case 4:
	case 5:
		return bind->port_last;
	default:
		return bind->port_first;
	}
}

/* Bytes behind the headers that make the packet as long as some limit, or nearly; else a few. */
static uint32_t choose_payload_len(struct draft *draft, uint32_t headers_end)
{
	static const uint16_t limits[] = {64, 128, 576, 1280, 1500, 256};
	struct chance *chance = &draft->from->chance;
	const uint32_t head = headers_end - draft->ip_at;
	const struct glb_settings *settings = draft->from->settings;
	uint32_t limit = limits[chance_below(chance, sizeof(limits) / sizeof(*limits))];

	switch (chance_below(chance, 16)) {
	case 0: /* what still fits where it leaves */
		limit = settings->ports[glb_way_out(settings, draft->frame->port)].mtu;
		limit = limit > draft->overhead ? limit - draft->overhead : 0;
		break;
	case 1:
		break;
	case 2:
	case 3:
		return chance_below(chance, 200);
	case 4: /* the longest packet that still can be encapsulated */
		if (!chance_once_in(chance, 64))
			return 0;
		limit = 65535 - draft->overhead;
		break;
	default:
		return chance_below(chance, 24);
	}
	limit = limit + 1 - chance_below(chance, 3);
	return limit > head && limit <= 65535 && (limit < 3000 || chance_once_in(chance, 16))
		       ? limit - head
		       : 0;
}

static void fill(struct draft *draft, uint32_t at, uint32_t len)
{
	uint8_t *bytes = bytes_at(draft, at);
	uint64_t word = chance_next(&draft->from->chance);

	draft->end = at + len;
	for (; len >= 8; bytes += 8, len -= 8, word = word * 5 + 1)
		memcpy(bytes, &word, 8);
	memcpy(bytes, &word, len);
}

/* --- TCP --- */

/* A list of options of some words, with or without an MSS, and not always a right one. */
static void write_options(struct draft *draft, uint8_t *at, uint32_t words)
{
	static const uint8_t bits[][4] = {
		{2, 4, 5, 0xb4},    {2, 4, 0, 100}, {1, 1, 1, 1}, {1, 3, 3, 7}, {0, 0, 0, 0},
		{2, 4, 0xff, 0xff}, {2, 3, 5, 1},   {4, 2, 1, 1}, {8, 1, 0, 0}, {2, 4, 4, 0xc4}};
	struct chance *chance = &draft->from->chance;
	uint32_t shift = chance_below(chance, 3);

	memset(at, 1, 4 * words); /* NOPs */
	for (uint32_t i = 0; i < words; i++)
		memcpy(at + 4 * i, bits[chance_below(chance, sizeof(bits) / 4)], 4);
	if (chance_once_in(chance, 2) && words > 1) { /* at an odd place */
		memset(at, 1, 4);
		memcpy(at + shift + 1, bits[0], 4);
		if (chance_once_in(chance, 4))
			at[shift + 2] = (uint8_t)chance_below(chance, 7);
	}
}

static void write_tcp(struct draft *draft)
{
	static const uint8_t flags[] = {0x10, 0x18, 2, 0x12, 4, 0x11, 0xc2, 0, 0x14};
	struct chance *chance = &draft->from->chance;
	uint8_t *tcp = bytes_at(draft, draft->transport_at);
	bool syn = chance_once_in(chance, draft->plain ? 8 : 3);
	uint32_t words = syn ? chance_below(chance, 11) : chance_once_in(chance, 4) * 3U;
	uint64_t any = chance_next(chance);

	memset(tcp, 0, 20);
	(void)put16(tcp, 1024 + (any & 0x7fff));
	(void)put16(tcp + 2, choose_port(chance, draft->bind));
	memcpy(tcp + 4, &any, 8);
	tcp[12] = (uint8_t)((5 + words) << 4);
	tcp[13] = syn ? 2 : flags[chance_below(chance, sizeof(flags))];
	write_options(draft, tcp + 20, words);
	if (chance_once_in(chance, 32)) /* a header longer than it is, or shorter */
		tcp[12] = (uint8_t)chance_next(chance);
	fill(draft, draft->transport_at + 20 + 4 * words,
	     choose_payload_len(draft, draft->transport_at + 20 + 4 * words));
}

/* --- UDP --- */

/* Some server ID of the table, or nearly; see quic.h. */
static uint16_t choose_server(const struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint32_t b = chance_below(chance, draft->table->backend_count) % 8;
	uint16_t id = draft->table->backends[b].server_id;

	return chance_once_in(chance, 8) ? (uint16_t)(id + 1) : id;
}

static void write_quic(struct draft *draft, uint8_t *quic)
{
	static const uint32_t versions[] = {1, 0x6b3343cf, 0, 2, 0x6b3343ce};
	struct chance *chance = &draft->from->chance;
	uint32_t version = versions[chance_below(chance, chance_once_in(chance, 4) ? 5 : 2)];
	uint8_t *id = quic + 1;

	quic[0] = 0x40;
	if (chance_once_in(chance, 2)) {
		quic[0] = (uint8_t)(0xc0 | chance_below(chance, 4) << 4);
		if (!chance_once_in(chance, 3))
			quic[0] = version == 1 ? 0xe0 : 0xf0; /* handshake */
		(void)put16(quic + 1, version >> 16);
		(void)put16(quic + 3, version & 0xffff);
		quic[5] = (uint8_t)(chance_once_in(chance, 4) ? chance_below(chance, 6) : 8);
		id = quic + 6;
	}
	id[0] = (uint8_t)(chance_below(chance, chance_once_in(chance, 4) ? 8 : 7) << 5);
	(void)put16(id + 1, choose_server(draft));
}

/* What a director writes, or nearly. */
static void write_gue(struct draft *draft, uint8_t *gue)
{
	struct chance *chance = &draft->from->chance;
	uint32_t hop_words = draft->v4 ? 1 : 4;
	uint32_t hops = chance_below(chance, 5);

	memset(gue, 0, 8 + 16);
	gue[0] = (uint8_t)(1 + hops * hop_words);
	gue[1] = chance_once_in(chance, 2) ? 4 : 41;
	gue[5] = !draft->v4;
	gue[6] = (uint8_t)chance_below(chance, 2);
	gue[7] = (uint8_t)hops;
	if (chance_once_in(chance, 2))
		gue[chance_below(chance, 8)] ^= (uint8_t)(1U << chance_below(chance, 8));
	if (chance_once_in(chance, 8)) { /* as many as its five bits can say, or more */
		gue[7] = (uint8_t)((draft->v4 ? 29U : 6U) + chance_below(chance, 4));
		gue[0] = (uint8_t)(1 + gue[7] * hop_words);
	}
}

static void write_udp(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t *udp = bytes_at(draft, draft->transport_at);
	uint16_t port = choose_port(chance, draft->bind);
	bool quic = draft->bind->quic && !chance_once_in(chance, 4);
	uint32_t len = choose_payload_len(draft, draft->transport_at + 8);

	if (chance_once_in(chance, 16)) /* directors' */
		port = 19523;
	fill(draft, draft->transport_at + 8, len + 24);
	(void)put16(udp, 1024 + (chance_next(chance) & 0x7fff));
	(void)put16(udp + 2, port);
	if (quic)
		write_quic(draft, udp + 8);
	else if (port == 19523)
		write_gue(draft, udp + 8);
	else if (len >= 16 &&
		 chance_once_in(chance, 8)) /* would be a SYN with an MSS, if it were TCP */
		memcpy(udp + 8, "\0\0\0\0\x60\2\0\0\0\0\0\0\2\4\x05\xb4", 16);
	if (port == 19523 && !draft->plain)
		len += 24 * chance_below(chance, 2);
	draft->end = draft->transport_at + 8 + len;
	(void)put16(udp + 4, 8 + len);
	(void)put16(udp + 6, 1); /* to be worked out */
	if (chance_once_in(chance, 8))
		(void)put16(udp + 4, 8 + len + chance_below(chance, 3) - 1);
	if (chance_once_in(chance, 64))
		(void)put16(udp + 4, chance_below(chance, 20));
	if (chance_once_in(chance, 6))
		(void)put16(udp + 6, 0);
}

/* --- ICMP --- */

static void write_echo(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t *icmp = bytes_at(draft, draft->transport_at);
	uint32_t end = draft->transport_at + 8;

	fill(draft, end, choose_payload_len(draft, end));
	memset(icmp, 0, 8);
	icmp[0] = draft->v4 ? 8 : 128;
	if (chance_once_in(chance, 16))
		icmp[0] = (uint8_t)chance_next(chance);
	icmp[1] = chance_once_in(chance, 32);
	icmp[5] = (uint8_t)chance_next(chance);
	if (chance_once_in(chance, 32)) /* nothing but zeros, so that its checksum may be -0 */
		memset(icmp + 4, 0, draft->end - draft->transport_at - 4);
}

/* An error, so far without its quote: IPv4 types 3, 11, 12, IPv6 types 1 to 4, and odd ones. */
static uint8_t *start_error(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t *icmp = bytes_at(draft, draft->transport_at);

	memset(icmp, 0, 8);
	icmp[0] = draft->v4 ? 3 : 2;
	icmp[1] = draft->v4 ? 4 : 0;
	if (chance_once_in(chance, 4)) {
		icmp[0] = (uint8_t)(1 + chance_below(chance, draft->v4 ? 13 : 6));
		icmp[1] = (uint8_t)chance_below(chance, 6);
	}
	if (!draft->v4 && chance_once_in(chance, 16))
		icmp[1] = 1;
	(void)put16(icmp + 6, 1000 + chance_below(chance, 600));
	return icmp + 8;
}

/* The header of what a VIP has sent to its client, in front of its transport header. */
static uint8_t *write_quoted_ip(struct draft *draft, uint8_t *ip, uint8_t proto)
{
	struct chance *chance = &draft->from->chance;
	const uint8_t *outer = bytes_at(draft, draft->ip_at);
	uint32_t len = 40 + chance_below(chance, 1460);

	if (draft->v4) {
		memset(ip, 0, 24);
		ip[0] = chance_once_in(chance, 16) ? 0x46 : 0x45;
		(void)put16(ip + 2, chance_once_in(chance, 16) ? 0 : len);
		if (chance_once_in(chance, 16))
			(void)put16(ip + 6,
				    0x2000 * chance_below(chance, 2) + chance_below(chance, 2));
		ip[8] = 60;
		ip[9] = proto;
		memcpy(ip + 12, outer + 16, 4); /* the VIP */
		memcpy(ip + 16, (uint8_t[]){10, 11, 12, (uint8_t)chance_below(chance, 250)}, 4);
		return ip + 4U * (ip[0] & 15);
	}
	memset(ip, 0, 48);
	ip[0] = 0x60;
	(void)put16(ip + 4, chance_once_in(chance, 16) ? 0 : len);
	ip[6] = proto;
	ip[7] = 60;
	memcpy(ip + 8, outer + 24, 16);
	memcpy(ip + 24, (uint8_t[16]){0x20, 1, 0xd, 0xb9, [15] = (uint8_t)chance_below(chance, 9)},
	       16);
	if (!chance_once_in(chance, 16))
		return ip + 40;
	ip[6] = chance_once_in(chance, 2) ? 60 : 44;
	ip[40] = proto;
	return ip + 48;
}

/* About a packet that a VIP has sent to its client. */
static void write_error(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t proto = draft->bind->proto;
	uint8_t *quote = start_error(draft);
	uint8_t *transport;

	if (chance_once_in(chance, 4)) /* an echo reply, or something odd */
		proto = draft->v4 ? 1 : 58;
	if (chance_once_in(chance, 32))
		proto = (uint8_t)chance_next(chance);
	transport = write_quoted_ip(draft, quote, proto);
	fill(draft, (uint32_t)(transport - draft->frame->bytes), 64);
	if (proto == 1 || proto == 58) {
		memset(transport, 0, 8);
		transport[0] = chance_once_in(chance, 8) ? 8 : proto == 1 ? 0 : 129;
		transport[1] = chance_once_in(chance, 8);
		(void)put16(transport + 2, chance_next(chance) & 0xffff);
	} else {
		(void)put16(transport, choose_port(chance, draft->bind));
	}
	if (chance_once_in(chance, 4))
		quote[(draft->v4 ? 12U : 8U) + chance_below(chance, 8)] ^= 1; /* another VIP */
	draft->end -= chance_below(chance, chance_once_in(chance, 4) ? 64 + 28 : 64);
}

/* MTUs for a packet of len bytes that are no news, too small, or none. */
static uint32_t choose_mtu(struct draft *draft, uint32_t len)
{
	struct chance *chance = &draft->from->chance;
	uint32_t near = chance_below(chance, 3) - 1;

	switch (chance_below(chance, 8)) {
	case 0:
		return len + near;
	case 1:
		return 1280 + draft->overhead + near;
	case 2:
		return 68 + draft->overhead + near;
	case 3:
		return chance_below(chance, 3) * 65536;
	case 4:
		return 0;
	default:
		return chance_below(chance, len + 2);
	}
}

/* A router's, about a packet that this director has sent. */
static void write_complaint(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	const uint8_t *sent = draft->from->sent;
	uint8_t *ip = bytes_at(draft, draft->ip_at);
	uint8_t *quote = start_error(draft);
	uint32_t len = draft->from->sent_len;
	uint32_t mtu = choose_mtu(draft, get16(sent + (draft->v4 ? 2 : 4)) + (draft->v4 ? 0 : 40));

	if (chance_once_in(chance, 4) && len > 28)
		len = 28 + chance_below(chance, len - 28);
	memcpy(quote, sent, len);
	draft->end = (uint32_t)(quote - draft->frame->bytes) + len;
	(void)put16(quote - 4, draft->v4 ? 0 : mtu >> 16);
	(void)put16(quote - 2, mtu & 0xffff);
	if (draft->v4 && chance_once_in(chance, 4)) /* RFC 4884 */
		quote[-3] = (uint8_t)(len / 4 - 1 + chance_below(chance, 3));
	if (!chance_once_in(chance, 32))
		memcpy(ip + (draft->v4 ? 16 : 24), sent + (draft->v4 ? 12 : 8), draft->v4 ? 4 : 16);
	if (chance_once_in(chance, 3)) /* in some byte it is not what was sent */
		quote[chance_below(chance, len < 128 ? len : 128)] ^=
			(uint8_t)(1U << chance_below(chance, 8));
}

/*
 * The same of a family that the director has no address of: from the unspecified one to itself,
 * which is what an address that is not set would be compared with.
 */
static void write_false_complaint(struct draft *draft)
{
	uint8_t *quote = start_error(draft);
	uint8_t *outer = quote;
	const uint32_t addr_len = draft->v4 ? 4 : 16;
	const uint32_t head = draft->v4 ? 20 : 40;
	uint8_t *udp = quote + head;

	memset(outer, 0, head + 8);
	outer[0] = draft->v4 ? 0x45 : 0x60;
	(void)put16(outer + (draft->v4 ? 2 : 4), 1400);
	outer[draft->v4 ? 9 : 6] = 17;
	outer[head - 1] = 9; /* of some proxy */
	(void)put16(udp, 19523);
	(void)put16(udp + 2, 19523);
	(void)put16(udp + 4, 1400 - (draft->v4 ? 20 : 0));
	fill(draft, (uint32_t)(udp + 8 - draft->frame->bytes), 128);
	write_gue(draft, udp + 8);
	memset(bytes_at(draft, draft->ip_at) + (draft->v4 ? 16 : 24), 0, addr_len);
}

static void write_icmp(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	const struct random_frames *from = draft->from;
	const struct glb_settings *settings = from->settings;
	bool nameless = !(draft->v4 ? settings->src_addr : settings->src_addr6).version;

	if (chance_once_in(chance, 3))
		write_echo(draft);
	else if (nameless && chance_once_in(chance, 4))
		write_false_complaint(draft);
	else if (from->sent_len && (from->sent[0] >> 4 == 4) == draft->v4 &&
		 chance_below(chance, 3))
		write_complaint(draft);
	else
		write_error(draft);
}

void random_segment(struct draft *draft)
{
	switch (draft->proto) {
	case 6:
		write_tcp(draft);
		break;
	case 17:
		write_udp(draft);
		break;
	case 1:
	case 58:
		write_icmp(draft);
		break;
	default:
		fill(draft, draft->transport_at, choose_payload_len(draft, draft->transport_at));
		break;
	}
}
