/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/hash.h>
#include <glb/quic.h>

#include "outer.h"
#include "plain.h"

enum { HOPS_MAX = 8 };

/* What follows from the original frame and the configuration for the frame to send. */
struct expected {
	const struct outer_case *c;
	struct glb_flow flow;
	const struct glb_settings *settings;
	const struct glb_port *port;
	const struct glb_table *table;
	uint64_t hash;
	uint16_t hops[HOPS_MAX];
	uint32_t hop_count; /* the primary included */
	uint32_t hop_len;
	uint32_t most_hops; /* so many if none was left out as a repetition */
	uint32_t l2_len;
	uint32_t ip_len;	 /* of the outer IP header alone */
	uint32_t outer_len;	 /* up to the client's packet */
	const uint8_t *ip;	 /* outer IP header as sent */
	const uint8_t *inner;	 /* the client's packet as sent */
	const uint8_t *original; /* as received */
};

static uint32_t l2_len_of(const struct glb_port *port, const struct glb_flow *flow)
{
	if (port->vlan == GLB_VLAN_NONE)
		return 14;
	return port->vlan == GLB_VLAN_KEEP ? flow->ip_at : 18;
}

static bool lists(const struct glb_table_spec *spec, const uint8_t *addr, uint32_t addr_len)
{
	for (unsigned int b = 0; b < spec->backend_count; b++)
		if (spec->backends[b].addr.version == (addr_len == 4 ? 4 : 6) &&
		    !memcmp(spec->backends[b].addr.bytes, addr, addr_len))
			return true;
	return false;
}

/* The table that lists a backend: no two share one. */
static const struct glb_table *table_of(const struct glb_tables *tables, const uint8_t *addr,
					uint32_t addr_len)
{
	for (unsigned int t = 0; t < tables->count; t++)
		if (lists(&tables->tables[t]->spec, addr, addr_len))
			return tables->tables[t];
	return NULL;
}

static bool contains(const uint16_t *hops, uint32_t count, uint16_t hop)
{
	for (uint32_t i = 0; i < count; i++)
		if (hops[i] == hop)
			return true;
	return false;
}

/* The backend that a packet to a QUIC bind names: most_hops if none. */
static uint32_t named_server(const struct expected *e)
{
	const uint8_t *vip = e->original + (e->flow.version == 4 ? 16 : 24);
	const struct glb_table_spec *spec = &e->table->spec;
	struct glb_cursor cur = glb_cursor(e->original + e->flow.transport_at,
					   (size_t)e->flow.ip_len - e->flow.transport_at);
	uint16_t id;
	uint32_t b = 0;

	if (!glb_binds_match(e->c->gen->binds, &e->flow, vip).quic ||
	    e->flow.kind != GLB_FLOW_PORTS || e->flow.fragment != GLB_WHOLE ||
	    !glb_quic_server_id(&id, &cur))
		return spec->backend_count;
	while (b < spec->backend_count &&
	       (!spec->backends[b].has_server_id || spec->backends[b].server_id != id ||
		spec->backends[b].state == GLB_INACTIVE))
		b++;
	return b;
}

/* Primary and listed hops: a named server first, then the row's, then the alternative row's. */
static void list_hops(struct expected *e, const struct glb_row *row, const struct glb_row *alt)
{
	uint16_t all[2 * HOPS_MAX];
	uint32_t per_row = e->table->hop_count;
	uint32_t server = named_server(e);
	uint32_t n = 0;
	uint32_t taken = 0;

	e->most_hops = alt ? 2 * per_row : per_row;
	if (server < e->table->spec.backend_count)
		all[n++] = (uint16_t)server;
	for (uint32_t i = 0; i < e->most_hops; i++) {
		uint16_t hop = i < per_row ? row->hops[i] : alt->hops[i - per_row];

		if (hop != server)
			all[n++] = hop;
	}
	for (; taken < n && taken < e->most_hops; taken++)
		if (!e->settings->unique_hops || !contains(e->hops, e->hop_count, all[taken]))
			e->hops[e->hop_count++] = all[taken];
}

