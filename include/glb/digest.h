/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do two directors serve the same table?
 *
 * A digest stands for what a table does to packets: hash key, binds in their order, the addresses
 * on every row in the order in which they are tried, and those that QUIC packets name. Names,
 * unused backends and the order of backends in the file do not count. It is the same on every
 * machine and build, and from source or image. It is no proof against forgery.
 *
 * Two SipHashes of the same words under the keys "glb table digest" and "a second opinion", each as
 * 16 digits. An address is three words: its 16 bytes as two little-endian ones, then 4 or 6.
 *
 *   hash key (two words), number of binds
 *   per bind: address without host bits; prefix length, protocol << 8, first port << 16, last port
 *     << 32 and, for a QUIC bind, 1 << 48 in one word
 *   hops a row
 *   per row, per hop: address
 *   in a table with a QUIC bind, per server ID of a usable backend, in ascending order: the ID (one
 *     word), address
 *   how many words came before, in place of SipHash's own last word
 */
#ifndef GLB_DIGEST_H
#define GLB_DIGEST_H

#include <glb/table.h>

enum { GLB_DIGEST_TEXT_LEN = 33 }; /* 32 hexadecimal digits and a 0 byte */

/* Writes the digest as text; returns out. Takes a millisecond or more if it was not worked out. */
const char *glb_digest(char out[GLB_DIGEST_TEXT_LEN], const struct glb_table *table);

/*
 * Works out the digests of the tables that have none yet, and keeps them there. For one thread at a
 * time; any others may ask for a digest meanwhile, and work it out themselves if it is not there.
 *
 * run  as of struct glb_building; may be NULL
 */
void glb_digests_keep(const struct glb_tables *tables, glb_run_fn *run);

#endif
