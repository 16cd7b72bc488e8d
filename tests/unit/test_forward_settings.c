/* SPDX-License-Identifier: BSD-3-Clause */
/* What forward.h makes of packets under each of the settings, and in which order it decides. */
#include <string.h>

#include <glb/hash.h>

#include "plain.h"
#include "suite.h"
#include "trial.h"

/* Everything that can be wrong with where a packet has to go, one after the other. */
static void expect_no_room(uint16_t small_payload)
{
	trial.settings.too_big = GLB_TOO_BIG_DROP;
	trial.headroom = 0;
	memset(trial.port->gateway_mac, 0, 6);
	trial_expect(GLB_DROP_TOO_BIG, "65,535 bytes");
	trial.sample.payload_len = small_payload;
	trial_expect(GLB_DROP_MTU, "the MTU");
	trial.settings.too_big = GLB_TOO_BIG_FORWARD;
	trial_expect(GLB_DROP_NO_GATEWAY, "the gateway");
	trial.port->gateway_mac[5] = 1;
	trial_expect(GLB_DROP_NO_HEADROOM, "the headroom");
	trial.headroom = GLB_OUTER_LEN_MAX;
	trial_expect(GLB_FORWARD, "nothing left");
}

/* A wrong header to a VIP, up to what is `next`. */
static void expect_bad_header(enum glb_verdict next)
{
	trial.settings.verify_ip_checksum = true;
	trial.settings.min_ttl = 64;
	trial.damaged = true;
	trial.sample.dst = "1.1.1.9";
	trial_expect(GLB_PUNT_NO_BIND, "no bind");
	trial.sample.dst = "1.1.1.2";
	trial_expect(GLB_DROP_BAD_CHECKSUM, "the checksum");
	trial.damaged = false;
	trial_expect(GLB_DROP_TTL, "the TTL");
	trial.sample.ttl = 64;
	trial_expect(next, "the next reason");
}

START_TEST(the_reasons_to_drop_a_packet_are_looked_for_in_one_order)
{
	trial_start((struct sample){TO4, TCP, .payload_len = 65535 - 40});
	trial.settings.too_big = GLB_TOO_BIG_DROP;
	trial.headroom = 0;
	expect_bad_header(GLB_DROP_TOO_BIG);
	expect_no_room(1460);
}
END_TEST

START_TEST(the_policy_for_echoes_comes_before_the_way_to_a_proxy)
{
	trial_start((struct sample){PING4, .payload_len = 65535 - 28});
	trial.settings.echo = GLB_ECHO_PUNT;
	trial.settings.min_ttl = 255;
	trial_expect(GLB_PUNT_NO_BIND, "punted whatever else");
	trial.settings.echo = GLB_ECHO_ANSWER;
	expect_bad_header(GLB_ANSWER_ECHO);
	trial.headroom = 0;
	trial_expect(GLB_ANSWER_ECHO, "without room, gateway or a fitting MTU");
	trial.settings.echo = GLB_ECHO_DROP;
	trial_expect(GLB_DROP_ECHO, "dropped");
	trial.settings.echo = GLB_ECHO_FORWARD;
	expect_no_room(1460);
}
END_TEST

START_TEST(the_policy_for_fragments_comes_before_the_way_to_a_proxy)
{
	trial_start((struct sample){TO4, TCP, .fragment = 9, .payload_len = 65535 - 40});
	expect_bad_header(GLB_DROP_FRAGMENT);
	trial.settings.forward_fragments = true;
	expect_no_room(1460);
}
END_TEST

START_TEST(a_quote_is_read_only_after_the_header_it_stands_behind)
{
	trial_start((struct sample){TO4, .proto = 1, .type = 3, .code = 4, .payload_len = 3});
	expect_bad_header(GLB_DROP_BAD_QUOTE);
}
END_TEST

START_TEST(ttl_and_checksum_are_asked_of_ipv6_only_as_far_as_it_has_them)
{
	trial_start((struct sample){TO6, TCP, .ttl = 9});
	trial.settings.verify_ip_checksum = true;
	trial_expect(GLB_FORWARD, "IPv6 has no header checksum");
	trial.settings.min_ttl = 9;
	trial_expect(GLB_FORWARD, "the smallest hop limit");
	trial.settings.min_ttl = 10;
	trial_expect(GLB_DROP_TTL, "one less");
	trial_start((struct sample){TO4, TCP, .ttl = 9, .option_words = 4});
	trial.settings.verify_ip_checksum = true;
	trial_expect(GLB_FORWARD, "a checksum over options");
	trial.settings.min_ttl = 255;
	trial.sample.ttl = 255;
	trial_expect(GLB_FORWARD, "the largest TTL");
}
END_TEST