/* An error that quotes an echo reply goes where the echo request went, by addresses alone. */
static void forget_ports(struct glb_flow *flow)
{
	if (flow->kind == GLB_FLOW_QUOTED && flow->proto != 6 && flow->proto != 17)
		flow->src_port = flow->dst_port = flow->hint = 0;
}

static const char *work_out(struct expected *e, const struct outer_case *c)
{
	*e = (struct expected){.c = c, .settings = &c->gen->settings};
	e->port = &e->settings->ports[c->port];
	if (glb_parse(&e->flow, c->original, c->original_len) != GLB_FORWARD)
		return "a frame that cannot be read";
	e->l2_len = l2_len_of(e->port, &e->flow);
	e->ip = c->sent + e->l2_len;
	e->original = c->original + e->flow.ip_at;
	if (c->sent_len < e->l2_len + 40)
		return "a frame that ends in its headers";

	bool v4 = get16(e->ip - 2) == 0x0800;

	e->hop_len = v4 ? 4 : 16;
	e->ip_len = v4 ? 20 : 40;
	e->table = table_of(&c->gen->tables, e->ip + (v4 ? 16 : 24), e->hop_len);
	if (!e->table)
		return "an outer destination nobody listed";
	if (e->settings->all_icmp_errors)
		forget_ports(&e->flow);

	const uint8_t *key = e->table->spec.hash_key;

	e->hash = glb_flow_hash(key, e->settings->hash_fields, &e->flow);
	uint64_t alt = e->settings->alt_hash_fields
			       ? glb_flow_hash(key, e->settings->alt_hash_fields, &e->flow)
			       : 0;

	list_hops(e, &e->table->rows[e->hash % 65536],
		  e->settings->alt_hash_fields ? &e->table->rows[alt % 65536] : NULL);
	e->outer_len = e->ip_len + 8 + 8 + e->hop_len * (e->hop_count - 1);
	e->inner = e->ip + e->outer_len;
	return NULL;
}

static const char *length_fault(const struct expected *e)
{
	uint32_t behind =
		e->settings->trim_padding ? 0 : e->c->original_len - e->flow.ip_at - e->flow.ip_len;

	if (e->c->sent_len != e->l2_len + e->outer_len + e->flow.ip_len + behind)
		return "the length of the frame";
	if (memcmp(e->inner + e->flow.ip_len, e->original + e->flow.ip_len, behind) != 0)
		return "what follows the client's packet";
	return NULL;
}

static const char *ethernet_fault(const struct expected *e)
{
	const uint8_t *sent = e->c->sent;

	if (memcmp(sent, e->port->gateway_mac, 6) != 0 || memcmp(sent + 6, e->port->mac, 6) != 0)
		return "the MAC addresses";
	if (get16(e->ip - 2) != (e->hop_len == 4 ? 0x0800 : 0x86dd))
		return "the EtherType";
	if (e->port->vlan == GLB_VLAN_NONE)
		return NULL;
	if (e->port->vlan == GLB_VLAN_KEEP)
		return memcmp(sent + 12, e->c->original + 12, e->l2_len - 14) ? "the VLAN tags"
									      : NULL;
	return get16(sent + 12) != 0x8100 || get16(sent + 14) != e->port->vlan ? "the VLAN tag"
									       : NULL;
}

/* RFC 2983 and RFC 6040. */
static uint32_t tos_of(const struct expected *e)
{
	uint32_t inner = e->flow.version == 4 ? e->original[1] : get16(e->original) >> 4 & 0xff;
	uint32_t dscp =
		e->settings->outer_dscp == GLB_DSCP_COPY ? inner >> 2 : e->settings->outer_dscp;

	return dscp << 2 | (e->settings->copy_ecn ? inner & 3 : 0);
}

static const char *ipv4_fault(const struct expected *e)
{
	static const uint8_t fixed[] = {0, 0, 0x40, 0, 64, 17}; /* id, DF, TTL, UDP */

	if (e->ip[0] != 0x45 || e->ip[1] != tos_of(e))
		return "the outer version, header length or TOS";
	if (get16(e->ip + 2) != e->outer_len + e->flow.ip_len)
		return "the outer IP length";
	if (memcmp(e->ip + 4, fixed, sizeof(fixed)) != 0)
		return "the outer id, flags, TTL or protocol";
	if (plain_sum(0, e->ip, 20) != 0xffff)
		return "the outer IP checksum";
	return memcmp(e->ip + 12, e->settings->src_addr.bytes, 4) ? "the outer source" : NULL;
}

