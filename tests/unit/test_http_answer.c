/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/http_answer.h"
#include "suite.h"

static bool take(struct http_answer *answer, const char *line)
{
	return http_answer_line(answer, line, strlen(line));
}

START_TEST(a_grade_is_a_field_of_this_name_and_value_in_any_case)
{
	static const struct {
		const char *line;
		bool is_degraded;
	} cases[] = {
		{"GLB-Grade: degraded\r\n", true},
		{"glb-grade:DEGRADED\r\n", true},
		{"GLB-Grade: \t degraded \t \r\n", true},
		{"GLB-Grade: degraded\n", true},
		{"GLB-Grade: degraded", true},
		{"GLB-Grade:degraded, fine\r\n", false},
		{"GLB-Grade: degrade\r\n", false},
		{"GLB-Grade: \r\n", false},
		{"GLB-Grade:", false},
		{"GLB-Grade", false},
		{"GLB-Grade : degraded\r\n", false},
		{"GLB-Grades: degraded\r\n", false},
		{" GLB-Grade: degraded\r\n", false},
		{"X-GLB-Grade: degraded\r\n", false},
		{"\r\n", false},
		{"", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_answer answer = {0};
		char line[64];

		/* What stands behind the line is not of it. */
		(void)snprintf(line, sizeof(line), "%sdegraded", cases[i].line);
		ck_assert(http_answer_line(&answer, line, strlen(cases[i].line)));
		ck_assert_msg(answer.is_degraded == cases[i].is_degraded, "%s", cases[i].line);
	}
}
END_TEST

START_TEST(a_grade_counts_in_the_answer_in_which_it_stands)
{
	struct http_answer answer = {0};

	ck_assert(take(&answer, "HTTP/1.1 100 Continue\r\n"));
	ck_assert(take(&answer, "GLB-Grade: degraded\r\n"));
	ck_assert(take(&answer, "\r\n"));
	ck_assert(answer.is_degraded);
	ck_assert(take(&answer, "HTTP/1.1 200 OK\r\n"));
	ck_assert(!answer.is_degraded);
	ck_assert(take(&answer, "GLB-Grade: degraded\r\n"));
	ck_assert(take(&answer, "GLB-Grade: fine\r\n"));
	ck_assert(answer.is_degraded);
	answer = (struct http_answer){.has_header = true};
	ck_assert(take(&answer, "GLB-Grade: degraded\r\n"));
	ck_assert(!answer.is_degraded);
}
END_TEST

START_TEST(a_header_has_as_many_lines_as_it_may_have_and_not_one_more)
{
	struct http_answer answer = {0};

	for (unsigned int i = 0; i < HTTP_ANSWER_LINES_MAX; i++)
		ck_assert(take(&answer, "a: b\r\n"));
	ck_assert(!take(&answer, "a: b\r\n"));
}
END_TEST

START_TEST(a_header_is_as_long_as_it_may_be_and_not_a_byte_longer)
{
	static char line[HTTP_ANSWER_HEADER_MAX];
	struct http_answer answer = {0};

	memset(line, 'a', sizeof(line));
	ck_assert(http_answer_line(&answer, line, sizeof(line)));
	ck_assert(!http_answer_line(&answer, line, 1));
}
END_TEST

START_TEST(a_text_is_found_wherever_pieces_cut_it)
{
	static const char body[] = "before pong after";
	struct http_answer answer = {0};

	for (size_t cut = 0; cut < sizeof(body); cut++) {
		ck_assert_int_eq(http_answer_piece(&answer, body, cut, true), 0);
		ck_assert_int_eq(http_answer_piece(&answer, body + cut, strlen(body) - cut, true),
				 0);
		ck_assert(http_answer_has(&answer, "pong"));
		ck_assert(http_answer_has(&answer, body));
		ck_assert(http_answer_has(&answer, ""));
		ck_assert(!http_answer_has(&answer, "ping"));
		ck_assert(!http_answer_has(&answer, "after "));
		ck_assert_uint_eq(answer.body_len, strlen(body));
		http_answer_clear(&answer);
	}
	ck_assert(!http_answer_has(&answer, "pong"));
	ck_assert(http_answer_has(&answer, ""));
}
END_TEST

START_TEST(of_a_body_as_much_is_kept_as_is_read)
{
	static char body[HTTP_ANSWER_BODY_MAX + 4];
	struct http_answer answer = {0};

	memset(body, 'x', sizeof(body));
	memcpy(body + HTTP_ANSWER_BODY_MAX - 4, "pongabcd", 8);
	ck_assert_int_eq(http_answer_piece(&answer, body, HTTP_ANSWER_BODY_MAX - 1, true), 0);
	ck_assert_int_eq(http_answer_piece(&answer, body + HTTP_ANSWER_BODY_MAX - 1, 5, true),
			 -EFBIG);
	ck_assert(http_answer_has(&answer, "pong"));
	ck_assert(!http_answer_has(&answer, "a"));
	ck_assert_uint_eq(answer.body_len, HTTP_ANSWER_BODY_MAX);
	ck_assert_uint_le(answer.body_room, HTTP_ANSWER_BODY_MAX);
	ck_assert_int_eq(http_answer_piece(&answer, body, 1, true), -EFBIG);
	http_answer_clear(&answer);
}
END_TEST

START_TEST(a_body_that_nobody_asks_for_takes_no_memory)
{
	static char body[HTTP_ANSWER_BODY_MAX];
	struct http_answer answer = {0};

	ck_assert_int_eq(http_answer_piece(&answer, body, sizeof(body) - 1, false), 0);
	ck_assert_int_eq(http_answer_piece(&answer, body, 1, false), -EFBIG);
	ck_assert_ptr_null(answer.body);
}
END_TEST

START_TEST(a_status_is_expected_if_a_range_has_it)
{
	static const struct health_request request = {
		.statuses = {{200, 204}, {301, 301}, {404, 404}}, /* the last one is not counted */
		.status_count = 2,
	};
	static const long expected[] = {200, 202, 204, 301};
	static const long others[] = {0, 100, 199, 205, 300, 302, 404, 503, 65736};

	for (size_t i = 0; i < COUNT_OF(expected); i++)
		ck_assert_msg(http_status_expected(&request, expected[i]), "%ld", expected[i]);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		ck_assert_msg(!http_status_expected(&request, others[i]), "%ld", others[i]);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("http_answer");
	TCase *tcase = tcase_create("header");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, a_grade_is_a_field_of_this_name_and_value_in_any_case);
	tcase_add_test(tcase, a_grade_counts_in_the_answer_in_which_it_stands);
	tcase_add_test(tcase, a_header_has_as_many_lines_as_it_may_have_and_not_one_more);
	tcase_add_test(tcase, a_header_is_as_long_as_it_may_be_and_not_a_byte_longer);
	tcase_add_test(tcase, a_status_is_expected_if_a_range_has_it);
	tcase = tcase_create("body");
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, a_text_is_found_wherever_pieces_cut_it);
	tcase_add_test(tcase, of_a_body_as_much_is_kept_as_is_read);
	tcase_add_test(tcase, a_body_that_nobody_asks_for_takes_no_memory);
	return suite;
}
