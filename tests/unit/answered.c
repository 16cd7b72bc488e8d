/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/bind.h>

#include "answered.h"
#include "plain.h"

enum { ANSWER_LEN_MAX = 22 + 1280 };

static const char *ethernet_fault(const struct outer_case *c, const struct glb_flow *flow)
{
	if (c->sent_len < flow->ip_at)
		return "an answer without an Ethernet header";
	if (memcmp(c->sent, c->original + 6, 6) != 0 ||
	    memcmp(c->sent + 6, c->gen->settings.ports[c->port].mac, 6) != 0)
		return "the MAC addresses";
	return memcmp(c->sent + 12, c->original + 12, flow->ip_at - 12U) ? "the tags or EtherType"
									 : NULL;
}

/* The sum over all that an ICMP checksum is about, the checksum included. */
static uint16_t icmp_sum(const uint8_t *ip, const struct glb_flow *flow)
{
	uint32_t len = (uint32_t)flow->ip_len - flow->transport_at;

	if (flow->version == 4)
		return plain_sum(0, ip + flow->transport_at, len);
	return plain_segment_sum(ip + 8, 16, 58, ip + flow->transport_at, len);
}

static const char *echo_fault(const struct outer_case *c, const struct glb_flow *flow)
{
	bool v4 = flow->version == 4;
	const uint8_t *ip = c->sent + flow->ip_at;
	const uint8_t *was = c->original + flow->ip_at;
	uint32_t src = v4 ? 12 : 8;
	uint32_t addr_len = v4 ? 4 : 16;
	uint32_t icmp = v4 ? 20 : 40;

	if (c->sent_len != (uint32_t)flow->ip_at + flow->ip_len)
		return "the length of the reply";
	if (memcmp(ip + src, was + src + addr_len, addr_len) != 0 ||
	    memcmp(ip + src + addr_len, was + src, addr_len) != 0)
		return "the IP addresses of the reply";
	if (memcmp(ip, was, v4 ? 8 : 7) != 0 || ip[v4 ? 8 : 7] != 64 || (v4 && ip[9] != 1))
		return "the IP header of the reply";
	if (v4 && plain_sum(0, ip, 20) != 0xffff)
		return "the IP checksum of the reply";
	if (ip[icmp] != (v4 ? 0 : 129) || ip[icmp + 1])
		return "the type of the reply";
	if (memcmp(ip + icmp + 4, was + icmp + 4, flow->ip_len - icmp - 4) != 0)
		return "identifier, sequence number or payload of the reply";
	/* right if the request's was */
	return icmp_sum(ip, flow) % 0xffff != icmp_sum(was, flow) % 0xffff ? "the ICMP checksum"
									   : NULL;
}

uint32_t answer_overhead(const struct outer_case *c, const struct glb_flow *flow)
{
	const struct glb_settings *settings = &c->gen->settings;
	const uint8_t *vip = c->original + flow->ip_at + (flow->version == 4 ? 16 : 24);
	int32_t t = glb_binds_match(c->gen->binds, flow, vip).table;

	if (t < 0)
		return 0;

	const struct glb_table *table = c->gen->tables.tables[t];
	uint32_t listed = (settings->alt_hash_fields ? 2U : 1U) * table->hop_count - 1;

	return table->spec.backends[table->rows[0].hops[0]].addr.version == 4 ? 36 + 4 * listed
									      : 56 + 16 * listed;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* RFC 792, RFC 1191 and RFC 1812. Returns the length. */
static uint32_t write_frag_needed(uint8_t *ip, const uint8_t *was, uint32_t was_len, uint32_t mtu)
{
	uint32_t quote_len = smaller(was_len, 576 - 28);

	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[1] = 0xc0;
	(void)put16(ip + 2, 28 + quote_len);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, was + 16, 4);
	memcpy(ip + 16, was + 12, 4);
	(void)put16(ip + 10, ~plain_sum(0, ip, 20) & 0xffffU);
	ip[20] = 3;
	ip[21] = 4;
	(void)put16(ip + 26, mtu);
	memcpy(ip + 28, was, quote_len);
	(void)put16(ip + 22, ~plain_sum(0, ip + 20, 8 + quote_len) & 0xffffU);
	return 28 + quote_len;
}

/* RFC 4443, 3.2. Returns the length. */
static uint32_t write_packet_too_big(uint8_t *ip, const uint8_t *was, uint32_t was_len,
				     uint32_t mtu)
{
	uint32_t quote_len = smaller(was_len, 1280 - 48);

	memset(ip, 0, 48);
	ip[0] = 0x60;
	(void)put16(ip + 4, 8 + quote_len);
	ip[6] = 58;
	ip[7] = 64;
	memcpy(ip + 8, was + 24, 16);
	memcpy(ip + 24, was + 8, 16);
	ip[40] = 2;
	(void)put16(ip + 46, mtu < 1280 ? 1280 : mtu);
	memcpy(ip + 48, was, quote_len);
	(void)put16(ip + 42, ~plain_segment_sum(ip + 8, 16, 58, ip + 40, 8 + quote_len) & 0xffffU);
	return 48 + quote_len;
}

uint32_t answer_write_too_big(uint8_t *ip, const uint8_t *was, uint32_t len, uint32_t mtu)
{
	return was[0] >> 4 == 4 ? write_frag_needed(ip, was, len, mtu)
				: write_packet_too_big(ip, was, len, mtu);
}

static const char *too_big_fault(const struct outer_case *c, const struct glb_flow *flow)
{
	uint8_t want[ANSWER_LEN_MAX];
	const uint8_t *was = c->original + flow->ip_at;
	uint32_t mtu = c->gen->settings.ports[c->port].mtu - answer_overhead(c, flow);
	uint32_t len = answer_write_too_big(want, was, flow->ip_len, mtu);

	if (c->sent_len != flow->ip_at + len)
		return "the length of the error";
	return memcmp(c->sent + flow->ip_at, want, len) ? "the error's bytes" : NULL;
}

const char *answer_fault(const struct outer_case *c, enum glb_verdict verdict)
{
	struct glb_flow flow;
	const char *fault;

	if (glb_parse(&flow, c->original, c->original_len) != GLB_FORWARD)
		return "an answer to a frame that cannot be read";
	fault = ethernet_fault(c, &flow);
	if (fault)
		return fault;
	if (verdict == GLB_ANSWER_ECHO)
		return echo_fault(c, &flow);
	return verdict == GLB_ANSWER_TOO_BIG ? too_big_fault(c, &flow) : "no answer at all";
}
