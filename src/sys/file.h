/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a file read whole?
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stddef.h>
#include <stdint.h>

struct file_bytes {
	uint8_t *bytes; /* a 0 byte follows the last one */
	size_t len;
};

/* A file larger than this is a mistake: 400 times the largest table file seen in the field. */
#define FILE_LEN_MAX ((size_t)256 << 20)

/*
 * Reads a file whole. Returns 0 and sets *out, to be released with file_free();
 * otherwise -errno, -EFBIG for more than FILE_LEN_MAX bytes, -ENOMEM. A pipe may keep silent for
 * two seconds
 * (-ETIMEDOUT): who reloads a file has other things to do than to wait.
 */
__attribute__((warn_unused_result)) int file_read(struct file_bytes *out, const char *path);

/* Releases the bytes of a file, which may hold keys: they are overwritten first. */
void file_free(struct file_bytes *file);

/* What an error of this module or of replace.h means, for people: a static string. */
const char *file_reason(int err);

#endif
