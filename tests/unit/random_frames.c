/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet and IP, and what is right about a frame as a whole. */
#include <string.h>

#include "plain.h"
#include "random_frames.h"

void random_mix(struct random_frames *from)
{
	from->mix = chance_below(&from->chance, 7);
	from->port = (uint8_t)chance_below(&from->chance, GLB_PORTS_MAX);
}

/* Nearly all packets of a burst are plain, or carry ICMP, or anything. */
static void choose_kind(struct draft *draft)
{
	struct random_frames *from = draft->from;
	struct chance *chance = &from->chance;
	bool usual = !chance_once_in(chance, 16);
	uint8_t icmp;

	draft->plain = from->mix < 5 && usual;
	draft->v4 = draft->bind->addr.version == 4;
	if (chance_once_in(chance, 64))
		draft->v4 = !draft->v4;
	icmp = draft->v4 ? 1 : 58;
	draft->proto = from->mix == 6 && usual ? icmp : draft->bind->proto;
	if (draft->plain && from->mix != 4)
		return;
	if (chance_once_in(chance, 3))
		draft->proto = icmp;
	else if (chance_once_in(chance, 16))
		draft->proto = (uint8_t)chance_next(chance);
	if (!chance_once_in(chance, 4))
		draft->plain = draft->plain && from->mix != 4;
}

/* Some bind; of the IP version wanted if one of a few that are tried is. */
static void choose_bind(struct draft *draft)
{
	const struct world *world = draft->from->world;
	struct chance *chance = &draft->from->chance;
	const struct glb_settings *settings = draft->from->settings;
	uint32_t hops;

	for (unsigned int i = 0; i < 8; i++) {
		draft->table = &world->tables[chance_below(chance, world->table_count)];
		draft->bind = &draft->table->binds[chance_below(chance, draft->table->bind_count)];
		if (draft->from->mix > 1 || draft->bind->addr.version == (draft->from->mix ? 6 : 4))
			break;
	}
	hops = world->base->tables.tables[draft->table - world->tables]->hop_count;
	hops = hops * (settings->alt_hash_fields ? 2 : 1) - 1;
	draft->overhead =
		draft->table->backends[0].addr.version == 4 ? 36 + 4 * hops : 56 + 16 * hops;
}

/* --- Ethernet --- */

static void choose_mac(struct draft *draft, uint8_t *mac)
{
	struct chance *chance = &draft->from->chance;
	const struct glb_port *port = &draft->from->settings->ports[draft->frame->port];

	memcpy(mac, port->mac, GLB_MAC_LEN);
	if (port->mac_count && chance_once_in(chance, 3))
		memcpy(mac, port->macs[chance_below(chance, port->mac_count)], GLB_MAC_LEN);
	if (chance_once_in(chance, 48))
		mac[chance_below(chance, 6)] ^= (uint8_t)(1U << chance_below(chance, 8));
	if (chance_once_in(chance, 48))
		memcpy(mac, (uint8_t[]){1, 0, 0x5e, 0, 0, 1}, GLB_MAC_LEN);
	memcpy(mac + 6, (uint8_t[]){2, 0, 0, 0, 3, draft->frame->port}, GLB_MAC_LEN);
	if (chance_once_in(chance, 48))
		mac[6] |= 1;
}

static void write_l2(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t *frame = draft->frame->bytes;
	uint32_t tags = draft->from->mix == 3 || (!draft->plain && chance_once_in(chance, 4))
				? 1 + chance_below(chance, 2)
				: 0;
	uint8_t *at = frame + 12;

	choose_mac(draft, frame);
	if (tags && chance_once_in(chance, 64))
		tags = 3;
	for (uint32_t i = 0; i < tags; i++) {
		at = put16(at, chance_once_in(chance, 2) ? 0x8100 : 0x88a8);
		at = put16(at, chance_next(chance) & 0xffff);
	}
	at = put16(at, draft->v4 ? 0x0800 : 0x86dd);
	if (!draft->plain && chance_once_in(chance, 64))
		(void)put16(at - 2, chance_once_in(chance, 2) ? 0x0806 : 0x86dd);
	draft->ip_at = (uint32_t)(at - frame);
}

/* --- IP --- */

