/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/parse.h>

#include "parse_cases.h"
#include "suite.h"

static uint8_t frame[FRAME_LEN_MAX];

/* Reads a frame. If the short way takes it, it must find the same. */
static enum glb_verdict parse(struct glb_flow *flow, const uint8_t *bytes, uint32_t len)
{
	enum glb_verdict verdict = glb_parse(flow, bytes, len);
	struct glb_flow plain;

	if (glb_parse_plain(&plain, bytes, len)) {
		ENSURE(verdict == GLB_FORWARD, "the short way: %s", glb_verdict_label(verdict));
		ENSURE(!memcmp(&plain, flow, sizeof(plain)), "the short way finds something else");
	}
	return verdict;
}

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

	ck_assert_msg(parse(&flow, frame, len) == GLB_FORWARD, "%s: refused", what);
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

	ck_assert_msg(parse(&flow, frame, len) == GLB_FORWARD, "%s: refused", others[_i].what);
	ck_assert_msg(flow.kind == GLB_FLOW_OTHER, "%s: kind %d", others[_i].what, flow.kind);
}
END_TEST

static void check_cuts(const struct sample *sample, const char *what)
{
	uint32_t len = frame_write(frame, sample) - sample->padding_len;

	for (uint32_t cut = 0; cut < len; cut++) {
		uint8_t *exact = frame_exact(frame, cut);
		struct glb_flow flow;
		enum glb_verdict verdict = parse(&flow, exact, cut);

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

	enum glb_verdict verdict = parse(&flow, frame, len);

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
		ck_assert_msg(parse(&flow, frame, len) == GLB_DROP_TRUNCATED, "%s",
			      kinds[cases[i].kind].what);
		frame[17]++;
		ck_assert_msg(parse(&flow, frame, len) == GLB_FORWARD, "%s",
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

	ck_assert_int_eq(parse(&flow, frame, len), GLB_FORWARD);
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
	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
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

		ck_assert_msg(parse(&flow, frame, frame_write(frame, &sample)) ==
				      GLB_DROP_EXT_HEADERS,
			      "%s", cases[i]);
	}
}
END_TEST

START_TEST(a_payload_shorter_than_its_extension_headers_is_a_bad_length)
{
	struct sample sample = behind("hDf", 17);
	uint32_t len = frame_write(frame, &sample);
	struct glb_flow flow;

	for (uint8_t payload_len = 0; payload_len < 40; payload_len++) {
		frame[19] = payload_len;
		ck_assert_int_eq(parse(&flow, frame, len), GLB_DROP_BAD_LENGTH);
	}
	for (uint8_t payload_len = 40; payload_len < 48; payload_len++) {
		frame[19] = payload_len;
		ck_assert_int_eq(parse(&flow, frame, len), GLB_DROP_TRUNCATED);
	}
	frame[19] = 48;
	ck_assert_int_eq(parse(&flow, frame, len), GLB_FORWARD);
}
END_TEST

START_TEST(every_bit_of_an_ipv6_fragment_offset_counts_and_of_the_rest_just_one)
{
	struct sample sample = behind("a", 17);
	uint32_t len = frame_write(frame, &sample);
	struct glb_flow flow;

	for (unsigned int bit = 0; bit < 16; bit++) {
		glb_store_be16(frame + 14 + 40 + 2, (uint16_t)(1 << bit));
		ck_assert_int_eq(parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_int_eq(flow.fragment, bit >= 3   ? GLB_LATER_FRAGMENT
						: bit == 0 ? GLB_FIRST_FRAGMENT
							   : GLB_WHOLE);
	}
}
END_TEST

static struct sample error_about(const struct sample *quote)
{
	bool v4 = quote->version == 4;

	return (struct sample){
		.version = quote->version,
		.proto = v4 ? 1 : 58,
		.src = v4 ? ROUTER4 : ROUTER6,
		.dst = v4 ? VIP4 : VIP6,
		.hint = 88,
		.type = v4 ? 3 : 2,
		.code = v4 ? 4 : 0,
		.quote = quote,
	};
}

/* The kind of an error that is not read as one about a flow: its addresses are its own. */
static void check_unquoted(const struct glb_flow *flow, const char *what)
{
	uint8_t router[16];
	uint8_t vip[16];

	frame_addr(router, flow->version == 4 ? ROUTER4 : ROUTER6);
	frame_addr(vip, flow->version == 4 ? VIP4 : VIP6);
	ck_assert_msg(!memcmp(flow->src, router, 16), "%s: source", what);
	ck_assert_msg(!memcmp(flow->dst, vip, 16), "%s: destination", what);
	ck_assert_msg(!flow->src_port && !flow->dst_port, "%s: ports", what);
	ck_assert_msg(flow->hint == 88, "%s: hint %u", what, flow->hint);
	ck_assert_msg(flow->proto == (flow->version == 4 ? 1 : 58), "%s: protocol", what);
}

static void check_quoted(const struct glb_flow *flow, const struct sample *quote, const char *what)
{
	check_addresses(flow, what);
	ck_assert_msg(flow->src_port == (quote->proto == 132 ? 0x4243 : 40001), "%s: port", what);
	ck_assert_msg(flow->dst_port == (quote->proto == 132 ? 0x4041 : 443), "%s: port", what);
	ck_assert_msg(flow->hint == flow->src_port, "%s: hint", what);
	ck_assert_msg(flow->proto == quote->proto, "%s: protocol %u", what, flow->proto);
}

/* The error says it has `left` bytes of quote, and has them; what else the frame has is behind. */
static void check_quote_of(uint32_t left, uint32_t quote_at, uint32_t frame_len, unsigned int i)
{
	struct glb_flow flow;
	uint32_t needed = quotes[i].header_len + (quotes[i].kind == GLB_FLOW_QUOTED ? 4U : 0);
	enum glb_flow_kind want = left < needed ? GLB_FLOW_BAD_QUOTE : quotes[i].kind;
	uint8_t *exact;

	if (quotes[i].quote.version == 4)
		glb_store_be16(frame + 16, (uint16_t)(28 + left));
	else
		glb_store_be16(frame + 18, (uint16_t)(8 + left));
	exact = frame_exact(frame, frame_len);
	ck_assert_int_eq(parse(&flow, exact, frame_len), GLB_FORWARD);
	free(exact);
	ck_assert_msg(flow.kind == want, "%s, %u bytes: kind %d", quotes[i].what, left, flow.kind);
	ck_assert(!flow.extra_error);
	ck_assert_uint_eq(flow.transport_at, quote_at - 14 - 8);
	if (want == GLB_FLOW_QUOTED)
		check_quoted(&flow, &quotes[i].quote, quotes[i].what);
	else
		check_unquoted(&flow, quotes[i].what);
}

START_TEST(a_quote_is_read_up_to_its_ports_and_never_behind_the_error_s_length)
{
	struct sample error = error_about(&quotes[_i].quote);
	uint32_t quote_at = 14 + (error.version == 4 ? 20 : 40) + 8;
	uint32_t len = frame_write(frame, &error);

	for (uint32_t left = 0; left <= len - quote_at; left++) {
		(void)frame_write(frame, &error);
		check_quote_of(left, quote_at, quote_at + left, (unsigned int)_i); /* cut there */
		check_quote_of(left, quote_at, len, (unsigned int)_i); /* padding behind */
	}
}
END_TEST

START_TEST(a_quote_whose_headers_contradict_each_other_is_a_bad_one)
{
	static const struct {
		const char *what;
		uint8_t version;
		uint8_t at; /* in the quote */
		uint8_t byte;
		enum glb_flow_kind want;
	} cases[] = {
		{"version 6 in a quote of ICMPv4", 4, 0, 0x65, GLB_FLOW_BAD_QUOTE},
		{"a header of 16 bytes", 4, 0, 0x44, GLB_FLOW_BAD_QUOTE},
		{"options that are not there", 4, 0, 0x4f, GLB_FLOW_BAD_QUOTE},
		{"a length below that of its header", 4, 3, 19, GLB_FLOW_BAD_QUOTE},
		{"a length of just its header: ports are there", 4, 3, 20, GLB_FLOW_QUOTED},
		{"a length above what is quoted, which is usual", 4, 2, 0x05, GLB_FLOW_QUOTED},
		{"version 4 in a quote of ICMPv6", 6, 0, 0x45, GLB_FLOW_BAD_QUOTE},
		{"an extension header longer than the quote", 6, 41, 9, GLB_FLOW_BAD_QUOTE},
		{"a payload shorter than the extension header", 6, 5, 7, GLB_FLOW_BAD_QUOTE},
		{"a payload of just the extension header", 6, 5, 8, GLB_FLOW_QUOTED},
		{"a payload longer than what is quoted", 6, 4, 0x05, GLB_FLOW_QUOTED},
		{"protocol ESP in the extension header", 6, 40, 50, GLB_FLOW_QUOTED},
	};
	static const struct sample quote6 = {REPLY6(6), .exts = "d"};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		bool v4 = cases[i].version == 4;
		struct sample error = error_about(v4 ? &reply4 : &quote6);
		uint32_t len = frame_write(frame, &error);
		struct glb_flow flow;

		frame[14 + (v4 ? 28 : 48) + cases[i].at] = cases[i].byte;
		ck_assert_int_eq(parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_msg(flow.kind == cases[i].want, "%s: kind %d", cases[i].what, flow.kind);
		if (flow.kind == GLB_FLOW_BAD_QUOTE)
			check_unquoted(&flow, cases[i].what);
	}
}
END_TEST

START_TEST(a_quote_with_nine_extension_headers_is_a_bad_one)
{
	static const struct sample quote = {REPLY6(6), .exts = "ddddddddd"};
	struct sample error = error_about(&quote);
	struct glb_flow flow;

	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &error)), GLB_FORWARD);
	ck_assert_int_eq(flow.kind, GLB_FLOW_BAD_QUOTE);
}
END_TEST

