/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/tcp.h>

#include "frame.h"
#include "plain.h"
#include "suite.h"

enum { OPTIONS_MAX = 40, SEGMENT_MAX = 20 + OPTIONS_MAX + 7 };

struct segment {
	uint8_t bytes[SEGMENT_MAX];
	uint32_t len;
};

/* A SYN with these options, a right checksum (of no pseudo header) and some payload. */
static struct segment syn(const uint8_t *options, uint32_t options_len, uint32_t payload_len)
{
	struct segment s = {.len = 20 + options_len + payload_len};

	for (uint32_t i = 0; i < s.len; i++)
		s.bytes[i] = (uint8_t)(0x11 * i);
	s.bytes[12] = (uint8_t)((20 + options_len) / 4 << 4);
	s.bytes[13] = 2;
	if (options_len)
		memcpy(s.bytes + 20, options, options_len);
	(void)put16(s.bytes + 16, 0);
	(void)put16(s.bytes + 16, ~plain_sum(0, s.bytes, s.len) & 0xffffU);
	return s;
}

/* In a buffer of exactly its size. */
static void clamp(struct segment *s, uint16_t mss)
{
	uint8_t *exact = frame_exact(s->bytes, s->len);

	glb_tcp_clamp_mss(exact, s->len, mss);
	memcpy(s->bytes, exact, s->len);
	free(exact);
}

/* Everything but the option at `at` and the checksum is as before, and the checksum right. */
static void check_lowered(const struct segment *was, uint16_t mss, uint32_t at, const char *what)
{
	struct segment s = *was;

	clamp(&s, mss);
	ck_assert_msg(get16(s.bytes + at) == mss, "%s: %u", what, get16(s.bytes + at));
	ck_assert_msg(plain_sum(0, s.bytes, s.len) == 0xffff, "%s: checksum", what);
	memcpy(s.bytes + at, was->bytes + at, 2);
	memcpy(s.bytes + 16, was->bytes + 16, 2);
	ck_assert_msg(!memcmp(s.bytes, was->bytes, s.len), "%s: something else changed", what);
}

static void check_untouched(const struct segment *was, uint16_t mss, const char *what)
{
	struct segment s = *was;

	clamp(&s, mss);
	ck_assert_msg(!memcmp(s.bytes, was->bytes, s.len), "%s: changed", what);
}

START_TEST(the_option_is_found_wherever_it_stands_and_the_checksum_stays_right)
{
	static const struct {
		const char *what;
		uint8_t options[OPTIONS_MAX];
		uint8_t len;
		uint8_t at; /* of the value, in the segment */
	} cases[] = {
		{"alone", {2, 4, 0x05, 0xb4}, 4, 22},
		{"behind one no-operation, at an odd offset",
		 {1, 2, 4, 0x05, 0xb4, 0, 0, 0},
		 8,
		 23},
		{"behind two", {1, 1, 2, 4, 0x05, 0xb4, 0, 0}, 8, 24},
		{"behind three", {1, 1, 1, 2, 4, 0x05, 0xb4, 0}, 8, 25},
		{"behind SACK permitted", {4, 2, 2, 4, 0x23, 0x00, 1, 1}, 8, 24},
		{"behind a window scale of 3 bytes", {3, 3, 7, 2, 4, 0xff, 0xff, 1}, 8, 25},
		{"behind timestamps",
		 {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 0x05, 0xb4},
		 16,
		 34},
		{"the very last of 40 bytes", {30, 36, [36] = 2, 4, 0x05, 0xb4}, 40, 58},
		{"the last of 40 bytes, at an odd offset",
		 {30, 35, [35] = 2, 4, 0x05, 0xb4, 0},
		 40,
		 57},
		{"twice, of which the first counts", {2, 4, 0x05, 0xb4, 2, 4, 0x05, 0xb4}, 8, 22},
	};
	static const uint16_t limits[] = {0, 1, 255, 256, 536, 1220, 1404, 1459};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		for (uint32_t payload = 0; payload < 3; payload++) {
			struct segment s = syn(cases[i].options, cases[i].len, payload);

			for (unsigned int l = 0; l < COUNT_OF(limits); l++)
				check_lowered(&s, limits[l], cases[i].at, cases[i].what);
		}
}
END_TEST

START_TEST(a_value_that_fits_stays)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4};
	struct segment s = syn(options, 4, 0);

	check_untouched(&s, 1460, "equal");
	check_untouched(&s, 1461, "one below");
	check_untouched(&s, 65535, "far below");
	check_lowered(&s, 1459, 22, "one above");
	memset(s.bytes + 16, 0xff, 2);
	check_untouched(&s, 1460, "equal, under a checksum of all ones");
}
END_TEST

