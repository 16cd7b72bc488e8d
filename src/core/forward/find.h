/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which table serves each packet, and may it be forwarded?
 *
 * Most packets of a burst are often for one VIP and port, so the last answer is kept, and compared
 * with a group at once.
 */
#ifndef CORE_FORWARD_FIND_H
#define CORE_FORWARD_FIND_H

#include "single.h"

/* The bind that was found last: its key, address included, and what it leads to. */
struct last_found {
	uint64_t key;
	uint64_t vip[2];	       /* of IPv6 */
	const struct glb_route *route; /* NULL: there is more to be asked about its packets, */
	bool none;		       /* or no bind */
};

/* The bind of a plain packet. */
GLB_INLINE struct glb_match match_plain(const struct columns *c, const struct burst *b,
					unsigned int i, uint8_t version)
{
	const uint64_t key = c->keys[i];
	const uint64_t vip[2] = {version == 4 ? key & UINT32_MAX : c->addrs[2][i],
				 version == 4 ? 0 : c->addrs[3][i]};
	const struct exact *exact = exact_find(b->exact, version, vip, key);

	return GLB_LIKELY(exact != NULL)
		       ? (struct glb_match){exact->table, exact->quic}
		       : binds_match_ports(b->gen->binds, version, vip[0], vip[1], key);
}

/* Does a packet go to the port number of GUE? If it is UDP, a director may have sent it. */
GLB_INLINE bool may_be_gue(const struct columns *c, unsigned int i)
{
	return c->keys[i] >> 48 == exact_port(GLB_GUE_PORT);
}

/* Notes the bind of lane i. */
GLB_INLINE void note_last(struct last_found *last, const struct columns *c, const struct burst *b,
			  unsigned int i, struct glb_match match, uint8_t version)
{
	last->key = c->keys[i];
	if (version == 6) {
		last->vip[0] = c->addrs[2][i];
		last->vip[1] = c->addrs[3][i];
	}
	last->none = match.table < 0;
	last->route =
		last->none || match.quic || may_be_gue(c, i) ? NULL : &b->gen->routes[match.table];
}

/* Has lane i the key that was found last? */
GLB_INLINE bool is_last(const struct last_found *last, const struct columns *c, unsigned int i,
			uint8_t version)
{
	return last->key == c->keys[i] &&
	       (version == 4 || (last->vip[0] == c->addrs[2][i] && last->vip[1] == c->addrs[3][i]));
}

/* Has every lane of a group the key that was found last? */
GLB_INLINE bool are_last(const struct last_found *last, const struct columns *c, unsigned int at,
			 uint8_t version)
{
	vec differ = vec_load(c->keys, at) ^ last->key;

	if (version == 6)
		differ |= (vec_load(c->addrs[2], at) ^ last->vip[0]) |
			  (vec_load(c->addrs[3], at) ^ last->vip[1]);
	return !vec_nonzero(differ);
}

/* What becomes of a plain packet of any bind. */
GLB_INLINE enum glb_verdict find_plain(struct columns *c, struct burst *b, unsigned int i,
				       uint8_t version)
{
	const uint32_t header_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const struct glb_match match = match_plain(c, b, i, version);
	const uint32_t ip_len = (uint32_t)c->ip_lens[i];
	const struct glb_route *route;

	if (match.table < 0)
		return GLB_PUNT_NO_BIND;
	if (GLB_UNLIKELY(may_be_gue(c, i)) && (uint8_t)(c->keys[i] >> 32) == GLB_PROTO_UDP &&
	    is_encapsulated(lane_ip(c, i), ip_len, header_len, version))
		return GLB_DROP_LOOP;
	route = &b->gen->routes[match.table];
	if (match.quic)
		set_server(c, b, i, find_server(route, lane_ip(c, i), ip_len, header_len, ip_len));
	set_route(c, i, route);
	return GLB_FORWARD;
}

