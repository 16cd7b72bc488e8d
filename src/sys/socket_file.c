/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sys/socket_file.h"

enum {
	BACKLOG = 64,
	LOCK_TRIES = 100, /* 10 ms apart */
	PATH_SHOWN = 140,
	NAME_LEN = 32,
};

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == SOCKET_PATH_LEN, "unix(7)");

__attribute__((format(printf, 3, 4))) static int refuse(char why[SOCKET_WHY_LEN], int err,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, SOCKET_WHY_LEN, format, args);
	va_end(args);
	return err;
}

static struct sockaddr_un socket_file_address_of(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memcpy(addr.sun_path, path, strlen(path) + 1);
	return addr;
}

/* The name of a process, or "a process" if it cannot be read. */
static void name_process(char out[NAME_LEN], pid_t pid)
{
	char path[32];
	size_t len = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file) {
		len = fread(out, 1, NAME_LEN - 1, file);
		(void)fclose(file);
	}
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (!*out)
		(void)snprintf(out, NAME_LEN, "a process");
}

/* Reports that a path is taken, and by which process if the connection shows it. */
static int refuse_taken(const char *path, int fd, char why[SOCKET_WHY_LEN])
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	char name[NAME_LEN];

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || !peer.pid)
		return refuse(why, -EADDRINUSE,
			      "%.*s: socket path taken: another process listens there", PATH_SHOWN,
			      path);
	name_process(name, peer.pid);
	return refuse(why, -EADDRINUSE, "%.*s: socket path taken: %s, process %d, listens there",
		      PATH_SHOWN, path, name, (int)peer.pid);
}

/* Removes a stale socket from a path. Returns 0 if it was stale and is removed; or -errno and
 * why. */
static int clear_path(const char *path, char why[SOCKET_WHY_LEN])
{
	const struct sockaddr_un addr = socket_file_address_of(path);
	struct stat file;
	int fd;
	int err;

	if (lstat(path, &file))
		return errno == ENOENT
			       ? 0
			       : refuse(why, -errno, "%.*s: %s", PATH_SHOWN, path, strerror(errno));
	if (!S_ISSOCK(file.st_mode))
		return refuse(why, -EADDRINUSE,
			      "%.*s: socket path taken by a file that is not a socket", PATH_SHOWN,
			      path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(why, -errno, "%.*s: %s", PATH_SHOWN, path, strerror(errno));
	err = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
	if (!err)
		err = refuse_taken(path, fd, why);
	else if (err == ECONNREFUSED)
		err = unlink(path) ? refuse(why, -errno, "%.*s: a dead process left it: %s",
					    PATH_SHOWN, path, strerror(errno))
				   : 0;
	else if (err == EAGAIN) /* connected, but its queue is full */
		err = refuse_taken(path, -1, why);
	else
		err = refuse(why, -err, "%.*s: %s", PATH_SHOWN, path, strerror(err));
	(void)close(fd);
	return err;
}

/* flock(2); its header clashes with one of ours. */
static int socket_file_try_lock(int fd)
{
	enum { LOCK_EXCLUSIVE = 2, LOCK_NO_WAIT = 4 };

	return (int)syscall(SYS_flock, fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT);
}

/*
 * Serializes processes that start to serve in one directory: a socket that is bound but not
 * listening yet looks like a stale one. Returns the descriptor of the lock, or -errno and why.
 */
static int lock_directory(const char *path, char why[SOCKET_WHY_LEN])
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const char *slash = strrchr(path, '/');
	char directory[SOCKET_PATH_LEN] = ".";
	int fd;

	if (slash)
		(void)snprintf(directory, sizeof(directory), "%.*s",
			       slash == path ? 1 : (int)(slash - path), path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(why, -errno, "%.*s: its directory: %s", PATH_SHOWN, path,
			      strerror(errno));
	for (int i = 0; socket_file_try_lock(fd); i++) {
		if (errno == EWOULDBLOCK && i < LOCK_TRIES) {
			(void)nanosleep(&pause, NULL);
			continue;
		}
		(void)close(fd);
		return refuse(why, -EBUSY, "%.*s: its directory stays locked", PATH_SHOWN, path);
	}
	return fd;
}

/* Binds the socket, accessible to its owner only at first, and listens. Returns 0 or -errno. */
static int socket_file_listen_at(struct socket_file *file, mode_t mode)
{
	const struct sockaddr_un addr = socket_file_address_of(file->path);
	struct stat made;

	/* the file gets the mode of the socket, less the umask: unix(7) */
	if (fchmod(file->fd, S_IRUSR | S_IWUSR) ||
	    bind(file->fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	if (chmod(file->path, mode) || listen(file->fd, BACKLOG) || lstat(file->path, &made)) {
		int err = -errno;

		(void)unlink(file->path);
		return err;
	}
	file->device = made.st_dev;
	file->inode = made.st_ino;
	return 0;
}

static int socket_file_open_locked(struct socket_file *file, mode_t mode, char why[SOCKET_WHY_LEN])
{
	int err = clear_path(file->path, why);

	if (err)
		return err;
	file->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = file->fd < 0 ? -errno : socket_file_listen_at(file, mode);
	if (!err)
		return 0;
	if (file->fd >= 0)
		(void)close(file->fd);
	return refuse(why, err, "%.*s: %s", PATH_SHOWN, file->path, strerror(-err));
}

int socket_file_open(struct socket_file *out, const char *path, mode_t mode,
		     char why[SOCKET_WHY_LEN])
{
	struct socket_file file = {.fd = -1};

	if (strlen(path) >= SOCKET_PATH_LEN)
		return refuse(why, -ENAMETOOLONG,
			      "%.*s...: longer than the %d bytes of a socket's "
			      "path",
			      PATH_SHOWN, path, SOCKET_PATH_LEN - 1);
	memcpy(file.path, path, strlen(path) + 1);

	int lock = lock_directory(path, why);

	if (lock < 0)
		return lock;

	int err = socket_file_open_locked(&file, mode, why);

	(void)close(lock);
	if (!err)
		*out = file;
	return err;
}

void socket_file_close(struct socket_file *file)
{
	struct stat there;

	(void)close(file->fd);
	if (!lstat(file->path, &there) && there.st_dev == file->device &&
	    there.st_ino == file->inode)
		(void)unlink(file->path);
	file->fd = -1;
}
