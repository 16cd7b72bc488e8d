/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "redirect/tcp_options.h"
#include "suite.h"

static struct tcp_options read_bytes(const char *bytes, size_t len)
{
	uint8_t room[TCP_OPTIONS_ROOM] = {0};
	struct tcp_options options;

	memcpy(room, bytes, len);
	tcp_options_read(&options, room, (uint32_t)len);
	return options;
}

#define OPTIONS(text) read_bytes((text), sizeof(text) - 1)

START_TEST(a_syn_of_linux_has_all_of_them)
{
	struct tcp_options options =
		OPTIONS("\x02\x04\x05\xb4\x04\x02\x08\x0a\x01\x02\x03\x04\xff\xfe"
			"\xfd\xfc\x01\x03\x03\x09");

	ck_assert_uint_eq(options.mss, 1460);
	ck_assert_uint_eq(options.wscale, 9);
	ck_assert(options.sack && options.timestamp && !options.is_signed);
	ck_assert_uint_eq(options.tsval, 0x01020304);
	ck_assert_uint_eq(options.tsecr, 0xfffefdfc);
	ck_assert_uint_eq(options.read_len, 20);
}
END_TEST

START_TEST(what_is_not_given_is_told_from_what_is_0)
{
	struct tcp_options none = OPTIONS("");
	struct tcp_options zero = OPTIONS("\x03\x03\x00\x08\x0a\0\0\0\0\0\0\0\0");

	ck_assert(!none.mss && none.wscale == TCP_WSCALE_NONE && !none.sack && !none.timestamp);
	ck_assert(zero.wscale == 0 && zero.timestamp && !zero.tsval);
}
END_TEST

START_TEST(a_window_scale_above_14_is_14)
{
	ck_assert_uint_eq(OPTIONS("\x03\x03\x0e").wscale, 14);
	ck_assert_uint_eq(OPTIONS("\x03\x03\x0f").wscale, 14);
	ck_assert_uint_eq(OPTIONS("\x03\x03\xff").wscale, 14);
}
END_TEST

START_TEST(unknown_options_and_wrong_lengths_are_skipped)
{
	ck_assert_uint_eq(OPTIONS("\xfe\x06zzzz\x02\x04\x05\xb4").mss, 1460);
	ck_assert_uint_eq(OPTIONS("\x02\x05\x01\x01\x01\x02\x04\x05\xb4").mss, 1460);
	ck_assert(!OPTIONS("\x04\x03\x01").sack);
}
END_TEST

START_TEST(nothing_is_read_behind_the_end_or_a_malformed_option)
{
	ck_assert_uint_eq(OPTIONS("\x00\x02\x04\x05\xb4").mss, 0);
	ck_assert_uint_eq(OPTIONS("\x0a\x01\x02\x04\x05\xb4").mss, 0);
	ck_assert_uint_eq(OPTIONS("\x0a\x00\x02\x04\x05\xb4").mss, 0);
	ck_assert_uint_eq(OPTIONS("\x02\x04\x05").mss, 0);
	ck_assert_uint_eq(OPTIONS("\x02").mss, 0);
	ck_assert_uint_eq(OPTIONS("\x04\x02\x02\x05\x05\xb4").mss, 0);
	ck_assert(OPTIONS("\x04\x02\x02\x05\x05\xb4").sack);
}
END_TEST

START_TEST(signatures_are_noted)
{
	ck_assert(OPTIONS("\x13\x12"
			  "0123456789abcdef")
			  .is_signed);
	ck_assert(OPTIONS("\x1d\x04"
			  "01")
			  .is_signed);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("tcp_options");
	TCase *options = tcase_create("tcp_options");

	tcase_add_test(options, a_syn_of_linux_has_all_of_them);
	tcase_add_test(options, what_is_not_given_is_told_from_what_is_0);
	tcase_add_test(options, a_window_scale_above_14_is_14);
	tcase_add_test(options, unknown_options_and_wrong_lengths_are_skipped);
	tcase_add_test(options, nothing_is_read_behind_the_end_or_a_malformed_option);
	tcase_add_test(options, signatures_are_noted);
	suite_add_tcase(suite, options);
	return suite;
}