/* An address in the bind, or one next to it. */
static void choose_vip(struct draft *draft, uint8_t *dst)
{
	struct chance *chance = &draft->from->chance;
	const uint32_t len = draft->v4 ? 4 : 16;
	uint32_t bit = draft->bind->prefix_len;

	if (draft->bind->addr.version == (draft->v4 ? 4 : 6)) {
		memcpy(dst, draft->bind->addr.bytes, len);
	} else {
		memset(dst, 0, len);
		dst[0] = 198;
		bit = 0;
	}
	if (bit < len * 8 && chance_once_in(chance, 2)) /* somewhere in the prefix */
		dst[len - 1] ^= (uint8_t)(chance_next(chance) & (len * 8 - bit >= 8 ? 255 : 1));
	if (bit < len * 8 && chance_once_in(chance, 8))
		dst[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	if (bit && chance_once_in(chance, 16)) /* out of it, by its last bit */
		dst[(bit - 1) / 8] ^= (uint8_t)(0x80 >> (bit - 1) % 8);
}

static void choose_client4(struct draft *draft, uint8_t *src)
{
	static const uint8_t strange[][4] = {{0, 1, 2, 3},	   {127, 0, 0, 1}, {224, 0, 0, 1},
					     {223, 255, 255, 1},   {126, 1, 1, 1}, {128, 0, 0, 1},
					     {255, 255, 255, 255}, {1, 0, 0, 0},   {240, 1, 1, 1}};
	struct chance *chance = &draft->from->chance;
	uint32_t any = chance_below(chance, 1 << 24);

	memcpy(src, (uint8_t[]){10, (uint8_t)(any >> 16), (uint8_t)(any >> 8), (uint8_t)any}, 4);
	if (!chance_once_in(chance, 24))
		return;
	any %= sizeof(strange) / 4 + 2;
	if (any < sizeof(strange) / 4)
		memcpy(src, strange[any], 4);
	else if (any == sizeof(strange) / 4)
		memcpy(src, draft->from->settings->src_addr.bytes, 4);
	else
		memcpy(src, src + 4, 4); /* the VIP itself */
	if (chance_once_in(chance, 4))
		src[3] ^= 1;
}

static void choose_client6(struct draft *draft, uint8_t *src)
{
	static const uint8_t strange[][16] = {
		{0},
		{[15] = 1},
		{[15] = 2},
		{[7] = 1},
		{[8] = 1},
		{[10] = 0xff, 0xff, 1, 2, 3, 4},
		{[10] = 0xff, 0xfe, 1, 2, 3, 4},
		{[9] = 1, 0xff, 0xff, 1, 2, 3, 4},
		{0xff, 2, [15] = 1},
		{0xfe, 0x80, [15] = 1},
	};
	struct chance *chance = &draft->from->chance;
	uint64_t any = chance_next(chance);

	memcpy(src, (uint8_t[16]){0x20, 1, 0xd, 0xb9}, 16);
	memcpy(src + 4 + any % 4, &any, 8);
	if (!chance_once_in(chance, 24))
		return;
	any %= sizeof(strange) / 16 + 2;
	if (any < sizeof(strange) / 16)
		memcpy(src, strange[any], 16);
	else if (any == sizeof(strange) / 16)
		memcpy(src, draft->from->settings->src_addr6.bytes, 16);
	else
		memcpy(src, src + 16, 16);
	if (chance_once_in(chance, 4))
		src[chance_below(chance, 16)] ^= 1;
}

static uint8_t choose_ttl(struct chance *chance)
{
	static const uint8_t ttls[] = {0, 1, 2, 3, 63, 254, 255, 64};

	return chance_once_in(chance, 4) ? ttls[chance_below(chance, sizeof(ttls))] : 64;
}

static void write_ipv4(struct draft *draft)
{
	static const uint16_t fragments[] = {0x2000, 1, 0x2001, 0x8000, 0x1fff, 0x4000, 0x6000};
	struct chance *chance = &draft->from->chance;
	uint8_t *ip = draft->frame->bytes + draft->ip_at;
	uint32_t words =
		!draft->plain && chance_once_in(chance, 6) ? 1 + chance_below(chance, 10) : 0;
	uint32_t fragment = chance_once_in(chance, 2) ? 0x4000 : 0;

	if (!draft->plain && chance_once_in(chance, 8))
		fragment = fragments[chance_below(chance, sizeof(fragments) / 2)];
	memset(ip, 1, 60);
	ip[0] = (uint8_t)(0x45 + words);
	ip[1] = (uint8_t)chance_next(chance);
	(void)put16(ip + 4, chance_next(chance) & 0xffff);
	(void)put16(ip + 6, fragment);
	ip[8] = choose_ttl(chance);
	ip[9] = draft->proto;
	choose_vip(draft, ip + 16);
	choose_client4(draft, ip + 12);
	draft->later = fragment & 0x1fff;
	draft->transport_at = draft->ip_at + 20 + 4 * words;
}

/* Writes one extension header at `at`; returns where the next one goes. */
static uint8_t *write_extension(struct chance *chance, uint8_t *at, uint8_t type, bool *later)
{
	memset(at, 0, 8);
	if (type == 44) {
		static const uint16_t fragments[] = {0, 1, 8, 9, 0xfff8, 6};

		(void)put16(at + 2, fragments[chance_below(chance, 6)]);
		*later |= get16(at + 2) & 0xfff8;
		return at + 8;
	}
	at[1] = (uint8_t)chance_below(chance, 3);
	if (type == 43)
		at[3] = (uint8_t)chance_below(chance, 2);
	memset(at + 8, 1, 8U * at[1]);
	return at + 8 + 8 * at[1];
}

static void write_ipv6(struct draft *draft)
{
	static const uint8_t types[] = {0, 43, 44, 60};
	struct chance *chance = &draft->from->chance;
	uint8_t *ip = draft->frame->bytes + draft->ip_at;
	uint32_t count =
		!draft->plain && chance_once_in(chance, 4) ? 1 + chance_below(chance, 3) : 0U;
	uint8_t *next = ip + 6;
	uint8_t *at = ip + 40;

	if (count && chance_once_in(chance, 8))
		count = 7 + chance_below(chance, 3);
	(void)put16(ip, 0x6000 | (chance_next(chance) & 0xfff));
	(void)put16(ip + 2, chance_next(chance) & 0xffff);
	ip[7] = choose_ttl(chance);
	choose_vip(draft, ip + 24);
	choose_client6(draft, ip + 8);
	draft->later = false;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t type = types[chance_below(chance, 4)];

		*next = type;
		next = at;
		at = write_extension(chance, at, type, &draft->later);
	}
	*next = draft->proto;
	draft->transport_at = (uint32_t)(at - draft->frame->bytes);
}

