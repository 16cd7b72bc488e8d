/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker decides about a flow if the ports have fewer queues than there are workers?
 *
 * Receive-side scaling in software: a hash of the flow, and a table from hashes to workers.
 *
 * Handing over and sending for others takes an owner of queues 12 ns per packet (scripts/bench
 * rings), plus 10 to 30 in the driver; deciding takes 25 to 40. So an owner has as much to do as
 * the others if it decides about fewer flows, or none: rss_weight().
 */
#ifndef DIRECTOR_RSS_H
#define DIRECTOR_RSS_H

#include <glb/parse.h>

enum {
	RSS_WORKERS_MAX = UINT8_MAX + 1,
	RSS_BITS = 10,
	RSS_SLOTS = 1 << RSS_BITS,
};

/* Flows are assigned to slots by hash, and slots to workers. */
struct rss {
	uint8_t workers[RSS_SLOTS];
};

/*
 * The share of flows that worker i decides about, out of `count` workers of which the first
 * `queues`, fewer than all, own a queue. Relative to the other workers' weights.
 *
 * Let deciding and the rest be equal work, 1 each. Then `count` workers have 2 to share, 2/count
 * each, and an owner is left with that minus the 1/queues it receives. Times count * queues:
 */
static inline unsigned int rss_weight(unsigned int i, unsigned int queues, unsigned int count)
{
	if (i >= queues)
		return 2 * queues;
	return 2 * queues > count ? 2 * queues - count : 0;
}

/* Assigns the slots to `count` workers, up to RSS_WORKERS_MAX, by weight. */
void rss_assign(struct rss *rss, unsigned int queues, unsigned int count);

static inline unsigned int rss_worker(const struct rss *rss, uint32_t hash)
{
	return rss->workers[hash >> (32 - RSS_BITS)];
}

/* Mixes differences into all bits; the upper ones are good. */
GLB_INLINE uint32_t rss_mix(uint64_t addresses, uint32_t ports)
{
	uint64_t hash = addresses * 0x9e3779b97f4a7c15; /* odd, with bits set all over */

	return (uint32_t)(((hash ^ hash >> 32) + ports) * 0xd6e8feb86659fd93 >> 32);
}

/* Folds 16 bytes and 16 more. */
GLB_INLINE uint64_t rss_fold(const uint8_t *src, const uint8_t *dst)
{
	uint64_t from = glb_load64(src) * 0xff51afd7ed558ccd + glb_load64(src + 8);
	uint64_t to = glb_load64(dst) * 0xc4ceb9fe1a85ec53 + glb_load64(dst + 8);

	return from ^ (to << 32 | to >> 32);
}

/* For any frame: by the flow that glb_parse() finds. 0 if there is none. */
uint32_t rss_hash_any(const uint8_t *frame, uint32_t len);

/*
 * A hash of the frame's flow, the same for all its packets and ICMP errors about it. Later
 * fragments, which have no ports, are hashed by their addresses.
 */
GLB_INLINE uint32_t rss_hash(const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + GLB_ETHER_LEN;

	/* nearly all frames are untagged TCP or UDP directly after an IP header of the usual
	 * length */
	if (GLB_UNLIKELY(len < GLB_ETHER_LEN + GLB_IPV4_LEN + GLB_PORTS_LEN))
		return rss_hash_any(frame, len);
	if (glb_load_be16(ip - 2) == GLB_ETHERTYPE_IPV4 && ip[0] == 0x45 &&
	    !(glb_load_be16(ip + 6) & 0x3fff) && (ip[9] == GLB_PROTO_TCP || ip[9] == GLB_PROTO_UDP))
		return rss_mix(glb_load64(ip + 12), glb_load32(ip + GLB_IPV4_LEN));
	if (glb_load_be16(ip - 2) == GLB_ETHERTYPE_IPV6 &&
	    len >= GLB_ETHER_LEN + GLB_IPV6_LEN + GLB_PORTS_LEN &&
	    (ip[6] == GLB_PROTO_TCP || ip[6] == GLB_PROTO_UDP))
		return rss_mix(rss_fold(ip + 8, ip + 24), glb_load32(ip + GLB_IPV6_LEN));
	return rss_hash_any(frame, len);
}

#endif
