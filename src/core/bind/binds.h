/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is an index of binds embedded in something larger?
 *
 * It occupies one contiguous piece of memory, so it can be written where there is room, and copied
 * as bytes.
 */
#ifndef CORE_BINDS_H
#define CORE_BINDS_H

#include <glb/arena.h>
#include <glb/bind.h>

/* The number of binds in all tables. */
uint32_t binds_count(const struct glb_tables *tables);

/* Bytes of the index for these tables. */
size_t binds_len(const struct glb_tables *tables);

/* Writes the index at `at`, aligned like a part of an arena. Returns `at`. There may be at most
 * GLB_ALL_BINDS_MAX binds. */
struct glb_binds *binds_write(void *at, const struct glb_tables *tables);

/* Fixes up the pointers of `binds`, a copy in `to` of an index in `from`, to its own parts. */
void binds_moved(struct glb_binds *binds, const struct glb_arena *to, const struct glb_arena *from);

/*
 * The table that serves a whole TCP or UDP packet for which exact_find() has none.
 *
 * vip_low, vip_high   little-endian words; for IPv4 the first is the address, the second 0. Not an
 *                     array: compilers read one as 16 bytes, which waits for the stores of both
 * what                of the packet: exact_what()
 */
struct glb_match binds_match_ports(const struct glb_binds *binds, uint8_t version, uint64_t vip_low,
				   uint64_t vip_high, uint64_t what);

#endif