START_TEST(any_byte_of_a_mac_address_makes_it_one)
{
	trial_start((struct sample){TO4, TCP});
	for (unsigned int i = 0; i < 6; i++) {
		memset(trial.port->gateway_mac, 0, 6);
		trial.port->gateway_mac[i] = 1;
		trial_expect(GLB_FORWARD, "one byte");
	}
}
END_TEST

/* --- The MTU --- */

/* VIPs, and the bytes of outer headers to their proxies. */
static const struct {
	const char *dst;
	uint8_t plain;
	uint8_t alt; /* with alternative hash fields */
} overheads[] = {
	{"1.1.1.1", 40, 48},   {"fdb4:98ce:52d4::42", 40, 48},
	{"1.1.1.4", 72, 104},  {"fdb4:98ce:52d4::44", 72, 104},
	{"1.1.1.5", 104, 104}, {"fdb4:98ce:52d4::45", 104, 104},
	{"1.1.1.6", 48, 64},   {"fdb4:98ce:52d4::46", 48, 64},
};

START_TEST(a_packet_fits_the_mtu_or_not_to_the_byte)
{
	for (unsigned int i = 0; i < 2 * COUNT_OF(overheads); i++) {
		const char *dst = overheads[i / 2].dst;
		bool v4 = !strchr(dst, ':');
		uint32_t overhead = i % 2 ? overheads[i / 2].alt : overheads[i / 2].plain;
		struct sample sample =
			v4 ? (struct sample){FROM4, TCP} : (struct sample){FROM6, TCP};

		sample.dst = dst;
		sample.payload_len = (uint16_t)(2000 - overhead - (v4 ? 40 : 60));
		trial_start(sample);
		trial.settings.alt_hash_fields = i % 2 ? GLB_HASH_SRC_PORT : 0;
		trial.port->mtu = 2000;
		trial.settings.unique_hops = i / 4 % 2; /* counted as if none were left out */
		trial.settings.too_big = GLB_TOO_BIG_DROP;
		trial_expect(GLB_FORWARD, dst);
		trial.sample.payload_len++;
		trial_expect(GLB_DROP_MTU, dst);
		trial.settings.too_big = GLB_TOO_BIG_ANSWER;
		trial_expect(GLB_ANSWER_TOO_BIG, dst);
		trial.settings.too_big = GLB_TOO_BIG_FORWARD;
		trial_expect(GLB_FORWARD, dst);
	}
}
END_TEST

START_TEST(a_syn_asks_for_no_more_than_fits)
{
	static const struct {
		const char *dst;
		uint8_t flags;
		uint16_t fragment;
		uint16_t want;
	} cases[] = {
		{"1.1.1.1", 0x02, 0, 1420},
		{"1.1.1.1", 0x12, 0, 1420},
		{"1.1.1.1", 0xc2, 0, 1420},
		{"1.1.1.1", 0x02, 0x4000, 1420},
		{"1.1.1.1", 0x10, 0, 8960},
		{"1.1.1.1", 0x02, 0x2000, 8960},
		{"fdb4:98ce:52d4::42", 0x02, 0, 1400},
		{"fdb4:98ce:52d4::45", 0x02, 0, 1336},
		{"1.1.1.4", 0x02, 0, 1388},
		{"1.1.1.4", 0x10, 0, 8960},
		{"1.1.1.6", 0x02, 0, 1412},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		bool v4 = !strchr(cases[i].dst, ':');
		struct sample syn = v4 ? (struct sample){FROM4, TCP} : (struct sample){FROM6, TCP};

		syn.dst = cases[i].dst;
		syn.tcp_flags = cases[i].flags;
		syn.fragment = cases[i].fragment;
		syn.tcp_options = "\2\4\x23\0"; /* 8960 */
		syn.tcp_option_words = 1;
		trial_start(syn);
		trial.settings.udp_checksum = i % 2 ? GLB_UDP_INNER : GLB_UDP_FULL;
		trial_expect(GLB_FORWARD, "unclamped");
		ck_assert_uint_eq(get16(trial.sent + trial.sent_len - 2), 8960);
		trial.settings.clamp_mss = true;
		trial_expect(GLB_FORWARD, "clamped");
		ck_assert_msg(get16(trial.sent + trial.sent_len - 2) == cases[i].want,
			      "case %u: %u", i, get16(trial.sent + trial.sent_len - 2));
	}
}
END_TEST

