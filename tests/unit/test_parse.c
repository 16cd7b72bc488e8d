/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/parse.h>

#include "parse_cases.h"
#include "suite.h"

static uint8_t frame[FRAME_LEN_MAX];

static void check_addresses(const struct glb_flow *flow, const char *what)
{
	uint8_t client[16];
	uint8_t vip[16];

	frame_addr(client, flow->version == 4 ? CLIENT4 : CLIENT6);
	frame_addr(vip, flow->version == 4 ? VIP4 : VIP6);
	ck_assert_msg(!memcmp(flow->src, client, 16), "%s: source", what);
	ck_assert_msg(!memcmp(flow->dst, vip, 16), "%s: destination", what);
}

START_TEST(a_frame_of_each_kind_gives_its_flow_as_the_client_sees_it)
{
	const char *what = kinds[_i].what;
	const struct sample *sample = &kinds[_i].frame;
	uint32_t len = frame_write(frame, sample);
	struct glb_flow flow;

	ck_assert_msg(glb_parse(&flow, frame, len) == GLB_FORWARD, "%s: refused", what);
	check_addresses(&flow, what);
	ck_assert_msg(flow.kind == kinds[_i].kind, "%s: kind %d", what, flow.kind);
	ck_assert_msg(flow.src_port == kinds[_i].src_port, "%s: port %u", what, flow.src_port);
	ck_assert_msg(flow.dst_port == kinds[_i].dst_port, "%s: port %u", what, flow.dst_port);
	ck_assert_msg(flow.hint == kinds[_i].hint, "%s: hint %u", what, flow.hint);
	ck_assert_msg(flow.proto == kinds[_i].proto, "%s: protocol %u", what, flow.proto);
	ck_assert_msg(flow.tcp_flags == kinds[_i].tcp_flags, "%s: flags", what);
	ck_assert_msg(flow.version == sample->version, "%s: version %u", what, flow.version);
	ck_assert_msg(flow.ip_at == frame_ip_at(sample), "%s: IP at %u", what, flow.ip_at);
	ck_assert_msg(flow.ip_len == len - flow.ip_at - sample->padding_len, "%s: length", what);
}
END_TEST

START_TEST(a_packet_no_bind_could_match_has_a_flow_of_no_kind)
{
	uint32_t len = frame_write(frame, &others[_i].frame);
	struct glb_flow flow;

	ck_assert_msg(glb_parse(&flow, frame, len) == GLB_FORWARD, "%s: refused", others[_i].what);
	ck_assert_msg(flow.kind == GLB_FLOW_OTHER, "%s: kind %d", others[_i].what, flow.kind);
}
END_TEST

static void check_cuts(const struct sample *sample, const char *what)
{
	uint32_t len = frame_write(frame, sample) - sample->padding_len;

	for (uint32_t cut = 0; cut < len; cut++) {
		uint8_t *exact = frame_exact(frame, cut);
		struct glb_flow flow;
		enum glb_verdict verdict = glb_parse(&flow, exact, cut);

		ck_assert_msg(verdict == GLB_DROP_TRUNCATED, "%s, cut at %u: %s", what, cut,
			      glb_verdict_label(verdict));
		free(exact);
	}
}

START_TEST(a_frame_cut_anywhere_is_truncated_and_never_read_past_its_end)
{
	for (unsigned int i = 0; i < COUNT_OF(kinds); i++)
		check_cuts(&kinds[i].frame, kinds[i].what);
	for (unsigned int i = 0; i < COUNT_OF(others); i++)
		check_cuts(&others[i].frame, others[i].what);
}
END_TEST

START_TEST(a_header_that_contradicts_itself_has_a_verdict_of_its_own)
{
	uint32_t len = frame_write(frame, &kinds[damages[_i].kind].frame);
	struct glb_flow flow;

	frame[damages[_i].at] = damages[_i].byte;
	if (damages[_i].want == GLB_DROP_TOO_BIG)
		frame[damages[_i].at + 1] = 0xff;

	enum glb_verdict verdict = glb_parse(&flow, frame, len);

	ck_assert_msg(verdict == damages[_i].want, "%s: %s", damages[_i].what,
		      glb_verdict_label(verdict));
}
END_TEST

START_TEST(bytes_behind_the_announced_length_are_never_read_as_headers)
{
	static const struct {
		unsigned int kind;
		uint8_t ip_len; /* one less than the headers take */
	} cases[] = {{0, 39}, {1, 27}, {11, 27}, {13, 20 + 8 + 23}, {14, 20 + 8 + 60 + 3}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint32_t len = frame_write(frame, &kinds[cases[i].kind].frame);
		struct glb_flow flow;

		frame[17] = cases[i].ip_len;
		ck_assert_msg(glb_parse(&flow, frame, len) == GLB_DROP_TRUNCATED, "%s",
			      kinds[cases[i].kind].what);
		frame[17]++;
		ck_assert_msg(glb_parse(&flow, frame, len) == GLB_FORWARD, "%s",
			      kinds[cases[i].kind].what);
	}
}
END_TEST