/* Each lane of a group by itself. */
GLB_INLINE void find_each_of(struct columns *c, struct burst *b, const struct last_found *last,
			     unsigned int at, uint8_t version)
{
	for (unsigned int i = at; i < at + GROUP; i++) {
		enum glb_verdict verdict = GLB_VERDICT_COUNT; /* of lanes without a packet */

		if (i < b->count && b->odd >> i & 1) {
			verdict = read_single(c, b, i, version);
		} else if (i < b->count) {
			verdict = GLB_FORWARD;
			if (last->route && is_last(last, c, i, version))
				set_route(c, i, last->route);
			else
				verdict = find_plain(c, b, i, version);
		}
		if (i < b->count)
			b->pkts[i].verdict = (uint8_t)verdict;
		if (GLB_LIKELY(verdict == GLB_FORWARD))
			b->live |= 1ULL << i;
		else
			set_route(c, i, b->gen->routes);
	}
}

static void find_each(struct columns *c, struct burst *b, const struct last_found *last,
		      unsigned int at, uint8_t version)
{
	if (version == 4)
		find_each_of(c, b, last, at, 4);
	else
		find_each_of(c, b, last, at, 6);
}

/* Each lane of a plain group. False if one needs find_each(). Notes the bind of the last it sees.
 */
GLB_INLINE bool find_group(struct columns *c, const struct burst *b, struct last_found *last,
			   unsigned int at, uint8_t version)
{
	for (unsigned int i = at; i < at + GROUP; i++) {
		const struct glb_match match = match_plain(c, b, i, version);

		if (GLB_UNLIKELY(match.table < 0 || match.quic || may_be_gue(c, i))) {
			note_last(last, c, b, i, match, version);
			return false;
		}
		set_route(c, i, &b->gen->routes[match.table]);
		if (i == at + GROUP - 1)
			note_last(last, c, b, i, match, version);
	}
	return true;
}

/* One route for a group. */
GLB_INLINE void set_routes(struct columns *c, unsigned int at, const struct glb_route *route)
{
	vec_store(c->k0, at, vec_all(route->key[0]));
	vec_store(c->k1, at, vec_all(route->key[1]));
	vec_store(c->routes, at, vec_all((uintptr_t)route));
	vec_store(c->tables, at, vec_all((uintptr_t)route->rows));
}

/* A group that no bind matches. */
static void punt_group(struct columns *c, const struct burst *b, unsigned int at)
{
	set_routes(c, at, b->gen->routes);
	for (unsigned int i = at; i < at + GROUP; i++)
		b->pkts[i].verdict = GLB_PUNT_NO_BIND;
}

/* Looks at the options of SYNs, where plain ones may have to be clamped. */
static void clamp_plain(const struct columns *c, const struct burst *b)
{
	const uint32_t header_len = b->version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;

	for (uint64_t left = b->clamped & b->live; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(left);

		clamp_mss(b, b->port, lane_ip(c, i), header_len, (uint32_t)c->ip_lens[i],
			  lane_route(c, i));
	}
}

/* Fills in the routes, and which lanes are live; verdicts of the others. */
GLB_INLINE void find_routes(struct columns *c, struct burst *b, uint8_t version)
{
	struct last_found last = {.key = 0}; /* which no packet has */

	b->live = b->others = b->relabelled = 0;
	b->served = b->matched_any = false;
	if (GLB_LIKELY(!(b->odd & 1))) /* most are of one bind, that of the first packet */
		note_last(&last, c, b, 0, match_plain(c, b, 0, version), version);
	b->route = last.route;
	for (unsigned int at = 0; at < b->count; at += GROUP) {
		const bool plain = !lanes_of(b->odd, at) && b->count - at >= GROUP;

		if (GLB_LIKELY(plain) && are_last(&last, c, at, version)) {
			if (GLB_UNLIKELY(last.none)) {
				punt_group(c, b, at);
				continue;
			}
			if (GLB_LIKELY(last.route != NULL)) {
				set_routes(c, at, last.route);
				b->live |= (uint64_t)GROUP_MASK << at;
				continue;
			}
		}
		b->route = NULL;
		if (GLB_LIKELY(plain) && find_group(c, b, &last, at, version))
			b->live |= (uint64_t)GROUP_MASK << at;
		else
			find_each(c, b, &last, at, version);
	}
	if (GLB_UNLIKELY(b->clamped))
		clamp_plain(c, b);
}

#endif
