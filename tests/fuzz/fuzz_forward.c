/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is HEAD_LEN bytes of settings, see settings_of(), then a burst: frames, each behind one
 * byte of help, see steer(), and its length as two bytes. The tables are those of the wide fixture,
 * with backends of one family or the other.
 *
 * Every burst is decided under several settings, by every build and by the specification, together
 * and one by one. libFuzzer's own mutations take turns with those of random_spoil(), which know
 * where headers are.
 */
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "complained.h"
#include "differ.h"
#include "fixture.h"
#include "fuzz.h"
#include "plain.h"
#include "random_frames.h"

enum { FRAMES_MAX = 40, FRAME_HEAD_LEN = 3, HEAD_LEN = 11, VARIANTS = 4 };

/* One burst: frames are as long as the rest of the input, or as they say. */
struct burst {
	uint16_t headroom;
	uint8_t port;
	unsigned int count;
	struct {
		const uint8_t *bytes; /* behind their help and length */
		uint32_t len;
	} frames[FRAMES_MAX];
};

static void choose_flags(struct glb_settings *settings, uint8_t flags)
{
	settings->copy_ecn = flags & 1;
	settings->all_icmp_errors = flags & 2;
	settings->forward_fragments = flags & 4;
	settings->verify_ip_checksum = flags & 8;
	settings->trim_padding = flags & 16;
	settings->clamp_mss = flags & 32;
	settings->unique_hops = flags & 64;
	if (settings->forward_fragments) { /* which have no ports to hash */
		settings->hash_fields &= GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR;
		settings->alt_hash_fields &= GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR;
	}
	if (!settings->hash_fields)
		settings->hash_fields = GLB_HASH_SRC_ADDR;
}

static void choose_port(struct glb_port *port, const uint8_t *head)
{
	*port = (struct glb_port){
		.gateway_mac = {2, 0, 0, 0, 1, head[10]},
		.mac = {2, 0, 0, 0, 0, 1}, /* of most frames that are tried */
		.vlan = head[6] == 1 ? GLB_VLAN_NONE : head[6],
		.mtu = (uint16_t)(576 + get16(head + 7) % (65536 - 576)),
	};
	if (head[3] & 128)
		memset(port->gateway_mac, 0, sizeof(port->gateway_mac));
	port->any_mac = head[0] & 128;
	if (head[0] & 64) { /* it is not the port's own, */
		port->mac[4] = 2;
		port->mac_count = head[0] >> 4 & 3; /* but may be listed */
		memcpy(port->macs[1], (uint8_t[]){2, 0, 0, 0, 0, 1}, GLB_MAC_LEN);
	}
}

static struct glb_generation *with_tables(const struct glb_settings *settings, uint8_t which)
{
	return which & 64 ? fixture_wide6_generation(settings, which & 128 ? 3 : 0)
			  : fixture_wide_generation(settings);
}

/* Half of IPv4, and most of what IPv6 has of hosts: made once. */
static struct glb_deny *denied(void)
{
	static const struct glb_deny_prefix prefixes[] = {
		{.addr = {{0}, 4}, .prefix_len = 2},
		{.addr = {{192, 0, 2}, 4}, .prefix_len = 24},
		{.addr = {{0x20}, 6}, .prefix_len = 9},
		{.addr = {{0x20, 1, 0xd, 0xb8}, 6}, .prefix_len = 33},
	};
	static struct glb_deny *list;

	if (!list && glb_deny_make(&list, prefixes, sizeof(prefixes) / sizeof(*prefixes)))
		abort();
	return list;
}

