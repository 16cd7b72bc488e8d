/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in a file of /proc, as this process and its network namespace see it?
 */
#ifndef GLB_REDIRECT_HOST_SYSCTL_H
#define GLB_REDIRECT_HOST_SYSCTL_H

#include <glb/bytes.h>

enum { SYSCTL_TEXT_LEN = 32768, SYSCTL_PATH_LEN = 128 };

/* Reads a file, with a NUL; what is beyond SYSCTL_TEXT_LEN is left out. Returns 0 or -errno. */
GLB_NODISCARD int sysctl_text(char out[SYSCTL_TEXT_LEN], const char *path);

/*
 * Reads a setting that is one number, by its path below /proc/sys, such as `net/core/somaxconn`.
 * Returns 0; -EINVAL if it is not a number; or -errno.
 */
GLB_PRINTF(2, 3) GLB_NODISCARD int sysctl_number(int64_t *out, const char *format, ...);

#endif
