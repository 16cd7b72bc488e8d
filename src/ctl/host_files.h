/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in a file of /proc or /sys, of this host or of a copy?
 *
 * Everything is read below a root directory ("" for the host itself), so that a copy of another
 * host's files can be examined. A copy may contain anything: only regular files are read, up to a
 * limit, and nothing blocks.
 */
#ifndef CTL_HOST_FILES_H
#define CTL_HOST_FILES_H

#include "cpu_set.h"

enum {
	HOST_TEXT_LEN = 16384, /* of a file; the rest is not read */
	HOST_PATH_LEN = 512,
	HOST_ENTRIES_MAX = 4096, /* of a directory */
};

/* Formats a path. Returns out; or "", which names no file, if it does not fit. */
GLB_PRINTF(2, 3) const char *host_path(char out[HOST_PATH_LEN], const char *format, ...);

/* Is the name safe to use as one component of a path? */
bool host_is_name(const char *name);

/*
 * Reads a file, without trailing white space. Returns 0; -errno of opening or reading it; or
 * -EINVAL if it is not a regular file.
 */
GLB_NODISCARD int host_text(char out[HOST_TEXT_LEN], const char *root, const char *path);

/* Reads a file that contains one decimal number, possibly negative. Returns as host_text(), and
 * -EINVAL if it is not a number. */
GLB_NODISCARD int host_number(int64_t *out, const char *root, const char *path);

/* Reads a file that contains a list of processors. Returns as host_text(), and -EINVAL if it is
 * not a list. */
GLB_NODISCARD int host_cpus(struct cpu_set *out, const char *root, const char *path);

/*
 * Finds the line "NAME: value" in a text and copies the value, without surrounding white space,
 * truncated to `room` bytes. False, with `out` untouched: there is no such line.
 */
bool host_field(char *out, size_t room, const char *text, const char *name);

/* Calls entry() for every entry of a directory whose name does not begin with a dot. Returns 0 or
 * -errno. */
GLB_NODISCARD int host_entries(const char *root, const char *path,
			       void (*entry)(void *arg, const char *name), void *arg);

#endif
