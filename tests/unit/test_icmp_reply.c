/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>
#include <glb/icmp_reply.h>

#include "fault.h"
#include "fixture.h"
#include "frame.h"
#include "plain.h"
#include "suite.h"

enum { HEADROOM = 48 };

#define FROM4 .version = 4, .src = "10.11.12.13", .dst = "1.1.1.1"
#define FROM6 .version = 6, .src = "fd91:79d3:d621::1234", .dst = "fdb4:98ce:52d4::42"
#define TCP   .proto = 6, .src_port = 45678, .dst_port = 80
#define PING4 FROM4, .proto = 1, .type = 8
#define PING6 FROM6, .proto = 58, .type = 128
#define LARGE .payload_len = 1460

static uint8_t frame[FRAME_LEN_MAX];
static struct glb_generation *gen;

static void serve(uint16_t mtu)
{
	struct glb_settings settings = fixture_settings;

	settings.echo = GLB_ECHO_ANSWER;
	settings.too_big = GLB_TOO_BIG_ANSWER;
	settings.forward_fragments = true;
	settings.ports[1].mtu = mtu;
	glb_generation_free(gen);
	gen = fixture_wide_generation(&settings);
}

/* Echoes are answered, and so is what does not fit 1500 bytes. */
static void make_generation(void)
{
	serve(1500);
}

static void free_generation(void)
{
	glb_generation_free(gen);
}

/* A packet in a buffer of exactly its size and its headroom, and a copy. */
struct held {
	struct glb_packet pkt;
	uint8_t *buffer;
	uint8_t *original;
	uint32_t len;
};

static struct held hold(const struct sample *sample, uint16_t headroom)
{
	struct held held = {.len = frame_write(frame, sample)};

	held.original = frame_exact(frame, held.len);
	held.buffer = malloc(headroom + held.len);
	memcpy(held.buffer + headroom, frame, held.len);
	held.pkt = (struct glb_packet){
		.data = held.buffer + headroom, .len = held.len, .headroom = headroom, .port = 1};
	return held;
}

static void release(struct held *held)
{
	free(held->buffer);
	free(held->original);
}

/* Has a held packet decided and answered, and the answer judged. */
static void check_reply(struct held *held, enum glb_verdict want, const char *what)
{
	const char *fault;

	glb_forward(gen, &held->pkt, 1);
	ck_assert_msg(held->pkt.verdict == want, "%s: %s", what,
		      glb_verdict_label(held->pkt.verdict));
	ck_assert_msg(held->pkt.len == held->len &&
			      !memcmp(held->pkt.data, held->original, held->len),
		      "%s: touched before it was answered", what);
	glb_icmp_reply(gen, &held->pkt);
	fault = spec_reply_fault(&(struct spec_case){gen, held->pkt.data, held->pkt.len,
						     held->original, held->len, 1},
				 want);
	ck_assert_msg(!fault, "%s: %s", what, fault);
	ck_assert_msg(held->pkt.headroom == held->pkt.data - held->buffer, "%s: headroom", what);
	ck_assert_msg(held->pkt.verdict == want && held->pkt.port == 1, "%s: verdict", what);
}

static void answer(const struct sample *sample, enum glb_verdict want, const char *what)
{
	struct held held = hold(sample, HEADROOM);

	check_reply(&held, want, what);
	release(&held);
}

START_TEST(a_known_echo_request_has_its_known_reply)
{
	static const uint8_t known[] =
		{
			2,    0,    0,	  0,  0,    2,	  2,	0,    0,    0,	  2,
			1,    0x08, 0x00, /* its MAC, ours */
			0x45, 0xb8, 0,	  32, 0x30, 0x39, 0,	0,    64,   1,	  0x31,
			0xd3, 1,    1,	  1,  1,    10,	  11,	12,   13,   0,	  0,
			0x7d, 0x7b, 0,	  0,  0,    0,	  0x40, 0x41, 0x42, 0x43,
		};
	static const struct sample ping = {PING4, .entropy = 12345, .tos = 0xb8, .payload_len = 4};
	struct held held = hold(&ping, 0); /* an answer of its size needs no room */

	check_reply(&held, GLB_ANSWER_ECHO, "ping");
	ck_assert_uint_eq(held.pkt.len, sizeof(known));
	ck_assert_mem_eq(held.pkt.data, known, sizeof(known));
	release(&held);
}
END_TEST

