/* SPDX-License-Identifier: BSD-3-Clause */
/* What the judge does in cases that people think of; test_judge_walk.c has all others. */
#include <string.h>

#include "healthcheck/judge.h"
#include "suite.h"

enum { BACKENDS = 10, START_MS = 500000, MINUTE_MS = 60000 };

struct scene {
	struct judge_table table;
	struct judge_backend backends[BACKENDS];
	struct judge_evidence evidence[BACKENDS];
	unsigned int count;
	struct health_limits limits;
	uint64_t now_ms;
	struct judge_verdict verdict;
};

/*
 * A table with one letter for each backend: U up, D down, d degraded, ? unknown, - inactive; u and
 * w up and down with results that speak against that.
 */
static void say(struct scene *scene, const char *evidence)
{
	scene->count = (unsigned int)strlen(evidence);
	for (unsigned int i = 0; i < scene->count; i++)
		scene->evidence[i] = (struct judge_evidence){
			.status = strchr("Dw", evidence[i]) ? JUDGE_DOWN
				  : evidence[i] == '?'	    ? JUDGE_UNKNOWN
							    : JUDGE_UP,
			.wavers = strchr("uw", evidence[i]),
			.degraded = evidence[i] == 'd',
			.takes_flows = evidence[i] != '-',
		};
}

static void judge(struct scene *scene)
{
	scene->verdict = judge_table(&scene->table, scene->backends, scene->evidence, scene->count,
				     &scene->limits, scene->now_ms);
}

/* H or u for each backend, as it is to be written. */
static void check_written(const struct scene *scene, const char *want)
{
	char got[BACKENDS + 1] = "";

	for (unsigned int i = 0; i < scene->count; i++)
		got[i] = scene->backends[i].healthy ? 'H' : 'u';
	ck_assert_str_eq(got, want);
}

static void expect(struct scene *scene, const char *evidence, const char *want)
{
	say(scene, evidence);
	judge(scene);
	check_written(scene, want);
}

/* A table that is new, which half of it may be unhealthy of. */
static struct scene fresh(void)
{
	return (struct scene){.limits = {.max_unhealthy_percent = 50}, .now_ms = START_MS};
}

/* One with four backends that are up. */
static struct scene four_up(void)
{
	struct scene scene = fresh();

	expect(&scene, "UUUU", "HHHH");
	return scene;
}

START_TEST(a_table_that_begins_is_never_unhealthy_as_a_whole)
{
	static const struct {
		const char *evidence;
		const char *want;
		enum judge_distrust distrust;
	} cases[] = {
		{"????", "HHHH", JUDGE_TRUSTED}, {"DDDD", "HHHH", JUDGE_FAILS_OPEN},
		{"DDUU", "uuHH", JUDGE_TRUSTED}, {"DDDU", "HHHH", JUDGE_FAILS_OPEN},
		{"D???", "uHHH", JUDGE_TRUSTED}, {"D", "H", JUDGE_FAILS_OPEN},
		{"?", "H", JUDGE_TRUSTED},	 {"dddd", "HHHH", JUDGE_TRUSTED},
		{"D-", "HH", JUDGE_FAILS_OPEN},	 {"-", "H", JUDGE_TRUSTED},
		{"", "", JUDGE_TRUSTED},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct scene scene = fresh();

		expect(&scene, cases[i].evidence, cases[i].want);
		ck_assert_int_eq(scene.table.distrust, cases[i].distrust);
		scene.now_ms += 1000 * MINUTE_MS;
		expect(&scene, cases[i].evidence, cases[i].want);
	}
}
END_TEST

