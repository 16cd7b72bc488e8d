/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a table file look like in binary?
 *
 * Version 2 of the original's format, byte for byte, so that either project's director reads either
 * project's file. Integers are little-endian, addresses in network order, nothing is padded:
 *
 *   header      "GLBD", version 2, tables, rows 65536, backends 256, binds 256     24 bytes
 *   per table   backend count, 256 backends of 24 bytes; bind count, 256 binds of 28 bytes;
 *               hash key of 16 bytes; 65536 rows of two 32-bit backend indices     537624 bytes
 *
 * Lost on the way: names, the seed, and the difference between draining and inactive.
 */
#ifndef GLB_IMAGE_H
#define GLB_IMAGE_H

#include <glb/table.h>

enum {
	GLB_IMAGE_HEADER_LEN = 24,
	GLB_IMAGE_TABLE_LEN = 537624,
};

/* Bytes of an image of `count` tables. */
static inline size_t glb_image_len(unsigned int count)
{
	return GLB_IMAGE_HEADER_LEN + (size_t)count * GLB_IMAGE_TABLE_LEN;
}

/*
 * Writes tables into `out`, which holds glb_image_len(tables->count) bytes. Equal tables give equal
 * bytes on every machine.
 */
void glb_image_write(uint8_t *out, const struct glb_tables *tables);

/* Does a file that starts with these bytes claim to be an image? */
bool glb_image_detect(const uint8_t *bytes, size_t len);

/*
 * Reads tables from an image. Trusts nothing: what the loop over packets relies on is checked here.
 *
 * Returns 0 and sets *out, to be released with glb_tables_free(); otherwise leaves *out alone:
 *   -ENOTSUP   another version or geometry
 *   -EINVAL    not an image, cut short, or it contradicts itself; diag says where
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_image_read(struct glb_tables *out, const uint8_t *bytes, size_t len,
				 struct glb_diag *diag);

#endif
