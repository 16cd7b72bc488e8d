/* SPDX-License-Identifier: BSD-3-Clause */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"
#include "sys/service.h"

static struct service service;

static void start(void)
{
	ck_assert_int_eq(service_start(&service), 0);
}

START_TEST(every_signal_is_its_event)
{
	const struct {
		int signal;
		enum service_event want;
	} cases[] = {
		{SIGTERM, SERVICE_STOP},     {SIGINT, SERVICE_STOP},
		{SIGHUP, SERVICE_RELOAD},    {SIGUSR1, SERVICE_RELOAD_TABLES},
		{SIGUSR2, SERVICE_COUNTERS}, {SIGRTMIN, SERVICE_UNUSED},
	};

	start();
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_int_eq(kill(getpid(), cases[i].signal), 0);
		ck_assert_int_eq(service_wait(&service, 10000), cases[i].want);
		ck_assert_int_eq(service_wait(&service, 0), SERVICE_TICK);
	}
}
END_TEST

START_TEST(signals_of_one_kind_that_pile_up_count_as_one)
{
	const int signals[] = {SIGHUP, SIGRTMIN};

	start();
	for (unsigned int i = 0; i < COUNT_OF(signals); i++) {
		for (int k = 0; k < 5; k++)
			ck_assert_int_eq(kill(getpid(), signals[i]), 0);
		ck_assert_int_ne(service_wait(&service, 10000), SERVICE_TICK);
		ck_assert_int_eq(service_wait(&service, 0), SERVICE_TICK);
	}
}
END_TEST

START_TEST(a_stop_comes_before_all_that_is_pending_and_nothing_is_lost)
{
	static const int signals[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM};
	static const enum service_event order[] = {
		SERVICE_STOP, SERVICE_RELOAD, SERVICE_RELOAD_TABLES, SERVICE_COUNTERS, SERVICE_TICK,
	};

	start();
	for (unsigned int i = 0; i < COUNT_OF(signals); i++)
		ck_assert_int_eq(kill(getpid(), signals[i]), 0);
	for (unsigned int i = 0; i < COUNT_OF(order); i++)
		ck_assert_int_eq(service_wait(&service, 0), order[i]);
}
END_TEST

START_TEST(a_queue_that_is_long_keeps_no_stop)
{
	enum { LONG = 8000 };
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_SIGPENDING, &limit), 0);
	if (limit.rlim_cur < 2 * LONG)
		return;
	start();
	for (int i = 0; i < LONG; i++)
		ck_assert_int_eq(kill(getpid(), SIGRTMIN), 0);
	ck_assert_int_eq(service_wait(&service, 0), SERVICE_UNUSED);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert_int_eq(service_wait(&service, 0), SERVICE_STOP);
	ck_assert_int_eq(service_wait(&service, 0), SERVICE_UNUSED);
	ck_assert_int_eq(service_wait(&service, 0), SERVICE_TICK);
}
END_TEST

START_TEST(a_pending_stop_is_seen_and_stays_pending)
{
	static const int signals[] = {SIGTERM, SIGINT};

	start();
	for (unsigned int i = 0; i < COUNT_OF(signals); i++) {
		ck_assert_int_eq(kill(getpid(), SIGHUP), 0);
		ck_assert(!service_stop_pending());
		ck_assert_int_eq(kill(getpid(), signals[i]), 0);
		ck_assert(service_stop_pending());
		ck_assert_int_eq(service_wait(&service, 0), SERVICE_STOP);
		ck_assert(!service_stop_pending());
		ck_assert_int_eq(service_wait(&service, 0), SERVICE_RELOAD);
	}
}
END_TEST

START_TEST(signals_that_the_parent_ignored_are_events_too)
{
	(void)signal(SIGHUP, SIG_IGN); /* nohup */
	start();
	ck_assert_int_eq(kill(getpid(), SIGHUP), 0);
	ck_assert_int_eq(service_wait(&service, 10000), SERVICE_RELOAD);
}
END_TEST

static void *wake(void *arg)
{
	(void)arg;
	service_wake(&service);
	service_wake(&service);
	return NULL;
}

START_TEST(another_thread_ends_a_wait)
{
	struct timespec before;
	struct timespec after;
	pthread_t thread;

	start();
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(service_wait(&service, 10000), SERVICE_TICK);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 5);
	ck_assert_int_eq(service_wait(&service, 0), SERVICE_TICK);
}
END_TEST

START_TEST(a_wait_without_events_takes_the_time_it_was_given)
{
	struct timespec before;
	struct timespec after;

	start();
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	ck_assert_int_eq(service_wait(&service, 60), SERVICE_TICK);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	ck_assert_int_ge((after.tv_sec - before.tv_sec) * 1000 +
				 (after.tv_nsec - before.tv_nsec) / 1000000,
			 59);
}
END_TEST

START_TEST(writing_to_a_closed_pipe_does_not_kill)
{
	int fds[2];

	start();
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), -1);
}
END_TEST

/* Pages of memory that the process has. */
static long resident_pages(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long pages = 0;

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%*d %ld", &pages), 1);
	(void)fclose(statm);
	return pages;
}

static void *allocate_and_free(void *arg)
{
	const size_t len = *(const size_t *)arg;
	char *large = malloc(len);

	ck_assert_ptr_nonnull(large);
	memset(large, 1, len);
	__asm__ volatile("" : : "r"(large) : "memory"); /* it is written, although it is not read */
	free(large);
	return NULL;
}

START_TEST(freed_memory_is_kept_once_asked_for)
{
	size_t len = 64 << 20;
	long before = resident_pages();

	service_keep_memory(0);
	(void)allocate_and_free(&len);
	ck_assert_int_ge((resident_pages() - before) * sysconf(_SC_PAGESIZE), (long)len);
}
END_TEST

START_TEST(what_is_kept_serves_every_thread)
{
	size_t large = 64 << 20;
	size_t small = 1 << 20;
	pthread_t thread;
	size_t before;

	service_keep_memory(0);
	(void)allocate_and_free(&large);
	before = mallinfo2().arena;
	ck_assert_int_eq(pthread_create(&thread, NULL, allocate_and_free, &small), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(mallinfo2().arena, before);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("service");
	TCase *cases = tcase_create("service");

	tcase_add_test(cases, every_signal_is_its_event);
	tcase_add_test(cases, signals_of_one_kind_that_pile_up_count_as_one);
	tcase_add_test(cases, a_stop_comes_before_all_that_is_pending_and_nothing_is_lost);
	tcase_add_test(cases, a_queue_that_is_long_keeps_no_stop);
	tcase_add_test(cases, a_pending_stop_is_seen_and_stays_pending);
	tcase_add_test(cases, signals_that_the_parent_ignored_are_events_too);
	tcase_add_test(cases, another_thread_ends_a_wait);
	tcase_add_test(cases, a_wait_without_events_takes_the_time_it_was_given);
	tcase_add_test(cases, writing_to_a_closed_pipe_does_not_kill);
	tcase_add_test(cases, freed_memory_is_kept_once_asked_for);
	tcase_add_test(cases, what_is_kept_serves_every_thread);
	suite_add_tcase(suite, cases);
	return suite;
}
