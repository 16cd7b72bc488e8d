/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "suite.h"
#include "sys/outlet.h"

enum { LINES = 5000, ROOM = 8192 };

static int fds[2];
static struct outlet *outlet;

static void make_pipe(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ge(fcntl(fds[1], F_SETPIPE_SZ, 4096), 0);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void put_line(unsigned int number)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "line %u\n", number);
	outlet_put(outlet, line, strlen(line));
}

/* Reads lines to the end; every number is there, or is one of those that a line says were lost. */
static unsigned int check_lines(FILE *in, unsigned int count)
{
	unsigned int next = 0;
	unsigned int number;
	unsigned int lost = 0;
	char line[256];

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "line %u", &number) == 1) {
			ck_assert_uint_eq(number, next++);
			continue;
		}
		ck_assert_int_eq(
			sscanf(line, "test_outlet: warning: %u lines lost: no room", &number), 1);
		lost += number;
		next += number;
	}
	ck_assert_uint_eq(next, count);
	return lost;
}

/* A process reads to the end and compares. */
static pid_t start_reader(unsigned int count, unsigned int lost_least, unsigned int lost_most)
{
	pid_t reader = child_start();

	if (!reader) {
		(void)close(fds[1]);

		unsigned int lost = check_lines(fdopen(fds[0], "r"), count);

		_exit(lost < lost_least || lost > lost_most);
	}
	return reader;
}

/* Everything was written, and the reader found what it should. */
static void end_well(pid_t reader)
{
	ck_assert_int_eq(outlet_close(outlet, 10000), 0);
	(void)close(fds[1]);
	child_ends_well(reader);
}

START_TEST(a_reader_that_reads_gets_every_line_in_order)
{
	ck_assert_int_eq(outlet_open(&outlet, fds[1], LINES * 12), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	end_well(start_reader(LINES, 0, 0));
}
END_TEST

START_TEST(a_reader_that_does_not_read_delays_nobody_and_hears_what_it_missed)
{
	uint64_t before = now_ms();

	ck_assert_int_eq(outlet_open(&outlet, fds[1], ROOM), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	ck_assert_uint_lt(now_ms() - before, 1000);

	pid_t reader = start_reader(LINES + 1, 3000, LINES);

	(void)usleep(100000); /* there is room again */
	put_line(LINES);
	end_well(reader);
}
END_TEST

START_TEST(an_outlet_that_is_flushed_has_written_all_and_takes_more)
{
	char text[64] = "";

	ck_assert_int_eq(outlet_open(&outlet, fds[1], ROOM), 0);
	put_line(0);
	ck_assert_int_eq(outlet_flush(outlet, 10000), 0);
	ck_assert_int_eq(read(fds[0], text, sizeof(text)), strlen("line 0\n"));
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	ck_assert_int_eq(outlet_flush(outlet, 100), -ETIMEDOUT);
	(void)close(fds[0]);
	ck_assert_int_eq(outlet_flush(outlet, 10000), 0);
	ck_assert_int_eq(outlet_close(outlet, 10000), 0);
}
END_TEST

START_TEST(lines_lost_last_are_mentioned_too)
{
	ck_assert_int_eq(outlet_open(&outlet, fds[1], ROOM), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	end_well(start_reader(LINES, 3000, LINES));
}
END_TEST

START_TEST(an_end_waits_for_a_reader_only_so_long)
{
	uint64_t before = now_ms();

	ck_assert_int_eq(outlet_open(&outlet, fds[1], ROOM), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	ck_assert_int_eq(outlet_close(outlet, 200), -ETIMEDOUT);
	ck_assert_uint_ge(now_ms() - before, 199);
	ck_assert_uint_lt(now_ms() - before, 5000);
	put_line(0); /* is lost, and nothing else */
}
END_TEST

START_TEST(without_a_reader_text_is_dropped)
{
	(void)close(fds[0]);
	ck_assert_int_eq(outlet_open(&outlet, fds[1], ROOM), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	ck_assert_int_eq(outlet_close(outlet, 10000), 0);
}
END_TEST

START_TEST(a_descriptor_that_does_not_block_loses_nothing)
{
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(outlet_open(&outlet, fds[1], LINES * 12), 0);
	for (unsigned int i = 0; i < LINES; i++)
		put_line(i);
	end_well(start_reader(LINES, 0, 0));
}
END_TEST

/* As a disk that is full: of a file, no more than `len` bytes can be written. */
static void limit_files(rlim_t len)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = len < limit.rlim_max ? len : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(lines_that_a_full_disk_had_no_room_for_are_mentioned_before_the_next)
{
	FILE *file = tmpfile();
	char text[256] = "";

	ck_assert_ptr_nonnull(file);
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(strlen("line 0\nlin"));
	ck_assert_int_eq(outlet_open(&outlet, fileno(file), ROOM), 0);
	for (unsigned int i = 0; i < 3; i++) {
		put_line(i);
		ck_assert_int_eq(outlet_flush(outlet, 10000), 0);
	}
	limit_files(RLIM_INFINITY);
	put_line(3);
	put_line(4);
	ck_assert_int_eq(outlet_close(outlet, 10000), 0);
	ck_assert_int_gt(pread(fileno(file), text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "line 0\nlin\n"
			       "test_outlet: warning: 2 lines lost: File too large\n"
			       "line 3\nline 4\n");
	(void)fclose(file);
}
END_TEST

START_TEST(lines_lost_to_a_full_disk_last_are_mentioned_too)
{
	FILE *file = tmpfile();
	char text[256] = "";

	ck_assert_ptr_nonnull(file);
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(0);
	ck_assert_int_eq(outlet_open(&outlet, fileno(file), ROOM), 0);
	put_line(0);
	ck_assert_int_eq(outlet_flush(outlet, 10000), 0);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(outlet_close(outlet, 10000), 0);
	ck_assert_int_gt(pread(fileno(file), text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "test_outlet: warning: 1 line lost: File too large\n");
	(void)fclose(file);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("outlet");
	TCase *cases = tcase_create("outlet");

	tcase_add_checked_fixture(cases, make_pipe, NULL);
	tcase_add_test(cases, a_reader_that_reads_gets_every_line_in_order);
	tcase_add_test(cases, a_reader_that_does_not_read_delays_nobody_and_hears_what_it_missed);
	tcase_add_test(cases, an_outlet_that_is_flushed_has_written_all_and_takes_more);
	tcase_add_test(cases, lines_lost_last_are_mentioned_too);
	tcase_add_test(cases, an_end_waits_for_a_reader_only_so_long);
	tcase_add_test(cases, without_a_reader_text_is_dropped);
	tcase_add_test(cases, lines_that_a_full_disk_had_no_room_for_are_mentioned_before_the_next);
	tcase_add_test(cases, lines_lost_to_a_full_disk_last_are_mentioned_too);
	tcase_add_test(cases, a_descriptor_that_does_not_block_loses_nothing);
	suite_add_tcase(suite, cases);
	return suite;
}
