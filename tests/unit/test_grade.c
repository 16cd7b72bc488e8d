/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "redirect/serve/grade.h"
#include "suite.h"

enum { WINDOW_MS = 10000, TICK_MS = 1000, START_MS = 500000 };

/* A proxy with the default limits, and what it has lost and answered by cookies so far. */
struct scene {
	struct grade_judge judge;
	struct grade_sample sample;
};

static struct scene calm(void)
{
	struct grade_limits limits = grade_limits_default();
	struct scene scene = {
		.judge = grade_judge_start(&limits, WINDOW_MS),
		.sample.at_ms = START_MS,
	};

	(void)grade_judge_take(&scene.judge, &scene.sample);
	return scene;
}

/* What a signal is for a number of seconds: rates are per second. */
struct stretch {
	unsigned int seconds;
	uint32_t lost, cookies, queue, memory;
};

/* Lives through a stretch, second by second. Returns the grade at its end. */
static enum grade live(struct scene *scene, struct stretch stretch)
{
	for (unsigned int i = 0; i < stretch.seconds; i++) {
		scene->sample.at_ms += TICK_MS;
		scene->sample.lost += stretch.lost;
		scene->sample.cookies += stretch.cookies;
		scene->sample.queue = stretch.queue;
		scene->sample.memory = stretch.memory;
		(void)grade_judge_take(&scene->judge, &scene->sample);
	}
	return scene->judge.grade;
}

START_TEST(each_signal_makes_the_grade_by_its_limits)
{
	static const struct {
		struct stretch seen;
		enum grade grade;
	} cases[] = {
		{{60, 0, 0, 0, 0}, GRADE_OK},
		{{60, 1, 0, 0, 0}, GRADE_DEGRADED},
		{{60, 1000000, 0, 0, 0}, GRADE_DEGRADED},
		{{60, 0, 9, 0, 0}, GRADE_OK},
		{{60, 0, 10, 0, 0}, GRADE_DEGRADED},
		{{60, 0, 0, 69, 0}, GRADE_OK},
		{{60, 0, 0, 70, 0}, GRADE_DEGRADED},
		{{60, 0, 0, 99, 0}, GRADE_DEGRADED},
		{{60, 0, 0, 100, 0}, GRADE_DOWN},
		{{60, 0, 0, 0, 65}, GRADE_OK},
		{{60, 0, 0, 0, 66}, GRADE_DEGRADED},
		{{60, 0, 0, 0, 95}, GRADE_DOWN},
		{{60, 0, 0, 0, 200}, GRADE_DOWN},
		{{60, 1, 0, 0, 95}, GRADE_DOWN},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct scene scene = calm();

		ck_assert_msg(live(&scene, cases[i].seen) == cases[i].grade, "case %u", i);
	}
}
END_TEST

