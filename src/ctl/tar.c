/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tar.h"

enum { BLOCK_LEN = 512, PIECE_LEN = 1 << 20 };

/* The header of a member. Numbers are in octal digits. */
struct header {
	char name[TAR_NAME_LEN];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char sum[8]; /* checksum over the header, with these bytes taken as spaces */
	char type;   /* '0': regular file */
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char device[16];
	char prefix[155];
	char padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK_LEN, "one block");

struct tar {
	gzFile out;
	int fd; /* a duplicate, for fsync() */
	time_t at;
	char *path;
	int err; /* the first error */
};

int tar_open(struct tar **out, const char *path, time_t at)
{
	struct tar *tar = calloc(1, sizeof(*tar));
	int fd;
	int err = -ENOMEM;

	if (!tar)
		return -ENOMEM;
	tar->at = at;
	tar->path = strdup(path);
	tar->fd = tar->path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (tar->path && tar->fd < 0)
		err = -errno;
	fd = tar->fd < 0 ? -1 : fcntl(tar->fd, F_DUPFD_CLOEXEC, 0); /* zlib closes the original */
	tar->out = fd < 0 ? NULL : gzdopen(fd, "wb");
	if (tar->out) {
		*out = tar;
		return 0;
	}
	if (fd >= 0)
		(void)close(fd);
	if (tar->fd >= 0) {
		(void)close(tar->fd);
		(void)unlink(path);
	}
	free(tar->path);
	free(tar);
	return err;
}

static void tar_write_bytes(struct tar *tar, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len && !tar->err) {
		size_t piece = len < PIECE_LEN ? len : PIECE_LEN;

		errno = 0;
		if (gzwrite(tar->out, at, (unsigned int)piece) != (int)piece)
			tar->err = errno ? -errno : -EIO;
		at += piece;
		len -= piece;
	}
}

static void write_sum(struct header *header)
{
	unsigned int sum = 0;

	memset(header->sum, ' ', sizeof(header->sum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += ((const uint8_t *)header)[i];
	(void)snprintf(header->sum, sizeof(header->sum), "%06o", sum);
}

void tar_add(struct tar *tar, const char *name, const char *bytes, size_t len)
{
	static const char zeros[BLOCK_LEN];
	struct header header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};

	(void)snprintf(header.name, sizeof(header.name), "%s", name);
	(void)snprintf(header.mode, sizeof(header.mode), "%07o", 0600U);
	(void)snprintf(header.uid, sizeof(header.uid), "%07o", 0U);
	(void)snprintf(header.gid, sizeof(header.gid), "%07o", 0U);
	(void)snprintf(header.size, sizeof(header.size), "%011" PRIo64, (uint64_t)len);
	(void)snprintf(header.mtime, sizeof(header.mtime), "%011" PRIo64, (uint64_t)tar->at);
	write_sum(&header);
	tar_write_bytes(tar, &header, sizeof(header));
	tar_write_bytes(tar, bytes, len);
	tar_write_bytes(tar, zeros, (BLOCK_LEN - len % BLOCK_LEN) % BLOCK_LEN);
}

int tar_close(struct tar *tar)
{
	static const char end[2 * BLOCK_LEN];
	int err;

	tar_write_bytes(tar, end, sizeof(end));
	errno = 0;
	if (gzclose(tar->out) != Z_OK && !tar->err)
		tar->err = errno ? -errno : -EIO;
	if (!tar->err && fsync(tar->fd))
		tar->err = -errno;
	if (close(tar->fd) && !tar->err)
		tar->err = -errno;
	err = tar->err;
	if (err)
		(void)unlink(tar->path);
	free(tar->path);
	free(tar);
	return err;
}
