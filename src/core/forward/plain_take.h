/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets of a burst are plain, and which tables serve them?
 */
#ifndef CORE_PLAIN_TAKE_H
#define CORE_PLAIN_TAKE_H

#include <glb/forward.h>

#include "ingress.h"
#include "plain.h"

enum {
	IPV4_LEAST = GLB_ETHER_LEN + GLB_IPV4_LEN + GLB_TCP_LEN, /* bytes of a plain frame */
	IPV6_LEAST = GLB_ETHER_LEN + GLB_IPV6_LEN + GLB_TCP_LEN,
};

/* Stands for frames too short to be looked at: no plain one begins like this. */
static const uint8_t no_frame[IPV6_LEAST];

/* Reads what is needed of a frame of either version, and asks for the memory in front of it. */
GLB_INLINE void read_any(struct plain *plain, unsigned int n, struct glb_packet *pkt,
			 const uint8_t *frame)
{
	__builtin_prefetch(pkt->data - 8 * OUTER_WORDS, 1);
	plain->pkts[n] = pkt;
	plain->fields[n] = load_fields(pkt);
	plain->macs[n] = glb_load_le64(frame);
	plain->types[n] = glb_load_le64(frame + 12);
}

GLB_INLINE void read_ipv4(struct plain *plain, unsigned int n, struct glb_packet *pkt)
{
	const uint8_t *frame = pkt->len < IPV4_LEAST ? no_frame : pkt->data;

	read_any(plain, n, pkt, frame);
	plain->limits[n] = glb_load_le64(frame + 20);
	plain->addrs[0][n] = glb_load_le64(frame + 26);
	plain->ports[n] = glb_load_le64(frame + 30);
}

GLB_INLINE void read_ipv6(struct plain *plain, unsigned int n, struct glb_packet *pkt)
{
	const uint8_t *frame = pkt->len < IPV6_LEAST ? no_frame : pkt->data;

	read_any(plain, n, pkt, frame);
	plain->limits[n] = glb_load_le16(frame + 20);
	for (unsigned int w = 0; w < 4; w++)
		plain->addrs[w][n] = glb_load_le64(frame + 22 + 8 * w);
	plain->ports[n] = glb_load_le32(frame + 54);
}

/*
 * 0 if a packet may leave where it came from, and has room around it. One addition compares three
 * numbers: bit 31 of it is set if the frame is as long as the packet in it, and bit 56 if the port
 * is that of the burst, so that there are ones in its place, and the headroom carries into them.
 */
GLB_INLINE uint64_t lane_misfit(uint64_t fields, uint64_t ip_len, const struct burst *burst)
{
	uint64_t numbers = (fields ^ burst->fields_flip) & 0x00ffffff7fffffff;

	return ~(numbers + burst->fields_add - ip_len) & (1ULL << 56 | 1ULL << 31);
}

/* What lane_misfit() takes to make that of the fields of plain packets. */
static void start_misfit(struct burst *burst, uint8_t port)
{
	burst->fields_flip = (uint64_t)(uint8_t)~port << 48;
	burst->fields_add =
		((1ULL << 16) - burst->outer_len_max) << 32 | ((1ULL << 31) - GLB_ETHER_LEN);
}

/* Has its top bit set if a value is 0. */
GLB_INLINE uint64_t lane_zero(uint64_t value)
{
	return (value - 1) & ~value;
}

/*
 * Has its top bit clear if the source of a packet is an address that its sender can have: see
 * glb_may_be_from(), and the director's own.
 */
GLB_INLINE uint64_t lane_strange4(uint64_t src, uint64_t dst, uint64_t own)
{
	uint64_t first = (src - 1) & 0xff; /* byte of the source, less 1: 0 is above all */
	uint64_t differs = (src ^ dst) & 0xffffffff;
	uint64_t foreign = (src ^ own) & 0xffffffff;

	return (222 - first) | lane_less(first ^ 126, 1) | lane_less(differs, 1) |
	       lane_less(foreign, 1);
}

