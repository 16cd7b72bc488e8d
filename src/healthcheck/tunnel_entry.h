/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the checker and its eBPF program share about a socket?
 *
 * An entry in the program's map, by socket cookie: the checker adds it before the socket connects
 * and removes it when the socket is closed.
 */
#ifndef HEALTHCHECK_TUNNEL_ENTRY_H
#define HEALTHCHECK_TUNNEL_ENTRY_H

#include <glb/encap.h>

enum { TUNNEL_ENTRIES_MAX = 1 << 16 };

struct tunnel_entry {
	struct glb_outer outer; /* of the backend, as in a director */
	uint64_t packets;	/* encapsulated packets; written by the program only */
	uint16_t src_port;	/* outer UDP source port, host byte order */
	uint16_t full_size; /* minimum size of a SYN in bytes, with its IP header; 0: unchanged */
	uint8_t version;    /* of the outer headers: 4 or 6 */
	uint8_t zero[43];   /* explicit padding: map values are compared and copied */
};
_Static_assert(sizeof(struct tunnel_entry) == 128, "two cache lines");

#endif
