/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "healthcheck/director_answer.h"
#include "suite.h"

#define DIGEST "d641f32bddbef7dfefb86b5a26fa7351"

static struct director_answer answer;

static void read_text(const char *text)
{
	director_answer_read(&answer, text, strlen(text));
}

START_TEST(what_was_done_names_the_digests_of_all_tables)
{
	read_text("{\"glb\": 1, \"ok\": true, \"generation\": 5, \"tables_file\": \"/t.json\", "
		  "\"tables\": [{\"digest\": \"" DIGEST "\"}, {\"digest\": \"" DIGEST "\"}]}");
	ck_assert_int_eq(answer.result, DIRECTOR_DONE);
	ck_assert_str_eq(answer.reason, "");
	ck_assert_str_eq(answer.tables_file, "/t.json");
	ck_assert_uint_eq(answer.generation, 5);
	ck_assert_uint_eq(answer.table_count, 2);
	ck_assert_str_eq(answer.digests[1], DIGEST);
	director_answer_free(&answer);
}
END_TEST

START_TEST(what_was_not_done_says_why)
{
	static const struct {
		const char *text;
		enum director_result result;
		const char *reason;
	} cases[] = {
		{"{\"ok\": false, \"error\": {\"code\": \"refused\", \"reason\": \"a\\nb\"}}",
		 DIRECTOR_REFUSED, "a\\nb"},
		{"{\"ok\": false, \"error\": {\"code\": \"put_off\", \"reason\": \"later\"}}",
		 DIRECTOR_PUT_OFF, "later"},
		{"{\"ok\": false, \"error\": {\"code\": \"busy\", \"reason\": \"full\"}}",
		 DIRECTOR_FAILED, "full"},
		{"{\"ok\": false}", DIRECTOR_FAILED, "what answers there is no director"},
		{"{\"ok\": true}", DIRECTOR_FAILED, "what answers there is no director"},
		{"{\"ok\": true, \"tables\": [{\"digest\": \"0\"}]}", DIRECTOR_FAILED,
		 "what answers there is no director"},
		{"{", DIRECTOR_FAILED, "what answers there is no director"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		read_text(cases[i].text);
		ck_assert_int_eq(answer.result, cases[i].result);
		ck_assert_str_eq(answer.reason, cases[i].reason);
		ck_assert_uint_eq(answer.table_count, 0);
		director_answer_free(&answer);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("director_answer");
	TCase *answers = tcase_create("director_answer");

	tcase_add_test(answers, what_was_done_names_the_digests_of_all_tables);
	tcase_add_test(answers, what_was_not_done_says_why);
	suite_add_tcase(suite, answers);
	return suite;
}