START_TEST(an_mtu_that_has_no_room_for_headers_leaves_the_mss_alone)
{
	struct sample syn = {FROM4, TCP};

	syn.dst = "1.1.1.1";
	syn.tcp_flags = 0x02;
	syn.tcp_options = "\2\4\xff\xff"; /* 65535 */
	syn.tcp_option_words = 1;
	trial_start(syn);
	trial.settings.clamp_mss = true;
	for (unsigned int mtu = 60; mtu < 81; mtu++) { /* outer headers, IP and TCP take 80 */
		trial.port->mtu = (uint16_t)mtu;
		trial_expect(GLB_FORWARD, "unclamped");
		ck_assert_uint_eq(get16(trial.sent + trial.sent_len - 2), 65535);
	}
}
END_TEST

/* --- Headers of the outer frame --- */

START_TEST(the_room_needed_is_that_of_all_outer_headers_to_the_byte)
{
	static const uint16_t vlans[] = {GLB_VLAN_KEEP, GLB_VLAN_NONE, 1, 4094};
	static const char *const dsts[] = {"1.1.1.1", "1.1.1.4"};
	static const uint16_t outer_lens[] = {40, 72};

	for (unsigned int i = 0; i < 3 * 4 * 2; i++) {
		uint8_t tags = (uint8_t)(i % 3);
		uint16_t vlan = vlans[i / 3 % 4];
		uint32_t l2 = vlan == GLB_VLAN_KEEP   ? 14 + 4U * tags
			      : vlan == GLB_VLAN_NONE ? 14
						      : 18;
		uint16_t need = (uint16_t)(outer_lens[i / 12] + l2 - 14 - 4U * tags);

		trial_start((struct sample){FROM4, TCP, .vlan_count = tags, .payload_len = 3});
		trial.sample.dst = dsts[i / 12];
		trial.port->vlan = vlan;
		trial.headroom = need;
		trial_expect(GLB_FORWARD, "just enough");
		trial.headroom--;
		trial_expect(GLB_DROP_NO_HEADROOM, "one byte missing");
	}
}
END_TEST

