/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a file replaced so that no reader sees half of it, nobody gains access to what is in it,
 * and no change that somebody else makes meanwhile is lost?
 */
#ifndef SYS_REPLACE_H
#define SYS_REPLACE_H

#include "sys/file.h"

struct file_draft {
	const uint8_t *bytes;
	size_t len;
	const struct file_bytes *was; /* the content to be replaced; NULL: whatever there is */
	const char *source; /* of what a new file says; NULL: nothing to be kept from anybody */
	bool secret;	    /* for its owner alone, whatever there was */
};

/*
 * Locks the file at `path` against others who use this function, and waits for up to five seconds
 * until it is free. A symbolic link is followed; the lock is on the file that is at `path` once it
 * is held, and moves nowhere when that is replaced.
 *
 * Returns a descriptor, to be released with close(), or -errno: -EAGAIN when somebody else keeps
 * the lock, -ENOTSUP for anything but a regular file.
 */
__attribute__((warn_unused_result)) int file_lock(const char *path);

/*
 * Replaces a file: temporary file in the same directory, fsync, rename, fsync of the directory. A
 * symbolic link is followed.
 *
 * The new file has owner, group, mode, access control list and extended attributes of the old one,
 * but for signatures of its content. Where there was none it has mode 0666 less the umask and less
 * what `source` does not grant, with the group and the access control list of `source`. A process
 * without privileges may be unable to hand on owner and group: another group and others may then do
 * what both the old group and others could, and with an access control list that group may nothing.
 *
 * Returns 0, or -errno with the old file as it was and no temporary file left:
 *   -ESTALE    the content at `path` is not, or no longer, `was`. A program without
 *              file_lock() can still change the file between this comparison and the rename
 *   -ENOTSUP   path is a device, pipe or socket
 *   -EXDEV     path is a mount point, as a single file that a container shares with its host
 * Only if the last fsync fails is the new file in place although an error is returned: it may not
 * survive a power cut.
 *
 * A secret file belongs to the user of the process and has mode 0600, nothing else.
 */
__attribute__((warn_unused_result)) int file_replace(const char *path,
						     const struct file_draft *draft);

#endif
