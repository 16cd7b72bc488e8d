/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is HEAD_LEN bytes of settings, see settings_of(), then a burst: frames, each behind one
 * byte of help, see steer(), and its length as two bytes. The tables are those of the wide fixture,
 * with backends of one family or the other.
 *
 * Every burst is decided under several settings, together and one by one. Nothing is allocated per
 * packet: they lie in one piece of memory, with poison in between.
 */
#include <string.h>

#include <glb/answer.h>
#include <glb/hash.h>

#include "answered.h"
#include "complained.h"
#include "fixture.h"
#include "fuzz.h"
#include "outer.h"
#include "plain.h"

#ifdef __has_feature
#define HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif
#if HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

enum { BURST_MAX = 40, HEAD_LEN = 11, GAP = 64, VARIANTS = 4 };

struct held {
	uint8_t *buffer; /* headroom and frame */
	uint8_t *original;
	uint32_t len;
};

/* One burst, and where its packets lie. */
struct burst {
	struct glb_generation *gen;
	uint16_t headroom;
	uint8_t port;
	unsigned int count;
	struct held held[BURST_MAX];
	struct glb_packet packets[BURST_MAX];
	uint8_t *memory;
	size_t memory_len;
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

static struct glb_generation *generation_of(const uint8_t *head, uint8_t isa)
{
	struct glb_settings settings = fixture_settings;
	struct glb_generation *gen;

