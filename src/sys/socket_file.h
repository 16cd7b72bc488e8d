/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a process serve on a Unix socket in the file system and clean up after itself?
 *
 * A socket file left behind by a dead process is replaced; one that is being listened on is not,
 * nor is anything that is not a socket. When closed, the file is removed if it is still the one
 * made here.
 */
#ifndef SYS_SOCKET_FILE_H
#define SYS_SOCKET_FILE_H

#include <sys/types.h>

enum {
	SOCKET_PATH_LEN = 108, /* of struct sockaddr_un, including the 0 byte at its end */
	SOCKET_WHY_LEN = 256,
};

struct socket_file {
	int fd; /* listening, non-blocking */
	dev_t device;
	ino_t inode;
	char path[SOCKET_PATH_LEN];
};

/*
 * Listens at a path. The socket file gets `mode` and the process's owner and group: write
 * permission is permission to connect.
 *
 * Returns 0, to be released with socket_file_close(); otherwise -errno and `why`, which begins with
 * the path:
 *   -EADDRINUSE  another process, which is named, listens there, or it is not a socket
 *   -EBUSY       for over a second, other processes were starting to serve in the same directory
 */
__attribute__((warn_unused_result)) int socket_file_open(struct socket_file *out, const char *path,
							 mode_t mode, char why[SOCKET_WHY_LEN]);

void socket_file_close(struct socket_file *file);

#endif
