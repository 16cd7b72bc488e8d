/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

enum { BURST = 32 };

/* What the stages of one burst hand each other about a packet: exactly one cache line. */
struct work {
	struct glb_flow flow;
	uint16_t table;
	uint16_t row;
	uint16_t alt_row; /* of the alternative hash fields, when there are any */
	uint16_t src_port;
	uint8_t unused[10];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct work) == 64, "one packet, one cache line");

static const uint8_t *outer_dst(const struct glb_packet *pkt, const struct glb_flow *flow)
{
	return pkt->data + flow->ip_at + (flow->version == 4 ? 16 : 24);
}

/* Finds the row of a flow, and has it on its way from memory when this returns. */
static enum glb_verdict select_row(const struct glb_generation *gen, const struct glb_packet *pkt,
				   struct work *work)
{
	const struct glb_flow *flow = &work->flow;
	int table = glb_binds_match(gen->binds, flow, outer_dst(pkt, flow));

	if (table < 0 || (flow->kind == GLB_FLOW_ECHO && !gen->forward_echo))
		return GLB_PUNT_NO_BIND;
	if (flow->kind == GLB_FLOW_FRAGMENT)
		return GLB_DROP_FRAGMENT;

	const struct glb_route *route = &gen->routes[table];
	uint64_t hash = glb_flow_hash(route->hash_key, gen->hash_fields, flow);

	work->table = (uint16_t)table;
	work->row = glb_row_index(hash);
	work->src_port = glb_outer_src_port(hash, flow);
	__builtin_prefetch(&route->rows[work->row]);
	if (gen->alt_hash_fields) {
		hash = glb_flow_hash(route->hash_key, gen->alt_hash_fields, flow);
		work->alt_row = glb_row_index(hash);
		__builtin_prefetch(&route->rows[work->alt_row]);
	}
	return GLB_FORWARD;
}

/* The addresses behind the primary's, in the order in which they are to be tried. */
static void list_hops(struct glb_encap *encap, const struct glb_route *route,
		      const struct work *work)
{
	const struct glb_row *row = &route->rows[work->row];
	const struct glb_row *alt = &route->rows[work->alt_row];
	unsigned int n = 0;

	for (unsigned int hop = 1; hop < route->row_hops; hop++)
		encap->hops[n++] = glb_outer_dst(&route->outers[row->hops[hop]]);
	for (unsigned int hop = 0; n < encap->hop_count; hop++)
		encap->hops[n++] = glb_outer_dst(&route->outers[alt->hops[hop]]);
}

/* The outer Ethernet header: new addresses, the VLAN tags the frame came with, IPv4. */
static void write_l2(uint8_t *out, const struct glb_generation *gen, const struct glb_packet *pkt,
		     uint16_t ip_at)
{
	memcpy(out, gen->l2[pkt->port], sizeof(gen->l2[0]));
	for (unsigned int at = 2 * GLB_MAC_LEN; at < ip_at - 2U; at += GLB_VLAN_LEN)
		memcpy(out + at, pkt->data + at, GLB_VLAN_LEN);
	glb_store_be16(out + ip_at - 2, GLB_ETHERTYPE_IPV4);
}

static enum glb_verdict encapsulate(const struct glb_generation *gen, struct glb_packet *pkt,
				    const struct work *work)
{
	const struct glb_route *route = &gen->routes[work->table];
	uint8_t *inner = pkt->data + work->flow.ip_at;
	uint32_t outer_len = glb_outer_len(route->listed_hops);
	struct glb_encap encap = {
		.inner_len = work->flow.ip_len,
		.src_port = work->src_port,
		.version = work->flow.version,
		.hop_count = route->listed_hops,
	};

	if (outer_len + work->flow.ip_len > UINT16_MAX)
		return GLB_DROP_TOO_BIG;
	if (pkt->headroom < outer_len)
		return GLB_DROP_NO_HEADROOM;

	list_hops(&encap, route, work);
	write_l2(pkt->data - outer_len, gen, pkt, work->flow.ip_at);
	glb_encap(inner, &route->outers[route->rows[work->row].hops[0]], &encap);
	pkt->data -= outer_len;
	pkt->len += outer_len;
	pkt->headroom = (uint16_t)(pkt->headroom - outer_len);
	return GLB_FORWARD;
}

/* Three passes, so that the rows of a whole burst are on their way from memory together. */
static void forward_burst(const struct glb_generation *gen, struct glb_packet *pkts, unsigned int n)
{
	struct work work[BURST];

	for (unsigned int i = 0; i < n; i++)
		pkts[i].verdict = (uint8_t)glb_parse(&work[i].flow, pkts[i].data, pkts[i].len);

	for (unsigned int i = 0; i < n; i++)
		if (pkts[i].verdict == GLB_FORWARD)
			pkts[i].verdict = (uint8_t)select_row(gen, &pkts[i], &work[i]);

	for (unsigned int i = 0; i < n; i++)
		if (pkts[i].verdict == GLB_FORWARD)
			pkts[i].verdict = (uint8_t)encapsulate(gen, &pkts[i], &work[i]);
}

void glb_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n)
{
	while (n) {
		unsigned int burst = n < BURST ? n : BURST;

		forward_burst(gen, packets, burst);
		packets += burst;
		n -= burst;
	}
}