	settings.hash_fields = head[0] & GLB_HASH_FIELDS_ALL;
	settings.alt_hash_fields = head[1] & GLB_HASH_FIELDS_ALL;
	settings.echo = head[2] & 3;
	settings.too_big = (head[2] >> 2 & 3) % 3;
	settings.udp_checksum = head[2] >> 4 & 3;
	settings.outer_dscp = head[4] % (GLB_DSCP_COPY + 1);
	settings.min_ttl = head[5];
	settings.relay_outer_errors = head[1] & 128;
	choose_flags(&settings, head[3]);
	choose_port(&settings.ports[head[10] % GLB_PORTS_MAX], head);
	settings.isa = isa;
	gen = with_tables(&settings, head[2]);
	settings.isa = GLB_ISA_BEST;
	return gen ? gen : with_tables(&settings, head[2]);
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

/* Cuts the input into frames, with room for each and for a second copy of it. */
static void split(struct burst *burst, const uint8_t *input, size_t len)
{
	uint8_t *at;

	burst->memory_len = 2 * len + BURST_MAX * (burst->headroom + 3 * (size_t)GAP);
	burst->memory = malloc(burst->memory_len);
	PROMISE(burst->memory);
	ASAN_POISON_MEMORY_REGION(burst->memory, burst->memory_len);
	at = burst->memory;
	while (len >= 3 && burst->count < BURST_MAX) {
		uint32_t wanted = get16(input + 1);
		uint32_t frame_len = wanted < len - 3 ? wanted : (uint32_t)len - 3;
		uint8_t *buffer = at + GAP;
		uint8_t *original = buffer + burst->headroom + frame_len + GAP;

		ASAN_UNPOISON_MEMORY_REGION(buffer, burst->headroom + frame_len);
		ASAN_UNPOISON_MEMORY_REGION(original, frame_len);
		memcpy(original, input + 3, frame_len);
		steer(original, frame_len, input[0]);
		burst->held[burst->count++] = (struct held){buffer, original, frame_len};
		at = original + frame_len;
		input += 3 + frame_len;
		len -= 3 + frame_len;
	}
	PROMISE(at <= burst->memory + burst->memory_len);
}

static struct glb_packet hold(const struct burst *burst, const struct held *held)
{
	memset(held->buffer, 0x55, burst->headroom);
	memcpy(held->buffer + burst->headroom, held->original, held->len);
	return (struct glb_packet){.data = held->buffer + burst->headroom,
				   .len = held->len,
				   .headroom = burst->headroom,
				   .port = burst->port,
				   .verdict = 255};
}

/* Bytes of the outer headers for the packet's flow, or 0. */
static uint32_t outer_len(const struct burst *burst, const struct held *held,
			  const struct glb_flow *flow)
{
	const uint8_t *dst = held->original + flow->ip_at + (flow->version == 4 ? 16 : 24);
	int32_t table = glb_binds_match(burst->gen->binds, flow, dst).table;

	return table < 0 ? 0 : burst->gen->routes[table].outer_len;
}

static bool is_kind(enum glb_verdict verdict, const struct burst *burst,
		    const struct glb_flow *flow, const uint8_t *ip)
{
	const struct glb_settings *settings = &burst->gen->settings;
	bool wrong = flow->version == 4 && plain_sum(0, ip, 4U * (ip[0] & 15)) != 0xffff;

	switch (verdict) {
	case GLB_DROP_BAD_CHECKSUM:
		return settings->verify_ip_checksum && wrong;
	case GLB_DROP_TTL:
		return ip[flow->version == 4 ? 8 : 7] < settings->min_ttl;
	case GLB_DROP_FRAGMENT:
		return flow->kind == GLB_FLOW_FRAGMENT;
	case GLB_DROP_BAD_QUOTE:
		return flow->kind == GLB_FLOW_BAD_QUOTE;
	case GLB_DROP_ECHO:
		return flow->kind == GLB_FLOW_ECHO && settings->echo != GLB_ECHO_FORWARD &&
		       settings->echo != GLB_ECHO_PUNT;
	case GLB_ANSWER_ECHO:
		return flow->kind == GLB_FLOW_ECHO && settings->echo == GLB_ECHO_ANSWER;
	default:
		return true;
	}
}

/* Did a packet that can be read meet a fate that its flow and the settings can bring about? */
static void check_reason(const struct burst *burst, const struct held *held,
			 const struct glb_flow *flow, enum glb_verdict verdict)
{
	const struct glb_settings *settings = &burst->gen->settings;
	const struct glb_port *port = &settings->ports[burst->port];
	const uint8_t *ip = held->original + flow->ip_at;
	bool passed = verdict == GLB_FORWARD || verdict == GLB_ANSWER_TOO_BIG ||
		      verdict == GLB_ANSWER_ECHO;
	uint32_t len = flow->ip_len + outer_len(burst, held, flow);
	static const uint8_t unknown[GLB_MAC_LEN];

	PROMISE(is_kind(verdict, burst, flow, ip));
	if (passed || verdict >= GLB_DROP_FRAGMENT) {
		PROMISE(!is_kind(GLB_DROP_TTL, burst, flow, ip));
		PROMISE(!is_kind(GLB_DROP_BAD_CHECKSUM, burst, flow, ip));
	}
	if (verdict == GLB_FORWARD)
		PROMISE(len <= port->mtu || settings->too_big == GLB_TOO_BIG_FORWARD);
	if (verdict == GLB_ANSWER_TOO_BIG)
		PROMISE(len > port->mtu && settings->too_big == GLB_TOO_BIG_ANSWER);
	if (verdict == GLB_DROP_MTU)
		PROMISE(len > port->mtu && settings->too_big != GLB_TOO_BIG_FORWARD);
	PROMISE((verdict == GLB_DROP_NO_GATEWAY) <= !memcmp(port->gateway_mac, unknown, 6));
	PROMISE(verdict != GLB_FORWARD || memcmp(port->gateway_mac, unknown, 6) != 0);
	PROMISE(verdict != GLB_DROP_NO_HEADROOM ||
		burst->headroom < GLB_OUTER_LEN_MAX + GLB_VLAN_LEN);
	PROMISE(verdict != GLB_DROP_TOO_BIG || flow->ip_len > UINT16_MAX - GLB_OUTER_LEN_MAX);
	PROMISE(verdict != GLB_DROP_ANSWER_LIMIT && verdict != GLB_DROP_ERROR_LIMIT);
	PROMISE(verdict != GLB_DROP_TRUNCATED);
}

/* What becomes of a frame for the sake of the address it is sent to; GLB_FORWARD: nothing. */
static enum glb_verdict address_fate(const struct burst *burst, const struct held *held)
{
	const struct glb_port *port = &burst->gen->settings.ports[burst->port];
	const uint8_t *frame = held->original;
	uint32_t type_at = 12;

