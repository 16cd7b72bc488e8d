/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do several texts become one file that tar and gzip can read?
 *
 * A new file, mode 0600, of regular files for their owner alone, in the ustar format of
 * POSIX.1-2001 pax(1), compressed as in RFC 1952.
 */
#ifndef CTL_TAR_H
#define CTL_TAR_H

#include <stddef.h>
#include <time.h>

#include <glb/bytes.h>

enum { TAR_NAME_LEN = 100 }; /* of a member, with the NUL */

struct tar;

/*
 * Makes the file; `at` is the time that every member has. 0 and *out, for tar_close(); -EEXIST:
 * there is something at the path, which is left as it is; else -errno of making it, -ENOMEM.
 */
GLB_NODISCARD int tar_open(struct tar **out, const char *path, time_t at);

/* Adds a member. What fails is reported by tar_close(). */
void tar_add(struct tar *tar, const char *name, const char *bytes, size_t len);

/* Ends the file and waits until the disk has it. 0; or -errno, and the file is removed. */
GLB_NODISCARD int tar_close(struct tar *tar);

#endif
