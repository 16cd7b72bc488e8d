/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "sys/loop.h"

static struct loop *loop;
static char calls[64]; /* which were called, in order */
static int fds[2];

static void open_loop(void)
{
	ck_assert_int_eq(loop_open(&loop), 0);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	calls[0] = '\0';
}

static void close_loop(void)
{
	loop_close(loop);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void note(char who)
{
	const char text[] = {who, '\0'};

	strcat(calls, text);
}

static void on_tick(void *arg)
{
	note(*(char *)arg);
	if (strlen(calls) >= 5)
		loop_end(loop);
}

static void on_end(void *arg)
{
	note(*(char *)arg);
	loop_end(loop);
}

static void on_read(void *arg)
{
	char byte;

	note(*(char *)arg);
	if (read(fds[0], &byte, 1) == 1 && byte == '.')
		loop_end(loop);
}

START_TEST(what_can_be_read_is_reported_until_it_is_read)
{
	ck_assert_int_eq(loop_watch(loop, fds[0], on_read, "r"), 0);
	ck_assert_int_eq(write(fds[1], "123.", 4), 4);
	loop_run(loop);
	ck_assert_str_eq(calls, "rrrr");
	ck_assert_int_eq(write(fds[1], ".", 1), 1);
	loop_run(loop); /* again */
	ck_assert_str_eq(calls, "rrrrr");
}
END_TEST

START_TEST(a_period_comes_again_and_again)
{
	ck_assert_int_eq(loop_every(loop, 1, on_tick, "t"), 0);
	loop_run(loop);
	ck_assert_str_eq(calls, "ttttt");
}
END_TEST

START_TEST(what_comes_later_comes_once_and_in_order)
{
	ck_assert_int_eq(loop_after(loop, 30, on_end, "3"), 0);
	ck_assert_int_eq(loop_after(loop, 1, on_tick, "1"), 0);
	ck_assert_int_eq(loop_after(loop, 15, on_tick, "2"), 0);
	loop_run(loop);
	ck_assert_str_eq(calls, "123");
}
END_TEST

static void start_another(void *arg)
{
	note(*(char *)arg);
	ck_assert_int_eq(loop_after(loop, 1, on_end, "b"), 0);
}

START_TEST(a_call_may_ask_for_another)
{
	ck_assert_int_eq(loop_after(loop, 1, start_another, "a"), 0);
	loop_run(loop);
	ck_assert_str_eq(calls, "ab");
}
END_TEST

START_TEST(what_was_not_called_yet_goes_with_the_loop)
{
	ck_assert_int_eq(loop_after(loop, 60000, on_end, "x"), 0);
	ck_assert_int_eq(loop_every(loop, 60000, on_end, "x"), 0);
	ck_assert_int_eq(loop_watch(loop, fds[0], on_read, "x"), 0);
	loop_close(loop);
	ck_assert_int_eq(write(fds[1], ".", 1), 1);
	ck_assert_str_eq(calls, "");
	loop = NULL;
}
END_TEST

START_TEST(what_cannot_be_waited_for_is_refused)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(loop_watch(loop, fd, on_read, "x"), -EPERM);
	(void)close(fd);
	ck_assert_int_eq(loop_watch(loop, fds[0], on_read, "r"), 0);
	ck_assert_int_eq(write(fds[1], ".", 1), 1);
	loop_run(loop);
	ck_assert_str_eq(calls, "r");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("loop");
	TCase *cases = tcase_create("loop");

	tcase_add_checked_fixture(cases, open_loop, close_loop);
	tcase_add_test(cases, what_can_be_read_is_reported_until_it_is_read);
	tcase_add_test(cases, a_period_comes_again_and_again);
	tcase_add_test(cases, what_comes_later_comes_once_and_in_order);
	tcase_add_test(cases, a_call_may_ask_for_another);
	tcase_add_test(cases, what_was_not_called_yet_goes_with_the_loop);
	tcase_add_test(cases, what_cannot_be_waited_for_is_refused);
	suite_add_tcase(suite, cases);
	return suite;
}
