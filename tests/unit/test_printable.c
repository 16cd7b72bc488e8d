/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about sys/printable.h. */
#include "escaped.h"
#include "suite.h"

START_TEST(what_acts_on_a_terminal_is_written_as_an_escape)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{"", ""},
		{"web 1", "web 1"},
		{"Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80",
		 "Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80"},
		{"a\nb\r\tc\\n", "a\\nb\\r\\tc\\\\n"},
		{"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
		{"\xc2\x9b"
		 "31m\xc2\x85",
		 "\\u009b31m\\u0085"},					       /* C1 */
		{"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},		       /* lines */
		{"\xe2\x80\xae\xe2\x81\xa6\xd8\x9c", "\\u202e\\u2066\\u061c"}, /* bidi */
		{"\xef\xbb\xbf\xe2\x80\x8b", "\\ufeff\\u200b"},		       /* nothing */
		{"\xf3\xa0\x80\x81", "\\U000e0001"},			       /* a tag */
		{"\x9b\xff\xc3(\xc3", "\\x9b\\xff\\xc3(\\xc3"},		       /* no UTF-8 */
		{"\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
		 "\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80"},
	};
	char out[128];
	char back[128];

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_str_eq(printable(out, sizeof(out), cases[i].text), cases[i].want);
		ck_assert(is_fit_for_a_terminal(out));
		ck_assert_uint_eq(unescaped(back, out), strlen(cases[i].text));
		ck_assert_mem_eq(back, cases[i].text, strlen(cases[i].text));
	}
}
END_TEST

START_TEST(every_character_is_written_so_that_it_can_be_had_back)
{
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char text[5] = {0};
		char out[PRINTABLE_ONE_LEN];
		char back[PRINTABLE_ONE_LEN];
		size_t len = put_character(text, c);

		if (c >= 0xd800 && c <= 0xdfff)
			continue; /* surrogates are no characters */
		ENSURE(printable_take(out, text, len) == len, "U+%04x", c);
		ENSURE(is_fit_for_a_terminal(out), "U+%04x", c);
		ENSURE(unescaped(back, out) == len && !memcmp(back, text, len), "U+%04x", c);
	}
}
END_TEST

START_TEST(a_text_without_room_is_cut_between_characters)
{
	static const char text[] = "abc\x1b\xe6\x9d\xb1\\ and more";
	char whole[64];
	char out[64];

	(void)printable(whole, sizeof(whole), text);
	ck_assert_str_eq(whole, "abc\\x1b\xe6\x9d\xb1\\\\ and more");
	for (size_t room = PRINTABLE_ONE_LEN; room <= strlen(whole) + 1; room++) {
		memset(out, 'x', sizeof(out));
		(void)printable(out, room, text);

		size_t len = strlen(out);

		ck_assert_uint_lt(len, room);
		ck_assert(is_fit_for_a_terminal(out));
		ck_assert_int_eq(out[room], 'x');
		if (room > strlen(whole)) {
			ck_assert_str_eq(out, whole);
			continue;
		}
		ck_assert_str_eq(out + len - 3, "...");
		ck_assert_mem_eq(out, whole, len - 3);
		/* not within an escape */
		ck_assert(len - 3 <= 3 || len - 3 >= 7);
	}
}
END_TEST

START_TEST(a_cut_text_loses_the_beginning_of_a_character_only)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"ab", "ab"},
		{"a\xc3", "a"},
		{"a\xc3\xbc", "a\xc3\xbc"},
		{"a\xe6\x9d", "a"},
		{"a\xe6\x9d\xb1", "a\xe6\x9d\xb1"},
		{"\xf0\x9f\x98", ""},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\x80\x80", "\x80\x80"},
		{"\xe6", ""},
	};
	char text[8];

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		(void)snprintf(text, sizeof(text), "%s", cases[i][0]);
		character_trim(text);
		ck_assert_str_eq(text, cases[i][1]);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("printable");
	TCase *tcase = tcase_create("printable");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_acts_on_a_terminal_is_written_as_an_escape);
	tcase_add_test(tcase, every_character_is_written_so_that_it_can_be_had_back);
	tcase_add_test(tcase, a_text_without_room_is_cut_between_characters);
	tcase_add_test(tcase, a_cut_text_loses_the_beginning_of_a_character_only);
	suite_add_tcase(suite, tcase);
	return suite;
}
