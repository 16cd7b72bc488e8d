/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "conf/input.h"
#include "suite.h"

static char dir[] = "/tmp/glb-unit-XXXXXX";

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void remove_directory(void)
{
	(void)unlink("first");
	(void)unlink("second");
	(void)unlink("new");
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_number(const char *path, unsigned int number)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%u", number) < 0 || fclose(file))
		abort();
}

static void put_in_place(const char *path, unsigned int number)
{
	write_number("new", number);
	if (rename("new", path))
		abort();
}

/* The number in a file that was read. */
static long number_in(const struct conf_input *input)
{
	return strtol((const char *)input->file.bytes, NULL, 10);
}

START_TEST(a_file_that_changes_before_the_other_is_read_is_read_again)
{
	struct conf_input inputs[] = {{.path = "first"}, {.path = "second"}};

	put_in_place("first", 1);
	put_in_place("second", 1);

	int fd = open("second", O_WRONLY); /* and so it is not read yet */

	ck_assert_int_eq(pwrite(fd, "1", 1, 0), 1);

	pid_t child = child_start();

	if (!child) {
		(void)usleep(60000);
		put_in_place("first", 2);
		_exit(pwrite(fd, "2", 1, 0) != 1);
	}
	ck_assert_int_eq(close(fd), 0);
	inputs_read(inputs, 2);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_int_eq(inputs[i].err, 0);
		ck_assert_int_eq(number_in(&inputs[i]), 2);
	}
	inputs_free(inputs, 2);
	child_ends_well(child);
}
END_TEST

START_TEST(a_pipe_is_read_once_though_the_other_file_changes)
{
	struct conf_input inputs[] = {{.path = "first"}, {.path = "second"}};

	ck_assert_int_eq(mkfifo("first", 0600), 0);
	put_in_place("second", 1);

	pid_t child = child_start();

	if (!child) {
		int fd = open("first", O_WRONLY); /* once it is being read */

		put_in_place("second", 2);
		_exit(write(fd, "7", 1) != 1 || close(fd));
	}
	inputs_read(inputs, 2);
	ck_assert_int_eq(inputs[0].err, 0);
	ck_assert_int_eq(inputs[1].err, 0);
	ck_assert_int_eq(number_in(&inputs[0]), 7);
	ck_assert_int_eq(number_in(&inputs[1]), 2);
	inputs_free(inputs, 2);
	child_ends_well(child);
}
END_TEST

START_TEST(standard_input_is_one_file_for_whoever_wants_it)
{
	struct conf_input inputs[] = {
		{.path = "-", .standard = true},
		{.path = "-", .standard = true},
	};
	struct conf_input plain = {.path = "-"};

	write_number("first", 3);
	ck_assert_int_eq(dup2(open("first", O_RDONLY), STDIN_FILENO), STDIN_FILENO);
	inputs_read(inputs, 2);
	ck_assert_int_eq(inputs[0].err, 0);
	ck_assert_int_eq(number_in(&inputs[0]), 3);
	ck_assert_int_eq(inputs[1].err, -EALREADY);
	inputs_free(inputs, 2);
	inputs_read(&plain, 1);
	ck_assert_int_eq(plain.err, -ENOENT);
}
END_TEST

START_TEST(two_files_are_never_mixed)
{
	unsigned int read = 0;

	put_in_place("first", 1);
	put_in_place("second", 1);

	pid_t child = child_start();

	for (unsigned int i = 2; !child; i++) {
		put_in_place("first", i);
		put_in_place("second", i);
		(void)usleep(i % 8 * 100);
	}
	for (unsigned int i = 0; i < 100; i++) {
		struct conf_input inputs[] = {{.path = "first"}, {.path = "second"}};

		inputs_read(inputs, 2);
		if (inputs[0].err || inputs[1].err) {
			ck_assert(inputs[0].err == -EBUSY || inputs[1].err == -EBUSY);
		} else {
			ck_assert_int_ge(number_in(&inputs[0]), number_in(&inputs[1]));
			ck_assert_int_le(number_in(&inputs[0]), number_in(&inputs[1]) + 1);
			read++;
		}
		inputs_free(inputs, 2);
	}
	ck_assert_uint_ne(read, 0);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

START_TEST(what_cannot_be_read_is_reported_and_does_not_keep_the_other_from_being_read)
{
	struct conf_input inputs[] = {{.path = "first"}, {.path = "second"}};
	struct report report;

	write_number("second", 1);
	inputs_read(inputs, 2);
	report_init(&report);
	ck_assert_int_eq(input_check(&inputs[0], &report), -ENOENT);
	ck_assert_int_eq(input_check(&inputs[1], &report), 0);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 1);
	ck_assert_str_eq(report.problems[0].path, "first");
	ck_assert_str_eq(report.problems[0].reason, "No such file or directory");
	ck_assert_int_eq(number_in(&inputs[1]), 1);
	inputs_free(inputs, 2);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("input");
	TCase *input = tcase_create("input");

	tcase_add_checked_fixture(input, make_directory, remove_directory);
	tcase_add_test(input, a_file_that_changes_before_the_other_is_read_is_read_again);
	tcase_add_test(input, a_pipe_is_read_once_though_the_other_file_changes);
	tcase_add_test(input, standard_input_is_one_file_for_whoever_wants_it);
	tcase_add_test(input, two_files_are_never_mixed);
	tcase_add_test(input,
		       what_cannot_be_read_is_reported_and_does_not_keep_the_other_from_being_read);
	suite_add_tcase(suite, input);
	return suite;
}
