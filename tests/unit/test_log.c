/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"
#include "sys/log_pairs.h"

static char logged[4096];
static int pipe_fds[2];

static void take_stderr(void)
{
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
}

static const char *last_logged(void)
{
	ssize_t len = read(pipe_fds[0], logged, sizeof(logged) - 1);

	logged[len > 0 ? len : 0] = 0;
	return logged;
}

/* What was logged, less the time of day that each line must begin with. */
static const char *without_times(void)
{
	static char text[sizeof(logged)];
	struct tm parts;
	size_t len = 0;

	for (const char *line = last_logged(); *line; line = strchr(line, '\n') + 1) {
		const char *end = strptime(line, "%Y-%m-%dT%H:%M:%S", &parts);
		unsigned int ms;
		int end_at = 0;

		ck_assert_ptr_nonnull(end);
		ck_assert_int_eq(sscanf(end, ".%3uZ %n", &ms, &end_at), 1);
		ck_assert_int_eq(end_at, 6);
		ck_assert_int_lt(labs((long)(timegm(&parts) - time(NULL))), 60);
		line = end + end_at;
		memcpy(text + len, line, strcspn(line, "\n") + 1);
		len += strcspn(line, "\n") + 1;
	}
	text[len] = 0;
	return text;
}

START_TEST(a_line_names_the_program_and_the_severity)
{
	log_info("%d of %s", 7, "nine");
	ck_assert_str_eq(last_logged(), "test_log: info: 7 of nine\n");
	log_warning("w");
	ck_assert_str_eq(last_logged(), "test_log: warning: w\n");
	log_error("e");
	ck_assert_str_eq(last_logged(), "test_log: error: e\n");
}
END_TEST

START_TEST(a_message_is_one_line_whatever_it_quotes)
{
	log_info("key \"%s\"", "a\nglb-director: info: b\r\t\x1b[2J\x7f\xc2\x9b\xe2\x80\xae\\\xff");
	ck_assert_str_eq(last_logged(),
			 "test_log: info: key \"a\\nglb-director: info: b\\r\\t\\x1b[2J\\x7f"
			 "\\u009b\\u202e\\\\\\xff\"\n");
	log_printable("a\\nb\n");
	ck_assert_str_eq(last_logged(), "test_log: info: a\\nb\n");
}
END_TEST

START_TEST(lines_of_a_library_may_quote_anything_too)
{
	static const char lines[] = "EAL: no \x1b[31m\r device\n\xe2\x80\xa8\n";
	static char long_line[3 * 4096];

	log_lines(LOG_LEVEL_INFO, lines, sizeof(lines) - 1);
	ck_assert_str_eq(last_logged(), "EAL: no \\x1b[31m\\r device\n\\u2028\n");
	log_message(LOG_LEVEL_INFO, lines, sizeof(lines) - 1);
	ck_assert_str_eq(last_logged(), "EAL: no \\x1b[31m\\r device\\n\\u2028\n");
	log_message(LOG_LEVEL_INFO, "EAL: ", 5); /* and the rest of it later */
	ck_assert_str_eq(last_logged(), "EAL: ");
	memset(long_line, '\x1b', 1000);
	memset(long_line + 1000, 'x', 2000);
	log_lines(LOG_LEVEL_INFO, long_line, 3000);
	(void)last_logged();
	ck_assert_uint_eq(strlen(logged), sizeof(logged) - 1);
	ck_assert_mem_eq(logged, "\\x1b\\x1b", 8);
	ck_assert_str_eq(last_logged() + strlen(logged) - 3, "xxx");
}
END_TEST

START_TEST(a_line_is_cut_between_two_characters)
{
	char text[1101] = "";

	for (unsigned int i = 0; i < 1100; i += 2)
		memcpy(text + i, "\xc3\xbc", 3);
	log_info("%s", text);
	(void)last_logged();
	ck_assert_ptr_null(strchr(logged, '\\'));
	ck_assert_uint_gt(strlen(logged), 1000);
}
END_TEST

