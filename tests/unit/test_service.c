/* SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"
#include "sys/service.h"

START_TEST(every_signal_is_its_event)
{
	static const struct {
		int signal;
		enum service_event want;
	} cases[] = {
		{SIGHUP, SERVICE_RELOAD},
		{SIGUSR1, SERVICE_RELOAD},
		{SIGTERM, SERVICE_STOP},
		{SIGINT, SERVICE_STOP},
	};

	service_start();
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_int_eq(kill(getpid(), cases[i].signal), 0);
		ck_assert_int_eq(service_wait(10000), cases[i].want);
		ck_assert_int_eq(service_wait(0), SERVICE_TICK);
	}
}
END_TEST

START_TEST(signals_of_one_kind_that_pile_up_count_as_one)
{
	service_start();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(kill(getpid(), SIGHUP), 0);
	ck_assert_int_eq(service_wait(10000), SERVICE_RELOAD);
	ck_assert_int_eq(service_wait(0), SERVICE_TICK);
}
END_TEST

START_TEST(a_stop_and_a_reload_are_both_delivered)
{
	service_start();
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert_int_eq(kill(getpid(), SIGHUP), 0);

	enum service_event first = service_wait(10000);
	enum service_event second = service_wait(10000);

	ck_assert(first != second && first != SERVICE_TICK && second != SERVICE_TICK);
}
END_TEST

START_TEST(a_wait_without_events_takes_the_time_it_was_given)
{
	struct timespec before;
	struct timespec after;

	service_start();
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	ck_assert_int_eq(service_wait(60), SERVICE_TICK);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	ck_assert_int_ge((after.tv_sec - before.tv_sec) * 1000 +
				 (after.tv_nsec - before.tv_nsec) / 1000000,
			 59);
}
END_TEST

START_TEST(writing_to_a_closed_pipe_does_not_kill)
{
	int fds[2];

	service_start();
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

START_TEST(freed_memory_is_kept_once_asked_for)
{
	const size_t len = 64 << 20;
	long before = resident_pages();
	char *large;

	service_keep_memory();
	large = malloc(len);
	ck_assert_ptr_nonnull(large);
	memset(large, 1, len);
	__asm__ volatile("" : : "r"(large) : "memory"); /* it is written, whoever reads it */
	free(large);
	ck_assert_int_ge((resident_pages() - before) * sysconf(_SC_PAGESIZE), (long)len);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("service");
	TCase *service = tcase_create("service");

	tcase_add_test(service, every_signal_is_its_event);
	tcase_add_test(service, signals_of_one_kind_that_pile_up_count_as_one);
	tcase_add_test(service, a_stop_and_a_reload_are_both_delivered);
	tcase_add_test(service, a_wait_without_events_takes_the_time_it_was_given);
	tcase_add_test(service, writing_to_a_closed_pipe_does_not_kill);
	tcase_add_test(service, freed_memory_is_kept_once_asked_for);
	suite_add_tcase(suite, service);
	return suite;
}
