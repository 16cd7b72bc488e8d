/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "naive_forward.h"

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

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum16(uint32_t sum, const uint8_t *bytes, unsigned int len)
{
	for (unsigned int i = 0; i + 1 < len; i += 2)
		sum += get16(bytes + i);
	if (len % 2)
		sum += (uint32_t)bytes[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What the headers say; of an error, those of the packet it quotes, reversed. */
struct seen {
	const uint8_t *src, *dst, *transport;
	unsigned int ip_at, ip_len, addr_len, proto, src_port, dst_port, entropy;
	bool echo, quic;
};

/* An error about a packet that was too long quotes what the VIP sent. */
static bool read_quote(struct seen *seen, const uint8_t *icmp)
{
	bool v4 = seen->addr_len == 4;
	const uint8_t *quote = icmp + 8;
	const uint8_t *transport = quote + (v4 ? (quote[0] & 15) * 4U : 40);

	if (icmp[0] != (v4 ? 3 : 2) || icmp[1] != (v4 ? 4 : 0))
		return false;
	seen->src = quote + (v4 ? 16 : 24);
	seen->dst = quote + (v4 ? 12 : 8);
	seen->proto = v4 ? quote[9] : quote[6];
	seen->src_port = seen->entropy = get16(transport + 2);
	seen->dst_port = get16(transport);
	return true;
}

static bool read_frame(struct seen *seen, const struct glb_packet *pkt)
{
	unsigned int ip_at = get16(pkt->data + 12) == 0x8100 ? 18 : 14;
	const uint8_t *ip = pkt->data + ip_at;
	bool v4 = get16(ip - 2) == 0x0800;
	unsigned int head = v4 ? (ip[0] & 15) * 4U : 40;
	const uint8_t *transport = ip + head;

	if (pkt->len < ip_at + head + 8 || (!v4 && get16(ip - 2) != 0x86dd))
		return false;
	*seen = (struct seen){
		.src = ip + (v4 ? 12 : 8),
		.dst = ip + (v4 ? 16 : 24),
		.transport = transport,
		.ip_at = ip_at,
		.ip_len = v4 ? get16(ip + 2) : 40 + get16(ip + 4),
		.addr_len = v4 ? 4 : 16,
		.proto = v4 ? ip[9] : ip[6],
		.entropy = get16(v4 ? ip + 4 : ip + 2),
	};
	seen->echo = seen->proto == (v4 ? 1U : 58U) && transport[0] == (v4 ? 8 : 128);
	if (seen->echo)
		return true;
	if (seen->proto == (v4 ? 1U : 58U))
		return read_quote(seen, transport);
	if (seen->proto != 6 && seen->proto != 17)
		return false;
	seen->src_port = seen->entropy = get16(transport);
	seen->dst_port = get16(transport + 2);
	return true;
}

static bool binds_match(const struct glb_bind *bind, const struct seen *seen)
{
	unsigned int whole = bind->prefix_len / 8;
	unsigned int rest = bind->prefix_len % 8;

	if (bind->addr.version != (seen->addr_len == 4 ? 4 : 6))
		return false;
	if (memcmp(bind->addr.bytes, seen->dst, whole) != 0)
		return false;
	if (rest && (bind->addr.bytes[whole] ^ seen->dst[whole]) >> (8 - rest))
		return false;
	return seen->echo || (bind->proto == seen->proto && bind->port_first <= seen->dst_port &&
			      seen->dst_port <= bind->port_last);
}

/* The first table with a bind that matches: the benchmark's do not overlap. */
static const struct glb_table *find_table(const struct glb_tables *tables, struct seen *seen)
{
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;

		for (unsigned int b = 0; b < spec->bind_count; b++) {
			if (!binds_match(&spec->binds[b], seen))
				continue;
			seen->quic = spec->binds[b].quic;
			return tables->tables[t];
		}
	}
	return NULL;
}

static uint64_t hash_flow(const struct glb_table *table, unsigned int fields,
			  const struct seen *seen)
{
	uint8_t input[36];
	unsigned int len = 0;

	if (fields & 1) {
		memcpy(input, seen->src, seen->addr_len);
		len += seen->addr_len;
	}
	if (fields & 2) {
		memcpy(input + len, seen->dst, seen->addr_len);
		len += seen->addr_len;
	}
	if (fields & 4) {
		put16(input + len, seen->src_port);
		len += 2;
	}
	if (fields & 8) {
		put16(input + len, seen->dst_port);
		len += 2;
	}
	return sip_hash(table->spec.hash_key, input, len);
}

/* The backend whose server ID is in the connection ID of a QUIC packet; -1: none. */
static int find_server(const struct glb_table *table, const struct seen *seen)
{
	const uint8_t *quic = seen->transport + 8;
	const uint8_t *id = quic + 1;

	if (quic[0] & 0x80) {
		if (get16(quic + 1) != 0 || get16(quic + 3) != 1 || (quic[0] >> 4 & 3) != 2)
			return -1;
		id = quic + 6;
	}
	if (id[0] >> 5 == 7)
		return -1;
	for (unsigned int b = 0; b < table->spec.backend_count; b++)
		if (table->spec.backends[b].server_id == get16(id + 1))
			return (int)b;
	return -1;
}

/* The hops of a packet, the first one first; returns how many. */
static unsigned int list_hops(uint16_t *hops, const struct glb_generation *gen,
			      const struct glb_table *table, uint64_t hash, const struct seen *seen)
{
	const unsigned int alt_fields = gen->settings.alt_hash_fields;
	const struct glb_row *row = &table->rows[hash & 0xffff];
	unsigned int n = 0;

	for (unsigned int i = 0; i < table->hop_count; i++)
		hops[n++] = row->hops[i];
	if (alt_fields) {
		row = &table->rows[hash_flow(table, alt_fields, seen) & 0xffff];
		for (unsigned int i = 0; i < table->hop_count; i++)
			hops[n++] = row->hops[i];
	}

	int server = seen->quic ? find_server(table, seen) : -1;
	uint16_t next = (uint16_t)server;

	for (unsigned int i = 0; server >= 0 && i < n; i++) { /* it goes first, others move up */
		uint16_t here = hops[i];

		hops[i] = next;
		if (here == server)
			break;
		next = here;
	}
	return n;
}

/* Lowers the MSS of a SYN to what fits behind the outer headers. */
static void clamp_mss(uint8_t *tcp, unsigned int most)
{
	unsigned int end = (tcp[12] >> 4) * 4U;
	unsigned int at = 20;

	while (at < end && tcp[at] != 2 && tcp[at])
		at += tcp[at] == 1 ? 1 : tcp[at + 1];
	if (at + 4 > end || tcp[at] != 2 || get16(tcp + at + 2) <= most)
		return;

	/* RFC 1624 */
	uint32_t sum = (~get16(tcp + 16) & 0xffff) + (~get16(tcp + at + 2) & 0xffff) + most;

	put16(tcp + at + 2, most);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(tcp + 16, ~sum & 0xffff);
}

/* Outer IP header in front of `len` bytes; returns where its two addresses are. */
static uint8_t *write_ip(uint8_t *ip, bool v4, unsigned int len, uint64_t hash)
{
	memset(ip, 0, v4 ? 20 : 40);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, 20 + len);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = 17;
		return ip + 12;
	}
	ip[0] = 0x60;
	ip[1] = (uint8_t)(hash >> 32 & 15);
	put16(ip + 2, (unsigned int)(hash >> 16 & 0xffff));
	put16(ip + 4, len);
	ip[6] = 17;
	ip[7] = 64;
	return ip + 8;
}