/* Of VIPs and others; none is ever exhausted: made once. */
static struct glb_meters *metered(void)
{
	static const struct glb_meter_rule rules[] = {
		{{{1, 1, 1, 1}, 4}, 32, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
		{{{1}, 4}, 8, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
		{{{0xfd}, 6}, 9, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
	};
	static struct glb_meters *meters;

	if (!meters && glb_meters_make(&meters, rules, sizeof(rules) / sizeof(*rules), NULL))
		abort();
	return meters;
}

/* NULL: not an instruction set of this processor. */
static struct glb_generation *generation_of(const uint8_t *head, uint8_t isa)
{
	struct glb_settings settings = fixture_settings;

	settings.hash_fields = head[0] & GLB_HASH_FIELDS_ALL;
	settings.alt_hash_fields = head[1] & GLB_HASH_FIELDS_ALL;
	settings.echo = head[2] & 3;
	settings.too_big = (head[2] >> 2 & 3) % 3;
	settings.udp_checksum = head[2] >> 4 & 3;
	settings.outer_dscp = head[4] % (GLB_DSCP_COPY + 1);
	settings.deny = head[4] & 128 ? denied() : NULL;
	settings.meters = head[6] & 128 ? metered() : NULL;
	settings.min_ttl = head[5];
	settings.relay_outer_errors = head[1] & 128;
	choose_flags(&settings, head[3]);
	choose_port(&settings.ports[head[10] % GLB_PORTS_MAX], head);
	settings.isa = isa;
	return with_tables(&settings, head[2]);
}

static void right_checksums(uint8_t *frame, const struct glb_flow *flow, uint8_t help)
{
	uint8_t *ip = frame + flow->ip_at;
	uint8_t *transport = ip + flow->transport_at;
	uint32_t len = (uint32_t)flow->ip_len - flow->transport_at;
	bool v4 = flow->version == 4;
	bool ports = flow->kind == GLB_FLOW_PORTS;
	uint32_t field = !ports ? 2 : flow->proto == 6 ? 16 : 6;

	if (help & 16 && (ports || flow->kind == GLB_FLOW_ECHO || flow->kind == GLB_FLOW_QUOTED)) {
		uint32_t proto = ports ? flow->proto : 58;
		uint32_t sum =
			!ports && v4 ? 0 : plain_sum(proto + len, ip + (v4 ? 12 : 8), v4 ? 8 : 32);

		(void)put16(transport + field, 0);
		(void)put16(transport + field, ~plain_sum(sum, transport, len) & 0xffffU);
	}
	if (help & 32 && v4) {
		(void)put16(ip + 10, 0);
		(void)put16(ip + 10, ~plain_sum(0, ip, 4U * (ip[0] & 15)) & 0xffffU);
	}
}

/*
 * What mutations hardly ever hit. Bits 0 to 2: not 0, the VIP; bit 3: the IP length is all there
 * is; bits 4 and 5: right checksums; bit 6: what an error quotes comes from the VIP.
 */
static void steer(uint8_t *frame, uint32_t len, uint8_t help)
{
	struct glb_cursor cur = glb_cursor(frame, len);
	struct glb_flow flow;
	uint16_t type;

	if (!glb_parse_ether(&type, &cur) || len > UINT16_MAX)
		return;

	uint8_t *ip = frame + (cur.at - frame);
	uint32_t ip_len = len - (uint32_t)(cur.at - frame);
	bool v4 = type == GLB_ETHERTYPE_IPV4;
	static const uint8_t vip6[16] = {0xfd, 0xb4, 0x98, 0xce, 0x52, 0xd4, [15] = 0x40};

	if ((!v4 && type != GLB_ETHERTYPE_IPV6) || ip_len < (v4 ? 20U : 40U))
		return;
	if (help & 7) {
		memcpy(ip + (v4 ? 16 : 24), v4 ? (const uint8_t[]){1, 1, 1, 0} : vip6, v4 ? 4 : 16);
		ip[v4 ? 19 : 39] |= help & 7;
	}
	if (help & 8)
		(void)put16(ip + (v4 ? 2 : 4), v4 ? ip_len : ip_len - 40);
	if (glb_parse(&flow, frame, len) != GLB_FORWARD)
		return;
	if (help & 64 && flow.kind == GLB_FLOW_QUOTED && v4)
		memcpy(ip + flow.transport_at + 8 + 12, ip + 16, 4);
	else if (help & 64 && flow.kind == GLB_FLOW_QUOTED)
		memcpy(ip + flow.transport_at + 8 + 8, ip + 24, 16);
	right_checksums(frame, &flow, help);
}

/* Cuts the input into frames. */
static void split(struct burst *burst, const uint8_t *input, size_t len)
{
	while (len >= FRAME_HEAD_LEN && burst->count < FRAMES_MAX) {
		uint32_t wanted = get16(input + 1);
		uint32_t left = (uint32_t)len - FRAME_HEAD_LEN;
		uint32_t frame_len = wanted < left ? wanted : left;

		burst->frames[burst->count].bytes = input + FRAME_HEAD_LEN;
		burst->frames[burst->count++].len = frame_len;
		input += FRAME_HEAD_LEN + frame_len;
		len -= FRAME_HEAD_LEN + frame_len;
	}
}

static void check(struct differ *differ, const struct glb_generation *gen)
{
	if (differ_agrees(differ, gen))
		return;
	differ_report(stderr, differ, gen);
	abort();
}

/* Has frames of the burst decided, from one on, by the generations of all builds. */
static void decide(struct differ *differ, struct glb_generation *const *gens,
		   const struct burst *burst, unsigned int first, unsigned int count)
{
	differ_clear(differ);
	for (unsigned int i = first; i < first + count; i++) {
		const uint8_t *bytes = burst->frames[i].bytes;
		uint32_t len = burst->frames[i].len;
		uint8_t *at = differ_add(differ, len, burst->headroom, burst->port);

		PROMISE(at);
		memcpy(at, bytes, len);
		steer(at, len, bytes[-FRAME_HEAD_LEN]);
	}
	differ_specify(differ, gens[GLB_ISA_GENERIC]);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
		if (gens[isa])
			check(differ, gens[isa]);
}

/* Has routers complain about a packet that was sent. */
static void check_complaints(const struct spec_case *c)
{
	uint32_t at = c->sent_len % 160;
	const struct complaint_case cases[] = {
		{.mtu = c->sent_len * 7 / 8, .quote_len = UINT16_MAX},
		{.mtu = 0, .quote_len = 20 + at},
		{.mtu = c->original_len / 2,
		 .quote_len = 576,
		 .flip_at = at,
		 .flip = (uint8_t)(1 << at % 8)},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool relayed;

		PROMISE(!complaint_fault(&relayed, c, &cases[i]));
	}
}

static void decide_all(struct differ *differ, struct glb_generation *const *gens,
		       const struct burst *burst)
{
	const struct glb_generation *gen = gens[GLB_ISA_GENERIC];

	decide(differ, gens, burst, 0, burst->count);
	for (unsigned int i = 0; i < differ->count; i++) {
		const struct glb_packet *want = &differ->want[i];
		const struct glb_packet *was = &differ->as_received[i];

		if (want->verdict == GLB_FORWARD)
			check_complaints(&(struct spec_case){gen, want->data, want->len, was->data,
							     was->len, was->port});
	}
	/* Alone, a packet must meet the fate it met among others. */
	for (unsigned int i = 0; i < burst->count; i++)
		decide(differ, gens, burst, i, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	/* changes to the bytes of echo, too_big, udp_checksum and tables, and to those of flags */
	static const uint8_t variants[VARIANTS][2] = {
		{0, 0}, {0x55, 0x5a}, {0x2b, 0x25}, {0xf4, 0x7f}};
	static struct differ differ;
	struct burst burst;
	uint8_t head[HEAD_LEN];

	if (len < HEAD_LEN || len > DIFFER_LEN_MAX / 4)
		return 0;
	if (!differ.original)
		differ_start(&differ); /* kept */
	memcpy(head, input, HEAD_LEN);
	burst = (struct burst){.headroom = head[9], .port = head[10] % GLB_PORTS_MAX};
	split(&burst, input + HEAD_LEN, len - HEAD_LEN);
	for (unsigned int v = 0; v < VARIANTS; v++) {
		struct glb_generation *gens[GLB_ISA_COUNT] = {NULL};

		head[2] = input[2] ^ variants[v][0];
		head[3] = input[3] ^ variants[v][1];
		for (uint8_t isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
			gens[isa] = generation_of(head, isa);
		decide_all(&differ, gens, &burst);
		for (uint8_t isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
			glb_generation_free(gens[isa]);
	}
	return 0;
}

/* --- For libFuzzer, which looks for these names --- */

size_t LLVMFuzzerMutate(uint8_t *input, size_t len, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t len, size_t most, unsigned int seed);

#ifdef FUZZ_LIBFUZZER
/* Every other time one frame is spoilt where its headers are, and keeps its place in the input. */
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t len, size_t most, unsigned int seed)
{
	struct chance chance = {.state = seed + 0x9e3779b97f4a7c15};
	struct burst burst = {.count = 0};
	unsigned int i;

	if (len > HEAD_LEN)
		split(&burst, input + HEAD_LEN, len - HEAD_LEN);
	if (!burst.count || chance_once_in(&chance, 2))
		return LLVMFuzzerMutate(input, len, most);
	i = chance_below(&chance, burst.count);

	uint8_t *frame = input + (burst.frames[i].bytes - input);
	uint32_t was = burst.frames[i].len;
	uint32_t left = random_spoil(frame, was, &chance);

	(void)put16(frame - 2, left);
	memmove(frame + left, frame + was, (size_t)(input + len - frame) - was);
	return len - was + left;
}
#endif
