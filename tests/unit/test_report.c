/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/report.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "suite.h"
#include "sys/printable.h"

static struct report report;
static char told[DOCUMENT_LEN_MAX];

static void add(enum severity severity, uint32_t line)
{
	struct problem problem = {.severity = severity,
				  .offset = 10 * line,
				  .line = line,
				  .column = 1,
				  .place = "$.x"};

	report_add(&report, &problem, "problem %u", line);
}

START_TEST(problems_are_told_in_the_order_of_files_and_places)
{
	report_init(&report);
	report_file(&report, "a.json");
	add(SEVERITY_ERROR, 7);
	add(SEVERITY_WARNING, 2);
	add(SEVERITY_NOTE, 7);
	report_file(&report, "b.json");
	add(SEVERITY_ERROR, 1);
	report_fail(&report, "out of %s", "memory");
	ck_assert_str_eq(problems(told, &report, "a.json"), "warning 2:1: $.x: problem 2\n"
							    "7:1: $.x: problem 7\n"
							    "note 7:1: $.x: problem 7\n"
							    "b.json: out of memory\n"
							    "b.json:1:1: $.x: problem 1");
	ck_assert(report_has_errors(&report));
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 3);
}
END_TEST

START_TEST(of_too_many_problems_the_first_and_the_errors_are_kept)
{
	const struct problem *kept = report.problems;

	report_init(&report);
	report_file(&report, "a.json");
	for (uint32_t i = 1; i <= REPORT_PROBLEMS_MAX; i++)
		add(SEVERITY_WARNING, 2 * i);
	add(SEVERITY_WARNING, 1);    /* takes the place of the last */
	add(SEVERITY_WARNING, 1000); /* is one too many */
	ck_assert_uint_eq(kept[0].line, 1);
	ck_assert_uint_eq(kept[REPORT_PROBLEMS_MAX - 1].line, 2 * (REPORT_PROBLEMS_MAX - 1));

	add(SEVERITY_ERROR, 1000); /* takes the place of a warning */
	ck_assert_uint_eq(kept[REPORT_PROBLEMS_MAX - 1].line, 1000);
	ck_assert_uint_eq(kept[REPORT_PROBLEMS_MAX - 2].line, 2 * (REPORT_PROBLEMS_MAX - 2));
	for (uint32_t i = 0; i < 2 * REPORT_PROBLEMS_MAX; i++)
		add(SEVERITY_ERROR, 2000 - i);
	for (uint32_t i = 0; i < REPORT_PROBLEMS_MAX; i++)
		ck_assert_int_eq(kept[i].severity, SEVERITY_ERROR);
	ck_assert_uint_eq(kept[0].line, 1000);
	ck_assert_uint_eq(kept[1].line, 2001 - 2 * REPORT_PROBLEMS_MAX);
	add(SEVERITY_WARNING, 1); /* no longer wanted */
	ck_assert_uint_eq(kept[0].line, 1000);
	ck_assert_uint_eq(report.count, REPORT_PROBLEMS_MAX);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 1 + 2 * REPORT_PROBLEMS_MAX);
	ck_assert_uint_eq(report.totals[SEVERITY_WARNING], REPORT_PROBLEMS_MAX + 3);
}
END_TEST

START_TEST(what_a_file_says_stays_inside_its_line)
{
	struct problem problem = {.line = 1, .column = 2, .place = "$[\"a\n\"]"};
	char line[REPORT_LINE_LEN_MAX];
	char shown[REPORT_LINE_LEN_MAX];
	char much[2 * REPORT_LINE_LEN_MAX];

	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = 0;
	report_init(&report);
	report_file(&report, "a.json");
	report_add(&report, &problem, "\x1b[31m\x7f");
	(void)printable(shown, sizeof(shown), report_line(line, &report.problems[0]));
	ck_assert_str_eq(shown, "a.json:1:2: $[\"a\\n\"]: \\x1b[31m\\x7f");
	report_add(&report, &problem, "%s", much);
	ck_assert_uint_eq(strlen(report.problems[1].reason), sizeof(problem.reason) - 1);
	report_file(&report, much);
	report_fail(&report, "%s", much);
	ck_assert_uint_eq(strlen(report_line(line, &report.problems[2])), REPORT_LINE_LEN_MAX - 1);
}
END_TEST

START_TEST(a_log_has_a_line_per_problem_and_the_number_of_the_others)
{
	static char logged[1 << 16];
	int fds[2];
	ssize_t len;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	report_init(&report);
	report_file(&report, "a.json");
	add(SEVERITY_NOTE, 1);
	add(SEVERITY_ERROR, 3);
	add(SEVERITY_WARNING, 2);
	report_log(&report, SEVERITY_WARNING);
	len = read(fds[0], logged, sizeof(logged) - 1);
	ck_assert_int_gt(len, 0);
	logged[len] = 0;
	ck_assert_str_eq(logged, "test_report: warning: a.json:2:1: $.x: problem 2\n"
				 "test_report: error: a.json:3:1: $.x: problem 3\n");

	for (uint32_t i = 0; i < REPORT_PROBLEMS_MAX; i++)
		add(SEVERITY_ERROR, 4 + i);
	report_log(&report, SEVERITY_ERROR);
	len = read(fds[0], logged, sizeof(logged) - 1);
	ck_assert_int_gt(len, 0);
	logged[len] = 0;
	ck_assert_ptr_nonnull(strstr(logged, "test_report: error: and 1 more error\n"));
	ck_assert_ptr_null(strstr(logged, "warning"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");

	tcase_add_test(tcase, problems_are_told_in_the_order_of_files_and_places);
	tcase_add_test(tcase, of_too_many_problems_the_first_and_the_errors_are_kept);
	tcase_add_test(tcase, what_a_file_says_stays_inside_its_line);
	tcase_add_test(tcase, a_log_has_a_line_per_problem_and_the_number_of_the_others);
	suite_add_tcase(suite, tcase);
	return suite;
}
