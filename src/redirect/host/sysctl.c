/* SPDX-License-Identifier: BSD-3-Clause */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sysctl_text(char out[SYSCTL_TEXT_LEN], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 1;
	int error = 0;

	if (fd < 0)
		return -errno;
	while (got > 0 && len < SYSCTL_TEXT_LEN - 1) {
		got = read(fd, out + len, SYSCTL_TEXT_LEN - 1 - len);
		if (got < 0)
			error = -errno;
		else
			len += (size_t)got;
	}
	out[len] = '\0';
	close(fd);
	return error;
}

int sysctl_number(int64_t *out, const char *format, ...)
{
	static const char folder[] = "/proc/sys/";
	char path[SYSCTL_PATH_LEN];
	char text[SYSCTL_TEXT_LEN];
	char *end;
	va_list args;

	memcpy(path, folder, sizeof(folder));
	va_start(args, format);
	(void)vsnprintf(path + sizeof(folder) - 1, sizeof(path) - sizeof(folder) + 1, format, args);
	va_end(args);

	int error = sysctl_text(text, path);

	if (error)
		return error;
	errno = 0;

	long long number = strtoll(text, &end, 10);

	if (errno || end == text || end[strspn(end, " \n")])
		return -EINVAL;
	*out = number;
	return 0;
}
