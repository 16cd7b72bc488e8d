/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hops does the outer header of a packet name?
 *
 * Asked for packets that are sent, and for those that a router quotes. Private to the data path.
 */
#ifndef CORE_FORWARD_HOP_LIST_H
#define CORE_FORWARD_HOP_LIST_H

#include <string.h>

#include <glb/generation.h>
#include <glb/quic.h>

/* What hash and packet say about the hops. */
struct choice {
	const struct glb_row *row;
	const struct glb_row *alt_row; /* of the alternative hash fields, when there are any */
	uint16_t server;	       /* backend the packet itself asks for, or GLB_NO_BACKEND */
};

/*
 * The backend that a whole packet to a QUIC bind asks for by its connection ID, or GLB_NO_BACKEND.
 * The packet is at ip, `there` bytes of it are there, and it has ip_len.
 */
static inline uint16_t find_server(const struct glb_route *route, const uint8_t *ip, uint32_t there,
				   uint32_t transport_at, uint32_t ip_len)
{
	struct glb_cursor cur = glb_cursor(ip, there);
	uint16_t server_id;

	return route->servers && glb_take(&cur, transport_at) &&
			       glb_quic_quoted_id(&server_id, &cur, ip_len - transport_at)
		       ? route->servers[server_id]
		       : GLB_NO_BACKEND;
}

/*
 * Puts a hop before n others, less where it stood among them, and drops what would make the list
 * longer than n. Returns how many there are then.
 */
static inline unsigned int put_first(uint16_t *hops, unsigned int n, uint16_t first)
{
	uint16_t others[GLB_WIRE_HOPS_MAX];
	unsigned int count = 1;

	memcpy(others, hops, n * sizeof(*hops));
	hops[0] = first;
	for (unsigned int i = 0; i < n && count < n; i++)
		if (others[i] != first)
			hops[count++] = others[i];
	return count;
}

/*
 * All hops of a flow, the primary first, in the order in which they are to be tried. The server a
 * packet asks for goes first and is left out behind; the list does not get longer by it.
 */
static inline unsigned int gather_hops(uint16_t hops[GLB_WIRE_HOPS_MAX],
				       const struct glb_route *route, const struct choice *choice)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < route->row_hops; i++)
		hops[n++] = choice->row->hops[i];
	for (unsigned int i = 0; n <= route->listed_hops; i++)
		hops[n++] = choice->alt_row->hops[i];
	return choice->server == GLB_NO_BACKEND ? n : put_first(hops, n, choice->server);
}

/* Is hop n one of the first `count`? A proxy that was tried need not be tried again. */
static inline bool is_repeated(const uint16_t *hops, unsigned int n, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (hops[i] == hops[n])
			return true;
	return false;
}

/*
 * Lists the hops of a flow, the primary first, in the order in which they are to be tried. Returns
 * how many, at least one.
 */
static inline unsigned int list_hops(uint16_t hops[GLB_WIRE_HOPS_MAX],
				     const struct glb_route *route, const struct choice *choice,
				     bool unique)
{
	unsigned int n = gather_hops(hops, route, choice);
	unsigned int count = 1;

	for (unsigned int i = 1; i < n && unique; i++)
		if (!is_repeated(hops, i, count))
			hops[count++] = hops[i];
	return unique ? count : n;
}

#endif
