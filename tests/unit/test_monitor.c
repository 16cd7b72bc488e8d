/* SPDX-License-Identifier: BSD-3-Clause */
/* Which checks are tried, and what of them stays known: against ports of this host that are closed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "healthcheck/monitor.h"
#include "scratch.h"
#include "suite.h"
#include "sys/loop.h"

enum { PATIENCE_MS = 60000 };

static const struct health_conf conf;
static struct loop *loop;
static struct probes *probes;
static struct monitor *monitor;
static unsigned int changes; /* that the monitor has reported */
static unsigned int wanted;  /* of these, that end a run */

/* --- Allocations that fail --- */

static unsigned int until_refused; /* 0: none is */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (until_refused && !--until_refused)
		return NULL;
	return __real_calloc(count, size);
}

/* --- The monitor --- */

static void changed(void *arg)
{
	(void)arg;
	if (++changes >= wanted)
		loop_end(loop);
}

static void give_up(void *arg)
{
	(void)arg;
	ck_abort_msg("nothing came of it");
}

static void set_up(void)
{
	const struct monitor_listener listener = {.changed = changed};

	scratch_make();
	changes = until_refused = 0;
	ck_assert_int_eq(loop_open(&loop), 0);
	ck_assert_int_eq(probes_open(&probes, loop, &conf), 0);
	ck_assert_int_eq(monitor_open(&monitor, loop, probes, &listener), 0);
	ck_assert_int_eq(loop_after(loop, PATIENCE_MS, give_up, NULL), 0);
}

static void tear_down(void)
{
	monitor_close(monitor);
	probes_close(probes);
	loop_close(loop);
	scratch_remove();
}

#define BACKEND(last)                                                                              \
	"{\"ip\": \"127.0.3." last "\", \"state\": \"active\", \"healthy\": true, "                \
	"\"healthchecks\": {\"tcp\": 9}}"
#define TABLE(name, backends)                                                                      \
	"{\"name\": \"" name "\", \"hash_key\": \"000102030405060708090a0b0c0d0e0f\", "            \
	"\"seed\": \"f0e0d0c0b0a090807060504030201000\", "                                         \
	"\"binds\": [{\"ip\": \"192.0.2.10\", \"proto\": \"tcp\", \"port\": 80}], "                \
	"\"backends\": [" backends "]}"
#define SOURCE_EVERY(interval_ms, tables)                                                          \
	"{\"healthchecks\": {\"interval_ms\": " interval_ms ", \"timeout_ms\": 30, "               \
	"\"max_unhealthy_percent\": 100}, \"tables\": [" tables "]}"
#define SOURCE(tables) SOURCE_EVERY("40", tables)

/* A content with these tables, held once. */
static struct content *content_of(const char *source)
{
	static struct report report;
	struct content *content;

	scratch_write(source);
	report_init(&report);
	ck_assert_int_eq(content_read(&content, scratch_file, &report), 0);
	return content;
}

/* Has these tables watched. */
static void follow(const char *source)
{
	struct content *content = content_of(source);

	ck_assert_int_eq(monitor_follow(monitor, content), 0);
	content_unref(content);
}

/* Runs until so many more changes were reported. */
static void run(unsigned int count)
{
	wanted = changes + count;
	loop_run(loop);
}

/* Runs until so many backends are to be written as healthy. */
static void run_until_healthy(unsigned int count)
{
	for (;;) {
		unsigned int healthy = 0;

		run(1);
		for (unsigned int i = 0; i < monitor_content(monitor)->plan.backend_count; i++)
			healthy += monitor_healthy(monitor)[i];
		if (healthy == count)
			return;
	}
}

START_TEST(another_content_is_reported_once_and_in_a_later_turn)
{
	follow(SOURCE(TABLE("a", BACKEND("1") "," BACKEND("2"))));
	ck_assert_uint_eq(changes, 0);
	run(1);
	ck_assert(monitor_healthy(monitor)[0] && monitor_healthy(monitor)[1]);
}
END_TEST

START_TEST(checks_and_backends_that_stay_keep_what_is_known_of_them)
{
	follow(SOURCE(TABLE("a", BACKEND("1") "," BACKEND("2"))));
	run_until_healthy(0);

	const struct monitor_check known = *monitor_check(monitor, 1);

	ck_assert_int_eq(known.judged.status, JUDGE_DOWN);
	ck_assert_int_eq(known.results[0].reason, PROBE_REFUSED);
	follow(SOURCE(TABLE("b", BACKEND("2")) "," TABLE("a", BACKEND("3") "," BACKEND("2"))));
	ck_assert_str_eq(monitor_content(monitor)->plan.checks[0].name, "tcp 127.0.3.2:9");
	ck_assert_int_eq(monitor_check(monitor, 0)->judged.status, JUDGE_DOWN);
	ck_assert_uint_eq(monitor_check(monitor, 0)->judged.since_ms, known.judged.since_ms);
	ck_assert_int_eq(monitor_check(monitor, 1)->judged.status, JUDGE_UNKNOWN);
	ck_assert(monitor_backend(monitor, 2)->is_known);  /* a's second one */
	ck_assert(!monitor_backend(monitor, 1)->is_known); /* is new in a */
	ck_assert(!monitor_backend(monitor, 0)->is_known); /* b is another table */
	run(1);
	ck_assert(!monitor_healthy(monitor)[1] && !monitor_healthy(monitor)[2]);
}
END_TEST

