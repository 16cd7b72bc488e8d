/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a file read whole, whoever is writing it?
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_bytes {
	uint8_t *bytes; /* a 0 byte follows the last one */
	size_t len;
	struct stat info; /* of a regular file, as it was before and after reading; else zeros */
};

/* A file larger than this is a mistake: 400 times the largest table file seen in the field. */
#define FILE_LEN_MAX ((size_t)256 << 20)

/* For those that are in service, and have more to do than to wait for a pipe. */
enum { FILE_PIPE_MS = 2000 };

/*
 * Reads a file whole, as it was at one moment: never a part of an old content and a part of a new
 * one. A writer that rewrites the file where it lies is made to wait for as long as the reading
 * takes (a lease, which the kernel gives to owners and to CAP_LEASE on local file systems). Where
 * that is not to be had, or somebody has the file open for writing already, the file must have been
 * left alone for a moment (100 ms; 250 ms if it is open for writing) and must not change while it
 * is read. A file that was replaced meanwhile is read anew, though not without end. A pipe is read
 * as it comes, from its first writer to its last.
 *
 * Not noticed is a writer that closes the file with half of a change written, or makes a longer
 * pause where there is no lease.
 *
 * pipe_ms  how long a pipe may take to come to its end; 0: as long as it likes
 *
 * Returns 0 and sets *out, to be released with file_free(); otherwise -errno:
 *   -EBUSY      it kept changing for half a second
 *   -EFBIG      more than FILE_LEN_MAX bytes
 *   -ETIMEDOUT  a pipe took longer
 *   -ENOTSUP    a device or a socket, which may have no end
 *   -ENOMEM     out of memory
 */
__attribute__((warn_unused_result)) int file_read(struct file_bytes *out, const char *path,
						  unsigned int pipe_ms);

/*
 * Reads standard input, whatever it is, from where it stands to its end, however long that takes.
 *
 * Returns 0 and sets *out, with `info` of zeros, to be released with file_free(); otherwise -errno:
 *   -EFBIG   more than FILE_LEN_MAX bytes
 *   -ENOMEM  out of memory
 */
__attribute__((warn_unused_result)) int file_read_standard(struct file_bytes *out);

/* Are these one file, in one version of it? By inode, size and times; not by when it was read. */
bool file_same(const struct stat *a, const struct stat *b);

/* Releases the bytes of a file, which may hold keys: they are overwritten first. */
void file_free(struct file_bytes *file);

/* What an error of this module or of replace.h means, for people: a static string. */
const char *file_reason(int err);

#endif
