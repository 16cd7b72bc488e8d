/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/gue.h>

#include "frame.h"
#include "suite.h"

static uint32_t write_header(uint8_t *out, enum glb_proto proto, uint8_t hop_count)
{
	glb_gue_encode(out, proto, hop_count, GLB_GUE_HOP_LEN);
	for (uint32_t i = 0; i < hop_count; i++)
		glb_store_be32(out + GLB_GUE_HOPS_AT + i * GLB_GUE_HOP_LEN, 0x0a000001 + i);
	return glb_gue_len(hop_count, GLB_GUE_HOP_LEN);
}

START_TEST(the_header_of_one_hop_is_the_one_other_directors_write)
{
	uint8_t header[12] = {0};

	ck_assert_uint_eq(write_header(header, GLB_PROTO_IPIP, 1), 12);
	ck_assert_mem_eq(header, "\x02\x04\x00\x00\x00\x00\x00\x01\x0a\x00\x00\x01", 12);
	ck_assert_uint_eq(write_header(header, GLB_PROTO_IPV6, 0), 8);
	ck_assert_mem_eq(header, "\x01\x29\x00\x00\x00\x00\x00\x00", 8);
}
END_TEST

START_TEST(the_header_of_ipv6_hops_has_a_type_and_words_of_its_own)
{
	uint8_t header[8 + 16] = {0};

	glb_gue_encode(header, GLB_PROTO_IPV6, 1, GLB_GUE_HOP6_LEN);
	ck_assert_mem_eq(header, "\x05\x29\x00\x00\x00\x01\x00\x01", 8);
	glb_gue_encode(header, GLB_PROTO_IPIP, 7, GLB_GUE_HOP6_LEN);
	ck_assert_mem_eq(header, "\x1d\x04\x00\x00\x00\x01\x00\x07", 8);
	ck_assert_uint_eq(glb_gue_len(4, GLB_GUE_HOP6_LEN), 72);
}
END_TEST

static void check_round_trip(uint32_t hop_count, uint32_t hop_len)
{
	uint8_t bytes[8 + 4 * GLB_GUE_HOPS_MAX + 1] = {0};
	uint32_t len = glb_gue_len(hop_count, hop_len);
	struct glb_cursor cur = glb_cursor(bytes, len + 1);
	struct glb_gue gue;

	glb_gue_encode(bytes, GLB_PROTO_IPV6, hop_count, hop_len);
	bytes[GLB_GUE_NEXT_HOP_AT] = 7;
	ck_assert(glb_gue_decode(&gue, &cur, hop_len));
	ck_assert_ptr_eq(gue.header, bytes);
	ck_assert_ptr_eq(cur.at, bytes + len);
	ck_assert_uint_eq(gue.len, len);
	ck_assert_uint_eq(gue.proto, GLB_PROTO_IPV6);
	ck_assert_uint_eq(gue.next_hop, 7);
	ck_assert_uint_eq(gue.hop_count, hop_count);
	ck_assert_uint_eq(gue.hop_len, hop_len);

	cur = glb_cursor(bytes, len + 1);
	ck_assert(!glb_gue_decode(&gue, &cur,
				  hop_len == GLB_GUE_HOP_LEN ? GLB_GUE_HOP6_LEN : GLB_GUE_HOP_LEN));
}

START_TEST(every_hop_count_survives_a_round_trip_and_is_none_of_the_other_family)
{
	for (uint32_t hop_count = 0; hop_count <= GLB_GUE_HOPS_MAX; hop_count++)
		check_round_trip(hop_count, GLB_GUE_HOP_LEN);
	for (uint32_t hop_count = 0; hop_count <= GLB_GUE_HOPS6_MAX; hop_count++)
		check_round_trip(hop_count, GLB_GUE_HOP6_LEN);
}
END_TEST

