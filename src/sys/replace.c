/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "replace.h"

enum {
	LOCK_TRIES = 250,
	LOCK_PAUSE_NS = 20 * 1000 * 1000,
	ATTRIBUTE_LEN_MAX = 65536, /* of a value, and of the list of names: Linux allows no more */
};

/* Declared in <sys/file.h>, whose name clashes with ours; the constants are in <fcntl.h>, too. */
extern int flock(int fd, int operation);

static const char posix_acl[] = "system.posix_acl_access";
static const char nfs4_acl[] = "system.nfs4_acl";

/* --- Lock --- */

/*
 * Opened read-only where possible: file_read() would wait for a writer. Some network file systems
 * grant locks on writable descriptors only.
 */
static int open_locked(const char *path)
{
	static const int ways[] = {O_RDONLY, O_RDWR};
	int err = 0;

	for (unsigned int i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int fd = open(path, ways[i] | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		if (fd < 0)
			return err ? err : -errno;
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		err = -errno; /* EAGAIN equals EWOULDBLOCK */
		(void)close(fd);
		if (err != -EBADF)
			break;
	}
	return err;
}

/* Is the open file the one at `path` now? */
static bool is_at(const char *path, int fd)
{
	struct stat named;
	struct stat opened;

	return !stat(path, &named) && !fstat(fd, &opened) && named.st_dev == opened.st_dev &&
	       named.st_ino == opened.st_ino;
}

/* Returns -EAGAIN also if the file was replaced before the lock was obtained. */
static int try_lock(const char *path)
{
	int fd = open_locked(path);

	if (fd < 0 || is_at(path, fd))
		return fd;
	(void)close(fd);
	return -EAGAIN;
}

int file_lock(const char *path)
{
	static const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	struct stat info;
	int fd = -EAGAIN;

	if (stat(path, &info))
		return -errno;
	if (!S_ISREG(info.st_mode))
		return S_ISDIR(info.st_mode) ? -EISDIR : -ENOTSUP;
	for (int i = 0; i < LOCK_TRIES && (fd == -EAGAIN || fd == -EINTR); i++) {
		if (i)
			(void)nanosleep(&pause, NULL);
		fd = try_lock(path);
	}
	return fd;
}

/* --- Access --- */

/* The file whose permissions the new one gets. */
struct access {
	const char *path; /* NULL: there is none */
	struct stat info;
	bool replaced; /* it is the file being replaced */
};

static bool is_acl(const char *name)
{
	return !strcmp(name, posix_acl) || !strcmp(name, nfs4_acl);
}

/* A signature is specific to the old content; the kernel creates the new one. */
static bool is_signature(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

static int copy_attribute(int fd, const char *from, const char *name)
{
	char *value = malloc(ATTRIBUTE_LEN_MAX);
	ssize_t len = value ? getxattr(from, name, value, ATTRIBUTE_LEN_MAX) : -1;
	int err = len < 0 || fsetxattr(fd, name, value, (size_t)len, 0) ? -EPERM : 0;

	free(value);
	return err;
}

/*
 * Copies labels and user attributes where possible. Returns false if an access control list could
 * not be copied: the group bits, which are the upper bound of what the list grants, then grant too
 * much.
 */
static bool copy_attributes(int fd, const struct access *access)
{
	char *names = malloc(ATTRIBUTE_LEN_MAX);
	ssize_t len = names ? listxattr(access->path, names, ATTRIBUTE_LEN_MAX) : 0;
	bool complete = names != NULL;

	for (const char *name = names; name && name - names < len; name += strlen(name) + 1) {
		bool wanted = is_acl(name) || (access->replaced && !is_signature(name));

		if (wanted && copy_attribute(fd, access->path, name) && is_acl(name))
			complete = false;
	}
	free(names);
	return complete;
}

/* The group gets nothing and others at most what the old group had, as its members now count as
 * others. */
static mode_t without_group(mode_t mode)
{
	return mode & (0700 | (mode >> 3 & 07));
}

/* The new group and others get only what both the old group and others had: their members may
 * have been either. */
static mode_t with_another_group(mode_t mode)
{
	mode_t both = mode >> 3 & mode & 07;

	return (mode & 0700) | both << 3 | both;
}

static mode_t initial_mode(const struct access *access)
{
	if (access->replaced)
		return access->info.st_mode & 0777;

	mode_t mask = umask(0);

	(void)umask(mask);
	return access->info.st_mode & 0666 & ~mask;
}

/* With a list, individual members of the new group may have been denied access by name. */
static bool has_list(const char *path)
{
	return getxattr(path, posix_acl, NULL, 0) > 0 || getxattr(path, nfs4_acl, NULL, 0) > 0;
}

/* The file is still empty, and accessible to its owner only. */
static int set_access(int fd, const struct access *access)
{
	mode_t mode = initial_mode(access);
	struct stat info;

	(void)fremovexattr(fd, posix_acl); /* it may be inherited from the directory */
	if (access->path) {
		uid_t owner = access->replaced ? access->info.st_uid : (uid_t)-1;

		if (fchown(fd, owner, access->info.st_gid) &&
		    fchown(fd, (uid_t)-1, access->info.st_gid))
			mode = has_list(access->path) ? without_group(mode)
						      : with_another_group(mode);
		else if (!copy_attributes(fd, access))
			mode = without_group(mode);
	}
	if (fstat(fd, &info))
		return -errno;
	/* an access control list that is not POSIX may be affected by this */
	if ((info.st_mode & 07777) != mode && fchmod(fd, mode))
		return -errno;
	return 0;
}

/* Returns 0, or -errno if there is something at path that must not be replaced by a file. */
static int find_access(struct access *out, const char *path, const struct file_draft *draft)
{
	struct access access = {.path = path};

	access.replaced = !stat(path, &access.info);
	if (access.replaced && !S_ISREG(access.info.st_mode))
		return S_ISDIR(access.info.st_mode) ? -EISDIR : -ENOTSUP;
	if (draft->secret)
		access.replaced = false;
	if (!access.replaced) {
		access.path = draft->secret ? NULL : draft->source;
		access.info.st_mode = draft->secret ? 0600 : 0666;
	}
	if (!access.replaced && access.path && stat(access.path, &access.info)) {
		access.path = NULL; /* source is gone: assume that it was secret */
		access.info.st_mode = 0600;
	}
	*out = access;
	return 0;
}

/* --- Content --- */

static int replace_write_all(int fd, const uint8_t *bytes, size_t len)
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

/* Closes fd in every case. */
static int write_temporary(int fd, const struct access *access, const struct file_draft *draft)
{
	int err = set_access(fd, access);

	if (!err)
		err = replace_write_all(fd, draft->bytes, draft->len);
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* Compares the content: timestamps may be too coarse to show a change. */
static int check_unchanged(const char *path, const struct file_bytes *was)
{
	struct file_bytes now;

	if (!was)
		return 0;

	int err = file_read(&now, path, 0);

	if (err)
		return err == -ENOENT ? -ESTALE : err;
	if (now.len != was->len || memcmp(now.bytes, was->bytes, now.len) != 0)
		err = -ESTALE;
	file_free(&now);
	return err;
}

static int write_and_rename(const char *path, const char *dir, const struct file_draft *draft)
{
	char temporary[PATH_MAX + 16];
	struct access access;
	int err = find_access(&access, path, draft);

	if (err)
		return err;
	(void)snprintf(temporary, sizeof(temporary), "%s/.glb-XXXXXX", dir);

	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = write_temporary(fd, &access, draft);
	if (!err)
		err = check_unchanged(path, draft->was);
	if (!err && rename(temporary, path))
		err = errno == EBUSY ? -EXDEV : -errno; /* -EBUSY is reserved for file_read() */
	if (err)
		(void)unlink(temporary);
	return err;
}

int file_replace(const char *path, const struct file_draft *draft)
{
	char target[PATH_MAX];
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	if (realpath(path, target)) /* for a new file, the path as given */
		path = target;

	const char *dir = dirname(strcpy(copy, path));
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return -errno;

	int err = write_and_rename(path, dir, draft);

	if (!err && fsync(dir_fd) &&
	    errno != EINVAL) /* EINVAL: not supported by this file system */
		err = -errno;
	(void)close(dir_fd);
	return err;
}