/* The UDP checksum over `len` bytes, with the pseudo header in front. */
static unsigned int udp_check(const uint8_t *udp, unsigned int len, unsigned int addr_len,
			      uint8_t mode)
{
	uint32_t pseudo = sum16(17 + len, udp - 2 * addr_len, 2 * addr_len);

	if (mode == GLB_UDP_ZERO)
		return 0;
	if (mode == GLB_UDP_OFFLOAD)
		return pseudo;

	uint32_t check = ~sum16(pseudo, udp, len) & 0xffff;

	return check ? check : 0xffff;
}

static void write_outer(uint8_t *ip, const struct glb_generation *gen,
			const struct glb_table *table, const struct seen *seen)
{
	const struct glb_backend *backends = table->spec.backends;
	uint64_t hash = hash_flow(table, gen->settings.hash_fields, seen);
	bool v4 = backends[0].addr.version == 4;
	unsigned int addr_len = v4 ? 4 : 16;
	uint16_t hops[8];
	unsigned int listed = list_hops(hops, gen, table, hash, seen) - 1;
	unsigned int len = 8 + 8 + addr_len * listed + seen->ip_len;
	uint8_t *addrs = write_ip(ip, v4, len, hash);
	uint8_t *udp = addrs + 2 * addr_len;
	uint8_t *gue = udp + 8;

	memcpy(addrs, v4 ? gen->settings.src_addr.bytes : gen->settings.src_addr6.bytes, addr_len);
	memcpy(addrs + addr_len, backends[hops[0]].addr.bytes, addr_len);
	if (v4)
		put16(ip + 10, ~sum16(0, ip, 20) & 0xffff);

	memset(udp, 0, 16);
	put16(udp, (unsigned int)(0x8000 | ((hash ^ seen->entropy) & 0x7fff)));
	put16(udp + 2, 19523);
	put16(udp + 4, len);
	gue[0] = (uint8_t)(1 + listed * addr_len / 4);
	gue[1] = seen->addr_len == 4 ? 4 : 41;
	gue[5] = v4 ? 0 : 1;
	gue[7] = (uint8_t)listed;
	for (unsigned int i = 0; i < listed; i++)
		memcpy(gue + 8 + addr_len * i, backends[hops[1 + i]].addr.bytes, addr_len);
	put16(udp + 6, udp_check(udp, len, addr_len, gen->settings.udp_checksum));
}