START_TEST(outer_tags_are_those_the_port_wants)
{
	static const struct {
		uint16_t vlan;
		uint8_t tags;
		uint8_t len;	   /* of the outer Ethernet header */
		uint8_t bytes[12]; /* behind the addresses */
	} cases[] = {
		{GLB_VLAN_KEEP, 0, 14, {0x08, 0}},
		{GLB_VLAN_KEEP, 1, 18, {0x81, 0, 0x20, 1, 0x08, 0}},
		{GLB_VLAN_KEEP, 2, 22, {0x88, 0xa8, 0x20, 2, 0x81, 0, 0x20, 1, 0x08, 0}},
		{GLB_VLAN_NONE, 0, 14, {0x08, 0}},
		{GLB_VLAN_NONE, 2, 14, {0x08, 0}},
		{100, 0, 18, {0x81, 0, 0, 100, 0x08, 0}},
		{4094, 2, 18, {0x81, 0, 0x0f, 0xfe, 0x08, 0}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		const uint8_t *sent;

		trial_start((struct sample){TO4, TCP, .vlan_count = cases[i].tags});
		trial.port->vlan = cases[i].vlan;
		trial_expect(GLB_FORWARD, "tags");
		sent = trial.sent - 14;
		ck_assert_mem_eq(sent, "\2\0\0\0\1\0\2\0\0\0\2\1", 12);
		ck_assert_mem_eq(sent + 12, cases[i].bytes, cases[i].len - 12U);
		ck_assert_uint_eq(sent[cases[i].len], 0x45);
	}
}
END_TEST

START_TEST(dscp_and_ecn_of_the_outer_header_are_given_or_copied)
{
	static const struct {
		uint8_t dscp;
		bool copy_ecn;
		uint8_t inner;
		uint8_t want;
	} cases[] = {
		{0, false, 0xff, 0x00},
		{0, true, 0xff, 0x03},
		{46, false, 0x03, 0xb8},
		{46, true, 0x01, 0xb9},
		{63, false, 0x00, 0xfc},
		{GLB_DSCP_COPY, false, 0xff, 0xfc},
		{GLB_DSCP_COPY, true, 0xa6, 0xa6},
		{GLB_DSCP_COPY, true, 0x59, 0x59},
	};

	for (unsigned int i = 0; i < 4 * COUNT_OF(cases); i++) {
		static const char *const dsts[] = {"1.1.1.1", "1.1.1.4", "fdb4:98ce:52d4::42",
						   "fdb4:98ce:52d4::44"};
		bool inner4 = i % 4 < 2;
		bool outer4 = i % 2 == 0;
		struct sample sample =
			inner4 ? (struct sample){FROM4, TCP} : (struct sample){FROM6, TCP};

		sample.dst = dsts[i % 4];
		sample.tos = cases[i / 4].inner;
		trial_start(sample);
		trial.settings.outer_dscp = cases[i / 4].dscp;
		trial.settings.copy_ecn = cases[i / 4].copy_ecn;
		trial_expect(GLB_FORWARD, "TOS");
		ck_assert_uint_eq(outer4 ? trial.sent[1] : get16(trial.sent) >> 4 & 0xff,
				  cases[i / 4].want);
	}
}
END_TEST

START_TEST(what_is_behind_the_packet_stays_or_is_cut)
{
	for (uint16_t padding = 0; padding < 20; padding++) {
		trial_start((struct sample){TO4, UDP, .padding_len = padding});
		trial.sample.dst = "1.1.1.5";
		trial_expect(GLB_FORWARD, "kept");
		ck_assert_uint_eq(trial.sent_len, 104U + 28 + padding);
		trial.settings.trim_padding = true;
		trial_expect(GLB_FORWARD, "cut");
		ck_assert_uint_eq(trial.sent_len, 104U + 28);
	}
}
END_TEST

START_TEST(no_hop_is_listed_twice_if_that_is_unwanted)
{
	unsigned int fewer = 0;

	for (uint16_t port = 1; port < 200; port++) {
		trial_start((struct sample){FROM4, TCP, .dst = "1.1.1.6"});
		trial.sample.src_port = port;
		trial.settings.hash_fields = GLB_HASH_SRC_PORT;
		trial.settings.alt_hash_fields = GLB_HASH_SRC_ADDR;
		trial_expect(GLB_FORWARD, "all");
		ck_assert_uint_eq(trial.sent[35], 7);
		trial.settings.unique_hops = true;
		trial_expect(GLB_FORWARD, "unique");
		ck_assert_uint_le(trial.sent[35], 4); /* there are five backends */
		fewer += trial.sent[35] == 3;
	}
	ck_assert_uint_gt(fewer, 0);
	/* a table of one backend has no second hop */
	trial_start((struct sample){FROM4, UDP, .dst = "10.0.0.1"});
	trial.sample.dst_port = 1000;
	trial.settings.unique_hops = true;
	trial_expect(GLB_FORWARD, "one");
	ck_assert_uint_eq(trial.sent[35], 0);
}
END_TEST

/* --- Everything with everything --- */

static const struct sample quote4 = {
	.version = 4, .src = "1.1.1.5", .dst = "10.11.12.13", .proto = 6, .src_port = 80};
static const struct sample quote6 = {
	.version = 6, .src = "fdb4:98ce:52d4::46", .dst = "2001::7", .proto = 17, .src_port = 80};

static const struct sample forwarded[] = {
	{TO4, TCP, .payload_len = 5},
	{TO6, TCP, .vlan_count = 1, .payload_len = 6},
	{FROM4, TCP, .dst = "1.1.1.4", .tcp_flags = 2, .tcp_options = "\1\1\2\4\x05\xb4\1\1",
	 .tcp_option_words = 2},
	{FROM4, UDP, .dst = "1.1.1.5", .option_words = 5, .payload_len = 9, .padding_len = 4},
	{FROM4, UDP, .dst = "1.1.1.5", .unchecked = true, .vlan_count = 2},
	{FROM4, TCP, .dst = "1.1.1.6", .fragment = 0x2000, .payload_len = 8},
	{FROM6, TCP, .dst = "fdb4:98ce:52d4::44", .tcp_flags = 2,
	 .tcp_options = "\1\2\4\x05\xb4\1\1\1", .tcp_option_words = 2},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::45", .exts = "hDr", .payload_len = 3},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::46", .exts = "R", .payload_len = 30},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::46", .exts = "f", .payload_len = 30},
	{PING4, .entropy = 77, .payload_len = 30},
	{PING6, .entropy = 77, .tos = 0xff, .payload_len = 31},
	{.version = 4,
	 .src = "9.9.9.9",
	 .dst = "1.1.1.5",
	 .proto = 1,
	 .type = 3,
	 .code = 4,
	 .quote = &quote4},
	{.version = 6,
	 .src = "2001::9",
	 .dst = "fdb4:98ce:52d4::46",
	 .proto = 58,
	 .type = 2,
	 .quote = &quote6,
	 .quote_len = 44},
};

