/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does an index of binds become part of something larger?
 *
 * It lies in one stretch of memory, beginning to end, so that it can be written where there is
 * room, and copied as bytes.
 */
#ifndef CORE_BINDS_H
#define CORE_BINDS_H

#include <glb/arena.h>
#include <glb/bind.h>

/* Bytes that the index of these tables takes. */
size_t binds_len(const struct glb_tables *tables);

/* Writes the index at `at`, which is aligned like a part of an arena. Returns `at`. */
struct glb_binds *binds_write(void *at, const struct glb_tables *tables);

/* `binds` is the copy, in `to`, of an index in `from`: has it name its own parts. */
void binds_moved(struct glb_binds *binds, const struct glb_arena *to, const struct glb_arena *from);

/*
 * The table that serves a whole packet of TCP or UDP for which there is no exact bind.
 *
 * vip    two little-endian words; of IPv4 the first has the address, and nothing else
 * what   of the packet: exact_what()
 */
struct glb_match binds_match_ports(const struct glb_binds *binds, uint8_t version,
				   const uint64_t vip[2], uint64_t what);

#endif
