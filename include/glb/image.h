/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a table file look like in binary?
 *
 * Integers are little-endian, addresses in network order, nothing is padded.
 *
 *   header  "GLBD", version, tables, rows 65536, most backends, most binds of a table    24 bytes
 *
 * Version 2 is the original's format, byte for byte, so that either project's director reads either
 * project's file. Per table: backend count, 256 backends; bind count, 256 binds; hash key; 65536
 * rows of two 32-bit backend indices. 537624 bytes.
 *
 *   backend  family (1 IPv4, 2 IPv6), address, state (0 filling, 1 active, 2 draining or
 *            inactive), healthy: 32 bits, 16 bytes, 16 bits, 16 bits
 *   bind     family, address, prefix length, first port, last port (16 bits each), protocol, zero
 *
 * Version 3 is for tables that do not fit: more than 256 backends or binds, more than two hops a
 * row, QUIC binds or server IDs. Per table: backend count, bind count, hops a row, zero (32 bits
 * each); hash key; name (64 bytes, filled with zeros); the backends; the binds; 65536 rows of
 * 16-bit backend indices. An image has version 3 when one of its tables needs it.
 *
 *   backend  likewise, but 3 is inactive; then has server ID, server ID or 0 (16 bits each)
 *   bind     likewise, but the last byte is 1 for a QUIC bind, or 0
 *
 * Lost on the way: the seed, weights, zones and, in version 2, names and the difference between
 * draining and inactive.
 */
#ifndef GLB_IMAGE_H
#define GLB_IMAGE_H

#include <glb/table.h>

/* The version that tables need: 2 or 3. */
unsigned int glb_image_version(const struct glb_tables *tables);

/* Bytes of the image of some tables. */
size_t glb_image_len(const struct glb_tables *tables);

/*
 * Writes tables into `out`, which holds glb_image_len(tables) bytes. Equal tables give equal bytes
 * on every machine.
 */
void glb_image_write(uint8_t *out, const struct glb_tables *tables);

/*
 * The same in a version that may be later than the one needed: version 3 keeps the names of tables
 * and which backends are inactive.
 */
size_t glb_image_len_in(const struct glb_tables *tables, unsigned int version);
void glb_image_write_in(uint8_t *out, const struct glb_tables *tables, unsigned int version);

/* Does a file that starts with these bytes claim to be an image? */
bool glb_image_detect(const uint8_t *bytes, size_t len);

/* How many tables an image of `len` bytes has, at most as many as it has room for. */
uint32_t glb_image_count(const uint8_t *bytes, size_t len);

/*
 * Reads tables from an image. Trusts nothing: what the loop over packets relies on is checked here.
 * Where all rows of a table of version 2 name one backend first, a second that the table does not
 * have is read as the first: the original writes anything behind an only backend.
 *
 * Returns 0 and sets *out, to be released with glb_tables_free(); otherwise leaves *out alone:
 *   -ENOTSUP   another version or geometry
 *   -EINVAL    not an image, cut short, or it contradicts itself; diag says where
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_image_read(struct glb_tables *out, const uint8_t *bytes, size_t len,
				 struct glb_diag *diag);

#endif