	if (held->len < 14)
		return GLB_DROP_TRUNCATED;
	if (!(frame[0] & 1)) {
		bool own = port->any_mac || !memcmp(frame, port->mac, GLB_MAC_LEN);

		for (unsigned int i = 0; i < port->mac_count; i++)
			own |= !memcmp(frame, port->macs[i], GLB_MAC_LEN);
		return own ? GLB_FORWARD : GLB_DROP_OTHER_HOST;
	}
	while (type_at < 20 &&
	       (get16(frame + type_at) == 0x8100 || get16(frame + type_at) == 0x88a8)) {
		type_at += 4;
		if (held->len < type_at + 2)
			return GLB_DROP_TRUNCATED;
	}
	return get16(frame + type_at) == 0x0800 || get16(frame + type_at) == 0x86dd
		       ? GLB_PUNT_GROUP
		       : GLB_PUNT_NOT_IP;
}

static void check_bounds(const struct burst *burst, const struct glb_packet *pkt,
			 const struct held *held)
{
	static const uint8_t blank[256] = {[0 ... 255] = 0x55};

	PROMISE(pkt->data >= held->buffer && pkt->headroom == pkt->data - held->buffer);
	PROMISE(pkt->data + pkt->len <= held->buffer + burst->headroom + held->len);
	PROMISE(!memcmp(held->buffer, blank, pkt->headroom < 256 ? pkt->headroom : 256));
}

/* Has routers complain about a packet that was sent. */
static void check_complaints(const struct outer_case *c)
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

static void check_packet(const struct burst *burst, struct glb_packet *pkt, const struct held *held)
{
	struct outer_case c = {burst->gen,     pkt->data, pkt->len,
			       held->original, held->len, burst->port};
	const char *fault = NULL;
	struct glb_flow flow;
	enum glb_verdict read = address_fate(burst, held);

	if (read == GLB_FORWARD)
		read = glb_parse(&flow, held->original, held->len);
	PROMISE(pkt->verdict < GLB_VERDICT_COUNT && pkt->port == burst->port);
	if (read != GLB_FORWARD)
		PROMISE(pkt->verdict == read);
	else
		check_reason(burst, held, &flow, pkt->verdict);
	if (pkt->verdict == GLB_FORWARD) {
		fault = outer_fault(&c);
		check_complaints(&c);
	} else {
		PROMISE(pkt->headroom == burst->headroom && pkt->len == held->len);
		PROMISE(!memcmp(pkt->data, held->original, held->len));
		if (glb_verdict_is_answer(pkt->verdict)) {
			glb_answer(burst->gen, pkt);
			c.sent = pkt->data;
			c.sent_len = pkt->len;
			if (pkt->verdict != GLB_ANSWER_OUTER_TOO_BIG) /* see check_complaints() */
				fault = answer_fault(&c, pkt->verdict);
		}
	}
	check_bounds(burst, pkt, held);
	PROMISE(!fault);
}

static void decide(struct burst *burst)
{
	uint8_t verdicts[BURST_MAX];

	for (unsigned int i = 0; i < burst->count; i++)
		burst->packets[i] = hold(burst, &burst->held[i]);
	glb_forward(burst->gen, burst->packets, burst->count);
	for (unsigned int i = 0; i < burst->count; i++) {
		verdicts[i] = burst->packets[i].verdict;
		check_packet(burst, &burst->packets[i], &burst->held[i]);
	}
	/* Alone, a packet must meet the fate it met among others. */
	for (unsigned int i = 0; i < burst->count; i++) {
		burst->packets[i] = hold(burst, &burst->held[i]);
		glb_forward(burst->gen, &burst->packets[i], 1);
		PROMISE(burst->packets[i].verdict == verdicts[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	/* changes to the bytes of echo, too_big, udp_checksum and tables, and to those of flags */
	static const uint8_t variants[VARIANTS][2] = {
		{0, 0}, {0x55, 0x5a}, {0x2b, 0x25}, {0xf4, 0x7f}};
	static const uint8_t isas[VARIANTS] = {GLB_ISA_BEST, GLB_ISA_GENERIC, GLB_ISA_AVX2,
					       GLB_ISA_AVX512};
	static struct burst burst;
	uint8_t head[HEAD_LEN];

	if (len < HEAD_LEN)
		return 0;
	memcpy(head, input, HEAD_LEN);
	burst = (struct burst){.headroom = head[9], .port = head[10] % GLB_PORTS_MAX};
	split(&burst, input + HEAD_LEN, len - HEAD_LEN);
	for (unsigned int v = 0; v < VARIANTS; v++) {
		head[2] = input[2] ^ variants[v][0];
		head[3] = input[3] ^ variants[v][1];
		burst.gen = generation_of(head, isas[v]);
		decide(&burst);
		glb_generation_free(burst.gen);
	}
	ASAN_UNPOISON_MEMORY_REGION(burst.memory, burst.memory_len);
	free(burst.memory);
	return 0;
}
