/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"
#include "sys/file.h"

char scratch_dir[] = "/tmp/glb-unit-XXXXXX";
char scratch_file[64];

void scratch_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
	(void)snprintf(scratch_file, sizeof(scratch_file), "%s/file", scratch_dir);
}

void scratch_remove(void)
{
	(void)unlink(scratch_file);
	(void)rmdir(scratch_file);
	ck_assert_msg(!rmdir(scratch_dir), "something is left in %s: %s", scratch_dir,
		      strerror(errno));
}

void scratch_write(const char *content)
{
	FILE *file = fopen(scratch_file, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

void scratch_check(const void *bytes, size_t len)
{
	struct file_bytes file;

	ck_assert_int_eq(file_read(&file, scratch_file, 0), 0);
	ck_assert_uint_eq(file.len, len);
	ck_assert_mem_eq(file.bytes, bytes, len);
	ck_assert_uint_eq(file.bytes[len], 0);
	file_free(&file);
}

unsigned int scratch_entries(void)
{
	DIR *list = opendir(scratch_dir);
	unsigned int count = 0;

	for (struct dirent *entry; (entry = readdir(list));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(list);
	return count;
}
