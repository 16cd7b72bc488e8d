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

/* The bind that was found last: its key, address included, and its route. */
struct last_found {
	uint64_t key;
	uint64_t vip[2];	       /* of IPv6 */
	const struct glb_route *route; /* NULL: there is more to be asked about its packets, */
	bool none;		       /* or no bind */
};

/* The exact bind of a plain packet, or NULL. */
GLB_INLINE const struct exact *find_exact(const struct columns *c, const struct exact_index *index,
					  unsigned int i, uint8_t version)
{
	const uint64_t vip[2] = {c->addrs[2][i], c->addrs[3][i]};

	return version == 4 ? exact_find4(index, c->keys[i]) : exact_find6(index, vip, c->keys[i]);
}

/* The route of a plain packet, if its bind is exact and there is nothing more to be asked. */
GLB_INLINE const struct glb_route *find_route(const struct columns *c, const struct burst *b,
					      unsigned int i, uint8_t version)
{
	const struct exact *exact = find_exact(c, b->exact, i, version);

	return GLB_LIKELY(exact != NULL) && GLB_LIKELY(!exact->quic && !exact->gue)
		       ? &b->gen->routes[exact->table]
		       : NULL;
}

/* Whatever bind a plain packet has. */
static struct glb_match match_plain(const struct columns *c, const struct burst *b, unsigned int i,
				    uint8_t version)
{
	const struct exact *exact = find_exact(c, b->exact, i, version);
	const uint64_t key = c->keys[i];
	const uint64_t vip[2] = {version == 4 ? key & UINT32_MAX : c->addrs[2][i],
				 version == 4 ? 0 : c->addrs[3][i]};

	return exact ? (struct glb_match){exact->table, exact->quic}
		     : binds_match_ports(b->gen->binds, version, vip, key);
}

/* Is the bind of lane `at` the one that was found last? If not, that is found. */
GLB_INLINE void find_last(struct last_found *last, const struct columns *c, const struct burst *b,
			  unsigned int at, uint8_t version)
{
	if (GLB_LIKELY(last->key == c->keys[at]) &&
	    (version == 4 || (last->vip[0] == c->addrs[2][at] && last->vip[1] == c->addrs[3][at])))
		return;
	last->key = c->keys[at];
	last->vip[0] = version == 4 ? 0 : c->addrs[2][at];
	last->vip[1] = version == 4 ? 0 : c->addrs[3][at];
	last->route = find_route(c, b, at, version);
	last->none = !last->route && match_plain(c, b, at, version).table < 0;
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
static enum glb_verdict find_plain(struct columns *c, struct burst *b, unsigned int i,
				   uint8_t version)
{
	const struct glb_match match = match_plain(c, b, i, version);
	const uint32_t header_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const uint32_t ip_len = (uint32_t)c->ip_lens[i];
	const uint64_t key = c->keys[i];
	const struct glb_route *route;

	if (match.table < 0)
		return GLB_PUNT_NO_BIND;
	if (key >> 48 == exact_port(GLB_GUE_PORT) && (uint8_t)(key >> 32) == GLB_PROTO_UDP &&
	    is_encapsulated(lane_ip(c, i), ip_len, header_len, version))
		return GLB_DROP_LOOP;
	route = &b->gen->routes[match.table];
	if (match.quic)
		set_server(c, b, i, find_server(route, lane_ip(c, i), ip_len, header_len, ip_len));
	set_route(c, i, route);
	return GLB_FORWARD;
}

/* Each lane of a group by itself. */
GLB_INLINE void find_each_of(struct columns *c, struct burst *b, unsigned int at, uint8_t version)
{
	for (unsigned int i = at; i < at + GROUP; i++) {
		enum glb_verdict verdict;

		set_route(c, i, b->gen->routes); /* until it is known better */
		if (i >= b->count)
			continue;
		verdict = b->odd >> i & 1 ? read_single(c, b, i, version)
					  : find_plain(c, b, i, version);
		b->pkts[i].verdict = (uint8_t)verdict;
		b->live |= (uint64_t)(verdict == GLB_FORWARD) << i;
	}
}

static void find_each(struct columns *c, struct burst *b, unsigned int at, uint8_t version)
{
	if (version == 4)
		find_each_of(c, b, at, 4);
	else
		find_each_of(c, b, at, 6);
}

/* A group that no bind matches. */
static void punt_group(struct columns *c, const struct burst *b, unsigned int at)
{
	for (unsigned int i = at; i < at + GROUP; i++) {
		set_route(c, i, b->gen->routes);
		b->pkts[i].verdict = GLB_PUNT_NO_BIND;
	}
}

/* Each lane of a group that has exact binds; false if some lane has none. */
GLB_INLINE bool find_group(struct columns *c, const struct burst *b, unsigned int at,
			   uint8_t version)
{
	for (unsigned int i = at; i < at + GROUP; i++) {
		const struct glb_route *route = find_route(c, b, i, version);

		if (GLB_UNLIKELY(!route))
			return false;
		set_route(c, i, route);
	}
	return true;
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
	for (unsigned int at = 0; at < b->count; at += GROUP) {
		if (GLB_UNLIKELY(lanes_of(b->odd, at) || b->count - at < GROUP)) {
			find_each(c, b, at, version);
			continue;
		}
		find_last(&last, c, b, at, version);
		if (GLB_LIKELY(last.route != NULL) && are_last(&last, c, at, version)) {
			vec_store(c->k0, at, vec_all(last.route->key[0]));
			vec_store(c->k1, at, vec_all(last.route->key[1]));
			vec_store(c->routes, at, vec_all((uintptr_t)last.route));
			vec_store(c->tables, at, vec_all((uintptr_t)last.route->rows));
		} else if (last.none && are_last(&last, c, at, version)) {
			punt_group(c, b, at);
			continue;
		} else if (!last.route || !find_group(c, b, at, version)) {
			find_each(c, b, at, version);
			continue;
		}
		b->live |= (uint64_t)GROUP_MASK << at;
	}
	if (GLB_UNLIKELY(b->clamped))
		clamp_plain(c, b);
}

#endif
