/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/parse.h>
#include <glb/tcp.h>

#include "director/punt.h"
#include "director/rss.h"

enum {
	LLC_MAX = 1500, /* smaller EtherTypes are lengths, IEEE 802.3 */
	TYPE_ARP = 0x0806,
	TYPE_SLOW = 0x8809, /* LACP, IEEE 802.1AX */
	TYPE_LLDP = 0x88cc,
	ARP_SENDER_AT = 14, /* the sender's IPv4 address, RFC 826 */
	PROTO_OSPF = 89,
	PORT_BGP = 179,
	PORT_BFD = 3784,
	PORT_BFD_ECHO = 3785,
	PORT_BFD_MULTIHOP = 4784,
	ND_FIRST = 133, /* router solicitation; */
	ND_LAST = 137,	/* redirect */
	ND_HOP_LIMIT = 255,
};

static const uint64_t second_ns = 1000000000;

/* Takes from one part of a budget by the generic cell rate algorithm, which needs a single word
 * and no lock. */
static bool punt_take(uint64_t *until, uint64_t cost_ns, unsigned int burst, uint64_t now_ns)
{
	uint64_t most_ns = cost_ns > second_ns ? cost_ns : second_ns; /* at least one packet */
	uint64_t at_once_ns = cost_ns * burst < most_ns ? cost_ns * burst : most_ns;
	uint64_t earliest = now_ns > at_once_ns ? now_ns - at_once_ns : 0;
	uint64_t spent = __atomic_load_n(until, __ATOMIC_RELAXED);
	uint64_t next;

	do {
		next = (spent > earliest ? spent : earliest) + cost_ns;
		if (next > now_ns)
			return false;
	} while (!__atomic_compare_exchange_n(until, &spent, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

bool punt_pass_shared(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns)
{
	/* without a rate the clock, which may be behind other workers', does not matter */
	return !interval_ns ||
	       punt_take(&budget->shared_ns, 2ULL * interval_ns, PUNT_SHARED_BURST, now_ns);
}

bool punt_pass(struct punt_budget *budget, uint32_t interval_ns, uint64_t now_ns, uint8_t kinds)
{
	const uint64_t cost_ns = 2ULL * PUNT_KINDS * interval_ns;

	if (punt_pass_shared(budget, interval_ns, now_ns))
		return true;
	for (unsigned int i = 0; i < PUNT_KINDS; i++)
		if (kinds >> i & 1 &&
		    punt_take(&budget->kinds_ns[i], cost_ns, PUNT_KIND_BURST, now_ns))
			return true;
	return false;
}

static uint8_t kinds_of_ethertype(uint16_t type)
{
	if (type == TYPE_ARP || type == TYPE_SLOW || type == TYPE_LLDP)
		return PUNT_LINK;
	return type <= LLC_MAX ? PUNT_ROUTING : 0; /* IS-IS */
}

/* Link-local scope multicast, never routed: RFC 5771, 4 and RFC 4291, 2.7. */
static bool is_group_of_link(const struct glb_flow *flow)
{
	if (flow->version == 4)
		return (glb_load_be32(flow->dst) & 0xffffff00) == 0xe0000000;
	return flow->dst[0] == 0xff && (flow->dst[1] & 0xf) == 2;
}

static bool is_routing(const struct glb_flow *flow)
{
	if (flow->kind == GLB_FLOW_PORTS && flow->proto == GLB_PROTO_TCP)
		return flow->src_port == PORT_BGP || flow->dst_port == PORT_BGP;
	if (flow->kind == GLB_FLOW_PORTS)
		return flow->dst_port == PORT_BFD || flow->dst_port == PORT_BFD_ECHO ||
		       flow->dst_port == PORT_BFD_MULTIHOP || is_group_of_link(flow);
	return flow->proto == PROTO_OSPF || is_group_of_link(flow);
}

/* Hop limit 255 proves that it comes from a neighbour, RFC 4861, 11.2. */
static bool is_discovery(const struct glb_flow *flow, const uint8_t *frame)
{
	const uint8_t *ip = frame + flow->ip_at;

	return flow->version == 6 && flow->proto == GLB_PROTO_ICMPV6 &&
	       flow->fragment == GLB_WHOLE && ip[7] == ND_HOP_LIMIT &&
	       ip[flow->transport_at] >= ND_FIRST && ip[flow->transport_at] <= ND_LAST;
}

static uint32_t punt_place_of(const uint8_t addr[16])
{
	return rss_mix(rss_fold(addr, addr), 0) >> (32 - PUNT_HOSTS_BITS);
}

static bool punt_is_host(const struct punt_hosts *hosts, const uint8_t addr[16])
{
	uint32_t at = punt_place_of(addr);
	uint64_t both = __atomic_load_n(&hosts->words[0][at / 64], __ATOMIC_RELAXED) |
			__atomic_load_n(&hosts->words[1][at / 64], __ATOMIC_RELAXED);

	return both >> at % 64 & 1;
}

uint8_t punt_kinds(const struct punt_hosts *hosts, const uint8_t *frame, uint32_t len)
{
	struct glb_cursor cur = glb_cursor(frame, len);
	struct glb_flow flow;
	uint16_t type;
	uint8_t kinds = 0;
	enum glb_verdict verdict = glb_parse(&flow, frame, len);

	if (verdict == GLB_PUNT_NOT_IP && glb_parse_ether(&type, &cur)) {
		kinds = kinds_of_ethertype(type);
	} else if (verdict == GLB_FORWARD) {
		kinds |= is_discovery(&flow, frame) ? PUNT_LINK : 0;
		kinds |= is_routing(&flow) ? PUNT_ROUTING : 0;
		/* the flow of an ICMP error is that of its quote: an error to the host belongs to
		 * the host */
		kinds |= hosts && punt_is_host(hosts, flow.dst) ? PUNT_HOST : 0;
	}
	return kinds ? kinds : PUNT_OTHER;
}

static void punt_add(struct punt_hosts *hosts, const uint8_t *bytes, uint32_t len)
{
	uint8_t addr[16] = {0};
	uint64_t *word;
	uint32_t at;

	memcpy(addr, bytes, len);
	at = punt_place_of(addr);
	word = &hosts->words[hosts->current][at / 64];
	__atomic_store_n(word, *word | 1ULL << at % 64, __ATOMIC_RELAXED);
}

/* Forgets hosts that were not seen for a period. */
static void punt_age(struct punt_hosts *hosts, uint64_t now_ns)
{
	if (now_ns - hosts->since_ns < PUNT_HOSTS_PERIOD_S * second_ns)
		return;
	hosts->since_ns = now_ns;
	hosts->current ^= 1;
	for (unsigned int i = 0; i < PUNT_HOSTS_WORDS; i++)
		__atomic_store_n(&hosts->words[hosts->current][i], 0, __ATOMIC_RELAXED);
}

/*
 * Is the source of such a packet a kernel address that has conversations? A probe of a closed port
 * of a VIP gets a reset or an ICMP error from the VIP, if the host has that address: this must not
 * open the way for a flood of such probes.
 */
static bool is_conversation(const struct glb_flow *flow, const uint8_t *frame)
{
	if (flow->proto == GLB_PROTO_ICMP || flow->kind == GLB_FLOW_QUOTED ||
	    flow->kind == GLB_FLOW_BAD_QUOTE)
		return false;
	if (flow->proto == GLB_PROTO_ICMPV6)
		return is_discovery(flow, frame);
	return !(flow->tcp_flags & GLB_TCP_RST);
}

void punt_learn(struct punt_hosts *hosts, const uint8_t *frame, uint32_t len, uint64_t now_ns)
{
	struct glb_cursor cur = glb_cursor(frame, len);
	struct glb_flow flow;
	uint16_t type;
	enum glb_verdict verdict = glb_parse(&flow, frame, len);
	const uint8_t *arp;

	punt_age(hosts, now_ns);
	if (verdict == GLB_FORWARD && is_conversation(&flow, frame)) {
		punt_add(hosts, flow.src, sizeof(flow.src));
	} else if (verdict == GLB_PUNT_NOT_IP && glb_parse_ether(&type, &cur) && type == TYPE_ARP) {
		arp = glb_take(&cur, ARP_SENDER_AT + 4);
		if (arp && glb_load32(arp + ARP_SENDER_AT)) /* 0: a probe, RFC 5227 */
			punt_add(hosts, arp + ARP_SENDER_AT, 4);
	}
}