/* The same of IPv6; set for all of ::/64, most of which forward.c knows to be fine. */
GLB_INLINE uint64_t lane_strange6(const struct plain *plain, const uint64_t own[2], unsigned int i)
{
	uint64_t high = plain->addrs[0][i];
	uint64_t low = plain->addrs[1][i];
	uint64_t differs = (high ^ plain->addrs[2][i]) | (low ^ plain->addrs[3][i]);
	uint64_t foreign = (high ^ own[0]) | (low ^ own[1]);

	return lane_zero(high) | lane_less(~high & 0xff, 1) | lane_zero(differs) |
	       lane_zero(foreign);
}

/* 0 if a frame is addressed to the port it came from. */
GLB_INLINE uint64_t lane_astray(uint64_t head, const struct burst *burst)
{
	return ingress_differs(head, burst->mac, burst->mac_mask);
}

/*
 * Which of n frames are plain, and what binds would they match? IPv4: EtherType 0x0800, version 4
 * with a header of five words, not a fragment.
 */
GLB_INLINE void judge_ipv4(struct plain *plain, const struct burst *burst, unsigned int n)
{
	const uint64_t least = GLB_IPV4_LEN + GLB_TCP_LEN;
	const struct burst by = *burst;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t ip_len = (plain->types[i] >> 24 & 0xff00) | (plain->types[i] >> 40 & 0xff);
		uint64_t ports = plain->ports[i];
		uint64_t what = (ports & 0xffff0000ffffffff) |
				(plain->limits[i] << 8 & exact_what(0, 0xff, 0)) |
				exact_what(4, 0, 0);
		uint64_t signs = lane_less(ip_len, least) | lane_less(by.ip_len_max, ip_len) |
				 lane_strange4(plain->addrs[0][i], ports, by.own[0]);
		uint64_t odd = ((plain->types[i] ^ 0x450008) & 0xffffff) |
			       (plain->limits[i] & 0xff3f) |
			       lane_misfit(plain->fields[i], ip_len, &by) |
			       lane_astray(plain->macs[i], &by) | signs >> 63;

		plain->whats[i] = odd ? 0 : what;
		plain->ip_lens[i] = (uint32_t)ip_len;
		plain->ports[i] = ports >> 32;
	}
}

/* EtherType 0x86dd, version 6. */
GLB_INLINE void judge_ipv6(struct plain *plain, const struct burst *burst, unsigned int n)
{
	const uint64_t least = GLB_IPV6_LEN + GLB_TCP_LEN;
	const struct burst by = *burst;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t ip_len =
			((plain->types[i] >> 40 & 0xff00) | plain->types[i] >> 56) + GLB_IPV6_LEN;
		uint64_t what = exact_what(6, plain->limits[i] & 0xff, plain->ports[i] >> 16);
		uint64_t signs = lane_less(ip_len, least) | lane_less(by.ip_len_max, ip_len) |
				 lane_strange6(plain, by.own, i);
		uint64_t odd = ((plain->types[i] ^ 0x60dd86) & 0xf0ffff) |
			       lane_misfit(plain->fields[i], ip_len, &by) |
			       lane_astray(plain->macs[i], &by) | signs >> 63;

		plain->whats[i] = odd ? 0 : what;
		plain->ip_lens[i] = (uint32_t)ip_len;
	}
}

/* Is there more to a packet with a plain frame that the settings want to have looked at? */
static bool is_special(const struct glb_generation *gen, const uint8_t *ip, uint8_t version)
{
	bool v4 = version == 4;
	const uint8_t *transport = ip + (v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);

	if (transport[13] & gen->rare_tcp_flags && ip[v4 ? 9 : 6] == GLB_PROTO_TCP)
		return true;
	return gen->strict_ip && (ip[v4 ? 8 : 7] < gen->settings.min_ttl ||
				  (v4 && gen->settings.verify_ip_checksum &&
				   glb_sum_check(glb_sum(0, ip, GLB_IPV4_LEN))));
}

/* What finding the routes of packets reads of a generation, copied so that registers can hold it.
 */
struct lookup {
	struct exact_index exact;
	const struct glb_route *routes;
	uint8_t rare_traits;
	bool look_closer; /* is_special() is to be asked */
	uint8_t version;
};

