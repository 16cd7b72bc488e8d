/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"

enum {
	READ_PATIENCE_MS = 500,
	READ_PAUSE_MS = 5,
	/* How long a file must have been unmodified if writers cannot be ruled out. */
	QUIET_MS = 100,	     /* several ticks of the coarsest clock used for timestamps */
	QUIET_OPEN_MS = 250, /* if it is open for writing */
	LOOK_AGAIN_MS = 20,  /* long enough for a writer that was preempted to continue */
	NEWER_MAX = 3,	     /* times that a replaced file is read again */
	FIRST_ROOM = 64 << 10,
	UNCHECKED_ROOM = 4 << 20,
};

static const uint64_t NO_DEADLINE = UINT64_MAX;

static void pause_ms(unsigned int ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000L};

	(void)nanosleep(&pause, NULL);
}

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A read in progress. */
struct reading {
	int fd;
	uint64_t until_ms; /* deadline for the end of a pipe, on the monotonic clock */
	uint8_t *bytes;
	size_t len;
	size_t room;
};

/* Waits until a pipe is readable or its last writer has closed it. 0 or -errno. */
static int wait_for_pipe(const struct reading *reading)
{
	struct pollfd pipe = {.fd = reading->fd, .events = POLLIN};
	uint64_t now_ms = monotonic_ms();
	uint64_t left_ms = now_ms < reading->until_ms ? reading->until_ms - now_ms : 0;
	int ready = poll(&pipe, 1, reading->until_ms == NO_DEADLINE ? -1 : (int)left_ms);

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	return ready ? 0 : -ETIMEDOUT;
}

static int make_room(struct reading *reading, size_t room)
{
	if (room > UNCHECKED_ROOM &&
	    room > memory_left()
			    .bytes) /* the process would be killed rather than see malloc() fail */
		return -ENOMEM;

	uint8_t *bytes = realloc(reading->bytes, room);

	if (!bytes)
		return -ENOMEM;
	reading->bytes = bytes;
	reading->room = room;
	return 0;
}

/* Reads the next piece. 1: there may be more; 0: end of file; or -errno. */
static int file_read_more(struct reading *reading)
{
	int err = reading->len + 1 < reading->room ? 0 : make_room(reading, reading->room * 2);

	if (err)
		return err;

	ssize_t got =
		read(reading->fd, reading->bytes + reading->len, reading->room - reading->len - 1);

	if (got < 0 && errno == EAGAIN)
		err = wait_for_pipe(reading);
	else if (got < 0 && errno != EINTR)
		err = -errno;
	if (got <= 0)
		return got ? (err ? err : 1) : 0;
	reading->len += (size_t)got;
	if (reading->len > FILE_LEN_MAX)
		return -EFBIG;
	/* the deadline also holds for a pipe that is always readable */
	return monotonic_ms() < reading->until_ms ? 1 : -ETIMEDOUT;
}

/* A correct `expected_len` avoids copies, which would remain in freed memory. */
static int read_all(struct file_bytes *out, int fd, size_t expected_len, uint64_t until_ms)
{
	struct reading reading = {.fd = fd, .until_ms = until_ms};
	int more = make_room(&reading, expected_len < FIRST_ROOM ? FIRST_ROOM : expected_len + 2);

	if (!more)
		more = 1;
	while (more > 0)
		more = file_read_more(&reading);
	if (more < 0) {
		free(reading.bytes);
		return more;
	}
	reading.bytes[reading.len] = 0;
	*out = (struct file_bytes){.bytes = reading.bytes, .len = reading.len};
	return 0;
}

bool file_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What is known about writers while a file is read. */
enum writers {
	HELD_OFF, /* no one has it open for writing, and no one can open it until this descriptor is
		     closed */
	MAYBE,	  /* unknown: not supported by the file system, or no privileges */
	PRESENT,  /* it is open for writing, or mapped */
};

/* Tries to hold writers off with a lease (fcntl(2)). The signal that breaks it must be ignored. */
static enum writers hold_off_writers(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG))
		return MAYBE;
	if (!fcntl(fd, F_SETLEASE, F_RDLCK))
		return HELD_OFF;
	return errno == EAGAIN ? PRESENT : MAYBE;
}

/* Has it been unmodified for long enough? A time in the future proves nothing and never passes. */
static bool is_quiet(const struct stat *info, enum writers writers)
{
	int64_t quiet_ms = writers == PRESENT ? QUIET_OPEN_MS : QUIET_MS;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);

	int64_t age_ms = (now.tv_sec - info->st_ctim.tv_sec) * (int64_t)1000 +
			 (now.tv_nsec - info->st_ctim.tv_nsec) / 1000000;

	return age_ms < 0 || age_ms >= quiet_ms;
}

