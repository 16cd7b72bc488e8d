/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
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

const char *file_reason(int err)
{
	switch (err) {
	case -EAGAIN:
		return "is locked: somebody else is changing it";
	case -ESTALE:
		return "was changed by somebody else meanwhile; nothing was written";
	default:
		return strerror(-err);
	}
}

void file_free(struct file_bytes *file)
{
	if (file->bytes)
		explicit_bzero(file->bytes, file->len);
	free(file->bytes);
	*file = (struct file_bytes){0};
}