/* The bind of packet i, unless its frame is not plain or it has none. */
GLB_INLINE const struct exact *find(const struct plain *plain, const struct lookup *lookup,
				    unsigned int i)
{
	uint64_t what = plain->whats[i];
	const uint64_t vip[2] = {plain->addrs[2][i], plain->addrs[3][i]};

	if (!what)
		return NULL;
	return lookup->version == 4 ? exact_find4(&lookup->exact, what)
				    : exact_find6(&lookup->exact, vip, what);
}

/* The route of packet i, or NULL if it is not plain. */
GLB_INLINE const struct glb_route *route_of(const struct plain *plain, const struct burst *burst,
					    const struct lookup *lookup, unsigned int i)
{
	const struct exact *found = find(plain, lookup, i);
	const struct glb_route *route;

	if (!found || found->closer)
		return NULL;
	if (lookup->look_closer &&
	    is_special(burst->gen, plain->pkts[i]->data + GLB_ETHER_LEN, lookup->version))
		return NULL;
	route = &lookup->routes[found->table];
	return route->traits & lookup->rare_traits ? NULL : route;
}

/* Finds the routes of n packets; those of others than plain packets are NULL. True: all are plain.
 */
GLB_INLINE bool find_routes_by(struct plain *plain, const struct burst *burst, unsigned int n,
			       struct lookup lookup)
{
	bool all = true;

	for (unsigned int i = 0; i < n; i++) {
		const struct glb_route *route = route_of(plain, burst, &lookup, i);

		plain->routes[i] = route;
		if (GLB_UNLIKELY(!route)) {
			all = false;
			continue;
		}
		plain->messages.k0[i] = route->key[0];
		plain->messages.k1[i] = route->key[1];
	}
	return all;
}

/* The same; whether to look closer, and the version, are constants in each of the loops. */
GLB_INLINE bool find_routes(struct plain *plain, const struct burst *burst, unsigned int n,
			    uint8_t version)
{
	const struct glb_generation *gen = burst->gen;
	struct lookup lookup = {
		.exact = *burst->exact,
		.routes = gen->routes,
		.rare_traits = gen->rare_traits,
		.look_closer = true,
		.version = version,
	};

	if (GLB_UNLIKELY(gen->strict_ip || gen->rare_tcp_flags))
		return find_routes_by(plain, burst, n, lookup);
	lookup.look_closer = false;
	return find_routes_by(plain, burst, n, lookup);
}

/* Has a frame that EtherType, little-endian? It may be one too short to have been read. */
static bool has_type(const struct glb_packet *pkt, uint16_t type)
{
	return pkt->len >= GLB_ETHER_LEN && glb_load_le16(pkt->data + 12) == type;
}

/* Closes the gaps that other packets leave; returns how many these are. */
static unsigned int compact(struct plain *plain, struct burst *burst, unsigned int n,
			    struct glb_packet **others)
{
	const uint16_t le_other = burst->version == 4 ? 0xdd86 : 0x0008; /* EtherTypes */
	unsigned int other_count = 0;
	unsigned int to = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!plain->routes[i]) {
			others[other_count++] = plain->pkts[i];
			burst->other_version |= has_type(plain->pkts[i], le_other);
			continue;
		}
		plain->pkts[to] = plain->pkts[i];
		plain->routes[to] = plain->routes[i];
		plain->messages.k0[to] = plain->messages.k0[i];
		plain->messages.k1[to] = plain->messages.k1[i];
		plain->ip_lens[to] = plain->ip_lens[i];
		plain->types[to] = plain->types[i];
		plain->limits[to] = plain->limits[i];
		plain->fields[to] = plain->fields[i];
		plain->ports[to] = plain->ports[i];
		plain->addrs[0][to] = plain->addrs[0][i]; /* all of IPv4 that is needed */
		for (unsigned int w = 1; w < 4 && burst->version == 6; w++)
			plain->addrs[w][to] = plain->addrs[w][i];
		to++;
	}
	plain->messages.count = to;
	return other_count;
}

#endif
