/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a process come to serve at a path of the file system, and leave nothing there?
 *
 * A socket file that a dead process left is replaced; one at which somebody listens is not, nor
 * anything that is no socket. At the end the file is removed, if it is still the one made here.
 */
#ifndef SYS_SOCKET_FILE_H
#define SYS_SOCKET_FILE_H

#include <sys/types.h>

enum {
	SOCKET_PATH_LEN = 108, /* of struct sockaddr_un, with the 0 byte at its end */
	SOCKET_WHY_LEN = 256,
};

struct socket_file {
	int fd; /* listens, and never blocks */
	dev_t device;
	ino_t inode;
	char path[SOCKET_PATH_LEN];
};

/*
 * Listens at a path. Whoever may write to a file of this mode, owner and group being the process's,
 * may connect.
 *
 * 0, to be given up with socket_file_close(); else -errno and `why`, which begins with the path:
 *   -EADDRINUSE  somebody listens there, who is named, or it is no socket
 *   -EBUSY       others start to serve in the same directory, for longer than a second
 */
__attribute__((warn_unused_result)) int socket_file_open(struct socket_file *out, const char *path,
							 mode_t mode, char why[SOCKET_WHY_LEN]);

void socket_file_close(struct socket_file *file);

#endif
