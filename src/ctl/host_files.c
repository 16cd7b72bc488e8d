/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_files.h"

const char *host_path(char out[HOST_PATH_LEN], const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out, HOST_PATH_LEN, format, args);
	va_end(args);
	if (len < 0 || len >= HOST_PATH_LEN)
		out[0] = '\0';
	return out;
}

bool host_is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

/* Returns a descriptor or -errno. */
static int open_below(const char *root, const char *path, int flags)
{
	char whole[2 * HOST_PATH_LEN];
	int fd;

	if (!*path || snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	return fd < 0 ? -errno : fd;
}

static void trim(char *text, size_t len)
{
	while (len && strchr(" \t\n", text[len - 1]))
		len--;
	text[len] = '\0';
}

/* Reads until the end of file or the limit. Returns 0 or -errno. */
static int host_files_read_text(char out[HOST_TEXT_LEN], int fd)
{
	struct stat info;
	size_t len = 0;
	ssize_t got = 1;

	if (fstat(fd, &info))
		return -errno;
	if (!S_ISREG(info.st_mode))
		return -EINVAL;
	while (got > 0 && len < HOST_TEXT_LEN - 1) {
		got = read(fd, out + len, HOST_TEXT_LEN - 1 - len);
		if (got < 0)
			return -errno;
		len += (size_t)got;
	}
	for (size_t i = 0; i < len; i++)
		if (!out[i])
			out[i] = ' '; /* such as the separators in /proc/PID/cmdline */
	trim(out, len);
	return 0;
}

int host_text(char out[HOST_TEXT_LEN], const char *root, const char *path)
{
	int fd = open_below(root, path, 0);
	int err;

	if (fd < 0)
		return fd;
	err = host_files_read_text(out, fd);
	(void)close(fd);
	return err;
}

int host_number(int64_t *out, const char *root, const char *path)
{
	char text[HOST_TEXT_LEN];
	int err = host_text(text, root, path);
	long long number;
	char *end;

	if (err)
		return err;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	*out = number;
	return 0;
}

int host_cpus(struct cpu_set *out, const char *root, const char *path)
{
	char text[HOST_TEXT_LEN];
	int err = host_text(text, root, path);

	return err ? err : cpu_set_read(out, text);
}

bool host_field(char *out, size_t room, const char *text, const char *name)
{
	size_t name_len = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *value = text + name_len + 1;

		if (strncmp(text, name, name_len) != 0 || text[name_len] != ':')
			continue;
		value += strspn(value, " \t");
		(void)snprintf(out, room, "%.*s", (int)strcspn(value, "\n"), value);
		trim(out, strlen(out));
		return true;
	}
	return false;
}

int host_entries(const char *root, const char *path, void (*entry)(void *arg, const char *name),
		 void *arg)
{
	int fd = open_below(root, path, O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	unsigned int left = HOST_ENTRIES_MAX;

	if (fd < 0)
		return fd;
	if (!folder) {
		(void)close(fd);
		return -ENOMEM;
	}
	for (struct dirent *one; left && (one = readdir(folder)); left--)
		if (host_is_name(one->d_name))
			entry(arg, one->d_name);
	(void)closedir(folder);
	return 0;
}
