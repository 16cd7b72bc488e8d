/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hops does the outer header of a packet name?
 *
 * Asked for packets that are sent, and for those that a router quotes. Private to the data path.
 */
#ifndef CORE_HOPS_H
#define CORE_HOPS_H

#include <string.h>

#include <glb/generation.h>
#include <glb/quic.h>

/* What hash and packet say about the hops. */
struct choice {
	uint16_t row;
	uint16_t alt_row; /* of the alternative hash fields, when there are any */
	uint16_t server;  /* backend the packet itself asks for, or GLB_NO_BACKEND */
};

/*
 * The backend that a packet to a quic bind asks for by its connection ID, or GLB_NO_BACKEND. The
 * packet is at ip, and len bytes of it are there.
 */
static inline uint16_t find_server(const struct glb_route *route, const uint8_t *ip, uint32_t len,
				   const struct glb_flow *flow)
{
	struct glb_cursor cur = glb_cursor(ip, len);
	uint16_t server_id;

	/* errors and echoes are matched by what they are about, so theirs may be one for QUIC */
	if (!route->servers || flow->kind != GLB_FLOW_PORTS || flow->fragment != GLB_WHOLE)
		return GLB_NO_BACKEND;
	return glb_take(&cur, flow->transport_at) &&
			       glb_quic_quoted_id(&server_id, &cur,
						  flow->ip_len - (uint32_t)flow->transport_at)
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
	const struct glb_row *row = &route->rows[choice->row];
	const struct glb_row *alt = &route->rows[choice->alt_row];
	unsigned int n = 0;

	for (unsigned int i = 0; i < route->row_hops; i++)
		hops[n++] = row->hops[i];
	for (unsigned int i = 0; n <= route->listed_hops; i++)
		hops[n++] = alt->hops[i];
	return choice->server == GLB_NO_BACKEND ? n : put_first(hops, n, choice->server);
}

/* Does hop n repeat an earlier one? Who was tried need not be tried again. */
static inline bool is_repeated(const uint16_t *hops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (hops[i] == hops[n])
			return true;
	return false;
}

/* Lists the hops behind the primary, and returns that. */
static inline uint16_t list_hops(struct glb_encap *encap, const struct glb_route *route,
				 const struct choice *choice, bool unique)
{
	uint16_t hops[GLB_WIRE_HOPS_MAX];
	unsigned int n = gather_hops(hops, route, choice);

	encap->hop_count = 0;
	for (unsigned int i = 1; i < n; i++)
		if (!unique || !is_repeated(hops, i))
			encap->hops[encap->hop_count++] = &route->outers[hops[i]];
	return hops[0];
}

#endif
