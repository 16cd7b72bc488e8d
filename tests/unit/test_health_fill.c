/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks what health_fill_in() makes of a tables file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#include "health_plan.h"

/* The text with these values, of 0 and 1, with ' for every ". */
static const char *filled(const char *json, const char *values)
{
	static char out[DOCUMENT_LEN_MAX];
	bool healthy[8];
	size_t len = document(text, json);
	size_t filled_len = 0;
	char *result;

	for (unsigned int i = 0; values[i]; i++)
		healthy[i] = values[i] == '1';
	result = health_fill_in(&filled_len, "t.json", text, len, healthy,
				(unsigned int)strlen(values));
	ck_assert_ptr_nonnull(result);
	ck_assert_uint_eq(filled_len, strlen(result));
	(void)strcpy(out, result);
	free(result);
	for (char *c = out; *c; c++)
		if (*c == '"')
			*c = '\'';
	return out;
}

START_TEST(the_same_values_change_nothing)
{
	static const char json[] = " {'tables' : [{'backends':[ {'ip':'10.0.0.1', 'healthy' : true "
				   "},\n\t{'healthy':false,'x':[1.50,'\\u0041']} ] }],'y':{}}\n\n";

	ck_assert_str_eq(filled(json, "10"), json);
}
END_TEST

START_TEST(values_are_those_of_all_tables_in_order)
{
	ck_assert_str_eq(filled("{'tables':[{'backends':[{'healthy':true},{'healthy':true}]},"
				"{'backends':[{'healthy':false},{'healthy':true,'state':'x'}]}]}",
				"0110"),
			 "{'tables':[{'backends':[{'healthy':false},{'healthy':true}]},"
			 "{'backends':[{'healthy':true},{'healthy':false,'state':'x'}]}]}");
}
END_TEST

START_TEST(a_missing_value_is_laid_out_like_its_neighbours)
{
	ck_assert_str_eq(
		filled("{'tables':[{'backends':[{'ip':'a','state':'active'}]}]}", "1"),
		"{'tables':[{'backends':[{'ip':'a','state':'active', 'healthy': true}]}]}");
	ck_assert_str_eq(
		filled("{'tables':[{'backends':[{\n  'state':'active',\n  'ip':'a'\n}]}]}", "0"),
		"{'tables':[{'backends':[{\n  'state':'active',\n  'healthy': false,\n  "
		"'ip':'a'\n}]}]}");
}
END_TEST

START_TEST(what_was_filled_in_is_what_is_read)
{
	size_t len = document(
		text,
		ONE("", PROXY("1", "") ","
				       "{'ip':'10.0.0.2','state':'draining'},"
				       "{'ip':'10.0.0.3','state':'inactive','healthy':true}"));
	const bool healthy[] = {false, true, false};
	struct health_plan plan;
	size_t filled_len;
	char *result = health_fill_in(&filled_len, "t.json", text, len, healthy, 3);

	ck_assert_ptr_nonnull(result);
	report_init(&report);
	ck_assert_int_eq(health_plan_parse(&plan, "t.json", result, filled_len, &report), 0);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(plan.backends[i].healthy, healthy[i]);
	health_plan_free(&plan);
	free(result);
}
END_TEST

START_TEST(a_byte_order_mark_stays)
{
	ck_assert_str_eq(filled("\xef\xbb\xbf{'tables':[{'backends':[{'healthy':true}]}]}", "0"),
			 "\xef\xbb\xbf{'tables':[{'backends':[{'healthy':false}]}]}");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("health_fill");
	TCase *tcase = tcase_create("health_fill");

	tcase_add_test(tcase, the_same_values_change_nothing);
	tcase_add_test(tcase, values_are_those_of_all_tables_in_order);
	tcase_add_test(tcase, a_missing_value_is_laid_out_like_its_neighbours);
	tcase_add_test(tcase, what_was_filled_in_is_what_is_read);
	tcase_add_test(tcase, a_byte_order_mark_stays);
	suite_add_tcase(suite, tcase);
	return suite;
}