/* RFC 792 and RFC 4443: the types whose messages quote the packet they are about. */
static bool quotes_a_packet(uint8_t version, unsigned int type)
{
	if (version == 4)
		return type == 3 || type == 11 || type == 12;
	return type == 1 || type == 2 || type == 3 || type == 4;
}

START_TEST(every_type_and_code_of_icmp_has_its_kind)
{
	for (unsigned int type = 0; type < 512; type++) {
		bool v4 = type < 256;
		uint8_t version = v4 ? 4 : 6;
		struct sample message = error_about(v4 ? &reply4 : &reply6);
		uint32_t len = frame_write(frame, &message);
		uint8_t *icmp = frame + 14 + (v4 ? 20 : 40);

		icmp[0] = (uint8_t)type;
		for (unsigned int code = 0; code < 256; code++) {
			struct glb_flow flow;
			bool echo = icmp[0] == (v4 ? 8 : 128) && code == 0;
			bool quoted = quotes_a_packet(version, icmp[0]);
			bool compatible = v4 ? icmp[0] == 3 && code == 4 : icmp[0] == 2 && !code;

			icmp[1] = (uint8_t)code;
			ENSURE(parse(&flow, frame, len) == GLB_FORWARD, "type %u refused", type);
			ENSURE(flow.kind == (echo     ? GLB_FLOW_ECHO
					     : quoted ? GLB_FLOW_QUOTED
						      : GLB_FLOW_OTHER),
			       "IPv%u type %u code %u: kind %d", version, icmp[0], code, flow.kind);
			ENSURE(flow.extra_error == (quoted && !compatible),
			       "IPv%u type %u code %u: extra", version, icmp[0], code);
		}
	}
}
END_TEST

