/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does everything a fuzzer once found still hold?
 *
 * Runs a fuzz target over every file of the directories given. None at all is a failure.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"
#include "sys/file.h"

static int run_file(const char *path)
{
	struct file_bytes file;
	int err = file_read(&file, path, 0);

	if (err) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return -1;
	}

	/* A copy of exactly its size, so that sanitizers notice reading on. */
	uint8_t *exact = malloc(file.len ? file.len : 1);

	PROMISE(exact);
	memcpy(exact, file.bytes, file.len);
	(void)fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(exact, file.len);
	free(exact);
	free(file.bytes);
	return 0;
}

/* Number of files run, or -1. */
static int run_directory(const char *name)
{
	DIR *dir = opendir(name);
	int count = 0;

	if (!dir) {
		perror(name);
		return -1;
	}
	for (struct dirent *entry; count >= 0 && (entry = readdir(dir));) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
		count = run_file(path) ? -1 : count + 1;
	}
	(void)closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = run_directory(argv[i]);

		if (count < 0)
			return EXIT_FAILURE;
		total += count;
	}
	printf("%d inputs\n", total);
	return total ? EXIT_SUCCESS : EXIT_FAILURE;
}
