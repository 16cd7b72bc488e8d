/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a whole, consistent file read while others may be writing it?
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_bytes {
	uint8_t *bytes; /* followed by a 0 byte that `len` does not count */
	size_t len;
	struct stat info; /* of a regular file, unchanged from before to after the read; otherwise
			     zeros */
};

/* A larger file is a mistake: 400 times the largest table file seen in the field. */
#define FILE_LEN_MAX ((size_t)256 << 20)

/* Timeout for pipes, for services that cannot wait for one indefinitely. */
enum { FILE_PIPE_MS = 2000 };

/*
 * Reads a whole file as it was at one moment, never a mix of old and new content. A writer that
 * modifies the file in place is held off for the duration of the read (by a lease, which the kernel
 * grants to owners and to CAP_LEASE on local file systems). Where no lease can be had, or the file
 * is already open for writing, it must have been unmodified for a moment (100 ms; 250 ms if it is
 * open for writing) and must not change while it is read. A file that is replaced during the read
 * is read again, a limited number of times. A pipe is read from its first writer to its last.
 *
 * Not detected: a writer that closes the file in mid-update or, where there is no lease, pauses for
 * longer than that.
 *
 * pipe_ms  timeout for a pipe to reach its end; 0: none
 *
 * Returns 0 and sets *out, to be released with file_free(); otherwise -errno:
 *   -EBUSY      the file kept changing for half a second
 *   -EFBIG      more than FILE_LEN_MAX bytes
 *   -ETIMEDOUT  a pipe did not end within pipe_ms
 *   -ENOTSUP    a device or a socket, which may have no end
 *   -ENOMEM     out of memory
 */
__attribute__((warn_unused_result)) int file_read(struct file_bytes *out, const char *path,
						  unsigned int pipe_ms);

/*
 * Reads standard input, of any type, from its current position to its end, however long that takes.
 *
 * Returns 0 and sets *out, with `info` all zeros, to be released with file_free(); otherwise
 * -errno:
 *   -EFBIG   more than FILE_LEN_MAX bytes
 *   -ENOMEM  out of memory
 */
__attribute__((warn_unused_result)) int file_read_standard(struct file_bytes *out);

/* Do both describe the same version of the same file? Compares inode, size and modification
 * times, not the time of access. */
bool file_same(const struct stat *a, const struct stat *b);

/* Releases the bytes of a file. They are overwritten first, as they may hold keys. */
void file_free(struct file_bytes *file);

/* Describes an error returned by this module or replace.h. A static string. */
const char *file_reason(int err);

#endif
