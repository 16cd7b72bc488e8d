/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which table serves each packet, and may it be forwarded?
 *
 * Most packets of a burst are often for one VIP and port, or of one bind, so the last answer is
 * kept, with the packets that it holds for, and these are compared with a group at once.
 */
#ifndef CORE_FORWARD_FIND_H
#define CORE_FORWARD_FIND_H

#include "single.h"

/* What was found last: for which packets, and what it leads to. */
struct last_found {
	uint64_t key;
	uint64_t vip[2]; /* of IPv6 */
	bool wide;	 /* not just for those with this key and VIP, but for: */
	struct bind_scope scope;
	struct glb_match match;
	const struct glb_route *route; /* NULL: none, or there is more to be asked about them */
};

/* The destination port in a key. */
GLB_INLINE uint16_t host_port(uint64_t key)
{
	return GLB_BE16(GLB_LE16((uint16_t)(key >> 48)));
}

/* The bind of a plain packet. Fills in for which others it is the same, unless `scope` is NULL. */
GLB_INLINE struct glb_match match_plain(struct bind_scope *scope, const struct columns *c,
					const struct burst *b, unsigned int i, uint8_t version)
{
	const uint64_t key = c->keys[i];
	const uint64_t vip[2] = {version == 4 ? key & UINT32_MAX : c->addrs[2][i],
				 version == 4 ? 0 : c->addrs[3][i]};
	const struct exact *exact = exact_find(b->exact, version, vip, key);

	if (GLB_UNLIKELY(!exact))
		return binds_match_ports(scope, b->gen->binds, version, vip[0], vip[1], key);
	if (scope)
		*scope = bind_scope_one(host_port(key));
	if (scope && exact->whole) {
		scope->port_first = 1;
		scope->port_last = UINT16_MAX;
	}
	return (struct glb_match){exact->table, exact->quic};
}

/* Is a packet UDP to the port of GUE? A director may have sent it. */
GLB_INLINE bool may_be_gue(uint64_t key)
{
	const uint64_t proto_and_port = exact_what(0, 0xff, 0xffff);

	return (key & proto_and_port) == exact_what(0, GLB_PROTO_UDP, exact_port(GLB_GUE_PORT));
}

/* Leaves the port of GUE out of a scope around another one, with those beyond it. */
static void leave_gue_out(struct bind_scope *scope, uint16_t port)
{
	if (port < GLB_GUE_PORT && scope->port_last >= GLB_GUE_PORT)
		scope->port_last = GLB_GUE_PORT - 1;
	if (port > GLB_GUE_PORT && scope->port_first <= GLB_GUE_PORT)
		scope->port_first = GLB_GUE_PORT + 1;
}

/* Notes the bind of lane i, for packets with its key and VIP. */
GLB_INLINE void note_last(struct last_found *last, const struct columns *c, const struct burst *b,
			  unsigned int i, struct glb_match match, uint8_t version)
{
	const uint64_t key = c->keys[i];
	const bool ask = match.quic || may_be_gue(key);

	last->key = key;
	for (unsigned int w = 0; w < 2 && version == 6; w++)
		last->vip[w] = c->addrs[2 + w][i];
	last->wide = false;
	last->match = match;
	last->route = match.table < 0 || ask ? NULL : &b->gen->routes[match.table];
}

/* Looks up the bind of lane i, and notes it for all that it is sure to be the bind of. */
GLB_INLINE void find_last(struct last_found *last, const struct columns *c, const struct burst *b,
			  unsigned int i, uint8_t version)
{
	const uint64_t key = c->keys[i];

	note_last(last, c, b, i, match_plain(&last->scope, c, b, i, version), version);
	last->wide = !bind_scope_is_one(&last->scope);
	if (GLB_UNLIKELY(last->wide) && (uint8_t)(key >> 32) == GLB_PROTO_UDP)
		leave_gue_out(&last->scope, host_port(key));
}

