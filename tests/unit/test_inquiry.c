/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "healthcheck/inquiry.h"
#include "suite.h"

static struct report report;

static int ask(struct inquiry *out, const char *line)
{
	report_init(&report);
	return inquiry_read(out, line, strlen(line), &report);
}

START_TEST(a_request_is_read_with_all_that_belongs_to_it)
{
	struct inquiry inquiry;

	ck_assert_int_eq(ask(&inquiry,
			     "{\"glb\": 1, \"verb\": \"probe\", \"backend\": \"2001:db8::2\", "
			     "\"table\": \"web\", \"check\": \"second_chance\"}"),
			 0);
	ck_assert_int_eq(inquiry.verb, INQUIRY_PROBE);
	ck_assert_int_eq(inquiry.backend.version, 6);
	ck_assert(inquiry.has_check);
	ck_assert_int_eq(inquiry.check, HEALTH_SECOND_CHANCE);
	ck_assert_str_eq(inquiry.table, "web");

	ck_assert_int_eq(ask(&inquiry, "{\"glb\": 1, \"verb\": \"health\", \"unhealthy\": true}"),
			 0);
	ck_assert_int_eq(inquiry.verb, INQUIRY_HEALTH);
	ck_assert(inquiry.unhealthy);
	ck_assert_str_eq(inquiry.table, "");

	ck_assert_int_eq(ask(&inquiry, "{\"glb\": 1, \"verb\": \"probe-next\", \"probe\": 7}"), 0);
	ck_assert_uint_eq(inquiry.probe, 7);
	ck_assert_int_eq(
		ask(&inquiry, "{\"glb\": 1, \"verb\": \"log-level\", \"level\": \"error\"}"), 0);
	ck_assert_int_eq(inquiry.level, LOG_LEVEL_ERROR);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_by_name)
{
	static const struct {
		const char *line;
		const char *why;
	} cases[] = {
		{"{\"glb\": 1, \"verb\": \"helth\"}",
		 "request:1:20: $.verb: unknown verb \"helth\"; did you mean \"health\"?"},
		{"{\"glb\": 2, \"verb\": \"health\"}",
		 "request:1:9: $.glb: version 2 of the protocol is not known, only 1"},
		{"{\"verb\": \"health\"}", "request:1:1: $.glb: is missing"},
		{"{\"glb\": 1, \"verb\": \"status\", \"table\": \"web\"}",
		 "request:1:39: $.table: unknown key"},
		{"{\"glb\": 1, \"verb\": \"probe\"}", "request:1:1: $.backend: is missing"},
		{"{\"glb\": 1, \"verb\": \"probe\", \"backend\": \"10.0.0.2\", \"check\": \"htp\"}",
		 "request:1:61: $.check: \"htp\" is not one of tcp http https udp exec gue fou "
		 "tunnel second_chance"},
		{"{\"glb\": 1, \"verb\": \"log-level\", \"level\": \"debug\"}",
		 "request:1:42: $.level: \"debug\" is not error, warning or info"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct inquiry inquiry = {.verb = INQUIRY_COUNT};
		char line[REPORT_LINE_LEN_MAX];

		ck_assert_int_eq(ask(&inquiry, cases[i].line), -EINVAL);
		ck_assert_int_eq(inquiry.verb, INQUIRY_COUNT);
		ck_assert_str_eq(report_line(line, report_first_error(&report)), cases[i].why);
	}
}
END_TEST

START_TEST(what_sends_packets_or_changes_something_is_for_operators)
{
	ck_assert_ptr_null(inquiry_words(INQUIRY_STATUS)->privilege);
	ck_assert_ptr_null(inquiry_words(INQUIRY_HEALTH)->privilege);
	ck_assert_ptr_nonnull(inquiry_words(INQUIRY_PROBE)->privilege);
	ck_assert_ptr_nonnull(inquiry_words(INQUIRY_PROBE_NEXT)->privilege);
	ck_assert_ptr_nonnull(inquiry_words(INQUIRY_LOG_LEVEL)->privilege);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("inquiry");
	TCase *cases = tcase_create("inquiry");

	tcase_add_test(cases, a_request_is_read_with_all_that_belongs_to_it);
	tcase_add_test(cases, what_makes_no_sense_is_refused_by_name);
	tcase_add_test(cases, what_sends_packets_or_changes_something_is_for_operators);
	suite_add_tcase(suite, cases);
	return suite;
}