START_TEST(an_echo_request_of_any_length_has_a_right_reply)
{
	static const struct sample pings[] = {
		{PING4, .entropy = 7},
		{PING6, .entropy = 7, .tos = 0x12},
		{PING4, .vlan_count = 1},
		{PING6, .vlan_count = 2},
		{PING4, .padding_len = 18},
		{PING6, .padding_len = 3, .ttl = 1},
		{FROM4, .proto = 1, .type = 8, .fragment = 0x4000},
	};

	for (uint16_t len = 0; len < 100; len++) {
		struct sample ping = pings[len % COUNT_OF(pings)];

		ping.payload_len = len;
		answer(&ping, GLB_ANSWER_ECHO, "ping");

		struct held held = hold(&ping, 0);
		uint32_t ip_at = frame_ip_at(&ping);
		const uint8_t *ip = held.pkt.data + ip_at;

		glb_forward(gen, &held.pkt, 1);
		glb_icmp_reply(gen, &held.pkt);
		if (ping.version == 4)
			ck_assert_uint_eq(plain_sum(0, ip + 20, held.pkt.len - ip_at - 20), 0xffff);
		else
			ck_assert_uint_eq(plain_segment_sum(ip + 8, 16, 58, ip + 40,
							    held.pkt.len - ip_at - 40),
					  0xffff);
		release(&held);
	}
}
END_TEST

START_TEST(an_echo_request_that_cannot_be_answered_is_dropped)
{
	static const struct {
		const char *what;
		struct sample sample;
		uint8_t first; /* byte of the source address */
	} cases[] = {
		{"with IP options", {PING4, .option_words = 1}, 0},
		{"the first of several fragments", {PING4, .fragment = 0x2000}, 0},
		{"behind an extension header", {PING6, .exts = "d"}, 0},
		{"an atomic fragment", {PING6, .exts = "a"}, 0},
		{"from a multicast MAC", {PING4}, 1},
		{"from the broadcast MAC", {PING6}, 0xff},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct held held = hold(&cases[i].sample, HEADROOM);

		held.pkt.data[GLB_MAC_LEN] |= cases[i].first;
		glb_forward(gen, &held.pkt, 1);
		ck_assert_msg(held.pkt.verdict == GLB_DROP_ECHO, "%s: %s", cases[i].what,
			      glb_verdict_label(held.pkt.verdict));
		release(&held);
	}
}
END_TEST

/* Sources, and whether they are single hosts that can be told something. */
static const struct {
	const char *src;
	bool host;
} sources[] = {
	{"0.0.0.0", false},
	{"0.255.255.255", false},
	{"1.0.0.0", true},
	{"126.255.255.255", true},
	{"127.0.0.1", false},
	{"127.255.255.255", false},
	{"128.0.0.0", true},
	{"223.255.255.255", true},
	{"224.0.0.0", false},
	{"240.0.0.1", false},
	{"255.255.255.255", false},
	{"::", false},
	{"::1", false},
	{"::2", true},
	{"::1:0:1", true},
	{"1::", true},
	{"fe80::1", true},
	{"feff::", true},
	{"ff00::", false},
	{"ff02::1", false},
};

START_TEST(nobody_is_told_anything_who_is_not_one_host)
{
	bool v4 = !strchr(sources[_i].src, ':');
	struct sample ping4 = {PING4};
	struct sample ping6 = {PING6};
	struct sample large4 = {FROM4, TCP, LARGE};
	struct sample large6 = {FROM6, TCP, LARGE};
	struct sample *ping = v4 ? &ping4 : &ping6;
	struct sample *large = v4 ? &large4 : &large6;
	struct held held;

	ping->src = large->src = sources[_i].src;
	held = hold(ping, HEADROOM);
	glb_forward(gen, &held.pkt, 1);
	ck_assert_int_eq(held.pkt.verdict, sources[_i].host ? GLB_ANSWER_ECHO : GLB_DROP_SOURCE);
	release(&held);
	held = hold(large, HEADROOM);
	glb_forward(gen, &held.pkt, 1);
	ck_assert_int_eq(held.pkt.verdict, sources[_i].host ? GLB_ANSWER_TOO_BIG : GLB_DROP_SOURCE);
	release(&held);
}
END_TEST

