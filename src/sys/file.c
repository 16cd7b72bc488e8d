/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { PIPE_PATIENCE_MS = 2000 };

/* Waits until a pipe has something to read. 0 or -errno. */
static int wait_for_pipe(int fd)
{
	struct pollfd pipe = {.fd = fd, .events = POLLIN};
	int ready = poll(&pipe, 1, PIPE_PATIENCE_MS);

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	return ready ? 0 : -ETIMEDOUT;
}

static int read_all(struct file_bytes *out, int fd)
{
	size_t room = 64 << 10;
	size_t len = 0;
	uint8_t *bytes = malloc(room);

	while (bytes) {
		ssize_t got = read(fd, bytes + len, room - len - 1);

		int err = 0;

		if (got < 0 && errno == EAGAIN)
			err = wait_for_pipe(fd);
		else if (got < 0 && errno != EINTR)
			err = -errno;
		if (err) {
			free(bytes);
			return err;
		}
		if (got < 0)
			continue;
		if (len + (size_t)got > FILE_LEN_MAX) {
			free(bytes);
			return -EFBIG;
		}
		if (got == 0) {
			bytes[len] = 0;
			*out = (struct file_bytes){bytes, len};
			return 0;
		}
		len += (size_t)got;
		if (len + 1 < room)
			continue;

		uint8_t *more = realloc(bytes, room *= 2);

		if (!more)
			free(bytes);
		bytes = more;
	}
	return -ENOMEM;
}

int file_read(struct file_bytes *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;

	int err = read_all(out, fd);

	(void)close(fd);
	return err;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			bytes += put;
			len -= (size_t)put;
		}
	}
	return 0;
}

/* The mode of the file at path, or of a new one. */
static mode_t mode_for(const char *path)
{
	struct stat info;

	if (!stat(path, &info))
		return info.st_mode & 0777;

	mode_t mask = umask(0);

	(void)umask(mask);
	return 0666 & ~mask;
}

/* Closes fd in any case. */
static int write_temporary(int fd, mode_t mode, const uint8_t *bytes, size_t len)
{
	int err = write_all(fd, bytes, len);

	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* Is there nothing at path, or something a file may take the place of? */
static int check_replaceable(const char *path)
{
	struct stat info;

	if (stat(path, &info) || S_ISREG(info.st_mode))
		return 0;
	return S_ISDIR(info.st_mode) ? -EISDIR : -ENOTSUP;
}

static int write_and_rename(const char *path, const char *dir, const uint8_t *bytes, size_t len)
{
	char temporary[PATH_MAX + 16];

	(void)snprintf(temporary, sizeof(temporary), "%s/.glb-XXXXXX", dir);

	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0)
		return -errno;

	int err = write_temporary(fd, mode_for(path), bytes, len);

	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		(void)unlink(temporary);
	return err;
}

int file_replace(const char *path, const uint8_t *bytes, size_t len)
{
	char target[PATH_MAX];
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	if (realpath(path, target)) /* of a new file the path as it is */
		path = target;

	const char *dir = dirname(strcpy(copy, path));
	int err = check_replaceable(path);

	if (err)
		return err;

	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return -errno;
	err = write_and_rename(path, dir, bytes, len);
	if (!err && fsync(dir_fd) && errno != EINVAL) /* EINVAL: this file system cannot */
		err = -errno;
	(void)close(dir_fd);
	return err;
}
