/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a file replaced without readers seeing half of it, without disclosing its content, and
 * without losing concurrent changes by others?
 */
#ifndef SYS_REPLACE_H
#define SYS_REPLACE_H

#include "sys/file.h"

struct file_draft {
	const uint8_t *bytes;
	size_t len;
	const struct file_bytes *was; /* content that is to be replaced; NULL: any */
	const char *source; /* path of the file that the content comes from, whose permissions a new
			       file gets; NULL: not confidential */
	bool secret;	    /* accessible to its owner only, whatever the old permissions */
};

/*
 * Locks the file at `path` against other users of this function, waiting up to five seconds.
 * Symbolic links are followed. The lock belongs to the file that is at `path` when the lock is
 * obtained and does not carry over to a replacement.
 *
 * Returns a descriptor, to be released with close(), or -errno: -EAGAIN if the lock is still held
 * elsewhere, -ENOTSUP for anything but a regular file.
 */
__attribute__((warn_unused_result)) int file_lock(const char *path);

/*
 * Replaces a file: temporary file in the same directory, fsync, rename, fsync of the directory.
 * Symbolic links are followed.
 *
 * The new file gets owner, group, mode, access control list and extended attributes of the old one,
 * except signatures of its content. If there was none, it gets mode 0666 restricted by the umask
 * and by the permissions of `source`, with the group and the access control list of `source`. An
 * unprivileged process may be unable to pass on owner and group: a different group and others then
 * get only the permissions that both the old group and others had, and where there is an access
 * control list that group gets none.
 *
 * Returns 0, or -errno with the old file intact and no temporary file left:
 *   -ESTALE    the content at `path` is not `was`. Programs that do not use file_lock() can still
 *              change the file between this comparison and the rename
 *   -ENOTSUP   path is a device, pipe or socket
 *   -EXDEV     path is a mount point, such as a single file shared between a container and its host
 * Exception: if only the last fsync fails, the new file is in place although an error is returned;
 * it may not survive a power failure.
 *
 * A secret file belongs to the user of the process and has mode 0600, nothing else.
 */
__attribute__((warn_unused_result)) int file_replace(const char *path,
						     const struct file_draft *draft);

#endif
