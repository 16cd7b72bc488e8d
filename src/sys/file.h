/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a file read whole, and replaced so that no reader ever sees half of it?
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
 * Reads a file whole. Returns 0 and sets *out, whose bytes are to be released with free();
 * otherwise -errno, -EFBIG for more than FILE_LEN_MAX bytes, -ENOMEM. A pipe may keep silent for
 * two seconds
 * (-ETIMEDOUT): who reloads a file has other things to do than to wait.
 */
__attribute__((warn_unused_result)) int file_read(struct file_bytes *out, const char *path);

/*
 * Replaces a file: temporary file in the same directory, fsync, rename, fsync of the directory. A
 * new file has mode 0666 less the umask, a replaced one keeps its mode; a symbolic link is
 * followed. Returns 0, or -errno with the old file as it was and no temporary file left; -ENOTSUP
 * when path is a device, pipe or socket. Only if the last fsync fails is the new file in place
 * although an error is returned: it may not survive a power cut.
 */
__attribute__((warn_unused_result)) int file_replace(const char *path, const uint8_t *bytes,
						     size_t len);

#endif