/* --- Lengths and checksums --- */

static void fill_in_checksum(struct draft *draft, uint8_t *ip)
{
	uint8_t *transport = draft->frame->bytes + draft->transport_at;
	uint32_t len = draft->end - draft->transport_at;
	uint32_t at = draft->proto == 6 ? 16 : draft->proto == 17 ? 6 : 2;
	uint32_t addr_len = draft->v4 ? 4 : 16;
	uint32_t sum;

	if (draft->later || len < at + 2 ||
	    (draft->proto != 6 && draft->proto != 17 && draft->proto != (draft->v4 ? 1 : 58)))
		return;
	if (draft->proto == 17 && !get16(transport + at))
		return;
	(void)put16(transport + at, 0);
	sum = draft->proto == 1 ? plain_sum(0, transport, len)
				: plain_segment_sum(ip + (draft->v4 ? 12 : 8), addr_len,
						    draft->proto, transport, len);
	(void)put16(transport + at, ~sum & 0xffff);
}

static void fill_in(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	uint8_t *ip = draft->frame->bytes + draft->ip_at;

	if (draft->v4) {
		(void)put16(ip + 2, draft->end - draft->ip_at);
		(void)put16(ip + 10, 0);
		(void)put16(ip + 10, ~plain_sum(0, ip, 4U * (ip[0] & 15)) & 0xffffU);
		if (chance_once_in(chance, 32))
			ip[10 + chance_below(chance, 2)] ^=
				(uint8_t)(1U << chance_below(chance, 8));
	} else {
		(void)put16(ip + 4, draft->end - draft->ip_at - 40);
	}
	/* that of TCP and UDP only UDP_INNER looks at, so a wrong one is as good */
	if (draft->end - draft->ip_at < 400 || draft->proto == 1 || draft->proto == 58 ||
	    chance_once_in(chance, 4))
		fill_in_checksum(draft, ip);
}

/* Enough for anything, or nearly what the outer headers or an answer need. */
static uint16_t choose_headroom(struct draft *draft)
{
	struct chance *chance = &draft->from->chance;
	const struct glb_settings *settings = draft->from->settings;
	uint16_t vlan = settings->ports[glb_way_out(settings, draft->frame->port)].vlan;
	uint32_t l2_len = vlan == GLB_VLAN_KEEP ? draft->ip_at : vlan == GLB_VLAN_NONE ? 14 : 18;
	uint32_t room = draft->overhead + l2_len - draft->ip_at;

	switch (chance_below(chance, 24)) {
	case 0:
	case 1:
		return (uint16_t)(room + chance_below(chance, 3) - 1);
	case 2:
		return (uint16_t)(47 + chance_below(chance, 3));
	case 3:
		return (uint16_t)chance_below(chance, 140);
	case 4:
		return chance_once_in(chance, 256) ? (uint16_t)(65535 - chance_below(chance, 3))
						   : 256;
	default:
		return 128;
	}
}

void random_frame(struct random_frame *frame, struct random_frames *from)
{
	struct chance *chance = &from->chance;
	struct draft draft = {.from = from, .frame = frame};
	uint32_t padding = chance_once_in(chance, 6) ? chance_below(chance, 30) : 0;

	if (chance_once_in(chance, 4096))
		padding = 65600;
	frame->port = chance_once_in(chance, 16) ? (uint8_t)chance_below(chance, GLB_PORTS_MAX)
						 : from->port;
	choose_bind(&draft);
	choose_kind(&draft);
	write_l2(&draft);
	if (draft.v4)
		write_ipv4(&draft);
	else
		write_ipv6(&draft);
	random_segment(&draft);
	fill_in(&draft);
	frame->headroom = choose_headroom(&draft);
	frame->len = draft.end;
	if (frame->len + padding <= RANDOM_FRAME_MAX) {
		memset(frame->bytes + frame->len, 0xa5, padding);
		frame->len += padding;
	}
	if (chance_once_in(chance, 8))
		frame->len = random_spoil(frame->bytes, frame->len, chance);
}
