/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about the budget of answer.h; test_answer.c about the answers. */
#include <glb/answer.h>

#include "suite.h"

static const uint64_t second = 1000000000;

/* How many answers can be taken at one time? */
static unsigned int take_all(struct glb_answer_budget *budget, uint32_t rate, uint64_t now)
{
	unsigned int n = 0;

	while (n < 1000 && glb_answer_take(budget, rate, now))
		n++;
	return n;
}

START_TEST(a_burst_is_as_large_as_a_second_s_worth_but_at_most_a_hundred)
{
	static const struct {
		uint32_t rate;
		unsigned int burst;
	} cases[] = {{1, 1}, {2, 2}, {99, 99}, {100, 100}, {101, 100}, {1000, 100}, {1000000, 100}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_answer_budget budget = {0};
		struct glb_answer_budget late = {0};

		ck_assert_uint_eq(take_all(&budget, cases[i].rate, 0), cases[i].burst);
		ck_assert_uint_eq(take_all(&late, cases[i].rate, 1ULL << 62), cases[i].burst);
	}
}
END_TEST

START_TEST(answers_flow_back_evenly_and_never_above_the_burst)
{
	static const struct {
		uint32_t rate;
		uint64_t wait; /* ns */
		unsigned int back;
	} cases[] = {
		{1, 999999999, 0},	    {1, 1000000000, 1},
		{1, 5000000000, 1},	    {1000, 999999, 0},
		{1000, 1000000, 1},	    {1000, 1999999, 1},
		{1000, 2000000, 2},	    {1000, 100000000, 100},
		{1000, 99999999, 99},	    {1000, 999999999, 100},
		{1000, 1000000001, 100},    {1000000, 999, 0},
		{1000000, 1000, 1},	    {1000000, 100000, 100},
		{1000000, 1ULL << 63, 100}, {1000000, UINT64_MAX - (1ULL << 40), 100},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_answer_budget budget = {0};
		uint64_t now = 77 * second;

		(void)take_all(&budget, cases[i].rate, now);
		now += cases[i].wait;
		ck_assert_msg(take_all(&budget, cases[i].rate, now) == cases[i].back, "case %u", i);
	}
}
END_TEST

START_TEST(over_a_long_time_the_rate_is_kept_however_often_one_asks)
{
	static const uint32_t rates[] = {1, 7, 1000, 1000000};

	for (unsigned int i = 0; i < COUNT_OF(rates); i++) {
		struct glb_answer_budget budget = {0};
		uint64_t step = second / rates[i] / 3 + 1; /* three askers for one answer */
		uint64_t taken = 0;
		uint64_t now = 0;

		for (; now < 300000 * step; now += step)
			taken += glb_answer_take(&budget, rates[i], now);

		uint64_t due = now / (second / rates[i]);
		uint64_t burst = rates[i] < 100 ? rates[i] : 100;

		ck_assert_uint_ge(taken + 1, due);
		ck_assert_uint_le(taken, due + due / 1000 + burst);
	}
}
END_TEST

START_TEST(a_rate_may_change_while_answers_are_owed)
{
	struct glb_answer_budget budget = {0};

	ck_assert_uint_eq(take_all(&budget, 1000, 0), 100);
	ck_assert_uint_eq(take_all(&budget, 1, 0), 0); /* still owes a hundred */
	ck_assert_uint_eq(take_all(&budget, 1000, second / 10), 100);
	ck_assert_uint_eq(take_all(&budget, 1000000, second / 10 + 100000), 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("answer_budget");
	TCase *budget = tcase_create("budget");

	tcase_set_timeout(budget, 30);
	tcase_add_test(budget, a_burst_is_as_large_as_a_second_s_worth_but_at_most_a_hundred);
	tcase_add_test(budget, answers_flow_back_evenly_and_never_above_the_burst);
	tcase_add_test(budget, over_a_long_time_the_rate_is_kept_however_often_one_asks);
	tcase_add_test(budget, a_rate_may_change_while_answers_are_owed);
	suite_add_tcase(suite, budget);
	return suite;
}