static const char *ipv6_fault(const struct expected *e)
{
	uint64_t label = e->hash >> 16 & 0xfffff;

	if (get16(e->ip) != (6U << 12 | tos_of(e) << 4 | label >> 16))
		return "the outer version, traffic class or flow label";
	if (get16(e->ip + 2) != (label & 0xffff))
		return "the outer flow label";
	if (get16(e->ip + 4) != e->outer_len + e->flow.ip_len - 40)
		return "the outer payload length";
	if (e->ip[6] != 17 || e->ip[7] != 64)
		return "the outer next header or hop limit";
	return memcmp(e->ip + 8, e->settings->src_addr6.bytes, 16) ? "the outer source" : NULL;
}

/* The protocol of the client's packet, if a checksum of its own covers all behind its headers. */
static uint32_t covered_proto(const struct expected *e)
{
	const uint8_t *transport = e->inner + e->flow.transport_at;

	if (e->flow.fragment != GLB_WHOLE || e->flow.routed)
		return 0;
	if (e->flow.kind != GLB_FLOW_PORTS)
		return e->flow.kind == GLB_FLOW_OTHER ? 0 : e->flow.version == 4 ? 1 : 58;
	if (e->flow.proto == 6)
		return 6;
	return get16(transport + 6) && get16(transport + 4) ==
					       (uint32_t)e->flow.ip_len - e->flow.transport_at
		       ? 17U
		       : 0;
}

/* As one's complement sums: what the client's own checksum is wrong by, 0xffff when it is right. */
static uint16_t inner_error(const struct expected *e, uint32_t proto)
{
	const uint8_t *transport = e->inner + e->flow.transport_at;
	uint32_t len = (uint32_t)e->flow.ip_len - e->flow.transport_at;
	bool v4 = e->flow.version == 4;

	if (proto == 1)
		return plain_sum(0, transport, len);
	return plain_segment_sum(e->inner + (v4 ? 12 : 8), v4 ? 4 : 16, proto, transport, len);
}

static const char *udp_checksum_fault(const struct expected *e)
{
	const uint8_t *udp = e->ip + e->ip_len;
	const uint8_t *src = e->ip + e->ip_len - 2 * (size_t)e->hop_len;
	uint32_t len = e->outer_len - e->ip_len + e->flow.ip_len;
	uint32_t check = get16(udp + 6);
	uint16_t sum;
	uint32_t proto;

	if (e->settings->udp_checksum == GLB_UDP_ZERO)
		return check ? "a UDP checksum" : NULL;
	if (e->settings->udp_checksum == GLB_UDP_OFFLOAD)
		return check == plain_segment_sum(src, e->hop_len, 17 + len, NULL, 0)
			       ? NULL
			       : "the sum of the UDP pseudo header";
	if (!check)
		return "no UDP checksum";
	sum = plain_segment_sum(src, e->hop_len, 17, udp, len);
	if (sum == 0xffff)
		return NULL;
	proto = e->settings->udp_checksum == GLB_UDP_INNER ? covered_proto(e) : 0;
	/* who trusts the client's checksum is off by what that is off */
	return proto && sum == inner_error(e, proto) ? NULL : "the UDP checksum";
}

static const char *udp_fault(const struct expected *e)
{
	const uint8_t *udp = e->ip + e->ip_len;

	if (get16(udp) != (0x8000 | ((e->hash ^ e->flow.hint) & 0x7fff)) || get16(udp + 2) != 19523)
		return "the UDP ports";
	if (get16(udp + 4) != e->outer_len - e->ip_len + e->flow.ip_len)
		return "the UDP length";
	return udp_checksum_fault(e);
}