START_TEST(options_that_hold_no_readable_one_stay)
{
	static const struct {
		const char *what;
		uint8_t options[OPTIONS_MAX];
		uint8_t len;
	} cases[] = {
		{"no options", {0}, 0},
		{"nothing but no-operations", {1, 1, 1, 1}, 4},
		{"behind the end of the list", {0, 0, 0, 0, 2, 4, 0x05, 0xb4}, 8},
		{"behind the end, which looks like an option", {0, 4, 1, 1, 2, 4, 0x05, 0xb4}, 8},
		{"an option of length 0 before it", {4, 0, 2, 4, 0x05, 0xb4, 0, 0}, 8},
		{"an option of length 1 before it", {4, 1, 2, 4, 0x05, 0xb4, 0, 0}, 8},
		{"an option that ends behind the header", {4, 40, 2, 4, 0x05, 0xb4, 0, 0}, 8},
		{"an option that ends with the header", {4, 8, 2, 4, 0x05, 0xb4, 0, 0}, 8},
		{"an option whose length is missing", {1, 1, 1, 4}, 4},
		{"MSS of length 3", {2, 3, 0x05, 0xb4}, 4},
		{"MSS of length 5", {2, 5, 0x05, 0xb4, 0, 0, 0, 0}, 8},
		{"MSS of length 0", {2, 0, 0x05, 0xb4}, 4},
		{"MSS cut after its kind", {1, 1, 1, 2}, 4},
		{"MSS cut after its length", {1, 1, 2, 4}, 4},
		{"MSS cut inside its value", {1, 2, 4, 0x05}, 4},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		for (uint32_t payload = 0; payload < 5; payload++) {
			struct segment s = syn(cases[i].options, cases[i].len, payload);

			/* what lies behind the header would make sense as the rest of an option */
			memset(s.bytes + 20 + cases[i].len, 4, payload);
			check_untouched(&s, 100, cases[i].what);
		}
}
END_TEST

START_TEST(a_header_longer_than_the_segment_is_not_read)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4};
	struct segment s = syn(options, 4, 0);

	s.len = 23; /* of the 24 its header announces */
	check_untouched(&s, 100, "one byte missing");
	s.bytes[12] = 15 << 4;
	s.len = 24;
	check_untouched(&s, 100, "36 bytes missing");
}
END_TEST

START_TEST(a_header_shorter_than_a_header_has_no_options)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4};

	for (uint8_t words = 0; words <= 5; words++) {
		struct segment s = syn(options, 4, 0);

		s.bytes[12] = (uint8_t)(words << 4);
		check_untouched(&s, 100, "data offset");
	}
}
END_TEST

START_TEST(any_bytes_as_options_leave_a_right_checksum_right_and_all_else_alone)
{
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 20000; round++) {
		uint8_t options[OPTIONS_MAX];
		uint32_t len = 4 * (uint32_t)(next_random(&random) >> 32) % 44;
		uint16_t mss = (uint16_t)(next_random(&random) >> 48);

		for (uint32_t i = 0; i < len; i++) /* small numbers: kinds and lengths */
			options[i] = (uint8_t)(next_random(&random) >> (round % 3 ? 61 : 56));

		struct segment was = syn(options, len, round % 7);
		struct segment s = was;
		unsigned int changed = 0;

		clamp(&s, mss);
		ENSURE(plain_sum(0, s.bytes, s.len) == 0xffff, "round %u: checksum", round);
		for (uint32_t i = 0; i < s.len; i++)
			changed += s.bytes[i] != was.bytes[i];
		ENSURE(changed <= 4, "round %u: %u bytes changed", round, changed);
		ENSURE(!memcmp(s.bytes, was.bytes, 16) &&
			       !memcmp(s.bytes + 20 + len, was.bytes + 20 + len, round % 7),
		       "round %u: outside", round);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("tcp");
	TCase *tcp = tcase_create("tcp");

	tcase_add_test(tcp, the_option_is_found_wherever_it_stands_and_the_checksum_stays_right);
	tcase_add_test(tcp, a_value_that_fits_stays);
	tcase_add_test(tcp, options_that_hold_no_readable_one_stay);
	tcase_add_test(tcp, a_header_longer_than_the_segment_is_not_read);
	tcase_add_test(tcp, a_header_shorter_than_a_header_has_no_options);
	tcase_add_loop_test(
		tcp, any_bytes_as_options_leave_a_right_checksum_right_and_all_else_alone, 0, 3);
	suite_add_tcase(suite, tcp);
	return suite;
}
