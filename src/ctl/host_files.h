/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the kernel say in a file of /proc or /sys, or what do the same files of a copy say?
 *
 * Everything is read below a root folder, "" for the host itself, so that a copy of the files of
 * another host can be looked at. Such a copy may hold anything: only regular files are read, to a
 * bound, and nothing is waited for.
 */
#ifndef CTL_HOST_FILES_H
#define CTL_HOST_FILES_H

#include "cpu_set.h"

enum {
	HOST_TEXT_LEN = 16384, /* of a file; what is behind it is not read */
	HOST_PATH_LEN = 512,
	HOST_ENTRIES_MAX = 4096, /* of a folder */
};

/* Writes a path. Returns out; an empty path, which names no file, where it has no room. */
GLB_PRINTF(2, 3) const char *host_path(char out[HOST_PATH_LEN], const char *format, ...);

/* May this stand in a path as the name of one entry? */
bool host_is_name(const char *name);

/*
 * Reads a file, without the white space at its end. 0; -errno of opening or reading; -EINVAL: it is
 * no regular file.
 */
GLB_NODISCARD int host_text(char out[HOST_TEXT_LEN], const char *root, const char *path);

/* The same of a file that is one number in decimal, perhaps negative: -EINVAL if it is none. */
GLB_NODISCARD int host_number(int64_t *out, const char *root, const char *path);

/* The same of a list of processors. */
GLB_NODISCARD int host_cpus(struct cpu_set *out, const char *root, const char *path);

/*
 * The value of the line "NAME: value" of a file that was read, without white space around it, cut
 * to `room` bytes. False, with `out` untouched: there is no such line.
 */
bool host_field(char *out, size_t room, const char *text, const char *name);

/* Calls for every entry of a folder but those that begin with a dot. 0 or -errno. */
GLB_NODISCARD int host_entries(const char *root, const char *path,
			       void (*entry)(void *arg, const char *name), void *arg);

#endif
