/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a map represent what became of the packets for each VIP?
 */
#ifndef GLB_REDIRECT_VIP_H
#define GLB_REDIRECT_VIP_H

#include <glb/bytes.h>

#include "counters.h"

/* The destination of a client's packet. Compared as bytes: no padding. */
struct vip {
	uint64_t words[2]; /* the address as on the wire; IPv4 in the first 4 bytes, the rest 0 */
	uint64_t version;  /* 4 or 6; 0: none */
};
_Static_assert(sizeof(struct vip) == 24, "no padding, which would be compared");

/*
 * A slot of the map, which each CPU fills for itself. What most packets need comes first, in one
 * cache line. Times are of CLOCK_MONOTONIC.
 */
struct vip_counts {
	struct vip vip;				    /* version 0: a free slot, or VIPS_OTHERS */
	uint64_t fates[GLB_REDIRECT_COUNTER_COUNT]; /* by the list of counters.h, without TOTAL */
	/* packets of connections here that another hop had passed on: without this host, lost */
	uint64_t needed;
	uint64_t needed_ns; /* when `needed` last moved; 0: never */
	uint64_t since_ns;  /* of VIPS_OTHERS and one CPU: when the map was made; otherwise 0 */
};

enum {
	VIPS_OTHERS = 0, /* the slot of packets whose VIP has none */
	VIPS_FIRST = 1,
	VIPS_MAX = 256, /* slots of VIPs; a power of 2 */
	VIPS_ENTRIES = VIPS_FIRST + VIPS_MAX,
	VIPS_TRIES = 8, /* slots in which a VIP may be, one after the other */
};

#endif
