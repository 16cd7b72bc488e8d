/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/parse.h>

#include "parse_cases.h"
#include "suite.h"

static uint8_t frame[FRAME_LEN_MAX];

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
	ck_assert_msg(flow.entropy == kinds[_i].entropy, "%s: entropy %u", what, flow.entropy);
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
	} cases[] = {{0, 39}, {1, 27}, {11, 27}};

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

/* A packet of IPv6 from port 40001 to 443 behind these extension headers. */
static struct sample behind(const char *exts, uint8_t proto)
{
	return (struct sample){.version = 6,
			       .proto = proto,
			       .src = CLIENT6,
			       .dst = VIP6,
			       .src_port = 40001,
			       .dst_port = 443,
			       .exts = exts};
}

START_TEST(extension_headers_are_read_up_to_the_transport_header)
{
	struct sample sample = behind(walks[_i].exts, 17);
	uint32_t len = frame_write(frame, &sample);
	bool ports = walks[_i].kind == GLB_FLOW_PORTS;
	struct glb_flow flow;

	ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
	check_addresses(&flow, walks[_i].exts);
	ck_assert_int_eq(flow.kind, walks[_i].kind);
	ck_assert_int_eq(flow.fragment, walks[_i].fragment);
	ck_assert_int_eq(flow.routed, walks[_i].routed);
	ck_assert_uint_eq(flow.transport_at, walks[_i].transport_at);
	ck_assert_uint_eq(flow.src_port, ports ? 40001 : 0);
	ck_assert_uint_eq(flow.dst_port, ports ? 443 : 0);
	check_cuts(&sample, walks[_i].exts);
}
END_TEST

START_TEST(an_echo_request_is_found_behind_extension_headers)
{
	struct sample sample = behind("hda", 58);
	struct glb_flow flow;

	sample.type = 128;
	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
	ck_assert_int_eq(flow.kind, GLB_FLOW_ECHO);
	ck_assert_uint_eq(flow.transport_at, 64);
}
END_TEST

START_TEST(a_ninth_extension_header_is_one_too_many_of_any_kind)
{
	static const char *const cases[] = {"ddddddddd", "ddddddddh", "ddddddddr",
					    "dddddddda", "ddddddddl", "hrdahrdahrda"};
	struct glb_flow flow;

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct sample sample = behind(cases[i], 17);

		ck_assert_msg(glb_parse(&flow, frame, frame_write(frame, &sample)) ==
				      GLB_DROP_EXT_HEADERS,
			      "%s", cases[i]);
	}
}
END_TEST

/* A frame of UDP to port 443 behind eight destination options, the last one of `last` bytes. */
static uint32_t write_long_options(uint8_t *out, uint32_t last)
{
	struct sample sample = behind("", 17);
	uint32_t head_len = 14 + GLB_IPV6_LEN;
	uint32_t len = frame_write(out, &sample);
	uint8_t transport[64];
	uint8_t *at = out + head_len;

	memcpy(transport, at, len - head_len);
	out[20] = 60;
	for (unsigned int i = 0; i < GLB_IPV6_EXT_MAX; i++) {
		uint32_t size = i + 1 < GLB_IPV6_EXT_MAX ? 2048 : last;

		memset(at, 0, size);
		at[0] = i + 1 < GLB_IPV6_EXT_MAX ? 60 : 17;
		at[1] = (uint8_t)(size / 8 - 1);
		at += size;
	}
	memcpy(at, transport, len - head_len);
	at += len - head_len;
	glb_store_be16(out + 18, (uint16_t)(at - out - head_len));
	return (uint32_t)(at - out);
}

START_TEST(extension_headers_may_take_16_kib_with_the_header)
{
	static uint8_t longest[18000];
	struct glb_flow flow;

	ck_assert_int_eq(glb_parse(&flow, longest, write_long_options(longest, 2000)), GLB_FORWARD);
	ck_assert_uint_eq(flow.transport_at, 16376);
	ck_assert_uint_eq(flow.dst_port, 443);
	ck_assert_int_eq(glb_parse(&flow, longest, write_long_options(longest, 2008)),
			 GLB_DROP_EXT_HEADERS);
	ck_assert_int_eq(glb_parse(&flow, longest, write_long_options(longest, 2048)),
			 GLB_DROP_EXT_HEADERS);
}
END_TEST