START_TEST(to_assume_that_backends_are_healthy_is_no_change_of_theirs)
{
	follow(SOURCE_EVERY("3600000, \"flap_limit\": 1",
			    TABLE("a", BACKEND("1") "," BACKEND("2"))));
	monitor_assume_healthy(monitor, 0);
	monitor_assume_healthy(monitor, 1);
	run(1);
	ck_assert(monitor_healthy(monitor)[0] && monitor_healthy(monitor)[1]);
	ck_assert(!monitor_backend(monitor, 0)->held);
}
END_TEST

START_TEST(an_interval_that_has_become_shorter_is_not_waited_out)
{
	follow(SOURCE_EVERY("3600000", TABLE("a", BACKEND("1") "," BACKEND("2"))));
	run(1);
	follow(SOURCE(TABLE("a", BACKEND("1") "," BACKEND("2"))));
	run_until_healthy(0);
}
END_TEST

START_TEST(without_memory_all_stays_as_it_was)
{
	struct content *more = NULL;
	const struct content *before;
	unsigned int refused = 0;

	follow(SOURCE(TABLE("a", BACKEND("1"))));
	run(1);
	before = monitor_content(monitor);
	more = content_of(SOURCE(TABLE("a", BACKEND("1") "," BACKEND("2") "," BACKEND("3"))));
	for (;;) {
		until_refused = refused + 1;

		int err = monitor_follow(monitor, more);

		until_refused = 0;
		if (!err)
			break;
		refused++;
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_ptr_eq(monitor_content(monitor), before);
		ck_assert_uint_eq(more->refs, 1);
	}
	ck_assert_uint_ge(refused, 10);
	ck_assert_ptr_eq(monitor_content(monitor), more);
	content_unref(more);
	run_until_healthy(0);
}
END_TEST

START_TEST(no_more_than_the_limit_are_under_way)
{
	follow(SOURCE(TABLE("a", BACKEND("1") "," BACKEND("2") "," BACKEND("3") "," BACKEND("4"))));
	monitor_limit(monitor, 1);
	run_until_healthy(0);
	ck_assert_uint_le(monitor_totals(monitor)->under_way, 1);
	ck_assert_uint_ge(monitor_totals(monitor)->tries[HEALTH_TCP][PROBE_REFUSED], 4);
}
END_TEST

static unsigned int trials;

static void tried(void *arg, const struct probe_result *result)
{
	(void)arg;
	ck_assert_int_eq(result->reason, PROBE_REFUSED);
	trials++;
	loop_end(loop);
}

START_TEST(a_trial_outlives_its_check_and_counts_for_nothing)
{
	const struct probe_listener listener = {.done = tried};
	struct monitor_trial *trial;

	trials = 0;
	follow(SOURCE(TABLE("a", BACKEND("1"))));
	trial = monitor_try(monitor, 0, &listener);
	ck_assert_ptr_nonnull(trial);
	trial = monitor_try(monitor, 0, &listener);
	ck_assert_ptr_nonnull(trial);
	monitor_try_cancel(trial);
	follow(SOURCE(TABLE("a", BACKEND("2"))));
	wanted = UINT32_MAX;
	loop_run(loop);
	ck_assert_uint_eq(trials, 1);
	ck_assert_uint_le(monitor_check(monitor, 0)->count, 1);
	ck_assert_ptr_nonnull(monitor_try(monitor, 0, &listener)); /* the monitor ends it */
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("monitor");
	TCase *tests = tcase_create("monitor");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, another_content_is_reported_once_and_in_a_later_turn);
	tcase_add_test(tests, checks_and_backends_that_stay_keep_what_is_known_of_them);
	tcase_add_test(tests, to_assume_that_backends_are_healthy_is_no_change_of_theirs);
	tcase_add_test(tests, an_interval_that_has_become_shorter_is_not_waited_out);
	tcase_add_test(tests, without_memory_all_stays_as_it_was);
	tcase_add_test(tests, no_more_than_the_limit_are_under_way);
	tcase_add_test(tests, a_trial_outlives_its_check_and_counts_for_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
