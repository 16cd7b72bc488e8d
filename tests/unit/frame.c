/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

static uint8_t *put16(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return out + 2;
}

static uint8_t *put_payload(uint8_t *out, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		out[i] = (uint8_t)(0x40 + i);
	return out + len;
}

void frame_addr(uint8_t out[16], const char *text)
{
	memset(out, 0, 16);
	if (inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, out) != 1)
		abort();
}

static uint8_t *write_ip(uint8_t *out, const struct sample *s);

static uint8_t *write_transport(uint8_t *out, const struct sample *s)
{
	uint8_t *start = out;

	if (s->proto == 6 || s->proto == 17) {
		out = put16(put16(out, s->src_port), s->dst_port);
		memset(out, 0, 16);
		if (s->proto == 6) {
			out[8] = 5 << 4;
			out[9] = s->tcp_flags;
		} else {
			(void)put16(out, 8U + s->payload_len);
		}
		out = start + (s->proto == 6 ? 20 : 8);
	} else if (s->proto == 1 || s->proto == 58) {
		memset(out, 0, 8);
		out[0] = s->type;
		out[1] = s->code;
		out += 8;
	}
	if (s->quote) {
		uint8_t *end = write_ip(out, s->quote);

		out = s->quote_len ? out + s->quote_len : end;
	}
	return put_payload(out, s->payload_len);
}

static uint8_t *write_ipv4(uint8_t *ip, const struct sample *s)
{
	uint8_t header_len = (uint8_t)(20 + 4 * s->option_words);
	uint8_t addr[16];

	memset(ip, 0, 20);
	memset(ip + 20, 1, header_len - 20U); /* no-operation options */

	uint8_t *end = write_transport(ip + header_len, s);

	ip[0] = (uint8_t)(4 << 4 | header_len / 4);
	(void)put16(ip + 2, (uint32_t)(end - ip));
	(void)put16(ip + 4, s->hint);
	(void)put16(ip + 6, s->fragment);
	ip[8] = 63;
	ip[9] = s->proto;
	frame_addr(addr, s->src);
	memcpy(ip + 12, addr, 4);
	frame_addr(addr, s->dst);
	memcpy(ip + 16, addr, 4);
	return end;
}

static uint8_t *write_ipv6(uint8_t *ip, const struct sample *s)
{
	uint8_t *end = write_transport(ip + 40, s);

	memset(ip, 0, 8);
	ip[0] = 6 << 4;
	(void)put16(ip + 2, s->hint);
	(void)put16(ip + 4, (uint32_t)(end - ip - 40));
	ip[6] = s->proto;
	ip[7] = 63;
	frame_addr(ip + 8, s->src);
	frame_addr(ip + 24, s->dst);
	return end;
}

static uint8_t *write_ip(uint8_t *out, const struct sample *s)
{
	return s->version == 4 ? write_ipv4(out, s) : write_ipv6(out, s);
}

uint32_t frame_ip_at(const struct sample *sample)
{
	return 14 + 4U * sample->vlan_count;
}

uint32_t frame_write(uint8_t *out, const struct sample *s)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	uint8_t *at = out + sizeof(macs);

	memcpy(out, macs, sizeof(macs));
	for (unsigned int left = s->vlan_count; left; left--)
		at = put16(put16(at, left > 1 ? 0x88a8 : 0x8100), 0x2000 + left);
	at = put16(at, s->version == 4 ? 0x0800 : 0x86dd);
	at = write_ip(at, s);
	memset(at, 0xee, s->padding_len);
	return (uint32_t)(at + s->padding_len - out);
}

uint8_t *frame_exact(const uint8_t *frame, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	return memcpy(copy, frame, len);
}
