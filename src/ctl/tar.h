/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are several texts combined into one file that tar and gzip can read?
 *
 * A new file with mode 0600 that contains regular files, accessible to their owner only, in the
 * ustar format of POSIX.1-2001 pax(1), compressed as in RFC 1952.
 */
#ifndef CTL_TAR_H
#define CTL_TAR_H

#include <stddef.h>
#include <time.h>

#include <glb/bytes.h>

enum { TAR_NAME_LEN = 100 }; /* of a member's name, with the NUL */

struct tar;

/*
 * Creates the file; `at` is the modification time of every member. Returns 0 and sets *out, to be
 * released with tar_close(); -EEXIST if the path exists, which is left alone; another -errno of
 * creating it; or -ENOMEM.
 */
GLB_NODISCARD int tar_open(struct tar **out, const char *path, time_t at);

/* Adds a member. Errors are reported by tar_close(). */
void tar_add(struct tar *tar, const char *name, const char *bytes, size_t len);

/* Completes the file and waits until it is on disk. Returns 0; or -errno, and the file is
 * removed. */
GLB_NODISCARD int tar_close(struct tar *tar);

#endif