START_TEST(whatever_is_set_a_frame_is_what_the_description_says)
{
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 3000; round++) {
		uint64_t bits = next_random(&random);
		bool alt = bits & 1;

		trial_start(forwarded[(bits >> 32) % COUNT_OF(forwarded)]);
		trial.sample.src_port = (uint16_t)(bits >> 48);
		trial.settings.hash_fields = (uint8_t)(1 + (bits >> 1 & 7));
		trial.settings.alt_hash_fields = alt ? (uint8_t)(1 + (bits >> 4 & 7)) : 0;
		trial.settings.udp_checksum = bits >> 7 & 3;
		trial.settings.outer_dscp = (bits >> 9 & 63) + (bits >> 15 & 1);
		trial.settings.copy_ecn = bits >> 16 & 1;
		trial.settings.trim_padding = bits >> 17 & 1;
		trial.settings.clamp_mss = bits >> 18 & 1;
		trial.settings.unique_hops = bits >> 19 & 1;
		trial.settings.verify_ip_checksum = bits >> 20 & 1;
		trial.settings.all_icmp_errors = bits >> 21 & 1;
		trial.port->vlan = bits >> 22 & 1 ? GLB_VLAN_NONE : bits >> 23 & 511;
		trial.settings.isa = (bits >> 40) % GLB_ISA_COUNT;
		trial.port->mtu = 1000;
		trial_expect(GLB_FORWARD, "some sample");
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_settings");
	TCase *settings = tcase_create("settings");

	tcase_add_unchecked_fixture(settings, trial_make_generations, NULL);
	tcase_add_test(settings, the_reasons_to_drop_a_packet_are_looked_for_in_one_order);
	tcase_add_test(settings, the_policy_for_echoes_comes_before_the_way_to_a_proxy);
	tcase_add_test(settings, the_policy_for_fragments_comes_before_the_way_to_a_proxy);
	tcase_add_test(settings, a_quote_is_read_only_after_the_header_it_stands_behind);
	tcase_add_test(settings, ttl_and_checksum_are_asked_of_ipv6_only_as_far_as_it_has_them);
	tcase_add_test(settings, any_byte_of_a_mac_address_makes_it_one);
	tcase_add_test(settings, a_packet_fits_the_mtu_or_not_to_the_byte);
	tcase_add_test(settings, a_syn_asks_for_no_more_than_fits);
	tcase_add_test(settings, an_mtu_that_has_no_room_for_headers_leaves_the_mss_alone);
	tcase_add_test(settings, the_room_needed_is_that_of_all_outer_headers_to_the_byte);
	tcase_add_test(settings, outer_tags_are_those_the_port_wants);
	tcase_add_test(settings, dscp_and_ecn_of_the_outer_header_are_given_or_copied);
	tcase_add_test(settings, what_is_behind_the_packet_stays_or_is_cut);
	tcase_add_test(settings, no_hop_is_listed_twice_if_that_is_unwanted);
	tcase_add_loop_test(settings, whatever_is_set_a_frame_is_what_the_description_says, 0, 4);
	suite_add_tcase(suite, settings);
	return suite;
}