/* Writes through a mapping do not update the timestamp, so the content is compared. */
static bool reads_the_same(int fd, const struct file_bytes *file)
{
	uint8_t part[4096];
	size_t at = 0;

	for (;;) {
		ssize_t got = pread(fd, part, sizeof(part), (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || (size_t)got > file->len - at ||
		    memcmp(part, file->bytes + at, (size_t)got) != 0)
			break;
		at += (size_t)got;
	}
	explicit_bzero(part, sizeof(part));
	return at == file->len;
}

/* Was the whole file read, without a change meanwhile? */
static bool is_whole(const struct file_bytes *file, int fd)
{
	struct stat after;

	return !fstat(fd, &after) && file_same(&after, &file->info) &&
	       /* files generated by the kernel have size 0 */
	       (!after.st_size || (size_t)after.st_size == file->len);
}

/* -EBUSY: it may be changing, try again. */
static int read_regular(struct file_bytes *out, int fd, const struct stat *info)
{
	enum writers writers = hold_off_writers(fd);
	struct file_bytes file;

	if (writers != HELD_OFF && !is_quiet(info, writers))
		return -EBUSY;

	int err = read_all(&file, fd, (size_t)info->st_size, NO_DEADLINE);

	if (err)
		return err;
	file.info = *info;
	if (writers == PRESENT)
		pause_ms(LOOK_AGAIN_MS);
	if ((writers != HELD_OFF && !reads_the_same(fd, &file)) || !is_whole(&file, fd)) {
		file_free(&file);
		return -EBUSY;
	}
	*out = file;
	return 0;
}

/* A FIFO that was opened without blocking reads as empty before its first writer opens it. */
static int read_pipe(struct file_bytes *out, int fd, uint64_t until_ms)
{
	const struct reading reading = {.fd = fd, .until_ms = until_ms};
	int err = wait_for_pipe(&reading);

	return err ? err : read_all(out, fd, 0, until_ms);
}

static int try_read(struct file_bytes *out, const char *path, uint64_t until_ms)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	int err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &info))
		err = -errno;
	else if (S_ISFIFO(info.st_mode))
		err = read_pipe(out, fd, until_ms);
	else if (!S_ISREG(info.st_mode))
		err = S_ISDIR(info.st_mode) ? -EISDIR : -ENOTSUP;
	else if (info.st_size > (off_t)FILE_LEN_MAX)
		err = -EFBIG;
	else
		err = read_regular(out, fd, &info);
	(void)close(fd); /* also ends the lease */
	return err;
}

/* Has the name been given to another file? */
static bool is_replaced(const struct file_bytes *file, const char *path)
{
	struct stat named;

	return S_ISREG(file->info.st_mode) && !stat(path, &named) &&
	       !file_same(&named, &file->info);
}

int file_read(struct file_bytes *out, const char *path, unsigned int pipe_ms)
{
	uint64_t until_ms = pipe_ms ? monotonic_ms() + pipe_ms : NO_DEADLINE;
	struct file_bytes file;
	unsigned int newer = 0;
	unsigned int waited_ms = 0;
	int err = try_read(&file, path, until_ms);

	while ((err == -EBUSY && waited_ms < READ_PATIENCE_MS) ||
	       (!err && newer < NEWER_MAX && is_replaced(&file, path))) {
		if (err) {
			pause_ms(READ_PAUSE_MS);
			waited_ms += READ_PAUSE_MS;
		} else {
			file_free(&file);
			newer++;
		}
		err = try_read(&file, path, until_ms);
	}
	if (!err)
		*out = file;
	return err;
}

int file_read_standard(struct file_bytes *out)
{
	return read_all(out, STDIN_FILENO, 0, NO_DEADLINE);
}

const char *file_reason(int err)
{
	switch (err) {
	case -EAGAIN:
		return "is locked: another process is changing it";
	case -EBUSY:
		return "changed while it was read";
	case -EFBIG:
		return "is larger than 256 MiB";
	case -EALREADY:
		return "is standard input, which can be read once only";
	case -ENOMEM:
		return "out of memory";
	case -ENOTSUP:
		return "is neither a regular file nor a pipe";
	case -ETIMEDOUT:
		return "is a pipe that did not come to its end in time";
	case -EXDEV:
		return "is a mount point, and cannot be replaced: mount the directory that it is "
		       "in";
	case -ESTALE:
		return "was changed by another process meanwhile; nothing was written";
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
