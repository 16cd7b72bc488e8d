/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the checker and its eBPF program tell each other about a socket?
 *
 * The program has a map of such entries by socket cookie: the checker writes an entry before the
 * socket connects, and takes it out when it is closed.
 */
#ifndef HEALTHCHECK_TUNNEL_ENTRY_H
#define HEALTHCHECK_TUNNEL_ENTRY_H

#include <glb/encap.h>

enum { TUNNEL_ENTRIES_MAX = 1 << 16 };

struct tunnel_entry {
	struct glb_outer outer; /* of the backend, as a director has it */
	uint64_t packets;	/* sent by the program, which alone counts them */
	uint16_t src_port;	/* outer UDP source port, host order */
	uint16_t full_size; /* bytes that a SYN is to have, its IP header included; 0: as it is */
	uint8_t version;    /* of the outer headers: 4 or 6 */
	uint8_t zero[43];   /* no byte without a name: values of maps are compared and copied */
};
_Static_assert(sizeof(struct tunnel_entry) == 128, "two cache lines");

#endif
