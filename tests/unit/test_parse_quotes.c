/* SPDX-License-Identifier: BSD-3-Clause */
/* What parse.h makes of ICMP messages, and of the packets that errors quote. */
#include <stdlib.h>
#include <string.h>

#include <glb/parse.h>

#include "parse_cases.h"
#include "suite.h"

static uint8_t frame[FRAME_LEN_MAX];

static struct sample error_about(const struct sample *quote)
{
	bool v4 = quote->version == 4;

	return (struct sample){
		.version = quote->version,
		.proto = v4 ? 1 : 58,
		.src = v4 ? ROUTER4 : ROUTER6,
		.dst = v4 ? VIP4 : VIP6,
		.entropy = 88,
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
	ck_assert_msg(flow->entropy == 88, "%s: entropy %u", what, flow->entropy);
	ck_assert_msg(flow->proto == (flow->version == 4 ? 1 : 58), "%s: protocol", what);
}

static void check_quoted(const struct glb_flow *flow, const struct sample *quote, const char *what)
{
	check_addresses(flow, what);
	ck_assert_msg(flow->src_port == (quote->proto == 132 ? 0x4243 : 40001), "%s: port", what);
	ck_assert_msg(flow->dst_port == (quote->proto == 132 ? 0x4041 : 443), "%s: port", what);
	ck_assert_msg(flow->entropy == flow->src_port, "%s: entropy", what);
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
	ck_assert_int_eq(glb_parse(&flow, exact, frame_len), GLB_FORWARD);
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
		{"a length of 1", 4, 3, 1, GLB_FLOW_BAD_QUOTE},
		{"no length: a BIG TCP super-frame", 4, 3, 0, GLB_FLOW_QUOTED},
		{"a length of just its header: ports are there", 4, 3, 20, GLB_FLOW_QUOTED},
		{"a length above what is quoted, which is usual", 4, 2, 0x05, GLB_FLOW_QUOTED},
		{"version 4 in a quote of ICMPv6", 6, 0, 0x45, GLB_FLOW_BAD_QUOTE},
		{"an extension header longer than the quote", 6, 41, 9, GLB_FLOW_BAD_QUOTE},
		{"a payload shorter than the extension header", 6, 5, 7, GLB_FLOW_BAD_QUOTE},
		{"a payload of 1 byte", 6, 5, 1, GLB_FLOW_BAD_QUOTE},
		{"no length of the payload: a BIG TCP super-frame", 6, 5, 0, GLB_FLOW_QUOTED},
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
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_msg(flow.kind == cases[i].want, "%s: kind %d", cases[i].what, flow.kind);
		if (flow.kind == GLB_FLOW_BAD_QUOTE)
			check_unquoted(&flow, cases[i].what);
	}
}
END_TEST

/* Offsets of the low bytes of lengths that sample frames leave below 256. */
static uint32_t length_at(uint8_t version, uint32_t ip_at)
{
	return ip_at + (version == 4 ? 3 : 5);
}

/* RFC 2675, and Linux: more than 65,535 bytes are announced as 0, over IPv6 with an option or not.
 */
START_TEST(a_length_of_0_is_for_quotes_only)
{
	static const struct sample with_option = {REPLY6(6), .exts = "h"};
	static const struct sample udp6 = {REPLY6(17), .exts = "hd"};
	const struct sample *const about[] = {&reply4, &reply4_options, &reply6, &with_option,
					      &udp6};

	for (unsigned int i = 0; i < COUNT_OF(about); i++) {
		uint8_t version = about[i]->version;
		struct sample error = error_about(about[i]);
		uint32_t len = frame_write(frame, &error);
		struct glb_flow flow;

		frame[length_at(version, version == 4 ? 42 : 62)] = 0;
		ck_assert_int_eq(glb_parse(&flow, frame, len), GLB_FORWARD);
		ck_assert_int_eq(flow.kind, GLB_FLOW_QUOTED);
		check_quoted(&flow, about[i], "length 0");

		len = frame_write(frame, about[i]);
		frame[length_at(version, 14)] = 0;
		ck_assert_int_ne(glb_parse(&flow, frame, len), GLB_FORWARD);
	}
}
END_TEST

START_TEST(a_quote_with_nine_extension_headers_is_a_bad_one)
{
	static const struct sample quote = {REPLY6(6), .exts = "ddddddddd"};
	struct sample error = error_about(&quote);
	struct glb_flow flow;

	ck_assert_int_eq(glb_parse(&flow, frame, frame_write(frame, &error)), GLB_FORWARD);
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
			ENSURE(glb_parse(&flow, frame, len) == GLB_FORWARD, "type %u refused",
			       type);
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

Suite *unit_suite(void)
{
	Suite *suite = suite_create("parse_quotes");
	TCase *quoted = tcase_create("quotes");

	tcase_add_loop_test(quoted,
			    a_quote_is_read_up_to_its_ports_and_never_behind_the_error_s_length, 0,
			    COUNT_OF(quotes));
	tcase_add_test(quoted, a_quote_whose_headers_contradict_each_other_is_a_bad_one);
	tcase_add_test(quoted, a_length_of_0_is_for_quotes_only);
	tcase_add_test(quoted, a_quote_with_nine_extension_headers_is_a_bad_one);
	tcase_add_test(quoted, every_type_and_code_of_icmp_has_its_kind);
	suite_add_tcase(suite, quoted);
	return suite;
}