static const struct sample from_vip4 = {.version = 4,
					.proto = 6,
					.src = "1.1.1.1",
					.dst = "10.11.12.13",
					.src_port = 80,
					.payload_len = 1460};
static const struct sample from_vip6 = {.version = 6,
					.proto = 6,
					.src = "fdb4:98ce:52d4::42",
					.dst = "fd91:79d3:d621::1234",
					.src_port = 80,
					.payload_len = 1460};

START_TEST(what_does_not_fit_is_quoted_to_its_sender)
{
	static const struct {
		const char *what;
		struct sample sample;
	} cases[] = {
		{"TCP", {FROM4, TCP, LARGE}},
		{"TCP over IPv6", {FROM6, TCP, LARGE}},
		{"one byte too much", {FROM4, TCP, .payload_len = 1421}},
		{"IP options", {FROM4, TCP, LARGE, .option_words = 10}},
		{"the most options and two tags",
		 {FROM4, TCP, LARGE, .option_words = 10, .vlan_count = 2}},
		{"an extension header", {FROM6, TCP, LARGE, .exts = "hd"}},
		{"one tag", {FROM4, TCP, LARGE, .vlan_count = 1}},
		{"two tags", {FROM6, TCP, LARGE, .vlan_count = 2}},
		{"padding", {FROM4, TCP, LARGE, .padding_len = 7}},
		{"a first fragment", {FROM4, TCP, LARGE, .fragment = 0x2000}},
		{"don't fragment", {FROM4, TCP, LARGE, .fragment = 0x4000}},
		{"UDP of an odd length",
		 {.version = 6,
		  .src = "2001::9",
		  .dst = "fdb4:98ce:52d4::45",
		  .proto = 17,
		  .payload_len = 1501}},
		{"towards IPv6 proxies",
		 {.version = 4, .src = "9.9.9.9", .dst = "1.1.1.4", TCP, .payload_len = 1390}},
		{"towards IPv6 proxies, four of them",
		 {.version = 6, .src = "2001::9", TCP, LARGE, .dst = "fdb4:98ce:52d4::45"}},
		{"four IPv4 hops", {.version = 4, .src = "9.9.9.9", .dst = "1.1.1.6", TCP, LARGE}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		answer(&cases[i].sample, GLB_ANSWER_TOO_BIG, cases[i].what);
}
END_TEST

START_TEST(a_quote_is_cut_where_an_error_ends_for_its_family)
{
	static const struct {
		struct sample sample;
		uint16_t mtu;
		uint32_t len; /* of the answer, with its Ethernet header */
	} cases[] = {
		{{FROM4, TCP, .payload_len = 507}, 586, 14 + 28 + 547}, /* 547 bytes */
		{{FROM4, TCP, .payload_len = 508}, 586, 14 + 28 + 548},
		{{FROM4, TCP, .payload_len = 509}, 586, 14 + 28 + 548},
		{{FROM4, TCP, .payload_len = 9000}, 586, 14 + 28 + 548},
		{{FROM6, TCP, .payload_len = 1221},
		 1300,
		 14 + 48 + 1232}, /* 1281 bytes: all larger */
		{{FROM6, TCP, .payload_len = 9000}, 1300, 14 + 48 + 1232},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct held held = hold(&cases[i].sample, HEADROOM);

		serve(cases[i].mtu);
		check_reply(&held, GLB_ANSWER_TOO_BIG, "cut");
		ck_assert_uint_eq(held.pkt.len, cases[i].len);
		release(&held);
	}
}
END_TEST

START_TEST(the_mtu_told_is_what_is_left_but_never_less_than_ipv6_promises)
{
	static const struct {
		struct sample sample;
		uint16_t mtu;
		uint16_t told;
	} cases[] = {
		{{FROM4, TCP, .payload_len = 1461}, 1500, 1460},
		{{FROM4, TCP, .payload_len = 600}, 576, 536},
		{{FROM4, TCP, .payload_len = 9000}, 9000, 8960},
		{{FROM6, TCP, .payload_len = 1460}, 1500, 1460},
		{{FROM6, TCP, .payload_len = 1300}, 1321, 1281},
		{{FROM6, TCP, .payload_len = 1300}, 1320, 1280},
		{{FROM6, TCP, .payload_len = 1300}, 1319, 1280},
		{{FROM6, TCP, .payload_len = 1300}, 576, 1280},
		{{.version = 6, .src = "2001::9", .dst = "fdb4:98ce:52d4::45", TCP, LARGE},
		 1500,
		 1396},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct held held = hold(&cases[i].sample, HEADROOM);

		serve(cases[i].mtu);
		check_reply(&held, GLB_ANSWER_TOO_BIG, "told");
		ck_assert_uint_eq(
			get16(held.pkt.data + 14 + (cases[i].sample.version == 4 ? 26 : 46)),
			cases[i].told);
		release(&held);
	}
}
END_TEST

START_TEST(the_room_an_answer_needs_is_checked_to_the_byte)
{
	static const struct sample large6 = {FROM6, TCP, LARGE, .vlan_count = 2};
	struct held held = hold(&large6, GLB_ICMP_REPLY_LEN_MAX);

	check_reply(&held, GLB_ANSWER_TOO_BIG, "as much room as it takes");
	ck_assert_uint_eq(held.pkt.headroom, 0);
	release(&held);
	held = hold(&large6, GLB_ICMP_REPLY_LEN_MAX - 1);
	glb_forward(gen, &held.pkt, 1);
	ck_assert_int_eq(held.pkt.verdict, GLB_DROP_NO_HEADROOM);
	release(&held);
}
END_TEST

START_TEST(nobody_is_told_about_errors_fragments_or_what_every_link_must_carry)
{
	static const struct {
		const char *what;
		struct sample sample;
		uint16_t mtu;
		enum glb_verdict want;
		uint8_t first; /* byte of the source address */
	} cases[] = {
		{"an error",
		 {FROM4, .proto = 1, .type = 3, .code = 4, .quote = &from_vip4},
		 1500,
		 GLB_DROP_MTU,
		 0},
		{"an error over IPv6",
		 {FROM6, .proto = 58, .type = 2, .quote = &from_vip6},
		 1500,
		 GLB_DROP_MTU,
		 0},
		{"a later fragment",
		 {.version = 4, .src = "9.9.9.9", .dst = "1.1.1.2", TCP, LARGE, .fragment = 0x10},
		 1500,
		 GLB_DROP_MTU,
		 0},
		{"a later fragment of IPv6",
		 {FROM6, TCP, LARGE, .exts = "l"},
		 1500,
		 GLB_DROP_MTU,
		 0},
		{"from a multicast MAC", {FROM4, TCP, LARGE}, 1500, GLB_DROP_MTU, 1},
		{"1280 bytes of IPv6", {FROM6, TCP, .payload_len = 1220}, 1300, GLB_DROP_MTU, 0},
		{"1281 bytes of IPv6",
		 {FROM6, TCP, .payload_len = 1221},
		 1300,
		 GLB_ANSWER_TOO_BIG,
		 0},
		{"1280 bytes of IPv4",
		 {FROM4, TCP, .payload_len = 1240},
		 1300,
		 GLB_ANSWER_TOO_BIG,
		 0},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct held held = hold(&cases[i].sample, HEADROOM);

		serve(cases[i].mtu);
		held.pkt.data[GLB_MAC_LEN] |= cases[i].first;
		glb_forward(gen, &held.pkt, 1);
		ck_assert_msg(held.pkt.verdict == cases[i].want, "%s: %s", cases[i].what,
			      glb_verdict_label(held.pkt.verdict));
		release(&held);
	}
}
END_TEST

START_TEST(a_packet_with_another_verdict_stays_as_it_is)
{
	static const struct sample ping = {PING4};
	struct held held = hold(&ping, HEADROOM);

	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++) {
		held.pkt.verdict = (uint8_t)v;
		if (!glb_verdict_is_icmp_reply((enum glb_verdict)v))
			glb_icmp_reply(gen, &held.pkt);
		ck_assert_mem_eq(held.pkt.data, held.original, held.len);
	}
	release(&held);
}
END_TEST

START_TEST(an_ipv4_sender_is_told_no_less_than_68_however_small_the_port_s_mtu)
{
	static const struct sample large = {FROM4, TCP, LARGE};
	static const struct {
		uint16_t mtu, told;
	} cases[] = {{109, 69}, {108, 68}, {107, 68}, {40, 68}, {1, 68}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct held held = hold(&large, HEADROOM);

		serve(cases[i].mtu);
		glb_forward(gen, &held.pkt, 1);
		glb_icmp_reply(gen, &held.pkt);
		ck_assert_uint_eq(get16(held.pkt.data + 14 + 26), cases[i].told);
		release(&held);
	}
}
END_TEST

START_TEST(over_its_limit_a_packet_stays_as_it_is_and_is_dropped_by_the_limit_s_name)
{
	static const struct {
		struct sample sample;
		enum glb_verdict want, over;
	} cases[] = {
		{{PING4}, GLB_ANSWER_ECHO, GLB_DROP_ANSWER_LIMIT},
		{{FROM6, TCP, LARGE}, GLB_ANSWER_TOO_BIG, GLB_DROP_ERROR_LIMIT},
	};
	static struct glb_icmp_reply_limits limits;

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		for (unsigned int n = 0; n < 101; n++) {
			struct held held = hold(&cases[i].sample, HEADROOM);

			glb_forward(gen, &held.pkt, 1);
			glb_icmp_reply_within(&limits, gen, &held.pkt, 0);
			ck_assert_uint_eq(held.pkt.verdict,
					  n < 100 ? cases[i].want : cases[i].over);
			ck_assert((n < 100) == !!memcmp(held.pkt.data, held.original, 12));
			release(&held);
		}
	}
}
END_TEST