START_TEST(a_payload_shorter_than_its_extension_headers_is_a_bad_length)
{
	struct sample sample = behind("hDf", 17);
	uint32_t len = frame_write(frame, &sample);
	struct glb_flow flow;

	for (uint8_t payload_len = 0; payload_len < 40; payload_len++) {
		frame[19] = payload_len;
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_DROP_BAD_LENGTH);
	}
	for (uint8_t payload_len = 40; payload_len < 48; payload_len++) {
		frame[19] = payload_len;
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_DROP_TRUNCATED);
	}
	frame[19] = 48;
	ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
}
END_TEST

START_TEST(every_bit_of_an_ipv6_fragment_offset_counts_and_of_the_rest_just_one)
{
	struct sample sample = behind("a", 17);
	uint32_t len = frame_write(frame, &sample);
	struct glb_flow flow;

	for (unsigned int bit = 0; bit < 16; bit++) {
		glb_store_be16(frame + 14 + 40 + 2, (uint16_t)(1 << bit));
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_int_eq(flow.fragment, bit >= 3   ? GLB_LATER_FRAGMENT
						: bit == 0 ? GLB_FIRST_FRAGMENT
							   : GLB_WHOLE);
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

START_TEST(every_verdict_has_a_label_whose_first_word_tells_its_kind)
{
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++) {
		const char *label = glb_verdict_label((enum glb_verdict)v);
		bool punt = !strncmp(label, "punt_", 5);
		bool answer = !strncmp(label, "answer_", 7);

		ck_assert(punt || answer || !strncmp(label, "drop_", 5) ||
			  !strcmp(label, "forward"));
		ck_assert_int_eq(!!glb_verdict_is_punt((enum glb_verdict)v), punt);
		ck_assert_int_eq(!!glb_verdict_is_icmp_reply((enum glb_verdict)v), answer);
	}
	ck_assert_str_eq(glb_verdict_label(GLB_VERDICT_COUNT), "?");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("parse");
	TCase *frames = tcase_create("parse");

	tcase_add_loop_test(frames, a_frame_of_each_kind_gives_its_flow_as_the_client_sees_it, 0,
			    COUNT_OF(kinds));
	tcase_add_loop_test(frames, a_packet_no_bind_could_match_has_a_flow_of_no_kind, 0,
			    COUNT_OF(others));
	tcase_add_test(frames, a_frame_cut_anywhere_is_truncated_and_never_read_past_its_end);
	tcase_add_loop_test(frames, a_header_that_contradicts_itself_has_a_verdict_of_its_own, 0,
			    COUNT_OF(damages));
	tcase_add_test(frames, bytes_behind_the_announced_length_are_never_read_as_headers);
	tcase_add_loop_test(frames, extension_headers_are_read_up_to_the_transport_header, 0,
			    COUNT_OF(walks));
	tcase_add_test(frames, an_echo_request_is_found_behind_extension_headers);
	tcase_add_test(frames, a_ninth_extension_header_is_one_too_many_of_any_kind);
	tcase_add_test(frames, extension_headers_may_take_16_kib_with_the_header);
	tcase_add_test(frames, a_payload_shorter_than_its_extension_headers_is_a_bad_length);
	tcase_add_test(frames,
		       every_bit_of_an_ipv6_fragment_offset_counts_and_of_the_rest_just_one);
	tcase_add_test(frames, every_bit_of_the_fragment_offset_counts_and_no_flag);
	tcase_add_test(frames, a_third_vlan_tag_is_not_looked_behind);
	tcase_add_test(frames, any_other_ethertype_is_punted_however_short_the_frame);
	tcase_add_test(frames, the_largest_ip_packets_are_read);
	tcase_add_test(frames, every_verdict_has_a_label_whose_first_word_tells_its_kind);
	suite_add_tcase(suite, frames);
	return suite;
}
