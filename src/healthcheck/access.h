/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which command gives the process access to a file that it may not read or write?
 *
 * The checker runs as its own user, and tables files are readable only by those who may have keys.
 */
#ifndef HEALTHCHECK_ACCESS_H
#define HEALTHCHECK_ACCESS_H

struct conf_input;
struct report;

enum { ACCESS_WHY_LEN = 512 };

/*
 * Explains why a path could not be read (-EACCES): who may read it, or which directory on the way
 * denies access, which user the process runs as, and, if it fits, a command with which the owner
 * can grant access to the process's group. Returns out.
 */
const char *access_explain_read(char out[ACCESS_WHY_LEN], const char *path);

/*
 * Explains why a path could not be replaced (-EACCES or -EROFS), which requires access to its
 * directory. That would grant access to every file in it, so the advice is to use another
 * directory. Returns out.
 */
const char *access_explain_write(char out[ACCESS_WHY_LEN], const char *path);

/* As input_check(), with the explanation of access_explain_read(). */
__attribute__((warn_unused_result)) int access_check(const struct conf_input *input,
						     struct report *report);

#endif
