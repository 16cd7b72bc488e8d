/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/icmp_reply.h>

#include "conf/reasons.h"
#include "fixture.h"
#include "frame.h"
#include "suite.h"

#define FLOW                                                                                       \
	.version = 4, .proto = 6, .src = "10.11.12.13", .dst = "1.1.1.1", .src_port = 45678,       \
	.dst_port = 80

static struct glb_settings settings;
static struct glb_generation *gen;
static uint8_t bytes[FRAME_LEN_MAX];
static uint8_t original[FRAME_LEN_MAX];
static uint8_t buffer[GLB_OUTER_LEN_MAX + FRAME_LEN_MAX];
static uint8_t *room;
static struct fate fate;
static struct reasons reasons;

static void start(void)
{
	settings = fixture_settings;
	room = malloc(REASONS_ROOM);
}

static void stop(void)
{
	glb_generation_free(gen);
	gen = NULL;
	free(room);
}

/* Has it decided about, and `kept` bytes of it explained. */
static void explain(const struct sample *sample, uint32_t cut, uint32_t kept)
{
	const uint32_t len = frame_write(bytes, sample) - cut;
	struct glb_packet pkt = {
		.data = buffer + GLB_OUTER_LEN_MAX, .len = len, .headroom = GLB_OUTER_LEN_MAX};

	if (!gen)
		gen = fixture_wide_generation(&settings);
	memcpy(original, bytes, len);
	memcpy(pkt.data, bytes, len);
	glb_forward(gen, &pkt, 1);
	if (glb_verdict_is_icmp_reply(pkt.verdict))
		glb_icmp_reply(gen, &pkt);

	const bool leaves = pkt.verdict == GLB_FORWARD || glb_verdict_is_icmp_reply(pkt.verdict);

	fate = (struct fate){
		.gen = gen,
		.generation = gen->number,
		.received = {original, len, kept < len ? kept : len, 0},
		.backend = pkt.backend,
		.verdict = pkt.verdict,
	};
	if (leaves)
		fate.sent =
			(struct fate_frame){pkt.data, pkt.len, kept < pkt.len ? kept : pkt.len, 0};
	reasons_find(&reasons, &fate, room);
}

static bool says(const char *words)
{
	for (unsigned int i = 0; i < reasons.count; i++)
		if (strstr(reasons.lines[i], words))
			return true;
	for (unsigned int i = 0; i < reasons.count; i++)
		printf("# %s\n", reasons.lines[i]);
	return false;
}

START_TEST(a_forwarded_packet_has_every_decision)
{
	const struct sample sample = {FLOW, .tcp_flags = 0x12, .vlan_count = 1};

	explain(&sample, 0, UINT32_MAX);
	ck_assert_uint_eq(fate.verdict, GLB_FORWARD);
	ck_assert(says("received on port 0, "));
	ck_assert(says("VLAN"));
	ck_assert(says(
		"IPv4, 10.11.12.13 to 1.1.1.1, 40 bytes, TTL 63; TCP, port 45678 to 80 SYN ACK"));
	ck_assert(says("bind 1.1.1.1 tcp 80 of table 0"));
	ck_assert(says("hash of src_addr: "));
	ck_assert(says("hops of the row: "));
	ck_assert(says("(active, healthy)"));
	ck_assert(says("forward: encapsulated and sent to the primary of its row"));
	ck_assert(says("sent through port 0, "));
	ck_assert(says("65.65.65.65 to "));
	ck_assert(says(" to 19523, GUE with "));
}
END_TEST