START_TEST(a_table_begins_with_nobody_and_gets_its_verdicts_one_by_one)
{
	struct scene scene = fresh();

	expect(&scene, "????", "HHHH");
	expect(&scene, "?D?D", "HuHu");
	expect(&scene, "DD?D", "HuHu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
	expect(&scene, "DDUU", "uuHH");
}
END_TEST

START_TEST(a_new_backend_gets_nothing_before_it_is_up)
{
	struct scene scene = four_up();

	expect(&scene, "UUUU?", "HHHHu");
	expect(&scene, "UUUUD", "HHHHu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	expect(&scene, "UUUUd", "HHHHu");
	expect(&scene, "UUUU?", "HHHHu");
	ck_assert(!scene.backends[4].is_known);
	expect(&scene, "UUUUU", "HHHHH");
	ck_assert(scene.backends[4].is_known && scene.backends[4].changed);
	expect(&scene, "UUUU?", "HHHHH");
}
END_TEST

START_TEST(new_backends_do_not_count_against_the_others)
{
	struct scene scene = four_up();

	expect(&scene, "UUUUDDDDDD", "HHHHuuuuuu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	expect(&scene, "UUDDDDDDDD", "HHuuuuuuuu");
	expect(&scene, "UDDDDDDDDD", "HHuuuuuuuu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
}
END_TEST

START_TEST(a_backend_that_comes_back_from_inactive_is_new)
{
	struct scene scene = four_up();

	expect(&scene, "UUU-", "HHHH");
	expect(&scene, "UUU?", "HHHu");
	ck_assert(scene.backends[3].changed);
	expect(&scene, "UUUU", "HHHH");
	expect(&scene, "UUUD", "HHHu");
	expect(&scene, "UUU-", "HHHH");
}
END_TEST

START_TEST(of_too_many_that_are_down_none_becomes_unhealthy_and_some_may_recover)
{
	struct scene scene = four_up();

	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "DDDU", "uHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
	expect(&scene, "UDDD", "HHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
	expect(&scene, "UUDD", "HHuu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
}
END_TEST

START_TEST(failures_of_one_cause_are_undone_when_they_are_too_many)
{
	struct scene scene = four_up();

	scene.limits.notice_ms = 7000;
	expect(&scene, "DUUU", "uHHH");
	scene.now_ms += 7000;
	expect(&scene, "DDUU", "uuHH");
	scene.now_ms += 1000;
	expect(&scene, "D?UU", "uuHH");
	expect(&scene, "DDUU", "uuHH");
	scene.now_ms += 5999;
	/* the first one has been down for longer than it takes to notice */
	expect(&scene, "DDDU", "uHHH");
	ck_assert_uint_eq(scene.table.open_since_ms, scene.now_ms);
	scene.now_ms += MINUTE_MS;
	expect(&scene, "DDDD", "uHHH");
	/* as few as that are believed */
	expect(&scene, "DDUU", "uuHH");
	ck_assert_uint_eq(scene.table.open_since_ms, 0);
	expect(&scene, "DDUD", "uuHH");
}
END_TEST

START_TEST(none_is_taken_away_while_too_many_may_be_failing)
{
	struct scene scene = four_up();

	expect(&scene, "uuuU", "HHHH");
	expect(&scene, "DuuU", "HHHH");
	expect(&scene, "DDuU", "HHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	expect(&scene, "DDDU", "HHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
	/* and back */
	expect(&scene, "DDwU", "HHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	expect(&scene, "DwwU", "HHHH");
	expect(&scene, "wUUU", "HHHH");
	/* two of four may go, and what has gone does not come back before it is up */
	expect(&scene, "DDUU", "uuHH");
	expect(&scene, "wDUU", "uuHH");
	expect(&scene, "wDuU", "uuHH");
	expect(&scene, "UDUU", "HuHH");
}
END_TEST

START_TEST(in_doubt_none_is_held_or_drained_and_none_comes_back)
{
	struct scene scene = four_up();

	scene.limits.max_unhealthy_percent = 25;
	expect(&scene, "duuU", "HHHH");
	expect(&scene, "dUUU", "uHHH");
	expect(&scene, "duuU", "uHHH");
}
END_TEST

START_TEST(what_is_undone_may_wait_for_its_minute)
{
	struct scene scene = four_up();

	scene.limits.notice_ms = 7000;
	scene.limits.max_changes_per_minute = 2;
	expect(&scene, "DDUU", "uuHH");
	expect(&scene, "DDDU", "uuHH");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "DDDU", "HHHH");
}
END_TEST

START_TEST(unknown_leaves_a_backend_as_it_is_and_counts_as_that)
{
	struct scene scene = four_up();

	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "?UUU", "uHHH");
	expect(&scene, "?DUU", "uuHH");
	expect(&scene, "?DDU", "uuHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_FAILS_OPEN);
}
END_TEST

START_TEST(degraded_backends_are_drained_while_others_can_take_their_flows)
{
	struct scene scene = four_up();

	expect(&scene, "dUUU", "uHHH");
	ck_assert(scene.backends[0].degraded && !scene.backends[0].held);
	expect(&scene, "ddUU", "uuHH");
	/* to drain some of three would only load the others */
	expect(&scene, "dddU", "HHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	expect(&scene, "dUDU", "uHuH");
	/* the first to come back */
	expect(&scene, "dDDU", "HuuH");
	expect(&scene, "dDUU", "uuHH");
	expect(&scene, "UUUU", "HHHH");
	ck_assert(!scene.backends[0].degraded);
}
END_TEST

START_TEST(a_flapping_backend_is_held_until_it_is_quiet)
{
	struct scene scene = four_up();
	uint64_t quiet_ms;

	scene.limits.flap_limit = 4;
	scene.limits.flap_window_s = 100;
	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "UUUU", "HHHH");
	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "UUUU", "uHHH");
	ck_assert(scene.backends[0].held);
	scene.now_ms += 90000;
	expect(&scene, "DUUU", "uHHH");
	scene.now_ms += 20000;
	quiet_ms = scene.now_ms + 100000;
	expect(&scene, "UUUU", "uHHH");
	ck_assert_uint_eq(scene.verdict.look_again_ms, quiet_ms);
	scene.now_ms = quiet_ms - 1;
	expect(&scene, "UUUU", "uHHH");
	scene.now_ms = quiet_ms;
	expect(&scene, "UUUU", "HHHH");
	ck_assert(!scene.backends[0].held);
	ck_assert_uint_eq(scene.verdict.look_again_ms, 0);
}
END_TEST

START_TEST(no_backend_is_held_against_the_share)
{
	struct scene scene = four_up();

	scene.limits.flap_limit = 2;
	scene.limits.flap_window_s = 100;
	expect(&scene, "DDUU", "uuHH");
	expect(&scene, "UUUU", "uuHH");
	expect(&scene, "UUDU", "HHuH");
	expect(&scene, "UUDD", "HHuu");
	expect(&scene, "UUDU", "HHuH");
	expect(&scene, "UUUU", "HHHH");
	ck_assert(scene.backends[0].held && scene.backends[2].held);
	/* degraded ones come back before those that are held do */
	scene = four_up();
	scene.limits.flap_limit = 2;
	scene.limits.flap_window_s = 100;
	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "UUUU", "uHHH");
	expect(&scene, "UdUU", "uuHH");
	expect(&scene, "UddU", "uHHH");
	expect(&scene, "UdDU", "uHuH");
}
END_TEST

START_TEST(changes_wait_for_their_minute_recoveries_first_then_the_oldest_failures)
{
	struct scene scene = four_up();

	scene.limits.max_changes_per_minute = 1;
	expect(&scene, "DUUU", "uHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	ck_assert_uint_eq(scene.verdict.look_again_ms, 0);
	scene.now_ms += 100;
	expect(&scene, "DUUD", "uHHH");
	ck_assert_int_eq(scene.table.distrust, JUDGE_LIMITED);
	ck_assert_uint_eq(scene.verdict.look_again_ms, START_MS + 61000);
	scene.now_ms += 100;
	expect(&scene, "UDUD", "uHHH");
	scene.now_ms = START_MS + 60999;
	expect(&scene, "UDUD", "uHHH");
	scene.now_ms = START_MS + 61000;
	expect(&scene, "UDUD", "HHHH");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "UDUD", "HHHu");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "UDUD", "HuHu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_TRUSTED);
	ck_assert_uint_eq(scene.verdict.look_again_ms, 0);
}
END_TEST

START_TEST(failures_do_not_wait_behind_new_backends)
{
	struct scene scene = four_up();

	scene.limits.max_changes_per_minute = 4;
	expect(&scene, "UUUUUUUUUU", "HHHHHHuuuu");
	ck_assert_int_eq(scene.table.distrust, JUDGE_LIMITED);
	expect(&scene, "DDUUUUUUUU", "uuHHHHuuuu");
	scene.now_ms += 2 * MINUTE_MS;
	expect(&scene, "DDUUUUUUUU", "uuHHHHHHuu");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "DDUUUUUUUU", "uuHHHHHHHH");
}
END_TEST

START_TEST(degraded_backends_wait_behind_failures)
{
	struct scene scene = four_up();

	scene.limits.max_changes_per_minute = 1;
	expect(&scene, "dUUU", "uHHH");
	scene.now_ms += 2 * MINUTE_MS;
	scene.limits.max_unhealthy_percent = 100;
	expect(&scene, "ddUD", "uHHu");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "ddUD", "uuHu");
}
END_TEST

START_TEST(what_was_before_the_clock_began_is_older_than_what_came_later)
{
	struct scene scene = fresh();

	scene.limits = (struct health_limits){
		.max_unhealthy_percent = 100,
		.max_changes_per_minute = 1,
		.flap_limit = 1,
		.flap_window_s = 600,
	};
	scene.now_ms = 10000;
	for (unsigned int i = 0; i < 3; i++)
		scene.backends[i] = (struct judge_backend){.is_known = true, .healthy = true};
	scene.backends[0].flaps_ms[0] = 5000;
	scene.backends[1].flaps_ms[0] = (uint64_t)0 - 400000;
	scene.backends[2].flaps_ms[0] = (uint64_t)0 - 300000;
	expect(&scene, "DDD", "HuH");
	ck_assert(scene.backends[1].held);
	ck_assert_uint_eq(scene.verdict.look_again_ms, 71000);
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "DDD", "Huu");
}
END_TEST

START_TEST(failures_before_the_clock_began_are_undone_like_others)
{
	struct scene scene = four_up();

	expect(&scene, "DUUU", "uHHH");
	scene.limits.notice_ms = 7000;
	scene.now_ms = 1000;
	scene.backends[0].flaps_ms[0] = (uint64_t)0 - 3000;
	expect(&scene, "DUUU", "uHHH");
	ck_assert_uint_eq(scene.backends[0].since_ms, START_MS);
	expect(&scene, "DDDU", "HHHH");
}
END_TEST

START_TEST(a_state_that_no_judge_left_behind_does_no_harm)
{
	struct scene scene = four_up();

	scene.limits.flap_window_s = 100;
	scene.limits.flap_limit = 2;
	scene.backends[0] = (struct judge_backend){.healthy = true, .held = true, .fit = true};
	scene.backends[1].held = true;
	expect(&scene, "?UUU", "uHHH");
	ck_assert_uint_eq(scene.verdict.look_again_ms, 0);
	expect(&scene, "UUUU", "HHHH");
	ck_assert_uint_eq(scene.verdict.look_again_ms, 0);
}
END_TEST

START_TEST(after_a_long_gap_nothing_waits_any_more)
{
	struct scene scene = four_up();

	scene.limits.max_changes_per_minute = 1;
	scene.limits.flap_limit = 2;
	scene.limits.flap_window_s = 3600;
	expect(&scene, "DUUU", "uHHH");
	expect(&scene, "UDUU", "uHHH");
	scene.now_ms += UINT64_C(40) * 365 * 86400 * 1000;
	expect(&scene, "UDUU", "HHHH");
	scene.now_ms = scene.verdict.look_again_ms;
	expect(&scene, "UDUU", "HuHH");
	/* nor does a clock that goes back break anything */
	scene.now_ms = START_MS;
	expect(&scene, "UUUU", "HuHH");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("judge");
	TCase *tables = tcase_create("tables");

	tcase_add_test(tables, a_table_that_begins_is_never_unhealthy_as_a_whole);
	tcase_add_test(tables, a_table_begins_with_nobody_and_gets_its_verdicts_one_by_one);
	tcase_add_test(tables, a_new_backend_gets_nothing_before_it_is_up);
	tcase_add_test(tables, new_backends_do_not_count_against_the_others);
	tcase_add_test(tables, a_backend_that_comes_back_from_inactive_is_new);
	tcase_add_test(tables,
		       of_too_many_that_are_down_none_becomes_unhealthy_and_some_may_recover);
	tcase_add_test(tables, failures_of_one_cause_are_undone_when_they_are_too_many);
	tcase_add_test(tables, none_is_taken_away_while_too_many_may_be_failing);
	tcase_add_test(tables, in_doubt_none_is_held_or_drained_and_none_comes_back);
	tcase_add_test(tables, what_is_undone_may_wait_for_its_minute);
	tcase_add_test(tables, unknown_leaves_a_backend_as_it_is_and_counts_as_that);
	tcase_add_test(tables, degraded_backends_are_drained_while_others_can_take_their_flows);
	tcase_add_test(tables, a_flapping_backend_is_held_until_it_is_quiet);
	tcase_add_test(tables, no_backend_is_held_against_the_share);
	tcase_add_test(tables,
		       changes_wait_for_their_minute_recoveries_first_then_the_oldest_failures);
	tcase_add_test(tables, failures_do_not_wait_behind_new_backends);
	tcase_add_test(tables, degraded_backends_wait_behind_failures);
	tcase_add_test(tables, what_was_before_the_clock_began_is_older_than_what_came_later);
	tcase_add_test(tables, failures_before_the_clock_began_are_undone_like_others);
	tcase_add_test(tables, a_state_that_no_judge_left_behind_does_no_harm);
	tcase_add_test(tables, after_a_long_gap_nothing_waits_any_more);
	suite_add_tcase(suite, tables);
	return suite;
}
