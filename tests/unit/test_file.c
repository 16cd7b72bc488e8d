/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "sys/replace.h"

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
	file_free(&file);
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

START_TEST(a_file_of_any_length_is_written_and_read_whole)
{
	static const size_t lens[] = {0, 1, 65534, 65535, 65536, 65537, 131071, 131072, 300000};
	static uint8_t bytes[300000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		ck_assert_int_eq(
			file_replace(path, &(struct file_draft){.bytes = bytes, .len = lens[i]}),
			0);
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

Suite *unit_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *file = tcase_create("file");

	tcase_add_checked_fixture(file, make_directory, remove_directory);
	tcase_add_test(file, a_file_of_any_length_is_written_and_read_whole);
	tcase_add_test(file, what_cannot_be_read_says_why);
	tcase_add_test(file, a_file_too_large_to_be_meant_is_refused);
	suite_add_tcase(suite, file);
	return suite;
}