START_TEST(each_verdict_that_can_be_made_here_is_explained)
{
	static const struct sample quote = {.version = 4,
					    .proto = 6,
					    .src = "1.1.1.1",
					    .dst = "10.11.12.13",
					    .src_port = 80,
					    .dst_port = 45678};
	static const struct {
		struct sample sample;
		uint32_t cut;
		enum glb_verdict verdict;
		const char *words;
	} cases[] = {
		{{FLOW, .exts = NULL}, 0, GLB_FORWARD, "of table 0"},
		{{.version = 6,
		  .proto = 17,
		  .src = "2001:db8:1::1",
		  .dst = "fdb4:98ce:52d4::45",
		  .src_port = 9,
		  .dst_port = 80,
		  .exts = "hd"},
		 0,
		 GLB_FORWARD,
		 "hop limit 63; UDP, port 9 to 80"},
		{{.version = 4,
		  .proto = 1,
		  .src = "10.9.9.9",
		  .dst = "1.1.1.1",
		  .type = 3,
		  .code = 4,
		  .quote = &quote},
		 0,
		 GLB_FORWARD,
		 "belongs to the flow that it quotes, 10.11.12.13 port 45678 to"},
		{{.version = 4, .proto = 1, .src = "10.9.9.9", .dst = "1.1.1.1", .type = 8},
		 0,
		 GLB_FORWARD,
		 "ICMP echo request"},
		{{FLOW}, 3, GLB_DROP_TRUNCATED, "ends before a header or the IP length"},
		{{FLOW, .fragment = 9}, 0, GLB_DROP_FRAGMENT, "later fragment, without ports"},
		{{FLOW, .ttl = 3}, 0, GLB_DROP_TTL, "below min_ttl (min_ttl 9)"},
		{{FLOW, .payload_len = 1450},
		 0,
		 GLB_DROP_MTU,
		 "(1490 bytes and outer headers, MTU 1500 of port 0)"},
		{{.version = 4, .proto = 47, .src = "10.9.9.9", .dst = "1.1.1.1"},
		 0,
		 GLB_PUNT_NO_BIND,
		 "protocol 47"},
		{{.version = 6,
		  .proto = 6,
		  .src = "2001:db8::1",
		  .dst = "fdb4:98ce:52d4::42",
		  .dst_port = 80,
		  .exts = "hdhdhdhdhd"},
		 0,
		 GLB_DROP_EXT_HEADERS,
		 "more than eight IPv6 extension headers"},
		{{.version = 4,
		  .proto = 1,
		  .src = "10.9.9.9",
		  .dst = "1.1.1.1",
		  .type = 3,
		  .code = 4,
		  .quote = &quote,
		  .quote_len = 8},
		 0,
		 GLB_DROP_BAD_QUOTE,
		 "ICMP error whose quote cannot be read"},
		{{.version = 4, .proto = 6, .src = "127.0.0.1", .dst = "1.1.1.1", .dst_port = 80},
		 0,
		 GLB_DROP_SOURCE,
		 "from an address that no sender can have"},
		{{.version = 4,
		  .proto = 6,
		  .src = "198.51.100.9",
		  .dst = "1.1.1.1",
		  .dst_port = 80},
		 0,
		 GLB_DROP_DENIED,
		 "(198.51.100.0/24, line 12)"},
	};
	static const struct glb_deny_prefix denied = {
		.addr = {{198, 51, 100}, 4}, .prefix_len = 24, .line = 12};
	char verdict[64];

	ck_assert_int_eq(glb_deny_make(&settings.deny, &denied, 1), 0);
	settings.min_ttl = 9;
	settings.too_big = GLB_TOO_BIG_DROP;
	settings.ports[0].mtu = 1500;
	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		explain(&cases[c].sample, cases[c].cut, UINT32_MAX);
		ck_assert_msg(fate.verdict == cases[c].verdict, "case %zu: %s", c,
			      glb_verdict_label(fate.verdict));
		(void)snprintf(verdict, sizeof(verdict), "%s: ", glb_verdict_label(fate.verdict));
		ck_assert_msg(says(verdict) && says(cases[c].words), "case %zu", c);
		ck_assert(!says("no more is said"));
	}
	glb_deny_free(settings.deny);
	settings.deny = NULL;
}
END_TEST

/* The server that a connection ID names goes before the hops of the row. */
START_TEST(a_connection_id_that_decides_is_mentioned)
{
	struct sample sample = {.version = 4,
				.proto = 17,
				.src = "10.9.9.9",
				.dst = "1.1.1.7",
				.dst_port = 443,
				.payload_len = 40};
	bool mentioned = false;

	for (uint16_t port = 1; port < 60; port++) {
		sample.src_port = port;
		explain(&sample, 0, UINT32_MAX);
		ck_assert_uint_eq(fate.verdict, GLB_FORWARD);
		ck_assert(says("udp 443 quic of table 6"));
		for (unsigned int i = 0; i < reasons.count; i++)
			mentioned |= strstr(reasons.lines[i],
					    "its QUIC connection ID asks for 172.16.0.11") != NULL;
	}
	ck_assert(mentioned);
}
END_TEST