static const char *gue_fault(const struct expected *e)
{
	const struct glb_table_spec *spec = &e->table->spec;
	const uint8_t *gue = e->ip + e->ip_len + 8;
	uint32_t listed = e->hop_count - 1;

	if (gue[0] != 1 + listed * e->hop_len / 4 || gue[1] != (e->flow.version == 4 ? 4 : 41) ||
	    get16(gue + 2) || get16(gue + 4) != (e->hop_len == 16 ? 1U : 0U) || gue[6] ||
	    gue[7] != listed)
		return "the GUE header";
	if (memcmp(e->ip + e->ip_len - e->hop_len, spec->backends[e->hops[0]].addr.bytes,
		   e->hop_len) != 0)
		return "the primary";
	for (uint32_t i = 0; i < listed; i++)
		if (memcmp(gue + 8 + (size_t)e->hop_len * i,
			   spec->backends[e->hops[i + 1]].addr.bytes, e->hop_len) != 0)
			return "a hop";
	return NULL;
}

/* Where in a SYN the MSS option stands, 0 if it has none that can be read. */
static uint32_t mss_at(const uint8_t *tcp, uint32_t len)
{
	uint32_t end = 4U * (tcp[12] >> 4);
	uint32_t at = 20;

	if (end > len)
		return 0;
	while (at < end && tcp[at] != 0) {
		if (tcp[at] == 1) {
			at++;
		} else if (at + 1 == end || tcp[at + 1] < 2) {
			return 0;
		} else if (tcp[at] == 2) {
			return tcp[at + 1] == 4 && at + 4 <= end ? at : 0;
		} else {
			at += tcp[at + 1];
		}
	}
	return 0;
}

/* Where in the client's packet an MSS must have been lowered, and to what; 0: nowhere. */
static uint32_t lowered_at(uint32_t *mss, const struct expected *e)
{
	const uint8_t *tcp = e->original + e->flow.transport_at;
	uint32_t most_len = e->ip_len + 16 + e->hop_len * (e->most_hops - 1);
	uint32_t at;

	if (!e->settings->clamp_mss || e->flow.kind != GLB_FLOW_PORTS || e->flow.proto != 6 ||
	    e->flow.fragment != GLB_WHOLE || !(tcp[13] & 2))
		return 0;
	at = mss_at(tcp, (uint32_t)e->flow.ip_len - e->flow.transport_at);
	*mss = e->port->mtu - most_len - (e->flow.version == 4 ? 40 : 60);
	return at && get16(tcp + at + 2) > *mss ? e->flow.transport_at + at + 2 : 0;
}

static const char *inner_fault(const struct expected *e)
{
	uint32_t check_at = e->flow.transport_at + 16U;
	uint32_t mss;
	uint32_t at = lowered_at(&mss, e);

	if (!at)
		return memcmp(e->inner, e->original, e->flow.ip_len) ? "the client's packet" : NULL;
	if (get16(e->inner + at) != mss)
		return "the maximum segment size";
	if (memcmp(e->inner, e->original, check_at) != 0 ||
	    memcmp(e->inner + check_at + 2, e->original + check_at + 2, at - check_at - 2) != 0 ||
	    memcmp(e->inner + at + 2, e->original + at + 2, e->flow.ip_len - at - 2) != 0)
		return "a SYN but for its maximum segment size";
	/* right if it was right, and otherwise as wrong */
	if (plain_sum(0, e->inner + e->flow.transport_at,
		      (uint32_t)e->flow.ip_len - e->flow.transport_at) %
		    0xffff !=
	    plain_sum(0, e->original + e->flow.transport_at,
		      (uint32_t)e->flow.ip_len - e->flow.transport_at) %
		    0xffff)
		return "the checksum of a SYN";
	return NULL;
}

const char *outer_fault(const struct outer_case *c)
{
	struct expected e;
	const char *fault = work_out(&e, c);

	if (!fault)
		fault = length_fault(&e);
	if (!fault)
		fault = ethernet_fault(&e);
	if (!fault)
		fault = e.hop_len == 4 ? ipv4_fault(&e) : ipv6_fault(&e);
	if (!fault)
		fault = gue_fault(&e);
	if (!fault)
		fault = udp_fault(&e);
	return fault ? fault : inner_fault(&e);
}
