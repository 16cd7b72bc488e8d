/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>

#include "suite.h"
#include "sys/sparing.h"

enum { START_MS = 5000 };

static unsigned int allowed_of(struct sparing *sparing, unsigned int count, uint64_t now_ms)
{
	unsigned int allowed = 0;

	for (unsigned int i = 0; i < count; i++)
		allowed += sparing_allows(sparing, now_ms + i);
	return allowed;
}

START_TEST(some_lines_a_minute_are_logged_and_the_others_counted)
{
	struct sparing sparing = {0};

	ck_assert_uint_eq(allowed_of(&sparing, 1000, START_MS), SPARING_LINES);
	ck_assert_uint_eq(sparing_take(&sparing, START_MS + SPARING_WINDOW_MS - 1), 0);
	ck_assert_uint_eq(sparing_take(&sparing, START_MS + SPARING_WINDOW_MS),
			  1000 - SPARING_LINES);
	ck_assert_uint_eq(sparing_take(&sparing, START_MS + SPARING_WINDOW_MS), 0);
	ck_assert_uint_eq(allowed_of(&sparing, 1000, START_MS + SPARING_WINDOW_MS), SPARING_LINES);
}
END_TEST

START_TEST(what_is_rare_is_always_logged)
{
	struct sparing sparing = {0};

	for (uint64_t now_ms = START_MS; now_ms < 100 * SPARING_WINDOW_MS; now_ms += 7000) {
		ck_assert(sparing_allows(&sparing, now_ms));
		ck_assert_uint_eq(sparing_take(&sparing, now_ms), 0);
	}
}
END_TEST

START_TEST(what_was_withheld_is_never_forgotten)
{
	struct sparing sparing = {0};
	uint64_t later_ms = START_MS + 10 * SPARING_WINDOW_MS;

	(void)allowed_of(&sparing, SPARING_LINES + 5, START_MS);
	ck_assert(!sparing_allows(&sparing, later_ms));
	ck_assert_uint_eq(sparing_take(&sparing, later_ms), 6);
	ck_assert(sparing_allows(&sparing, later_ms));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("sparing");
	TCase *cases = tcase_create("sparing");

	tcase_add_test(cases, some_lines_a_minute_are_logged_and_the_others_counted);
	tcase_add_test(cases, what_is_rare_is_always_logged);
	tcase_add_test(cases, what_was_withheld_is_never_forgotten);
	suite_add_tcase(suite, cases);
	return suite;
}