START_TEST(every_bit_of_the_fragment_offset_counts_and_no_flag)
{
	for (unsigned int bit = 0; bit < 16; bit++) {
		struct sample sample = kinds[0].frame;
		struct glb_flow flow;

		sample.fragment = (uint16_t)(1 << bit);
		ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
		ck_assert_int_eq(flow.kind, bit < 13 ? GLB_FLOW_FRAGMENT : GLB_FLOW_PORTS);
	}
}
END_TEST

START_TEST(the_short_way_takes_whole_untagged_packets_of_some_length)
{
	static const struct {
		struct sample sample;
		bool taken;
	} cases[] = {
		{{.version = 4, .proto = 6, .src = CLIENT4, .dst = VIP4}, true},
		{{.version = 4, .proto = 17, .src = CLIENT4, .dst = VIP4, .payload_len = 12}, true},
		{{.version = 4, .proto = 17, .src = CLIENT4, .dst = VIP4, .payload_len = 11},
		 false},
		{{.version = 4, .proto = 6, .src = CLIENT4, .dst = VIP4, .fragment = 0x4000}, true},
		{{.version = 4, .proto = 6, .src = CLIENT4, .dst = VIP4, .fragment = 0x2000},
		 false},
		{{.version = 4, .proto = 6, .src = CLIENT4, .dst = VIP4, .option_words = 1}, false},
		{{.version = 4, .proto = 6, .src = CLIENT4, .dst = VIP4, .vlan_count = 1}, false},
		{{.version = 6, .proto = 6, .src = CLIENT6, .dst = VIP6}, true},
		{{.version = 6, .proto = 17, .src = CLIENT6, .dst = VIP6, .payload_len = 60}, true},
		{{.version = 6, .proto = 6, .src = CLIENT6, .dst = VIP6, .exts = "d"}, false},
		{{.version = 6, .proto = 58, .src = CLIENT6, .dst = VIP6, .payload_len = 60},
		 false},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint32_t len = frame_write(frame, &cases[i].sample);
		struct glb_flow flow;

		ck_assert_int_eq(parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_msg(glb_parse_plain(&flow, frame, len) == cases[i].taken, "case %u", i);
	}
}
END_TEST

START_TEST(a_third_vlan_tag_is_not_looked_behind)
{
	struct sample sample = kinds[0].frame;
	struct glb_flow flow;

	sample.vlan_count = 3;
	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_PUNT_NOT_IP);
}
END_TEST

