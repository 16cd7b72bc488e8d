/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "outer.h"

/* What the original frame says about itself. */
struct inner {
	uint32_t ip_at;
	uint32_t ip_len;
	uint8_t gue_proto;
};

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static struct inner inner_of(const uint8_t *frame)
{
	uint32_t ip_at = 14;

	while (get16(frame + ip_at - 2) == 0x8100 || get16(frame + ip_at - 2) == 0x88a8)
		ip_at += 4;

	bool v4 = get16(frame + ip_at - 2) == 0x0800;
	const uint8_t *ip = frame + ip_at;

	return (struct inner){ip_at, v4 ? get16(ip + 2) : 40 + get16(ip + 4), v4 ? 4 : 41};
}

static uint16_t plain_sum(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static bool lists(const struct glb_table_spec *spec, const uint8_t *addr)
{
	for (unsigned int b = 0; b < spec->backend_count; b++)
		if (!memcmp(spec->backends[b].addr.bytes, addr, 4))
			return true;
	return false;
}

/* The first table that lists a backend, or the number of tables: no two share one. */
static unsigned int table_of(const struct glb_tables *tables, const uint8_t *addr)
{
	unsigned int t = 0;

	while (t < tables->count && !lists(&tables->tables[t]->spec, addr))
		t++;
	return t;
}

static const char *ethernet_fault(const struct outer_case *c, const struct inner *inner)
{
	if (memcmp(c->sent, c->gen->settings.ports[c->port].gateway_mac, 6) != 0 ||
	    memcmp(c->sent + 6, c->gen->settings.ports[c->port].mac, 6) != 0)
		return "the MAC addresses";
	if (memcmp(c->sent + 12, c->original + 12, inner->ip_at - 14) != 0)
		return "the VLAN tags";
	if (get16(c->sent + inner->ip_at - 2) != 0x0800)
		return "the EtherType";
	return NULL;
}

static const char *ip_fault(const uint8_t *ip, uint32_t ip_len)
{
	static const uint8_t fixed[] = {0, 0, 0x40, 0, 64, 17}; /* id, DF, TTL, UDP */

	if (ip[0] != 0x45 || ip[1])
		return "the outer version, header length or TOS";
	if (get16(ip + 2) != ip_len)
		return "the outer IP length";
	if (memcmp(ip + 4, fixed, sizeof(fixed)) != 0)
		return "the outer id, flags, TTL or protocol";
	if (plain_sum(0, ip, 20) != 0xffff)
		return "the outer IP checksum";
	return NULL;
}

static const char *udp_fault(const uint8_t *ip, const uint8_t *udp, uint32_t udp_len)
{
	if (get16(udp) < 0x8000 || get16(udp + 2) != 19523)
		return "the UDP ports";
	if (get16(udp + 4) != udp_len)
		return "the UDP length";
	if (!get16(udp + 6))
		return "no UDP checksum";
	if (plain_sum(17 + udp_len + plain_sum(0, ip + 12, 8), udp, udp_len) != 0xffff)
		return "the UDP checksum";
	return NULL;
}

static const char *gue_fault(const struct glb_table_spec *spec, const uint8_t *gue, uint8_t proto,
			     uint8_t hops)
{
	if (gue[0] != 1 + hops || gue[1] != proto || memcmp(gue + 2, "\0\0\0\0\0", 5) != 0 ||
	    gue[7] != hops)
		return "the GUE header";
	for (unsigned int i = 0; i < hops; i++)
		if (!lists(spec, gue + 8 + 4 * i))
			return "a hop its table does not list";
	return NULL;
}

const char *outer_fault(const struct outer_case *c)
{
	struct inner inner = inner_of(c->original);
	const uint8_t *ip = c->sent + inner.ip_at;
	unsigned int table = table_of(&c->gen->tables, ip + 16);
	const char *fault;

	if (table == c->gen->tables.count)
		return "an outer destination nobody listed";

	uint8_t hops = c->gen->routes[table].listed_hops;
	uint32_t outer_len = 20 + 8 + 8 + 4U * hops;

	if (c->sent_len != c->original_len + outer_len)
		return "the length of the frame";
	fault = ethernet_fault(c, &inner);
	if (!fault)
		fault = ip_fault(ip, outer_len + inner.ip_len);
	if (!fault)
		fault = udp_fault(ip, ip + 20, outer_len + inner.ip_len - 20);
	if (!fault)
		fault = gue_fault(&c->gen->tables.tables[table]->spec, ip + 28, inner.gue_proto,
				  hops);
	if (fault)
		return fault;
	return memcmp(ip + outer_len, c->original + inner.ip_at, c->original_len - inner.ip_at)
		       ? "the client's packet or what follows it"
		       : NULL;
}