/* Does what was found last hold for lane i, too? */
GLB_INLINE bool is_last(const struct last_found *last, const struct columns *c, unsigned int i,
			uint8_t version)
{
	const struct bind_scope *scope = &last->scope;
	const uint16_t port = host_port(c->keys[i]);
	const uint64_t key = c->keys[i] ^ last->key;
	const uint64_t vip[2] = {version == 4 ? key & UINT32_MAX : c->addrs[2][i] ^ last->vip[0],
				 version == 4 ? 0 : c->addrs[3][i] ^ last->vip[1]};

	if (GLB_LIKELY(!last->wide))
		return !(key | vip[0] | vip[1]);
	return !(key & exact_what(0xff, 0xff, 0)) && !(vip[0] & scope->vip_mask[0]) &&
	       !(vip[1] & scope->vip_mask[1]) && port >= scope->port_first &&
	       port <= scope->port_last;
}

/* Not 0 in lanes of a group for which a wide one does not hold. */
GLB_INLINE vec outside(const struct last_found *last, const struct columns *c, unsigned int at,
		       uint8_t version)
{
	const struct bind_scope *scope = &last->scope;
	const vec keys = vec_load(c->keys, at);
	const vec ports = vec_swap16(keys) >> 48;
	vec differ = (vec_less(ports, vec_all(scope->port_first)) |
		      vec_less(vec_all(scope->port_last), ports)) >>
		     63;

	differ |= (keys ^ last->key) &
		  (exact_what(0xff, 0xff, 0) | (version == 4 ? (uint32_t)scope->vip_mask[0] : 0));
	for (unsigned int w = 0; w < 2 && version == 6; w++)
		differ |= (vec_load(c->addrs[2 + w], at) ^ last->vip[w]) & scope->vip_mask[w];
	return differ;
}

/* Does it hold for every lane of a group? */
GLB_INLINE bool are_last(const struct last_found *last, const struct columns *c, unsigned int at,
			 uint8_t version)
{
	vec differ = vec_load(c->keys, at) ^ last->key;

	if (GLB_UNLIKELY(last->wide))
		return !vec_nonzero(outside(last, c, at, version));
	if (version == 6)
		differ |= (vec_load(c->addrs[2], at) ^ last->vip[0]) |
			  (vec_load(c->addrs[3], at) ^ last->vip[1]);
	return !vec_nonzero(differ);
}

/* What becomes of a plain packet of any bind. */
GLB_INLINE enum glb_verdict find_plain(struct columns *c, struct burst *b,
				       const struct last_found *last, unsigned int i,
				       uint8_t version)
{
	const uint32_t header_len = version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN;
	const bool same = is_last(last, c, i, version);
	const struct glb_match match = same ? last->match : match_plain(NULL, c, b, i, version);
	const uint32_t ip_len = (uint32_t)c->ip_lens[i];
	const struct glb_route *route;

	if (GLB_LIKELY(same && last->route)) {
		set_route(c, i, last->route);
		return GLB_FORWARD;
	}
	if (match.table < 0)
		return GLB_PUNT_NO_BIND;
	if (GLB_UNLIKELY(may_be_gue(c->keys[i])) &&
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

		if (i < b->count)
			verdict = b->odd >> i & 1 ? read_single(c, b, i, version)
						  : find_plain(c, b, last, i, version);
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
		const struct glb_match match = match_plain(NULL, c, b, i, version);

		if (GLB_UNLIKELY(match.table < 0 || match.quic || may_be_gue(c->keys[i]))) {
			find_last(last, c, b, i, version);
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
		find_last(&last, c, b, 0, version);
	b->route = last.route;
	for (unsigned int at = 0; at < b->count; at += GROUP) {
		const bool plain = !lanes_of(b->odd, at) && b->count - at >= GROUP;
		const bool same = plain && are_last(&last, c, at, version);

		if (GLB_LIKELY(same)) {
			if (GLB_UNLIKELY(last.match.table < 0)) {
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
		if (GLB_LIKELY(plain && !same) && find_group(c, b, &last, at, version))
			b->live |= (uint64_t)GROUP_MASK << at;
		else
			find_each(c, b, &last, at, version);
	}
	if (GLB_UNLIKELY(b->gen->settings.deny))
		deny_plain(c, b);
	if (GLB_UNLIKELY(b->meters != NULL))
		meter_plain(c, b);
	if (GLB_UNLIKELY(b->clamped))
		clamp_plain(c, b);
}

#endif
