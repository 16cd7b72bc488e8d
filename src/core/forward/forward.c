/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a packet, in order: it is read, its table is found, its flow is hashed to a row
 * of that, what the outer checksum needs is summed, its hops are found, and its outer headers are
 * written. Each stage does that for all packets of a burst, and is a file of its own.
 *
 * A burst has packets of one IP version; the few that are of the other one make a burst afterwards.
 */
#include <string.h>

#include "find.h"
#include "hash.h"
#include "hops.h"
#include "read.h"
#include "sum.h"
#include "write.h"

/* Where frames go to another address of the port than its own, nearly all do. */
static uint64_t choose_mac(const struct glb_generation *gen, const struct glb_packet *first)
{
	const struct glb_ingress *ingress = &gen->ingress[first->port];
	uint64_t head = first->len < GLB_ETHER_LEN ? ingress->mac : glb_load_le64(first->data);

	return ingress_takes(gen, first->port, head) ? head : ingress->mac;
}

/* The EtherType of a frame `at` bytes behind its beginning, as in memory; 0: it is too short. */
static uint16_t type_at(const struct glb_packet *pkt, uint32_t at)
{
	return pkt->len >= at + 2 ? glb_load16(pkt->data + at) : 0;
}

static bool is_tag(uint16_t type)
{
	return type == GLB_BE16(GLB_ETHERTYPE_VLAN) || type == GLB_BE16(GLB_ETHERTYPE_QINQ);
}

/* Decides by the first packet of a burst what plain ones of an IP version are like. */
static void start(struct burst *b, const struct glb_generation *gen, struct glb_packet *pkts,
		  unsigned int count, uint8_t version)
{
	const struct glb_settings *settings = &gen->settings;
	const uint8_t port = pkts->port;
	const uint16_t vlan = settings->ports[glb_way_out(settings, port)].vlan;
	const uint16_t type = type_at(pkts, 2 * GLB_MAC_LEN);
	const bool tagged = is_tag(type);

	b->gen = gen;
	b->egress = &gen->egress[port];
	b->exact = binds_exact(gen->binds);
	b->pkts = pkts;
	b->count = count;
	b->port = port;
	b->ip_at = tagged ? VLAN_FRAME_LEN : GLB_ETHER_LEN;
	b->l2_len = vlan == GLB_VLAN_KEEP   ? b->ip_at
		    : vlan == GLB_VLAN_NONE ? GLB_ETHER_LEN
					    : VLAN_FRAME_LEN;
	b->version = version;
	b->head_len =
		(uint16_t)(gen->outer_len_max + (b->l2_len > b->ip_at ? b->l2_len - b->ip_at : 0));
	b->ip_len_max = b->egress->outer_max < gen->outer_len_max
				? 0 /* nothing may leave unseen */
				: b->egress->outer_max - gen->outer_len_max;
	b->head = (vec2){GLB_LE64(choose_mac(gen, pkts)), GLB_LE64((uint64_t)GLB_LE16(type) << 32)};
	b->head_mask =
		(vec2){GLB_LE64(gen->ingress[port].mask), GLB_LE64(tagged ? 0xffffULL << 32 : 0)};
}

/* The lanes whose proxies are of an IP version. */
static uint64_t lanes_to(const struct columns *c, const struct burst *b, uint8_t outer)
{
	uint64_t lanes = 0;

	if (!b->gen->mixed_versions)
		return outer == b->gen->outer_version ? b->live : 0;
	for (uint64_t left = b->live; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(left);

		lanes |= (uint64_t)(lane_route(c, i)->version == outer) << i;
	}
	return lanes;
}

/* The version is a constant in each of the pipelines that this becomes. */
GLB_INLINE void forward_version(struct burst *b, uint8_t version)
{
	struct columns c;
	uint64_t to4, to6;

	read_burst(&c, b, version);
	find_routes(&c, b, version);
	if (!b->live)
		return;
	hash_flows(&c, b, version);
	sum_packets(&c, b, version);
	to4 = lanes_to(&c, b, 4);
	to6 = lanes_to(&c, b, 6);
	if (to4)
		write_lanes(&c, b, to4, find_hops(&c, b, to4, 4), version, 4);
	if (to6)
		write_lanes(&c, b, to6, find_hops(&c, b, to6, 6), version, 6);
}

/* What became of packets: how many are forwarded, and which are left, being of the other version.
 */
struct outcome {
	unsigned int forwarded;
	uint64_t others;
};

/* Forwards the packets of an IP version, and decides about what is not IP. */
static struct outcome forward_those(const struct glb_generation *gen, struct glb_packet *pkts,
				    unsigned int count, uint8_t version, uint64_t now_ns)
{
	struct burst b;

	start(&b, gen, pkts, count, version);
	b.meters = now_ns ? gen->settings.meters : NULL;
	b.now_ns = now_ns;
	if (version == 4)
		forward_version(&b, 4);
	else
		forward_version(&b, 6);
	return (struct outcome){(unsigned int)__builtin_popcountll(b.live), b.others};
}

/* The IP version of a packet, as far as that is easily said; it goes first. */
static uint8_t guess_version(const struct glb_packet *pkt)
{
	uint32_t at = is_tag(type_at(pkt, 2 * GLB_MAC_LEN)) ? VLAN_FRAME_LEN : GLB_ETHER_LEN;

	return type_at(pkt, at - 2) == GLB_BE16(GLB_ETHERTYPE_IPV6) ? 6 : 4;
}

/* Returns how many packets are forwarded. */
static unsigned int forward_burst(const struct glb_generation *gen, struct glb_packet *pkts,
				  unsigned int count, uint64_t now_ns)
{
	struct glb_packet packed[LANES];
	const uint8_t version = guess_version(pkts);
	const struct outcome first = forward_those(gen, pkts, count, version, now_ns);
	unsigned int forwarded = first.forwarded;
	unsigned int n = 0;

	if (GLB_LIKELY(!first.others))
		return forwarded;
	for (uint64_t left = first.others; left; left &= left - 1)
		packed[n++] = pkts[__builtin_ctzll(left)];
	forwarded += forward_those(gen, packed, n, version == 4 ? 6 : 4, now_ns).forwarded;
	n = 0;
	for (uint64_t left = first.others; left; left &= left - 1)
		pkts[__builtin_ctzll(left)] = packed[n++];
	return forwarded;
}

unsigned int FORWARD_ISA_NAME(glb_forward)(const struct glb_generation *gen,
					   struct glb_packet *packets, unsigned int n,
					   uint64_t now_ns)
{
	unsigned int forwarded = 0;

	while (n) {
		unsigned int count = n < LANES ? n : LANES;

		forwarded += forward_burst(gen, packets, count, now_ns);
		packets += count;
		n -= count;
	}
	return forwarded;
}