START_TEST(a_quote_is_not_read_behind_the_announced_length_of_the_error)
{
	static const struct {
		const char *what;
		const struct sample *quote;
		uint8_t ip_len;
		uint8_t first; /* byte of the quote */
	} cases[] = {
		{"a later fragment, one byte of its header missing", &reply4_later, 28 + 19, 0x45},
		{"a later fragment, one byte of its options missing", &reply4_later, 28 + 23, 0x46},
		{"a packet, all of it missing", &reply4, 28, 0x45},
		{"something else, all of it missing", &reply4, 28, 0x00},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct sample error = {.version = 4,
				       .proto = 1,
				       .src = ROUTER4,
				       .dst = VIP4,
				       .type = 3,
				       .code = 4,
				       .quote = cases[i].quote};
		uint32_t len = frame_write(frame, &error);
		struct glb_flow flow;

		frame[17] = cases[i].ip_len;
		frame[42] = cases[i].first;
		ck_assert_msg(glb_parse(&flow, frame, len) == GLB_DROP_TRUNCATED, "%s",
			      cases[i].what);
	}
}
END_TEST

START_TEST(a_damaged_quote_has_the_verdict_of_a_damaged_packet)
{
	static const struct {
		const char *what;
		unsigned int at;
		uint8_t byte;
		enum glb_verdict want;
	} cases[] = {
		{"version 6 in a quote of ICMPv4", 42, 0x65, GLB_DROP_BAD_LENGTH},
		{"a header of 16 bytes", 42, 0x44, GLB_DROP_BAD_LENGTH},
		{"options that are not there", 42, 0x4f, GLB_DROP_BAD_LENGTH},
		{"a length above what is quoted, which is usual", 44, 0x05, GLB_FORWARD},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint32_t len = frame_write(frame, &kinds[13].frame);
		struct glb_flow flow;

		frame[cases[i].at] = cases[i].byte;

		enum glb_verdict verdict = glb_parse(&flow, frame, len);

		ck_assert_msg(verdict == cases[i].want, "%s: %s", cases[i].what,
			      glb_verdict_label(verdict));
	}
}
END_TEST

START_TEST(every_bit_of_the_fragment_offset_counts_and_no_flag)
{
	for (unsigned int bit = 0; bit < 16; bit++) {
		struct sample sample = kinds[0].frame;
		struct glb_flow flow;

		sample.fragment = (uint16_t)(1 << bit);
		ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
		ck_assert_int_eq(flow.kind, bit < 13 ? GLB_FLOW_FRAGMENT : GLB_FLOW_PORTS);
	}
}
END_TEST

START_TEST(a_third_vlan_tag_is_not_looked_behind)
{
	struct sample sample = kinds[0].frame;
	struct glb_flow flow;

	sample.vlan_count = 3;
	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_PUNT_NOT_IP);
}
END_TEST

START_TEST(any_other_ethertype_is_punted_however_short_the_frame)
{
	static const uint16_t types[] = {0x0000, 0x0005, 0x0806, 0x0842, 0x8847, 0x88cc, 0xffff};
	struct glb_flow flow;

	(void)frame_write(frame, &kinds[0].frame);
	for (unsigned int i = 0; i < COUNT_OF(types); i++) {
		glb_store_be16(frame + 12, types[i]);
		ck_assert_int_eq(glb_parse(&flow, frame, 14), GLB_PUNT_NOT_IP);
	}
}
END_TEST

START_TEST(the_largest_ip_packets_are_read)
{
	struct sample sample = kinds[0].frame;
	struct glb_flow flow;

	sample.payload_len = 65535 - 40;
	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
	ck_assert_uint_eq(flow.ip_len, 65535);
	sample = kinds[2].frame;
	sample.payload_len = 65535 - 60;
	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
	ck_assert_uint_eq(flow.ip_len, 65535);
	sample.payload_len++;
	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_DROP_TOO_BIG);
}
END_TEST

START_TEST(every_verdict_has_a_label_and_three_letters_tell_its_kind)
{
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++) {
		const char *label = glb_verdict_label((enum glb_verdict)v);
		bool punt = !strncmp(label, "punt_", 5);

		ck_assert(punt || !strncmp(label, "drop_", 5) || !strcmp(label, "forward"));
		ck_assert_int_eq(!!glb_verdict_is_punt((enum glb_verdict)v), punt);
	}
	ck_assert_str_eq(glb_verdict_label(GLB_VERDICT_COUNT), "?");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("parse");
	TCase *parse = tcase_create("parse");

	tcase_add_loop_test(parse, a_frame_of_each_kind_gives_its_flow_as_the_client_sees_it, 0,
			    COUNT_OF(kinds));
	tcase_add_loop_test(parse, a_packet_no_bind_could_match_has_a_flow_of_no_kind, 0,
			    COUNT_OF(others));
	tcase_add_test(parse, a_frame_cut_anywhere_is_truncated_and_never_read_past_its_end);
	tcase_add_loop_test(parse, a_header_that_contradicts_itself_has_a_verdict_of_its_own, 0,
			    COUNT_OF(damages));
	tcase_add_test(parse, bytes_behind_the_announced_length_are_never_read_as_headers);
	tcase_add_test(parse, a_quote_is_not_read_behind_the_announced_length_of_the_error);
	tcase_add_test(parse, a_damaged_quote_has_the_verdict_of_a_damaged_packet);
	tcase_add_test(parse, every_bit_of_the_fragment_offset_counts_and_no_flag);
	tcase_add_test(parse, a_third_vlan_tag_is_not_looked_behind);
	tcase_add_test(parse, any_other_ethertype_is_punted_however_short_the_frame);
	tcase_add_test(parse, the_largest_ip_packets_are_read);
	tcase_add_test(parse, every_verdict_has_a_label_and_three_letters_tell_its_kind);
	suite_add_tcase(suite, parse);
	return suite;
}
