/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/parse.h>

#include "healthcheck/second_packet.h"
#include "suite.h"

enum { NEXT_HOP_AT = 6, LEN4 = 52, GUE_LEN4 = 12, LEN6 = 84, GUE_LEN6 = 24 };

static const struct glb_addr own4 = {{10, 9, 0, 1}, 4}, dst4 = {{10, 9, 0, 11}, 4};
static const struct glb_addr own6 = {{0xfd, 9, [15] = 1}, 6}, dst6 = {{0xfd, 9, [15] = 0x11}, 6};
static const struct second_token token = {0x01020304, 0x05060708, 50000};

static struct second_packet make(uint8_t version)
{
	return version == 4 ? second_packet_make(&token, &own4, &dst4)
			    : second_packet_make(&token, &own6, &dst6);
}

START_TEST(a_packet_names_the_checker_as_next_hop_and_has_an_ack_inside)
{
	static const char wire4[] =
		"\x02\x04\0\0\0\0\0\x01\x0a\x09\0\x01"
		"\x45\0\0\x28\0\0\x40\0\x40\x06\x26\xb3\x0a\x09\0\x01\x0a\x09\0\x0b"
		"\xc3\x50\x01\xbb\x01\x02\x03\x04\x05\x06\x07\x08\x50\x10\x04\0"
		"\xc2\x97\0\0";
	static const char head6[] = "\x05\x29\0\0\0\x01\0\x01\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
				    "\x60\0\0\0\0\x14\x06\x40\xfd\x09";
	struct second_packet packet = make(4);

	ck_assert_uint_eq(packet.len, LEN4);
	ck_assert_uint_eq(packet.gue_len, GUE_LEN4);
	ck_assert_mem_eq(packet.bytes, wire4, LEN4);
	packet = make(6);
	ck_assert_uint_eq(packet.len, LEN6);
	ck_assert_uint_eq(packet.gue_len, GUE_LEN6);
	ck_assert_mem_eq(packet.bytes, head6, sizeof(head6) - 1);
	ck_assert_mem_eq(packet.bytes + LEN6 - 4, "\xdc\x8f\0\0", 4);
}
END_TEST

START_TEST(what_is_inside_is_read_as_a_segment_of_an_established_flow)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		const struct second_packet packet = make(version);
		struct glb_cursor cur =
			glb_cursor(packet.bytes + packet.gue_len, packet.len - packet.gue_len);
		struct glb_flow flow;

		ck_assert_int_eq(glb_parse_ip(&flow, &cur, version), GLB_FORWARD);
		ck_assert_uint_eq(flow.kind, GLB_FLOW_PORTS);
		ck_assert_uint_eq(flow.tcp_flags, GLB_TCP_ACK);
		ck_assert_uint_eq(flow.ip_len, packet.len - packet.gue_len);
		ck_assert_uint_eq(flow.src_port, token.src_port);
		ck_assert_mem_eq(flow.src, version == 4 ? own4.bytes : own6.bytes, 16);
		ck_assert_mem_eq(flow.dst, version == 4 ? dst4.bytes : dst6.bytes, 16);
	}
}
END_TEST

START_TEST(only_the_packet_with_its_hop_tried_has_been_handed_on)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		const struct second_packet sent = make(version);
		uint8_t back[SECOND_PACKET_LEN_MAX + 1] = {0};

		memcpy(back, sent.bytes, sent.len);
		ck_assert_int_eq(second_packet_fate(&sent, back, sent.len), SECOND_CHANGED);
		back[NEXT_HOP_AT] = 1;
		ck_assert_int_eq(second_packet_fate(&sent, back, sent.len), SECOND_HANDED_ON);
		ck_assert_int_eq(second_packet_fate(&sent, back, sent.len + 1), SECOND_OTHER);
		ck_assert_int_eq(second_packet_fate(&sent, back + 1, sent.len - 1), SECOND_CHANGED);
		for (size_t len = 0; len < sent.len; len++)
			ck_assert_int_eq(second_packet_fate(&sent, back, len), SECOND_OTHER);
		for (size_t at = 0; at < sent.len; at++) {
			back[at] ^= 1;
			ck_assert_int_eq(second_packet_fate(&sent, back, sent.len),
					 at < sent.gue_len ? SECOND_CHANGED : SECOND_OTHER);
			back[at] ^= 1;
		}
	}
}
END_TEST

START_TEST(packets_with_other_tokens_are_others)
{
	const struct second_packet sent = make(4);
	const struct second_token tokens[] = {
		{token.seq + 1, token.ack, token.src_port},
		{token.seq, token.ack + 1, token.src_port},
		{token.seq, token.ack, token.src_port + 1},
	};

	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		struct second_packet other = second_packet_make(&tokens[i], &own4, &dst4);

		other.bytes[NEXT_HOP_AT] = 1;
		ck_assert_int_eq(second_packet_fate(&sent, other.bytes, other.len), SECOND_OTHER);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("second_packet");
	TCase *packet = tcase_create("second_packet");

	tcase_add_test(packet, a_packet_names_the_checker_as_next_hop_and_has_an_ack_inside);
	tcase_add_test(packet, what_is_inside_is_read_as_a_segment_of_an_established_flow);
	tcase_add_test(packet, only_the_packet_with_its_hop_tried_has_been_handed_on);
	tcase_add_test(packet, packets_with_other_tokens_are_others);
	suite_add_tcase(suite, packet);
	return suite;
}