static unsigned int outer_len_of(const struct glb_generation *gen, const struct glb_table *table)
{
	unsigned int listed = table->hop_count * (gen->settings.alt_hash_fields ? 2U : 1U) - 1;

	return table->spec.backends[0].addr.version == 4 ? 36 + 4 * listed : 56 + 16 * listed;
}

/* The outer Ethernet header, of 14 bytes, or 18 with a tag. */
static void write_ether(uint8_t *ether, unsigned int len, const struct glb_port *port,
			unsigned int tag, bool v4)
{
	memcpy(ether, port->gateway_mac, 6);
	memcpy(ether + 6, port->mac, 6);
	if (len == 18) {
		put16(ether + 12, 0x8100);
		put16(ether + 14, tag);
	}
	put16(ether + len - 2, v4 ? 0x0800 : 0x86dd);
}

static uint8_t forward_one(const struct glb_generation *gen, struct glb_packet *pkt)
{
	const struct glb_port *port = &gen->settings.ports[pkt->port];
	const struct glb_table *table;
	struct seen seen;

	if (!read_frame(&seen, pkt))
		return GLB_PUNT_NOT_IP;
	table = find_table(&gen->tables, &seen);
	if (!table)
		return GLB_PUNT_NO_BIND;

	unsigned int outer_len = outer_len_of(gen, table);
	unsigned int ether_len = port->vlan ? 18 : seen.ip_at;
	uint8_t *ip = pkt->data + seen.ip_at;
	uint8_t *data = ip - outer_len - ether_len;

	if (pkt->headroom < pkt->data - data)
		return GLB_DROP_NO_HEADROOM;
	if (gen->settings.clamp_mss && seen.proto == 6 && seen.transport[13] & 2)
		clamp_mss(ip + (seen.transport - ip),
			  port->mtu - outer_len - (seen.addr_len == 4 ? 40 : 60));

	unsigned int tag = port->vlan ? port->vlan : get16(pkt->data + 14); /* is overwritten */

	write_outer(ip - outer_len, gen, table, &seen);
	pkt->headroom = (uint16_t)(pkt->headroom - (pkt->data - data));
	pkt->len += (uint32_t)(pkt->data - data);
	pkt->data = data;
	write_ether(data, ether_len, port, tag, table->spec.backends[0].addr.version == 4);
	return GLB_FORWARD;
}

void naive_forward(const struct glb_generation *gen, struct glb_packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		packets[i].verdict = forward_one(gen, &packets[i]);
}