START_TEST(a_line_longer_than_its_room_is_cut_and_still_a_line)
{
	log_info("%02000d", 1);
	(void)last_logged();
	ck_assert_uint_gt(strlen(logged), 1000);
	ck_assert_uint_lt(strlen(logged), 1100);
	ck_assert_int_eq(logged[strlen(logged) - 1], '\n');
}
END_TEST

START_TEST(letters_outside_ascii_are_kept)
{
	log_info("%s", "Z\xc3\xbcrich");
	ck_assert_str_eq(last_logged(), "test_log: info: Z\xc3\xbcrich\n");
}
END_TEST

START_TEST(lines_of_a_started_log_have_the_time_and_are_in_order)
{
	char all[] = "test_log: info: a\nEAL: b\ntest_log: error: c\\nd\n";

	ck_assert_int_eq(log_start(), 0);
	log_info("a");
	log_lines(LOG_LEVEL_INFO, "EAL: b\n", 7);
	log_error("c\nd");
	log_stop();
	ck_assert_str_eq(without_times(), all);
	log_info("at once");
	ck_assert_str_eq(last_logged(), "test_log: info: at once\n");
}
END_TEST

START_TEST(lines_that_matter_less_than_what_is_asked_for_are_left_out)
{
	enum log_level level = LOG_LEVEL_INFO;

	ck_assert_int_eq(log_level_now(), LOG_LEVEL_INFO);
	ck_assert_int_eq(log_level_read(&level, "warning"), 0);
	ck_assert_str_eq(log_level_name(level), "warning");
	log_level(level);
	log_info("a");
	log_printable("b\n");
	log_lines(LOG_LEVEL_INFO, "c\n", 2);
	log_message(LOG_LEVEL_INFO, "d\n", 2);
	log_warning("e");
	log_level(LOG_LEVEL_ERROR);
	log_warning("f");
	log_error("g");
	ck_assert_str_eq(last_logged(), "test_log: warning: e\ntest_log: error: g\n");
	ck_assert_int_eq(log_level_read(&level, "loud"), -EINVAL);
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
}
END_TEST

START_TEST(the_journal_hears_priorities)
{
	struct stat here;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &here), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)here.st_dev,
		       (uintmax_t)here.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	ck_assert_int_eq(log_start(), 0);
	log_error("a");
	log_warning("b\nc");
	log_printable("d\ne\n");
	log_lines(LOG_LEVEL_WARNING, "EAL: f\nEAL: g\n", 14);
	log_message(LOG_LEVEL_INFO, "EAL: ", 5);
	log_message(LOG_LEVEL_INFO, "h\n", 2); /* its rest */
	log_message(LOG_LEVEL_ERROR, "EAL: i\n", 7);
	log_stop();
	ck_assert_str_eq(last_logged(), "<3>error: a\n<4>warning: b\\nc\n<6>info: d\n<6>info: e\n"
					"<4>EAL: f\n<4>EAL: g\n<6>EAL: h\n<3>EAL: i\n");
}
END_TEST

START_TEST(a_journal_that_is_elsewhere_is_none)
{
	(void)setenv("JOURNAL_STREAM", "1:2", 1);
	ck_assert_int_eq(log_start(), 0);
	log_info("a");
	log_stop();
	ck_assert_str_eq(without_times(), "test_log: info: a\n");
}
END_TEST

START_TEST(a_started_log_waits_for_nobody)
{
	static char line[512];
	time_t before = time(NULL);

	memset(line, 'x', sizeof(line) - 1);
	ck_assert_int_eq(log_start(), 0);
	for (int i = 0; i < 10000; i++)
		log_info("%s", line);
	log_stop();
	log_info("after it was stopped");
	ck_assert_int_lt(time(NULL) - before, 10);
}
END_TEST

