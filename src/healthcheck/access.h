/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which command gives the process a file that it may not have?
 *
 * The checker runs as a user of its own, and files of tables are for those who are to have keys.
 */
#ifndef HEALTHCHECK_ACCESS_H
#define HEALTHCHECK_ACCESS_H

struct conf_input;
struct report;

enum { ACCESS_WHY_LEN = 512 };

/*
 * Says of a path that could not be read for -EACCES who may read it, or pass the first directory on
 * the way that keeps the process off, whom the process runs as, and which command of its owner's
 * mends it for the process's group, unless that is too long. Returns out.
 */
const char *access_explain_read(char out[ACCESS_WHY_LEN], const char *path);

/*
 * The same of a path that could not be replaced, for -EACCES or -EROFS, which takes its directory.
 * To grant that would grant all files there, so the advice is another directory. Returns out.
 */
const char *access_explain_write(char out[ACCESS_WHY_LEN], const char *path);

/* input_check(), with what access_explain_read() says. */
__attribute__((warn_unused_result)) int access_check(const struct conf_input *input,
						     struct report *report);

#endif