START_TEST(errors_are_never_answered_whatever_they_quote)
{
	static const uint8_t kinds[] = {GLB_FLOW_QUOTED, GLB_FLOW_BAD_QUOTE};
	static const struct sample ping = {PING4};
	struct held held = hold(&ping, 0);
	struct glb_flow flow;

	ck_assert_int_eq(glb_parse(&flow, held.pkt.data, held.len), GLB_FORWARD);
	ck_assert(glb_may_reply(&held.pkt, &flow));
	ck_assert(glb_may_reply_to_echo(&held.pkt, &flow));
	for (unsigned int i = 0; i < COUNT_OF(kinds); i++) {
		flow.kind = kinds[i];
		ck_assert(!glb_may_reply(&held.pkt, &flow));
	}
	release(&held);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("icmp_reply");
	TCase *packets = tcase_create("packets");

	tcase_add_unchecked_fixture(packets, make_generation, free_generation);
	tcase_add_test(packets, a_known_echo_request_has_its_known_reply);
	tcase_add_test(packets, an_echo_request_of_any_length_has_a_right_reply);
	tcase_add_test(packets, an_echo_request_that_cannot_be_answered_is_dropped);
	tcase_add_loop_test(packets, nobody_is_told_anything_who_is_not_one_host, 0,
			    COUNT_OF(sources));
	tcase_add_test(packets, what_does_not_fit_is_quoted_to_its_sender);
	tcase_add_test(packets, a_quote_is_cut_where_an_error_ends_for_its_family);
	tcase_add_test(packets, the_mtu_told_is_what_is_left_but_never_less_than_ipv6_promises);
	tcase_add_test(packets, the_room_an_answer_needs_is_checked_to_the_byte);
	tcase_add_test(packets,
		       nobody_is_told_about_errors_fragments_or_what_every_link_must_carry);
	tcase_add_test(packets, a_packet_with_another_verdict_stays_as_it_is);
	tcase_add_test(packets,
		       an_ipv4_sender_is_told_no_less_than_68_however_small_the_port_s_mtu);
	tcase_add_test(packets,
		       over_its_limit_a_packet_stays_as_it_is_and_is_dropped_by_the_limit_s_name);
	tcase_add_test(packets, errors_are_never_answered_whatever_they_quote);
	suite_add_tcase(suite, packets);
	return suite;
}