START_TEST(pairs_stand_behind_the_sentence)
{
	struct log_pairs pairs = log_pairs_of("gateway_moved");

	log_pair(&pairs, "port", "net0");
	log_pair_number(&pairs, "generation", UINT64_MAX);
	log_event(LOG_LEVEL_WARNING, &pairs, "port %s: it moved", "net0");
	ck_assert_str_eq(last_logged(),
			 "test_log: warning: port net0: it moved [event=gateway_moved port=net0 "
			 "generation=18446744073709551615]\n");
}
END_TEST

START_TEST(a_value_ends_where_it_ends_whatever_is_in_it)
{
	static const char *const cases[][2] = {
		{"", "\"\""},	  {"two words", "\"two words\""},	{"a=b", "\"a=b\""},
		{"x]", "\"x]\""}, {"say \"so\"", "\"say \\\"so\\\"\""}, {"a\nb", "a\\nb"},
		{"\\", "\\\\"},	  {"\x1b[2J", "\"\\x1b[2J\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct log_pairs pairs = log_pairs_of("e");
		char want[64];

		log_pair(&pairs, "k", cases[i][0]);
		log_event(LOG_LEVEL_INFO, &pairs, "s");
		(void)snprintf(want, sizeof(want), "test_log: info: s [event=e k=%s]\n",
			       cases[i][1]);
		ck_assert_str_eq(last_logged(), want);
	}
}
END_TEST

START_TEST(a_pair_without_room_is_left_out_whole)
{
	struct log_pairs pairs = log_pairs_of("e");
	char value[LOG_PAIRS_LEN];

	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	log_pair(&pairs, "k", value);
	ck_assert_str_eq(pairs.text, "event=e");
	value[sizeof(value) - sizeof("event=e k=")] = '\0';
	log_pair(&pairs, "k", value);
	ck_assert_uint_eq(strlen(pairs.text), LOG_PAIRS_LEN - 1);
	log_pair_number(&pairs, "n", 7);
	ck_assert_uint_eq(strlen(pairs.text), LOG_PAIRS_LEN - 1);
}
END_TEST

/* And still one write, that lines of several threads do not mix in. */
START_TEST(a_long_sentence_is_cut_and_its_pairs_are_not)
{
	struct log_pairs pairs = log_pairs_of("e");
	char text[2000];
	const char *line;

	memset(text, 1, sizeof(text)); /* each one is four characters when it is shown */
	text[sizeof(text) - 1] = '\0';
	log_event(LOG_LEVEL_INFO, &pairs, "%s", text);
	line = last_logged();
	ck_assert_ptr_nonnull(strstr(line, "... [event=e]\n"));
	ck_assert_uint_lt(strlen(line), PIPE_BUF);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *log = tcase_create("log");

	tcase_add_checked_fixture(log, take_stderr, NULL);
	tcase_add_test(log, a_line_names_the_program_and_the_severity);
	tcase_add_test(log, a_message_is_one_line_whatever_it_quotes);
	tcase_add_test(log, lines_of_a_library_may_quote_anything_too);
	tcase_add_test(log, a_line_is_cut_between_two_characters);
	tcase_add_test(log, a_line_longer_than_its_room_is_cut_and_still_a_line);
	tcase_add_test(log, letters_outside_ascii_are_kept);
	tcase_add_test(log, lines_of_a_started_log_have_the_time_and_are_in_order);
	tcase_add_test(log, lines_that_matter_less_than_what_is_asked_for_are_left_out);
	tcase_add_test(log, the_journal_hears_priorities);
	tcase_add_test(log, a_journal_that_is_elsewhere_is_none);
	tcase_add_test(log, a_started_log_waits_for_nobody);
	tcase_add_test(log, pairs_stand_behind_the_sentence);
	tcase_add_test(log, a_value_ends_where_it_ends_whatever_is_in_it);
	tcase_add_test(log, a_pair_without_room_is_left_out_whole);
	tcase_add_test(log, a_long_sentence_is_cut_and_its_pairs_are_not);
	suite_add_tcase(suite, log);
	return suite;
}