START_TEST(nothing_is_explained_by_another_generation)
{
	const struct sample sample = {FLOW};

	explain(&sample, 0, UINT32_MAX);
	fate.gen = NULL;
	fate.generation = 4;
	reasons_find(&reasons, &fate, room);
	ck_assert_uint_eq(reasons.count, 2);
	ck_assert(says("no more is said: generation 4, which decided, is gone by now"));
	fate.gen = gen;
	fate.backend++;
	reasons_find(&reasons, &fate, room);
	ck_assert_uint_eq(reasons.count, 2);
	ck_assert(says("no more is said: deciding again came to something else"));
	fate.backend--;
	fate.verdict = GLB_DROP_TTL;
	reasons_find(&reasons, &fate, room);
	ck_assert(says("drop_ttl: "));
	ck_assert(says("no more is said: deciding again came to something else"));
}
END_TEST

START_TEST(a_frame_that_was_cut_is_explained_if_what_is_there_decides)
{
	const struct sample sample = {FLOW, .payload_len = 1000};
	static const struct sample quote = {.version = 4,
					    .proto = 6,
					    .src = "1.1.1.1",
					    .dst = "10.11.12.13",
					    .src_port = 80,
					    .dst_port = 45678};
	const struct sample error = {.version = 4,
				     .proto = 1,
				     .src = "10.9.9.9",
				     .dst = "1.1.1.1",
				     .type = 3,
				     .code = 4,
				     .quote = &quote};

	explain(&sample, 0, 128);
	ck_assert(says("of which 128 are known"));
	ck_assert(says("bind 1.1.1.1 tcp 80 of table 0"));
	ck_assert(says("GUE with "));
	explain(&error, 0, 50);
	ck_assert(says("no more is said: too little of the frame is known"));
}
END_TEST

START_TEST(limits_are_told_from_what_they_limit)
{
	const struct sample sample = {
		.version = 4, .proto = 1, .src = "10.9.9.9", .dst = "1.1.1.1", .type = 8};

	settings.echo = GLB_ECHO_ANSWER;
	settings.answers_per_second = 3;
	explain(&sample, 0, UINT32_MAX);
	ck_assert(says("answer_echo: "));
	ck_assert(says(", 1.1.1.1 to 10.9.9.9"));
	fate.verdict = GLB_DROP_ANSWER_LIMIT;
	fate.sent.len = 0;
	reasons_find(&reasons, &fate, room);
	ck_assert(says("answers_per_second was reached (3)"));
	ck_assert(says("ICMP echo request"));
}
END_TEST

/* What is read of frames is within what there is of them: for sanitizers. */
START_TEST(any_bytes_are_explained_without_reading_on)
{
	uint64_t random = 3;

	gen = fixture_wide_generation(&settings);
	for (unsigned int round = 0; round < 20000; round++) {
		const struct sample sample = {FLOW, .payload_len = 20,
					      .vlan_count = (uint8_t)(round % 3),
					      .option_words = (uint8_t)(round % 5)};
		const uint32_t whole = frame_write(bytes, &sample);
		const uint32_t len = (uint32_t)(next_random(&random) % (whole + 1));
		const uint32_t kept = (uint32_t)(next_random(&random) % (len + 1));
		uint8_t *exact;

		for (unsigned int i = 0; i < round % 4; i++)
			bytes[next_random(&random) % whole] = (uint8_t)next_random(&random);
		exact = frame_exact(bytes, kept);
		fate = (struct fate){
			.gen = gen,
			.received = {exact, len, kept, (uint8_t)(round % 3)},
			.sent = {exact, round % 2 ? len : 0, round % 2 ? kept : 0, 0},
			.backend = round % 9,
			.verdict = (uint8_t)(round % GLB_VERDICT_COUNT),
		};
		reasons_find(&reasons, &fate, room);
		ENSURE(reasons.count > 0, "round %u", round);
		free(exact);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("reasons");
	TCase *tests = tcase_create("reasons");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, a_forwarded_packet_has_every_decision);
	tcase_add_test(tests, each_verdict_that_can_be_made_here_is_explained);
	tcase_add_test(tests, a_connection_id_that_decides_is_mentioned);
	tcase_add_test(tests, nothing_is_explained_by_another_generation);
	tcase_add_test(tests, a_frame_that_was_cut_is_explained_if_what_is_there_decides);
	tcase_add_test(tests, limits_are_told_from_what_they_limit);
	tcase_add_test(tests, any_bytes_are_explained_without_reading_on);
	suite_add_tcase(suite, tests);
	return suite;
}