START_TEST(a_header_no_director_wrote_is_refused_and_nothing_is_said_about_it)
{
	static const struct {
		const char *what;
		unsigned int at;
		uint8_t byte;
	} cases[] = {
		{"variant 1", 0, 0x40 | 3},
		{"variant 2", 0, 0x80 | 3},
		{"a control message", 0, 0x20 | 3},
		{"one word too few for two hops", 0, 2},
		{"one word too many for two hops", 0, 4},
		{"no words at all", 0, 0},
		{"protocol IPv4 as a transport, not a packet", 1, 6},
		{"protocol 0", 1, 0},
		{"a flag in the first byte", 2, 0x80},
		{"a flag in the second byte", 3, 0x01},
		{"another private type", 4, 0x01},
		{"another private type, low byte", 5, 0x01},
		{"a hop more than the words say", 7, 3},
		{"a hop less than the words say", 7, 1},
		{"a count that wraps", 7, 255},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[16];
		uint32_t len = write_header(bytes, GLB_PROTO_IPIP, 2);
		struct glb_cursor cur = glb_cursor(bytes, len);
		struct glb_gue gue = {.hop_count = 99};

		bytes[cases[i].at] = cases[i].byte;
		ck_assert_msg(!glb_gue_decode(&gue, &cur, GLB_GUE_HOP_LEN), "taken: %s",
			      cases[i].what);
		ck_assert_msg(gue.hop_count == 99 && !gue.header, "touched: %s", cases[i].what);
	}
}
END_TEST

START_TEST(a_header_with_ipv6_hops_that_no_director_wrote_is_refused)
{
	static const struct {
		const char *what;
		unsigned int at;
		uint8_t byte;
	} cases[] = {
		{"variant 1", 0, 0x40 | 9},
		{"a control message", 0, 0x20 | 9},
		{"words of IPv4 hops", 0, 3},
		{"one word too few", 0, 8},
		{"one word too many", 0, 10},
		{"protocol TCP", 1, 6},
		{"a flag in the first byte", 2, 0x80},
		{"a flag in the second byte", 3, 0x01},
		{"another private type, high byte", 4, 0x01},
		{"the private type of IPv4 hops", 5, 0},
		{"another private type", 5, 2},
		{"a hop more than the words say", 7, 3},
		{"a hop less than the words say", 7, 1},
		{"a count whose words wrap", 7, 2 + 64},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[8 + 16 * 2] = {0};
		struct glb_cursor cur = glb_cursor(bytes, sizeof(bytes));
		struct glb_gue gue = {.hop_count = 99};

		glb_gue_encode(bytes, GLB_PROTO_IPIP, 2, GLB_GUE_HOP6_LEN);
		bytes[cases[i].at] = cases[i].byte;
		ck_assert_msg(!glb_gue_decode(&gue, &cur, GLB_GUE_HOP6_LEN), "taken: %s",
			      cases[i].what);
		ck_assert_msg(gue.hop_count == 99 && !gue.header, "touched: %s", cases[i].what);
	}
}
END_TEST

START_TEST(a_header_cut_at_any_length_is_refused)
{
	uint8_t bytes[8 + 16 * 3] = {0};

	for (uint32_t hop_len = GLB_GUE_HOP_LEN; hop_len <= GLB_GUE_HOP6_LEN; hop_len *= 4) {
		glb_gue_encode(bytes, GLB_PROTO_IPIP, 3, hop_len);
		for (uint32_t cut = 0; cut < glb_gue_len(3, hop_len); cut++) {
			uint8_t *exact = frame_exact(bytes, cut);
			struct glb_cursor cur = glb_cursor(exact, cut);
			struct glb_gue gue;

			ck_assert_msg(!glb_gue_decode(&gue, &cur, hop_len), "taken at %u bytes",
				      cut);
			free(exact);
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("gue");
	TCase *gue = tcase_create("gue");

	tcase_add_test(gue, the_header_of_one_hop_is_the_one_other_directors_write);
	tcase_add_test(gue, the_header_of_ipv6_hops_has_a_type_and_words_of_its_own);
	tcase_add_test(gue, every_hop_count_survives_a_round_trip_and_is_none_of_the_other_family);
	tcase_add_test(gue, a_header_no_director_wrote_is_refused_and_nothing_is_said_about_it);
	tcase_add_test(gue, a_header_with_ipv6_hops_that_no_director_wrote_is_refused);
	tcase_add_test(gue, a_header_cut_at_any_length_is_refused);
	suite_add_tcase(suite, gue);
	return suite;
}