START_TEST(it_gets_worse_after_half_a_window_and_better_after_two)
{
	struct scene scene = calm();

	ck_assert_int_eq(live(&scene, (struct stretch){5, 0, 0, 70, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){1, 0, 0, 70, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&scene, (struct stretch){20, 0, 0, 41, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&scene, (struct stretch){1, 0, 0, 41, 0}), GRADE_OK);
	ck_assert_uint_eq(scene.judge.changes, 2);
	ck_assert_uint_eq(scene.judge.since_ms, scene.sample.at_ms);
}
END_TEST

START_TEST(a_burst_changes_nothing)
{
	struct scene scene = calm();

	ck_assert_int_eq(live(&scene, (struct stretch){5, 0, 0, 100, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){1, 0, 0, 0, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){5, 0, 0, 100, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){60, 0, 0, 0, 0}), GRADE_OK);
	/* the losses of one second count for a window */
	ck_assert_int_eq(live(&scene, (struct stretch){1, 9, 0, 0, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){60, 0, 0, 0, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){1, 10, 0, 0, 0}), GRADE_OK);
	ck_assert_int_eq(live(&scene, (struct stretch){5, 0, 0, 0, 0}), GRADE_DEGRADED);
	ck_assert_uint_eq(scene.judge.changes, 1);
}
END_TEST

START_TEST(between_the_limits_of_two_grades_it_stays_what_it_is)
{
	struct scene up = calm();
	struct scene down = calm();

	ck_assert_int_eq(live(&down, (struct stretch){60, 0, 0, 100, 0}), GRADE_DOWN);
	ck_assert_int_eq(live(&down, (struct stretch){600, 0, 0, 60, 0}), GRADE_DOWN);
	ck_assert_int_eq(live(&down, (struct stretch){60, 0, 0, 59, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&down, (struct stretch){600, 0, 0, 42, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&down, (struct stretch){60, 0, 0, 41, 0}), GRADE_OK);
	ck_assert_int_eq(live(&up, (struct stretch){600, 0, 0, 69, 0}), GRADE_OK);
	ck_assert_uint_eq(down.judge.changes, 3);
}
END_TEST

/* Whatever the period of a signal that swings around a limit, it causes one change at the most. */
START_TEST(a_signal_that_swings_around_a_limit_changes_the_grade_once)
{
	for (unsigned int high = 1; high < 40; high++)
		for (unsigned int low = 1; low < 40; low++) {
			struct scene scene = calm();

			for (unsigned int i = 0; i < 20; i++) {
				(void)live(&scene, (struct stretch){high, 0, 0, 71, 0});
				(void)live(&scene, (struct stretch){low, 0, 0, 69, 0});
			}
			ck_assert_uint_le(scene.judge.changes, 1);
			ck_assert_int_eq(scene.judge.grade, high > 5 ? GRADE_DEGRADED : GRADE_OK);
		}
}
END_TEST

/* Between far extremes it may change, but a change back takes half a window, or two. */
START_TEST(a_signal_between_extremes_changes_the_grade_no_more_than_the_times_allow)
{
	for (unsigned int period = 1; period < 60; period++) {
		struct scene scene = calm();
		const unsigned int rounds = 20;

		for (unsigned int i = 0; i < rounds; i++) {
			(void)live(&scene, (struct stretch){period, 0, 0, 100, 0});
			(void)live(&scene, (struct stretch){period, 0, 0, 0, 0});
		}
		if (period <= 5)
			ck_assert_uint_eq(scene.judge.changes, 0);
		else if (period <= 20)
			ck_assert_uint_eq(scene.judge.changes, 1);
		else
			ck_assert_uint_eq(scene.judge.changes, 2 * rounds);
	}
}
END_TEST

START_TEST(it_takes_the_mildest_change_that_all_samples_agree_to)
{
	struct scene scene = calm();

	(void)live(&scene, (struct stretch){3, 0, 0, 100, 0});
	(void)live(&scene, (struct stretch){1, 0, 0, 80, 0});
	ck_assert_int_eq(live(&scene, (struct stretch){2, 0, 0, 100, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&scene, (struct stretch){6, 0, 0, 100, 0}), GRADE_DOWN);
	(void)live(&scene, (struct stretch){10, 0, 0, 0, 0});
	(void)live(&scene, (struct stretch){1, 0, 0, 50, 0});
	ck_assert_int_eq(live(&scene, (struct stretch){10, 0, 0, 0, 0}), GRADE_DEGRADED);
	ck_assert_int_eq(live(&scene, (struct stretch){21, 0, 0, 0, 0}), GRADE_OK);
}
END_TEST

START_TEST(rates_are_averages_over_the_window)
{
	struct scene scene = calm();

	(void)live(&scene, (struct stretch){1, 10, 5, 0, 0});
	ck_assert_uint_eq(scene.judge.milli[GRADE_LOST], 1000);
	ck_assert_uint_eq(scene.judge.milli[GRADE_COOKIES], 500);
	(void)live(&scene, (struct stretch){9, 10, 0, 0, 0});
	ck_assert_uint_eq(scene.judge.milli[GRADE_LOST], 10000);
	(void)live(&scene, (struct stretch){10, 0, 0, 0, 0});
	ck_assert_uint_eq(scene.judge.milli[GRADE_LOST], 0);
	/* counters that begin again are no losses */
	scene.sample.lost = 0;
	(void)live(&scene, (struct stretch){1, 0, 0, 0, 0});
	ck_assert_uint_eq(scene.judge.milli[GRADE_LOST], 0);
}
END_TEST

START_TEST(samples_that_come_fast_or_late_do_no_harm)
{
	struct scene scene = calm();

	for (unsigned int i = 0; i < 100; i++) {
		scene.sample.lost += 1000;
		(void)grade_judge_take(&scene.judge, &scene.sample);
	}
	ck_assert_uint_le(scene.judge.history_count, GRADE_HISTORY);
	scene.sample.at_ms += 1000 * WINDOW_MS;
	scene.sample.lost = UINT64_MAX;
	scene.sample.queue = UINT32_MAX;
	(void)grade_judge_take(&scene.judge, &scene.sample);
	ck_assert_uint_eq(scene.judge.history_count, 1);
}
END_TEST

START_TEST(its_text_has_the_signals_that_keep_the_grade)
{
	struct scene scene = calm();
	char text[GRADE_TEXT_LEN];

	ck_assert_str_eq(grade_text(text, &scene.judge), "all signals are below their limits");
	(void)live(&scene, (struct stretch){60, 12, 0, 100, 0});
	ck_assert_str_eq(grade_text(text, &scene.judge), "lost 12.0 a second, queue 100.0 %");
	(void)live(&scene, (struct stretch){12, 0, 0, 50, 0});
	ck_assert_str_eq(grade_text(text, &scene.judge), "queue 50.0 %");
	(void)live(&scene, (struct stretch){1, 0, 0, 0, 0});
	ck_assert_str_eq(grade_text(text, &scene.judge),
			 "all signals are below their limits again");
	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++)
		scene.judge.milli[i] = UINT64_MAX;
	ck_assert_uint_lt(strlen(grade_text(text, &scene.judge)), GRADE_TEXT_LEN);
}
END_TEST

START_TEST(limits_are_changed_by_name)
{
	struct grade_limits limits = grade_limits_default();
	char why[GRADE_WHY_LEN];

	ck_assert_int_eq(grade_limits_parse(&limits, "lost=5:50,queue=90", why), 0);
	ck_assert_uint_eq(limits.of[GRADE_LOST].degraded, 5);
	ck_assert_uint_eq(limits.of[GRADE_LOST].down, 50);
	ck_assert_uint_eq(limits.of[GRADE_QUEUE].degraded, 90);
	ck_assert_uint_eq(limits.of[GRADE_QUEUE].down, 0);
	ck_assert_uint_eq(limits.of[GRADE_COOKIES].degraded, 10);
	ck_assert_int_eq(grade_limits_parse(&limits, "lost=0:7", why), 0);
	ck_assert_uint_eq(limits.of[GRADE_LOST].degraded, 0);
	ck_assert_uint_eq(limits.of[GRADE_LOST].down, 7);
}
END_TEST

START_TEST(limits_that_make_no_sense_are_refused_as_a_whole)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"", "'': no such signal; there are lost, cookies, queue and memory"},
		{"lost=1,", "'': no such signal; there are lost, cookies, queue and memory"},
		{"load=1", "'load=1': no such signal; there are lost, cookies, queue and memory"},
		{"lost", "'lost': not SIGNAL=DEGRADED or SIGNAL=DEGRADED:DOWN with numbers below "
			 "1000000000"},
		{"lost=x", "'lost=x': not SIGNAL=DEGRADED or SIGNAL=DEGRADED:DOWN with numbers "
			   "below 1000000000"},
		{"lost=1000000000", "'lost=1000000000': not SIGNAL=DEGRADED or "
				    "SIGNAL=DEGRADED:DOWN with numbers below 1000000000"},
		{"lost=1:", "'lost=1:': the limit for down is not a number below 1000000000"},
		{"lost=1:x", "'lost=1:x': the limit for down is not a number below 1000000000"},
		{"lost=1:2:3", "'lost=1:2:3': only a comma may follow a limit"},
		{"lost=9,queue=2:1",
		 "'queue=2:1': the limit for degraded is above the one for down"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct grade_limits limits = grade_limits_default();
		char why[GRADE_WHY_LEN];

		ck_assert_int_eq(grade_limits_parse(&limits, cases[i].text, why), -EINVAL);
		ck_assert(!strncmp(why, "--limits: ", 10));
		ck_assert_str_eq(why + 10, cases[i].why);
		ck_assert_uint_eq(limits.of[GRADE_LOST].degraded, 1);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("grade");
	TCase *all = tcase_create("grade");

	tcase_add_test(all, each_signal_makes_the_grade_by_its_limits);
	tcase_add_test(all, it_gets_worse_after_half_a_window_and_better_after_two);
	tcase_add_test(all, a_burst_changes_nothing);
	tcase_add_test(all, between_the_limits_of_two_grades_it_stays_what_it_is);
	tcase_add_test(all, a_signal_that_swings_around_a_limit_changes_the_grade_once);
	tcase_add_test(all,
		       a_signal_between_extremes_changes_the_grade_no_more_than_the_times_allow);
	tcase_add_test(all, it_takes_the_mildest_change_that_all_samples_agree_to);
	tcase_add_test(all, rates_are_averages_over_the_window);
	tcase_add_test(all, samples_that_come_fast_or_late_do_no_harm);
	tcase_add_test(all, its_text_has_the_signals_that_keep_the_grade);
	tcase_add_test(all, limits_are_changed_by_name);
	tcase_add_test(all, limits_that_make_no_sense_are_refused_as_a_whole);
	suite_add_tcase(suite, all);
	return suite;
}
