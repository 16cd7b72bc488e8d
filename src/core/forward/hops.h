/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * To which proxies do packets go, and in what order?
 */
#ifndef CORE_FORWARD_HOPS_H
#define CORE_FORWARD_HOPS_H

#include "burst.h"
#include "hop_list.h"

GLB_INLINE const struct glb_row *lane_row(const struct columns *c, size_t i)
{
	return (const struct glb_row *)(uintptr_t)c->rows[i];
}

/* What the outer headers need of a backend: its address, or of IPv6 the sum of that. */
GLB_INLINE uint32_t hop_word(const struct glb_route *route, unsigned int backend, uint8_t outer)
{
	return outer == 4 ? GLB_LE32(route->addrs[backend])
			  : GLB_LE16((uint16_t)route->outers[backend].dst_sum);
}

/* The addresses of many backends, or IPv6 templates, may not be in a near cache. */
GLB_INLINE void ask_for_hops(const struct columns *c, unsigned int count, uint8_t outer)
{
	for (size_t i = 0; i < count; i++) {
		const struct glb_route *route = lane_route(c, i);
		const struct glb_row *row = lane_row(c, i);

		for (unsigned int hop = 0; hop < route->row_hops; hop++)
			__builtin_prefetch(outer == 4 ? (void *)&route->addrs[row->hops[hop]]
						      : &route->outers[row->hops[hop]]);
	}
}

/* What later stages need of the two hops of a lane: its list begins with them. */
GLB_INLINE void set_two_hops(struct columns *c, size_t i, const struct glb_route *route,
			     const uint16_t *list, uint8_t outer)
{
	if (outer == 6)
		c->lists[i] = list;
	c->first[i] = hop_word(route, list[0], outer);
	c->second[i] = hop_word(route, list[1], outer);
}

/* Two hops, the first in the low half: addresses, or of IPv6 sums of them. 0 for those not there.
 */
GLB_INLINE uint64_t hop_pair(const struct glb_route *route, const uint16_t *list, size_t at,
			     unsigned int count, uint8_t outer)
{
	return (at < count ? hop_word(route, list[at], outer) : 0) |
	       (uint64_t)(at + 1 < count ? hop_word(route, list[at + 1], outer) : 0) << 32;
}

/* The same of any number of hops. */
GLB_INLINE void set_hops(struct columns *c, size_t i, const struct glb_route *route,
			 const uint16_t *list, unsigned int count, uint8_t outer)
{
	uint64_t rest = 0;

	for (unsigned int hop = GLB_HOPS_MAX; hop < count; hop++) {
		uint32_t word = hop_word(route, list[hop], outer);

		rest += (word & 0xffff) + (word >> 16);
	}
	c->lists[i] = list;
	c->first[i] = hop_word(route, list[0], outer);
	c->second[i] = count > 1 ? hop_word(route, list[1], outer) : 0;
	c->more[i] = hop_pair(route, list, 2, count, outer);
	c->rest[i] = rest;
	c->listed[i] = count - 1;
}

/*
 * Where all hops are those of rows: `count`, the primary included. `one`: the route of all lanes,
 * which are live; or NULL.
 */
GLB_INLINE void find_row_hops(struct columns *c, struct burst *b, uint64_t live,
			      const struct glb_route *one, unsigned int count, uint8_t outer)
{
#pragma GCC unroll 4
	for (size_t i = 0; i < b->count; i++) {
		const struct glb_route *route = one ? one : lane_route(c, i);
		const struct glb_row *row = lane_row(c, i);

		if (count == 2)
			set_two_hops(c, i, route, row->hops, outer);
		else
			set_hops(c, i, route, row->hops, count, outer);
		if (one || live >> i & 1)
			b->pkts[i].backend = route->first_backend + row->hops[0];
	}
}

/*
 * Two hops of a row, and in front of them the backend that a packet asks for. False, if that is all
 * that is left of the list; it is made anew then.
 */
GLB_INLINE bool serve_two_hops(struct columns *c, struct burst *b, uint64_t live, uint8_t outer)
{
	for (uint64_t left = live; left; left &= left - 1) {
		const size_t i = (size_t)__builtin_ctzll(left);
		const uint16_t *row = lane_row(c, i)->hops;
		const uint16_t server = c->servers[i];
		uint16_t *list = c->lists_made[i];

		list[0] = server == GLB_NO_BACKEND ? row[0] : server;
		list[1] = server == GLB_NO_BACKEND || server == row[0] ? row[1] : row[0];
		if (GLB_UNLIKELY(list[1] == server))
			return false;
		set_two_hops(c, i, lane_route(c, i), list, outer);
		b->pkts[i].backend = lane_route(c, i)->first_backend + list[0];
	}
	return true;
}

/* The list of a lane's hops; returns how many there are. */
GLB_INLINE unsigned int find_list(struct columns *c, const struct burst *b, size_t i)
{
	const struct glb_route *route = lane_route(c, i);
	const struct choice choice = {
		.row = lane_row(c, i),
		.alt_row = (const struct glb_row *)(uintptr_t)c->alt_rows[i],
		.server = b->served ? c->servers[i] : GLB_NO_BACKEND,
	};

	c->lists[i] = choice.row->hops;
	if (!b->gen->hops_vary && choice.server == GLB_NO_BACKEND)
		return route->row_hops;
	c->lists[i] = c->lists_made[i];
	return list_hops(c->lists_made[i], route, &choice, b->gen->settings.unique_hops);
}

/* Any lists of hops. */
static void find_lists(struct columns *c, struct burst *b, uint64_t live, uint8_t outer)
{
	for (uint64_t left = live; left; left &= left - 1) {
		const size_t i = (size_t)__builtin_ctzll(left);
		const unsigned int count = find_list(c, b, i);

		set_hops(c, i, lane_route(c, i), c->lists[i], count, outer);
		b->pkts[i].backend = lane_route(c, i)->first_backend + c->lists[i][0];
	}
}

/*
 * Fills in the hops of live lanes, whose backends are of the version `outer`, a constant. True:
 * each has one hop behind the primary.
 */
GLB_INLINE bool find_hops(struct columns *c, struct burst *b, uint64_t live, uint8_t outer)
{
	const struct glb_generation *gen = b->gen;
	const bool same = gen->listed_hops && !gen->hops_vary;
	const struct glb_route *one = live == lanes_below(b->count) ? b->route : NULL;

	if (gen->many_backends)
		ask_for_hops(c, b->count, outer);
	if (GLB_LIKELY(same && !b->served)) {
		if (gen->listed_hops == 3)
			find_row_hops(c, b, live, one, 4, outer);
		else if (gen->listed_hops == 2)
			find_row_hops(c, b, live, one, 3, outer);
		else
			find_row_hops(c, b, live, one, 2, outer);
		return gen->listed_hops == 1;
	}
	if (same && gen->listed_hops == 1 && serve_two_hops(c, b, live, outer))
		return true;
	find_lists(c, b, live, outer);
	return false;
}

#endif
