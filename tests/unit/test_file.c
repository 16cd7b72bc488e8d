/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "scratch.h"
#include "suite.h"
#include "sys/clock.h"
#include "sys/replace.h"

START_TEST(a_file_of_any_length_is_written_and_read_whole)
{
	static const size_t lens[] = {0, 1, 65534, 65535, 65536, 65537, 131071, 131072, 300000};
	static uint8_t bytes[300000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		ck_assert_int_eq(file_replace(scratch_file,
					      &(struct file_draft){.bytes = bytes, .len = lens[i]}),
				 0);
		scratch_check(bytes, lens[i]);
	}
	ck_assert_uint_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(what_cannot_be_read_says_why)
{
	struct file_bytes file = {.len = 99};

	ck_assert_int_eq(file_read(&file, scratch_file, 0), -ENOENT);
	ck_assert_int_eq(file_read(&file, scratch_dir, 0), -EISDIR);
	ck_assert_int_eq(file_read(&file, "", 0), -ENOENT);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

START_TEST(what_may_have_no_end_is_not_read)
{
	struct file_bytes file = {.len = 99};

	ck_assert_int_eq(file_read(&file, "/dev/zero", 0), -ENOTSUP);
	ck_assert_int_eq(file_read(&file, "/dev/null", 0), -ENOTSUP);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

/* A pipe into which another process writes, every so many milliseconds, without end. */
static pid_t start_pipe(unsigned int every_ms)
{
	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);

	int fd = open(scratch_file, O_RDWR);
	pid_t child = child_start();

	if (child)
		return child; /* with fd open, so that the pipe has a writer at once */
	for (;;) {
		(void)!write(fd, "    ", 4);
		(void)usleep(every_ms * 1000);
	}
}

START_TEST(a_pipe_has_its_time_however_often_it_says_something)
{
	static const unsigned int everies[] = {0, 20, 10000};
	struct file_bytes file = {.len = 99};

	for (unsigned int i = 0; i < COUNT_OF(everies); i++) {
		pid_t child = start_pipe(everies[i]);
		time_t before = time(NULL);

		ck_assert_int_eq(file_read(&file, scratch_file, 300), -ETIMEDOUT);
		ck_assert_int_le(time(NULL) - before, 2);
		ck_assert_uint_eq(file.len, 99);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		ck_assert_int_eq(unlink(scratch_file), 0);
	}
}
END_TEST

START_TEST(a_pipe_waits_for_its_first_writer_and_for_slow_ones)
{
	pid_t child = child_start();

	if (!child) {
		(void)usleep(300000);

		int fd = open(scratch_file, O_WRONLY);

		(void)usleep(2500000); /* longer than a director in service would wait */
		_exit(write(fd, "whole", 5) != 5 || close(fd));
	}
	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	scratch_check("whole", 5);
	child_ends_well(child);
}
END_TEST

START_TEST(a_pipe_into_which_nobody_writes_is_empty)
{
	pid_t child = child_start();

	if (!child) {
		(void)usleep(100000);
		_exit(close(open(scratch_file, O_WRONLY)));
	}
	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	scratch_check("", 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

START_TEST(a_pipe_without_a_writer_has_its_time_too)
{
	struct file_bytes file = {.len = 99};

	ck_assert_int_eq(mkfifo(scratch_file, 0600), 0);
	ck_assert_int_eq(file_read(&file, scratch_file, 50), -ETIMEDOUT);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

START_TEST(standard_input_is_read_from_where_it_stands_whatever_it_is)
{
	struct file_bytes file;
	int ends[2];

	scratch_write("0123456789");
	ck_assert_int_eq(dup2(open(scratch_file, O_RDONLY), STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(lseek(STDIN_FILENO, 4, SEEK_SET), 4);
	ck_assert_int_eq(file_read_standard(&file), 0);
	ck_assert_str_eq((const char *)file.bytes, "456789");
	ck_assert_uint_eq(file.len, 6);
	ck_assert_uint_eq(file.info.st_mode, 0);
	file_free(&file);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);

	pid_t child = child_start();

	if (!child) {
		(void)usleep(100000);
		_exit(write(ends[1], "late", 4) != 4 || shutdown(ends[1], SHUT_WR));
	}
	ck_assert_int_eq(file_read_standard(&file), 0);
	ck_assert_str_eq((const char *)file.bytes, "late");
	file_free(&file);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);

	ck_assert_int_eq(dup2(open(scratch_dir, O_RDONLY), STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(file_read_standard(&file), -EISDIR);
}
END_TEST

START_TEST(a_file_too_large_to_be_meant_is_refused)
{
	struct file_bytes file = {.len = 99};

	scratch_write("");
	ck_assert_int_eq(truncate(scratch_file, (off_t)FILE_LEN_MAX + 1), 0); /* sparse */
	ck_assert_int_eq(file_read(&file, scratch_file, 0), -EFBIG);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

/* Writers that do not put a new file in place of the old one but write into that. */
enum { LARGE_LEN = 300000, CHUNK_LEN = 4096, STALL_MS = 90 };

static void write_at(int fd, const uint8_t *bytes, size_t at, size_t len)
{
	if (pwrite(fd, bytes + at, len, (off_t)at) != (ssize_t)len)
		_exit(1);
}

/* As rsync --inplace does. */
static void write_over(int fd, const uint8_t *bytes)
{
	for (size_t at = 0; at < LARGE_LEN; at += CHUNK_LEN)
		write_at(fd, bytes, at, at + CHUNK_LEN < LARGE_LEN ? CHUNK_LEN : LARGE_LEN - at);
}

/* As cp does. */
static void empty_and_write(int fd, const uint8_t *bytes)
{
	if (ftruncate(fd, 0))
		_exit(1);
	write_over(fd, bytes);
}

/* As an editor that writes a file in two goes, and dawdles. */
static void write_slowly(int fd, const uint8_t *bytes)
{
	write_at(fd, bytes, 0, LARGE_LEN / 2);
	(void)usleep(60000);
	write_at(fd, bytes, LARGE_LEN / 2, LARGE_LEN - LARGE_LEN / 2);
}

static void map_and_write(int fd, const uint8_t *bytes)
{
	uint8_t *mapped = mmap(NULL, LARGE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED)
		_exit(1);
	memcpy(mapped, bytes, LARGE_LEN);
	(void)munmap(mapped, LARGE_LEN);
}

static const char *other_path(void)
{
	static char other[sizeof(scratch_file) + 8];

	(void)snprintf(other, sizeof(other), "%s.new", scratch_file);
	return other;
}

static void remove_other(void)
{
	(void)unlink(other_path());
}

/* As careful programs do. */
static void rename_over(int fd, const uint8_t *bytes)
{
	int new = open(other_path(), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)fd;
	if (new < 0)
		_exit(1);
	write_over(new, bytes);
	(void)close(new);
	if (rename(other_path(), scratch_file))
		_exit(1);
}

static const struct writer {
	void (*write)(int fd, const uint8_t *bytes);
	bool keeps_open;
	bool rests;	   /* between two versions */
	bool unprivileged; /* the reader, which can hold no writer off */
	unsigned int reads;
} writers[] = {
	{write_over, true, false, false, 4},	  {write_over, false, true, false, 100},
	{write_over, false, false, false, 10},	  {empty_and_write, false, true, false, 100},
	{empty_and_write, true, false, false, 4}, {write_slowly, true, false, false, 4},
	{map_and_write, true, false, false, 4},	  {rename_over, false, false, false, 100},
	{write_over, false, true, true, 4},	  {empty_and_write, false, true, true, 4},
	{write_slowly, false, false, true, 4},	  {rename_over, false, true, true, 4},
};

/* When the writer began what it is doing, and the longest that it took so far; shared with it. */
static struct pace {
	uint64_t began_ms;
	uint64_t longest_ms;
} * pace;

static uint64_t write_ms(void)
{
	uint64_t now_ms = clock_ms();
	uint64_t began_ms = __atomic_load_n(&pace->began_ms, __ATOMIC_SEQ_CST);
	uint64_t longest_ms = __atomic_load_n(&pace->longest_ms, __ATOMIC_SEQ_CST);

	return now_ms - began_ms > longest_ms ? now_ms - began_ms : longest_ms;
}

/* Fills the file with one letter after the other, without end. */
static pid_t start_writer(const struct writer *writer)
{
	static uint8_t bytes[LARGE_LEN];

	pace = mmap(NULL, sizeof(*pace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pace, MAP_FAILED);
	pace->began_ms = clock_ms();

	pid_t child = child_start();

	if (child)
		return child;

	int fd = writer->keeps_open ? open(scratch_file, O_RDWR) : -1;

	for (unsigned int i = 0;; i++) {
		memset(bytes, 'a' + (int)(i % 26), sizeof(bytes));
		if (!writer->keeps_open)
			fd = open(scratch_file, O_WRONLY);
		writer->write(fd, bytes);
		__atomic_store_n(&pace->longest_ms, write_ms(), __ATOMIC_SEQ_CST);
		__atomic_store_n(&pace->began_ms, clock_ms(), __ATOMIC_SEQ_CST);
		if (!writer->keeps_open)
			(void)close(fd);
		if (writer->rests)
			(void)usleep(1000);
	}
}

/*
 * 0 or the error; all of it must be one letter. A file whose writer
 * was not scheduled for a while looks finished, unless the writer can be held off.
 */
static int read_letters(const struct writer *writer)
{
	struct file_bytes file;
	int err = file_read(&file, scratch_file, 0);

	if (err)
		return err;
	if (!writer->unprivileged || write_ms() < STALL_MS) {
		ck_assert_uint_eq(file.len, LARGE_LEN);
		ck_assert_msg(!memcmp(file.bytes, file.bytes + 1, file.len - 1), "%c and %c",
			      file.bytes[0], file.bytes[file.len - 1]);
	}
	file_free(&file);
	return 0;
}

/* May read the file, but is not its owner. */
static void drop_privileges(void)
{
	ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
	ck_assert_int_eq(chmod(scratch_file, 0644), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

START_TEST(a_file_is_read_as_it_was_at_one_moment_or_not_at_all)
{
	const struct writer *writer = &writers[_i];
	uint8_t bytes[LARGE_LEN];
	unsigned int refused = 0;

	memset(bytes, 'z', sizeof(bytes));
	ck_assert_int_eq(file_replace(scratch_file,
				      &(struct file_draft){.bytes = bytes, .len = sizeof(bytes)}),
			 0);

	pid_t child = start_writer(writer);

	if (writer->unprivileged)
		drop_privileges();
	for (unsigned int i = 0; i < writer->reads; i++) {
		int err = read_letters(writer);

		ck_assert_msg(!err || err == -EBUSY, "error %d", err);
		refused += err != 0;
	}
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	remove_other();
	if (!writer->unprivileged && (writer->rests || writer->write == rename_over))
		ck_assert_uint_eq(refused, 0);
}
END_TEST

START_TEST(a_file_left_alone_is_read_though_somebody_may_write_it)
{
	scratch_write("old");

	int fd = open(scratch_file, O_RDWR);

	scratch_check("old", 3);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *file = tcase_create("file");

	tcase_add_checked_fixture(file, scratch_make, scratch_remove);
	tcase_add_test(file, a_file_of_any_length_is_written_and_read_whole);
	tcase_add_test(file, what_cannot_be_read_says_why);
	tcase_add_test(file, what_may_have_no_end_is_not_read);
	tcase_add_test(file, a_pipe_has_its_time_however_often_it_says_something);
	tcase_add_test(file, a_pipe_waits_for_its_first_writer_and_for_slow_ones);
	tcase_add_test(file, a_pipe_into_which_nobody_writes_is_empty);
	tcase_add_test(file, a_pipe_without_a_writer_has_its_time_too);
	tcase_add_test(file, standard_input_is_read_from_where_it_stands_whatever_it_is);
	tcase_add_test(file, a_file_too_large_to_be_meant_is_refused);
	tcase_add_loop_test(file, a_file_is_read_as_it_was_at_one_moment_or_not_at_all, 0,
			    COUNT_OF(writers));
	tcase_add_test(file, a_file_left_alone_is_read_though_somebody_may_write_it);
	suite_add_tcase(suite, file);
	return suite;
}
