/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "sys/file.h"

static char dir[] = "/tmp/glb-unit-XXXXXX";
static char path[64];

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
}

static void remove_directory(void)
{
	(void)unlink(path);
	(void)rmdir(path);
	ck_assert_msg(!rmdir(dir), "something is left in %s: %s", dir, strerror(errno));
}

static void write_file(const char *content)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void check_file(const void *bytes, size_t len)
{
	struct file_bytes file;

	ck_assert_int_eq(file_read(&file, path), 0);
	ck_assert_uint_eq(file.len, len);
	ck_assert_mem_eq(file.bytes, bytes, len);
	ck_assert_uint_eq(file.bytes[len], 0);
	free(file.bytes);
}

static unsigned int entries(void)
{
	DIR *list = opendir(dir);
	unsigned int count = 0;

	for (struct dirent *entry; (entry = readdir(list));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(list);
	return count;
}

static unsigned int mode_of_file(void)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_mode & 07777;
}

START_TEST(a_file_of_any_length_is_written_and_read_whole)
{
	static const size_t lens[] = {0, 1, 65534, 65535, 65536, 65537, 131071, 131072, 300000};
	static uint8_t bytes[300000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		ck_assert_int_eq(file_replace(path, bytes, lens[i]), 0);
		check_file(bytes, lens[i]);
	}
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(what_cannot_be_read_says_why)
{
	struct file_bytes file = {NULL, 99};

	ck_assert_int_eq(file_read(&file, path), -ENOENT);
	ck_assert_int_eq(file_read(&file, dir), -EISDIR);
	ck_assert_int_eq(file_read(&file, ""), -ENOENT);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

START_TEST(a_file_too_large_to_be_meant_is_refused)
{
	struct file_bytes file = {NULL, 99};

	write_file("");
	ck_assert_int_eq(truncate(path, (off_t)FILE_LEN_MAX + 1), 0); /* sparse */
	ck_assert_int_eq(file_read(&file, path), -EFBIG);
	ck_assert_uint_eq(file.len, 99);
}
END_TEST

START_TEST(a_new_file_has_the_mode_the_umask_leaves)
{
	(void)umask(027);
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0640);
	ck_assert_int_eq(unlink(path), 0);
	(void)umask(0);
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0666);
	ck_assert_uint_eq((unsigned int)umask(022), 0);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode)
{
	write_file("old");
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), 0);
	ck_assert_uint_eq(mode_of_file(), 0600);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
	char link[sizeof(path) + 8];
	struct stat info;

	(void)snprintf(link, sizeof(link), "%s/link", dir);
	write_file("old");
	ck_assert_int_eq(symlink("file", link), 0);
	ck_assert_int_eq(file_replace(link, (const uint8_t *)"newer", 5), 0);
	ck_assert_int_eq(lstat(link, &info), 0);
	ck_assert(S_ISLNK(info.st_mode));
	check_file("newer", 5);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(who_has_the_old_file_open_keeps_reading_the_old_one)
{
	char old[4] = {0};

	write_file("old");

	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), 0);
	ck_assert_int_eq(read(fd, old, 3), 3);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_str_eq(old, "old");
	check_file("new", 3);
}
END_TEST

START_TEST(a_file_that_could_not_be_written_whole_changes_nothing)
{
	static uint8_t bytes[8192];
	const struct rlimit limit = {4096, 4096}; /* as if the disk were full */

	write_file("old");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(file_replace(path, bytes, sizeof(bytes)), -EFBIG);
	check_file("old", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_place_where_no_file_can_be_is_refused_without_a_trace)
{
	char elsewhere[96];
	char endless[PATH_MAX + 1];

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/missing/file", dir);
	ck_assert_int_eq(file_replace(elsewhere, (const uint8_t *)"new", 3), -ENOENT);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = 0;
	ck_assert_int_eq(file_replace(endless, (const uint8_t *)"new", 3), -ENAMETOOLONG);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), -EISDIR);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_name_without_a_directory_means_the_current_one)
{
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(file_replace("file", (const uint8_t *)"new", 3), 0);
	check_file("new", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_device_or_pipe_is_not_replaced_by_a_file)
{
	struct stat info;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), -ENOTSUP);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert(S_ISFIFO(info.st_mode));
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(a_directory_that_cannot_be_synced_is_noticed_before_anything_changes)
{
	write_file("old");
	ck_assert_int_eq(chmod(dir, 0300), 0); /* may be written to, but not opened */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(dir, 65534, 65534), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	ck_assert_int_eq(file_replace(path, (const uint8_t *)"new", 3), -EACCES);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	check_file("old", 3);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *file = tcase_create("file");

	tcase_add_checked_fixture(file, make_directory, remove_directory);
	tcase_add_test(file, a_file_of_any_length_is_written_and_read_whole);
	tcase_add_test(file, what_cannot_be_read_says_why);
	tcase_add_test(file, a_file_too_large_to_be_meant_is_refused);
	tcase_add_test(file, a_new_file_has_the_mode_the_umask_leaves);
	tcase_add_test(file, a_replaced_file_keeps_its_mode);
	tcase_add_test(file, a_link_stays_a_link);
	tcase_add_test(file, who_has_the_old_file_open_keeps_reading_the_old_one);
	tcase_add_test(file, a_file_that_could_not_be_written_whole_changes_nothing);
	tcase_add_test(file, a_place_where_no_file_can_be_is_refused_without_a_trace);
	tcase_add_test(file, a_name_without_a_directory_means_the_current_one);
	tcase_add_test(file, a_device_or_pipe_is_not_replaced_by_a_file);
	tcase_add_test(file, a_directory_that_cannot_be_synced_is_noticed_before_anything_changes);
	suite_add_tcase(suite, file);
	return suite;
}
