/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a map represent how many packets other hops passed on to this one, and it to them?
 */
#ifndef GLB_REDIRECT_PEER_H
#define GLB_REDIRECT_PEER_H

#include "vip.h"

/* A slot of the map, which each CPU fills for itself. */
struct peer_counts {
	struct vip
		address; /* of a hop, laid out as that of a VIP; version 0: free, or the others */
	uint64_t packets;
	uint64_t needed; /* of PEERS_BEFORE: packets of connections here */
};

/* Which hops a slot is for. Each side has slots of its own, so that neither takes the other's. */
enum peer_side {
	PEERS_BEFORE, /* they passed packets on to this host */
	PEERS_AFTER,  /* this host passed packets on to them */
	PEER_SIDES,
};

enum {
	PEERS_OTHERS = 0, /* the first slot of a side: hops that have none */
	PEERS_FIRST = 1,
	PEERS_MAX = 128, /* slots of hops on a side; a power of 2, at most 256 */
	PEERS_OF_SIDE = PEERS_FIRST + PEERS_MAX,
	PEERS_ENTRIES = PEER_SIDES * PEERS_OF_SIDE,
	PEERS_TRIES = 8, /* slots in which a hop may be, one after the other */
};

#endif
