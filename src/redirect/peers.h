/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hops passed packets on to this proxy, and to which did it pass packets on?
 *
 * A hop that passed packets on gets an entry with the first packet of a connection here, and one
 * that packets were passed on to with the first packet for a VIP that has an entry in vips.h.
 * Entries are never given to another hop, so there are at most PEERS_MAX for each direction,
 * whatever is sent here. All other packets are counted in the entry of the others, so that the sum
 * over all entries is right.
 */
#ifndef GLB_REDIRECT_PEERS_H
#define GLB_REDIRECT_PEERS_H

#include "peer.h"

/* name, label, sentence for docs/second-chance.md */
#define PEER_GROUPS(X)                                                                             \
	X(RECEIVED, "received", "passed on by the hop to this host, or returned")                  \
	X(NEEDED, "needed", "of these, of a connection here")                                      \
	X(PASSED_ON, "passed_on", "passed on by this host to the hop, or returned")

enum peer_group {
#define PEER_GROUP_ENUM(name, label, sentence) PEER_##name,
	PEER_GROUPS(PEER_GROUP_ENUM)
#undef PEER_GROUP_ENUM
		PEER_GROUP_COUNT
};

struct redirect_peer {
	struct vip address; /* version 0: the others */
	uint64_t packets[PEER_GROUP_COUNT];
};

struct redirect_peers {
	uint32_t count;
	struct redirect_peer list[PEERS_ENTRIES]; /* the others, then by version and address */
};

/*
 * Reads what the program on a device has counted for each hop, summed over all CPUs.
 *
 * Returns 0; -ENOENT or -EEXIST as redirect_detach(); -ENOTSUP if the program is of another
 * version; -ENOMEM; or another error of the kernel. *out is untouched then.
 */
GLB_NODISCARD int redirect_read_peers(int ifindex, struct redirect_peers *out);

/* A static string. */
const char *peer_group_label(enum peer_group group);

struct writer;

/* Writes all entries as an array, the member `peers` of the JSON object that is open. */
void redirect_write_peers(struct writer *w, const struct redirect_peers *peers);

#endif