START_TEST(any_other_ethertype_is_punted_however_short_the_frame)
{
	static const uint16_t types[] = {0x0000, 0x0005, 0x0806, 0x0842, 0x8847, 0x88cc, 0xffff};
	struct glb_flow flow;

	(void)frame_write(frame, &kinds[0].frame);
	for (unsigned int i = 0; i < COUNT_OF(types); i++) {
		glb_store_be16(frame + 12, types[i]);
		ck_assert_int_eq(parse(&flow, frame, 14), GLB_PUNT_NOT_IP);
	}
}
END_TEST

START_TEST(the_largest_ip_packets_are_read)
{
	struct sample sample = kinds[0].frame;
	struct glb_flow flow;

	sample.payload_len = 65535 - 40;
	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
	ck_assert_uint_eq(flow.ip_len, 65535);
	sample = kinds[2].frame;
	sample.payload_len = 65535 - 60;
	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_FORWARD);
	ck_assert_uint_eq(flow.ip_len, 65535);
	sample.payload_len++;
	ck_assert_int_eq(parse(&flow, frame, frame_write(frame, &sample)), GLB_DROP_TOO_BIG);
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
		ck_assert_int_eq(!!glb_verdict_is_answer((enum glb_verdict)v), answer);
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
	tcase_add_test(frames, a_payload_shorter_than_its_extension_headers_is_a_bad_length);
	tcase_add_test(frames,
		       every_bit_of_an_ipv6_fragment_offset_counts_and_of_the_rest_just_one);
	tcase_add_loop_test(frames,
			    a_quote_is_read_up_to_its_ports_and_never_behind_the_error_s_length, 0,
			    COUNT_OF(quotes));
	tcase_add_test(frames, a_quote_whose_headers_contradict_each_other_is_a_bad_one);
	tcase_add_test(frames, a_quote_with_nine_extension_headers_is_a_bad_one);
	tcase_add_test(frames, every_type_and_code_of_icmp_has_its_kind);
	tcase_add_test(frames, every_bit_of_the_fragment_offset_counts_and_no_flag);
	tcase_add_test(frames, the_short_way_takes_whole_untagged_packets_of_some_length);
	tcase_add_test(frames, a_third_vlan_tag_is_not_looked_behind);
	tcase_add_test(frames, any_other_ethertype_is_punted_however_short_the_frame);
	tcase_add_test(frames, the_largest_ip_packets_are_read);
	tcase_add_test(frames, every_verdict_has_a_label_whose_first_word_tells_its_kind);
	suite_add_tcase(suite, frames);
	return suite;
}
