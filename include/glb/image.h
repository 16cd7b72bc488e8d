/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the binary format of tables?
 *
 * Integers are little-endian, addresses in network byte order, nothing is padded.
 *
 *   header  "GLBD", version, tables, rows 65536, most backends, most binds of a table    24 bytes
 *
 * Version 2 is the original's format, byte for byte, so that the directors of either project read
 * the other's files. Per table: backend count, 256 backends; bind count, 256 binds; hash key; 65536
 * rows of two 32-bit backend indices. 537624 bytes.
 *
 *   backend  family (1 IPv4, 2 IPv6), address, state (0 filling, 1 active, 2 draining or
 *            inactive), healthy: 32 bits, 16 bytes, 16 bits, 16 bits
 *   bind     family, address, prefix length, first port, last port (16 bits each), protocol, zero
 *
 * Version 3 is for tables that do not fit: more than 256 backends or binds, more than two hops per
 * row, QUIC binds or server IDs. Per table: backend count, bind count, hops per row, zero (32 bits
 * each); hash key; name (64 bytes, padded with zeros); the backends; the binds; 65536 rows of
 * 16-bit backend indices. An image has version 3 if one of its tables needs it.
 *
 *   backend  as in version 2, but 3 is inactive; then has server ID, server ID or 0 (16 bits each)
 *   bind     as in version 2, but the last byte is 1 for a QUIC bind, else 0
 *
 * Not contained: the seed, weights, zones and, in version 2, names and the difference between
 * draining and inactive.
 */
#ifndef GLB_IMAGE_H
#define GLB_IMAGE_H

#include <glb/table.h>

/* The version that the tables require: 2 or 3. */
unsigned int glb_image_version(const struct glb_tables *tables);

/* Bytes of the image of the tables. */
size_t glb_image_len(const struct glb_tables *tables);

/*
 * Writes tables into `out`, which has room for glb_image_len(tables) bytes. Equal tables result in
 * equal bytes on every machine.
 */
void glb_image_write(uint8_t *out, const struct glb_tables *tables);

/*
 * Length, and writing, of an image in a version that may be higher than required, which is not
 * checked: version 3 keeps the names of tables and which backends are inactive.
 */
size_t glb_image_len_in(const struct glb_tables *tables, unsigned int version);
void glb_image_write_in(uint8_t *out, const struct glb_tables *tables, unsigned int version);

/* Does a file that begins with these bytes claim to be an image? */
bool glb_image_detect(const uint8_t *bytes, size_t len);

/* The number of tables in an image of `len` bytes, bounded by what `len` can contain. */
uint32_t glb_image_count(const uint8_t *bytes, size_t len);

/*
 * Reads tables from an image. Nothing is trusted: everything that the data path relies on is
 * checked here. If all rows of a version 2 table have the same primary, a secondary that the table
 * does not have is read as the primary: the original writes an arbitrary one after a single
 * backend.
 *
 * Returns 0 and sets *out, to be released with glb_tables_free(); otherwise leaves *out alone:
 *   -ENOTSUP   another version or geometry
 *   -EINVAL    not an image, truncated or inconsistent; diag says where
 *   -ENOMEM    out of memory
 */
GLB_NODISCARD int glb_image_read(struct glb_tables *out, const uint8_t *bytes, size_t len,
				 struct glb_diag *diag);

#endif
