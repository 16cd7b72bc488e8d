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
 * Packets that are sure to match as one did: of its version and protocol, whose VIP agrees with its
 * own in the bits of the mask, to any of these ports.
 */
struct bind_scope {
	uint64_t vip_mask[2]; /* little-endian; of IPv4 the low 32 bits of the first */
	uint16_t port_first;
	uint16_t port_last;
};

/* Just those to one address and port. */
static inline struct bind_scope bind_scope_one(uint16_t port)
{
	return (struct bind_scope){{UINT64_MAX, UINT64_MAX}, port, port};
}

static inline bool bind_scope_is_one(const struct bind_scope *scope)
{
	return (scope->vip_mask[0] & scope->vip_mask[1]) == UINT64_MAX &&
	       scope->port_first == scope->port_last;
}

/*
 * The table that serves a whole TCP or UDP packet for which exact_find() has none.
 *
 * vip_low, vip_high   little-endian words; for IPv4 the first is the address, the second 0. Not an
 *                     array: compilers read one as 16 bytes, which waits for the stores of both
 * what                of the packet: exact_what()
 * scope               filled in, if not NULL; just this address and port if a more specific bind
 *                     may match others that the same one does, or if none matches
 */
struct glb_match binds_match_ports(struct bind_scope *scope, const struct glb_binds *binds,
				   uint8_t version, uint64_t vip_low, uint64_t vip_high,
				   uint64_t what);

#endif
