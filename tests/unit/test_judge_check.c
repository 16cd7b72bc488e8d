/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "healthcheck/judge.h"
#include "suite.h"

enum { START_MS = 500000 };

/* Plays results, T or F, to a check; *out: after each of them, is it up? */
static void play(char *out, struct judge_check *check, const char *results, uint8_t rise,
		 uint8_t fall)
{
	for (; *results; results++) {
		(void)judge_result(check, *results == 'T', rise, fall, START_MS);
		*out++ = check->status == JUDGE_UP ? 'T' : 'F';
	}
	*out = '\0';
}

START_TEST(a_check_does_as_the_original_s_when_it_is_known)
{
	/* those of the original's HealthResultDampener_test.go */
	static const struct {
		uint8_t rise;
		uint8_t fall;
		const char *results;
		const char *want;
	} cases[] = {
		{1, 1, "TFTFTF", "TFTFTF"},
		{1, 3, "FFTFTFFFFFTF", "FFTTTTTFFFTT"},
		{3, 1, "TTFTFTTTTTFT", "TTFFFFFTTTFF"},
		{3, 3, "FFTFTFFFFFTFTTTTT", "FFFFFFFFFFFFFFTTT"},
		{3, 3, "TTFTFTTTTTFTFFFFF", "TTTTTTTTTTTTTTFFF"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		/* the original believes the first result, if it is a good one as of a check that
		 * was up */
		bool was_up = cases[i].results[0] == 'T' && cases[i].rise > 1;
		struct judge_check check = {.status = was_up ? JUDGE_UP : JUDGE_UNKNOWN};
		char got[32];

		play(got, &check, cases[i].results, cases[i].rise, cases[i].fall);
		ck_assert_str_eq(got, cases[i].want);
	}
}
END_TEST

START_TEST(a_new_check_is_as_the_original_s_from_its_first_verdict_on)
{
	uint64_t random = 13;

	for (unsigned int round = 0; round < 2000; round++) {
		uint8_t rise = (uint8_t)(next_random(&random) % 5);
		uint8_t fall = (uint8_t)(next_random(&random) % 5);
		struct judge_check check = {0};
		bool original = false;
		unsigned int against = 0;

		for (unsigned int i = 0; i < 40; i++) {
			bool good = next_random(&random) % 3;

			against = good == original ? 0 : against + 1;
			if (!i || against >= (good ? rise : fall)) {
				original = good;
				against = 0;
			}
			(void)judge_result(&check, good, rise, fall, START_MS + i);
			ENSURE(check.status == JUDGE_UNKNOWN ||
				       original == (check.status == JUDGE_UP),
			       "round %u, result %u", round, i);
		}
	}
}
END_TEST

START_TEST(a_new_check_needs_all_of_its_rise_or_fall_in_a_row)
{
	static const struct {
		const char *results;
		enum judge_status status;
	} cases[] = {
		{"TT", JUDGE_UNKNOWN},	{"TTT", JUDGE_UP},	 {"F", JUDGE_UNKNOWN},
		{"FF", JUDGE_DOWN},	{"TTFT", JUDGE_UNKNOWN}, {"TTFTT", JUDGE_UNKNOWN},
		{"FTF", JUDGE_UNKNOWN}, {"FTFF", JUDGE_DOWN},	 {"FTTT", JUDGE_UP},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct judge_check check = {0};
		uint64_t last_ms = START_MS + strlen(cases[i].results) - 1;

		for (unsigned int r = 0; cases[i].results[r]; r++)
			(void)judge_result(&check, cases[i].results[r] == 'T', 3, 2, START_MS + r);
		ck_assert_msg(check.status == cases[i].status, "%s", cases[i].results);
		ck_assert_uint_eq(check.since_ms, check.status == JUDGE_UNKNOWN ? 0 : last_ms);
	}
}
END_TEST

START_TEST(counts_of_the_largest_size_are_reached)
{
	struct judge_check check = {.status = JUDGE_UP};

	for (unsigned int i = 1; i < UINT8_MAX; i++)
		ENSURE(!judge_result(&check, false, 1, UINT8_MAX, START_MS), "result %u", i);
	ck_assert(judge_result(&check, false, 1, UINT8_MAX, START_MS));
}
END_TEST

START_TEST(a_backend_is_as_its_worst_check_and_wavers_with_it)
{
	static const struct judge_check up = {.status = JUDGE_UP};
	static const struct judge_check down = {.status = JUDGE_DOWN};
	static const struct judge_check falling = {.status = JUDGE_UP, .streak = 1};
	static const struct judge_check rising = {.status = JUDGE_DOWN, .streak = 1};
	static const struct judge_check unknown = {.streak = 1};
	static const struct judge_check failing = {.streak = 1, .is_bad = true};
	static const struct {
		const struct judge_check *checks[3];
		enum judge_status status;
		bool wavers;
	} cases[] = {
		{{NULL}, JUDGE_UP, false},
		{{&up, &up}, JUDGE_UP, false},
		{{&up, &falling, &up}, JUDGE_UP, true},
		{{&up, &down, &up}, JUDGE_DOWN, false},
		{{&falling, &down}, JUDGE_DOWN, false},
		{{&down, &falling}, JUDGE_DOWN, false},
		{{&rising, &falling}, JUDGE_DOWN, true},
		{{&up, &rising, &rising}, JUDGE_DOWN, true},
		{{&rising, &down}, JUDGE_DOWN, false},
		{{&down, &rising}, JUDGE_DOWN, false},
		{{&unknown, &up}, JUDGE_UNKNOWN, false},
		{{&up, &unknown, &falling}, JUDGE_UNKNOWN, true},
		{{&up, &failing}, JUDGE_UNKNOWN, true},
		{{&unknown, &down}, JUDGE_DOWN, false},
		{{&down, &unknown}, JUDGE_DOWN, false},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct judge_evidence evidence = {.status = JUDGE_UP};

		for (unsigned int c = 0; c < 3 && cases[i].checks[c]; c++)
			judge_add(&evidence, cases[i].checks[c]);
		ck_assert_msg(evidence.status == cases[i].status, "case %u", i);
		ck_assert_msg(evidence.wavers == cases[i].wavers, "case %u", i);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("judge of a check");
	TCase *checks = tcase_create("checks");

	tcase_add_test(checks, a_check_does_as_the_original_s_when_it_is_known);
	tcase_add_test(checks, a_new_check_is_as_the_original_s_from_its_first_verdict_on);
	tcase_add_test(checks, a_new_check_needs_all_of_its_rise_or_fall_in_a_row);
	tcase_add_test(checks, counts_of_the_largest_size_are_reached);
	tcase_add_test(checks, a_backend_is_as_its_worst_check_and_wavers_with_it);
	suite_add_tcase(suite, checks);
	return suite;
}
