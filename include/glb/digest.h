/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do two directors serve the same table?
 *
 * A digest represents what a table does to packets: hash key, binds in order, the addresses in
 * every row in the order in which they are tried, and the server IDs of QUIC. Names, unused
 * backends and the order of backends in the file do not affect it. It is the same on every machine
 * and build, and from source or image. It does not protect against forgery.
 *
 * Two SipHashes of the same words under the keys "glb table digest" and "a second opinion", each as
 * 16 digits. An address is three words: its 16 bytes as two little-endian words, then 4 or 6.
 *
 *   hash key (two words), number of binds
 *   per bind: address without host bits; prefix length, protocol << 8, first port << 16, last port
 *     << 32 and, for a QUIC bind, 1 << 48 in one word
 *   hops per row
 *   per row, per hop: address
 *   in a table with a QUIC bind, per server ID of a usable backend, in ascending order: the ID (one
 *     word), address
 *   the number of preceding words, in place of SipHash's own last word
 */
#ifndef GLB_DIGEST_H
#define GLB_DIGEST_H

#include <glb/table.h>

enum { GLB_DIGEST_TEXT_LEN = 33 }; /* 32 hexadecimal digits and a NUL */

/* Writes the digest as text. Returns out. Takes a millisecond or more if it was not computed
 * before. */
const char *glb_digest(char out[GLB_DIGEST_TEXT_LEN], const struct glb_table *table);

/*
 * Computes and stores the digests of the tables that have none yet. Called by one thread at a time;
 * others may ask for a digest meanwhile, and compute it themselves if it is not stored yet.
 *
 * run  as in struct glb_building; may be NULL
 */
void glb_digests_keep(const struct glb_tables *tables, glb_run_fn *run);

#endif
