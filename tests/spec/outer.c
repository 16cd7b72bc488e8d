/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash of a flow, the hops that it leads to and the headers that name them. */
#include <string.h>

#include <glb/hash.h>

#include "parts.h"

/* Two rounds of SipHash-2-4 per word and four at the end, as in the paper. */
static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = (v[1] << 13 | v[1] >> 51) ^ v[0];
	v[0] = v[0] << 32 | v[0] >> 32;
	v[2] += v[3];
	v[3] = (v[3] << 16 | v[3] >> 48) ^ v[2];
	v[0] += v[3];
	v[3] = (v[3] << 21 | v[3] >> 43) ^ v[0];
	v[2] += v[1];
	v[1] = (v[1] << 17 | v[1] >> 47) ^ v[2];
	v[2] = v[2] << 32 | v[2] >> 32;
}

static uint64_t word_at(const uint8_t *bytes, unsigned int len)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < len; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

static uint64_t sip_hash(const uint8_t *key, const uint8_t *input, unsigned int len)
{
	uint64_t k0 = word_at(key, 8);
	uint64_t k1 = word_at(key + 8, 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			 k1 ^ 0x7465646279746573};

	for (unsigned int at = 0; at <= len; at += 8) {
		bool last = len - at < 8;
		uint64_t word = word_at(input + at, last ? len - at : 8);

		if (last)
			word |= (uint64_t)len << 56;
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Source address, destination address, source port, destination port: those that are chosen. */
static uint64_t hash_flow(const uint8_t *key, uint8_t fields, const struct glb_flow *flow)
{
	uint32_t addr_len = flow->version == 4 ? 4 : 16;
	uint8_t input[36];
	uint8_t *at = input;

	if (fields & GLB_HASH_SRC_ADDR) {
		memcpy(at, flow->src, addr_len);
		at += addr_len;
	}
	if (fields & GLB_HASH_DST_ADDR) {
		memcpy(at, flow->dst, addr_len);
		at += addr_len;
	}
	if (fields & GLB_HASH_SRC_PORT)
		at = put16(at, flow->src_port);
	if (fields & GLB_HASH_DST_PORT)
		at = put16(at, flow->dst_port);
	return sip_hash(key, input, (unsigned int)(at - input));
}

uint32_t spec_addr_len(const struct glb_table *table)
{
	return table->spec.backends[table->rows[0].hops[0]].addr.version == 4 ? 4 : 16;
}

/* As many hops as are listed if none is left out, the primary included. */
static uint32_t most_hops(const struct glb_settings *settings, const struct glb_table *table)
{
	return (settings->alt_hash_fields ? 2U : 1U) * table->hop_count;
}

/* IP, UDP, the first two words of GUE, and the hops behind the primary. */
static uint32_t headers_len(uint32_t addr_len, uint32_t hop_count)
{
	return (addr_len == 4 ? 20U : 40U) + 8 + 8 + (hop_count - 1) * addr_len;
}

uint32_t spec_outer_len(const struct glb_settings *settings, const struct glb_table *table)
{
	return headers_len(spec_addr_len(table), most_hops(settings, table));
}

/*
 * Where in a UDP datagram, of which `there` bytes are known and `announced` belong to the IP
 * packet, is the server ID that a QUIC server gave out? 0: nowhere. See quic.h.
 */
static uint32_t server_id_at(const uint8_t *udp, uint32_t there, uint32_t announced)
{
	uint32_t len = there < 8 ? 0 : get16(udp + 4);
	const uint8_t *quic = udp + 8;
	uint32_t id_at = 1;

	if (len <= 8 || len > announced || there <= 8)
		return 0;
	len = (len < there ? len : there) - 8;
	if (quic[0] & 0x80) {
		if (len < 6 || quic[5] < 3)
			return 0;

		uint32_t version = get16(quic + 1) << 16 | get16(quic + 3);
		uint32_t type = quic[0] >> 4 & 3;

		if (!(version == 1 && type == 2) && !(version == 0x6b3343cf && type == 3))
			return 0;
		id_at = 6;
	}
	return len < id_at + 3 || quic[id_at] >> 5 == 7 ? 0 : 8 + id_at + 1;
}

/* The backend that a packet asks for by its QUIC connection ID, or backend_count. */
static uint32_t find_server(const struct spec_match *match, const struct glb_flow *flow,
			    const uint8_t *ip, uint32_t there)
{
	const struct glb_table_spec *spec = &match->table->spec;
	const uint8_t *udp = ip + flow->transport_at;
	uint32_t at;

	if (!match->quic || flow->kind != GLB_FLOW_PORTS || flow->fragment != GLB_WHOLE ||
	    there < flow->transport_at)
		return spec->backend_count;
	at = server_id_at(udp, there - flow->transport_at,
			  (uint32_t)flow->ip_len - flow->transport_at);
	/* of two with one ID, which no file can have, the last */
	for (uint32_t b = spec->backend_count; at && b--;)
		if (spec->backends[b].has_server_id && spec->backends[b].state != GLB_INACTIVE &&
		    spec->backends[b].server_id == get16(udp + at))
			return b;
	return spec->backend_count;
}

static bool contains(const uint16_t *hops, uint32_t count, uint16_t hop)
{
	for (uint32_t i = 0; i < count; i++)
		if (hops[i] == hop)
			return true;
	return false;
}

struct spec_way spec_way_of(const struct glb_settings *settings, const struct spec_match *match,
			    const struct glb_flow *flow, const uint8_t *ip, uint32_t there)
{
	const struct glb_table *table = match->table;
	const uint8_t *key = table->spec.hash_key;
	struct spec_way way = {.table = table, .addr_len = spec_addr_len(table)};
	const uint32_t server = find_server(match, flow, ip, there);
	const uint32_t most = most_hops(settings, table);
	uint16_t all[SPEC_HOPS_MAX + 1];
	uint32_t n = 0;

	way.hash = hash_flow(key, settings->hash_fields, flow);
	if (server < table->spec.backend_count)
		all[n++] = (uint16_t)server;
	for (uint32_t i = 0; i < most; i++) {
		uint64_t hash = i < table->hop_count
					? way.hash
					: hash_flow(key, settings->alt_hash_fields, flow);
		uint16_t hop = table->rows[hash % GLB_ROWS].hops[i % table->hop_count];

		if (hop != server)
			all[n++] = hop;
	}
	/* a server that is named takes the place of the last */
	for (uint32_t i = 0; i < n && i < most; i++)
		if (!i || !settings->unique_hops || !contains(way.hops, way.hop_count, all[i]))
			way.hops[way.hop_count++] = all[i];
	return way;
}

/* RFC 791 and RFC 8200, with what differs from packet to packet. Returns where UDP begins. */
static uint8_t *write_ip(uint8_t *ip, const struct glb_settings *settings,
			 const struct spec_way *way, uint32_t payload_len, uint8_t tos)
{
	const uint8_t *dst = way->table->spec.backends[way->hops[0]].addr.bytes;
	uint32_t label = way->hash >> 16 & 0xfffff;

	if (way->addr_len == 4) {
		memset(ip, 0, 20);
		ip[0] = 0x45;
		ip[1] = tos;
		(void)put16(ip + 2, 20 + payload_len);
		ip[6] = 0x40; /* do not fragment */
		ip[8] = 64;
		ip[9] = 17;
		memcpy(ip + 12, settings->src_addr.bytes, 4);
		memcpy(ip + 16, dst, 4);
		(void)put16(ip + 10, ~plain_sum(0, ip, 20) & 0xffffU);
		return ip + 20;
	}
	(void)put16(ip, 6U << 12 | (uint32_t)tos << 4 | label >> 16);
	(void)put16(ip + 2, label & 0xffff);
	(void)put16(ip + 4, payload_len);
	ip[6] = 17;
	ip[7] = 64;
	memcpy(ip + 8, settings->src_addr6.bytes, 16);
	memcpy(ip + 24, dst, 16);
	return ip + 40;
}

uint32_t spec_write_outer(uint8_t *out, const struct glb_settings *settings,
			  const struct spec_way *way, const struct glb_flow *flow, uint8_t tos)
{
	const uint32_t listed = way->hop_count - 1;
	const uint32_t udp_len = 8 + 8 + listed * way->addr_len + flow->ip_len;
	uint8_t *udp = write_ip(out, settings, way, udp_len, tos);
	uint8_t *gue = udp + 8;

	(void)put16(udp, 0x8000 | ((way->hash ^ flow->entropy) & 0x7fff));
	(void)put16(udp + 2, 19523);
	(void)put16(udp + 4, udp_len);
	(void)put16(udp + 6, 0);
	memset(gue, 0, 8);
	gue[0] = (uint8_t)(1 + listed * way->addr_len / 4);
	gue[1] = flow->version == 4 ? 4 : 41;
	gue[5] = way->addr_len == 16;
	gue[7] = (uint8_t)listed;
	for (uint32_t i = 0; i < listed; i++)
		memcpy(gue + 8 + i * way->addr_len,
		       way->table->spec.backends[way->hops[i + 1]].addr.bytes, way->addr_len);
	return headers_len(way->addr_len, way->hop_count);
}
