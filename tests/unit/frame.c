/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "plain.h"

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

static uint8_t *write_ports(uint8_t *out, const struct sample *s)
{
	uint32_t options_len = 4U * s->tcp_option_words;
	uint8_t *rest = put16(put16(out, s->src_port), s->dst_port);

	memset(rest, 0, 16);
	if (s->proto == 17) {
		(void)put16(rest, 8U + s->payload_len);
		return out + 8;
	}
	rest[8] = (uint8_t)((20 + options_len) / 4 << 4);
	rest[9] = s->tcp_flags;
	if (options_len)
		memcpy(out + 20, s->tcp_options, options_len);
	return out + 20 + options_len;
}

static uint8_t *write_transport(uint8_t *out, const struct sample *s)
{
	if (s->proto == 6 || s->proto == 17) {
		out = write_ports(out, s);
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

/* Is what follows the IP header all that its checksum is about? */
static bool is_summed(const struct sample *s)
{
	return !(s->fragment & 0x3fff) && !(s->exts && strpbrk(s->exts, "flR"));
}

/* The checksum of the segment from at to end; the addresses of its packet stand at src. */
static void put_check(uint8_t *at, const uint8_t *end, const struct sample *s, const uint8_t *src)
{
	uint32_t len = (uint32_t)(end - at);
	uint8_t *field = at + (s->proto == 6 ? 16 : s->proto == 17 ? 6 : 2);
	uint32_t sum;

	if (field + 2 > end || (s->proto != 1 && s->proto != 6 && s->proto != 17 && s->proto != 58))
		return;
	(void)put16(field, 0);
	sum = s->proto == 1 ? plain_sum(0, at, len)
			    : plain_segment_sum(src, s->version == 4 ? 4 : 16, s->proto, at, len);
	sum = ~sum & 0xffff;
	if (s->proto == 17 && !sum)
		sum = 0xffff;
	(void)put16(field, is_summed(s) ? sum : 0xbeef);
	if (s->proto == 17 && s->unchecked)
		(void)put16(field, 0);
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
	(void)put16(ip + 4, s->entropy);
	(void)put16(ip + 6, s->fragment);
	ip[1] = s->tos;
	ip[8] = s->ttl ? s->ttl : 63;
	ip[9] = s->proto;
	frame_addr(addr, s->src);
	memcpy(ip + 12, addr, 4);
	frame_addr(addr, s->dst);
	memcpy(ip + 16, addr, 4);
	put_check(ip + header_len, end, s, ip + 12);
	(void)put16(ip + 10, ~plain_sum(0, ip, header_len) & 0xffffU);
	return end;
}

static uint8_t ext_number(char letter)
{
	switch (letter) {
	case 'h':
		return 0;
	case 'r':
	case 'R':
		return 43;
	case 'd':
	case 'D':
		return 60;
	default:
		return 44;
	}
}

/* The extension headers of a sample; `next` is where the number of the first belongs. */
static uint8_t *write_exts(uint8_t *out, uint8_t *next, const struct sample *s)
{
	for (const char *ext = s->exts ? s->exts : ""; *ext; ext++) {
		uint8_t more = *ext == 'D' || *ext == 'R' ? 2 : 0;

		memset(out, 0, 8 + 8U * more);
		*next = ext_number(*ext);
		next = out;
		if (*ext == 'f' || *ext == 'l')
			(void)put16(out + 2, *ext == 'f' ? 1 : 8);
		else if (*ext != 'a')
			out[1] = more;
		out[3] |= *ext == 'R';
		out += 8 + 8U * more;
	}
	*next = s->proto;
	return out;
}

static uint8_t *write_ipv6(uint8_t *ip, const struct sample *s)
{
	memset(ip, 0, 8);

	uint8_t *transport = write_exts(ip + 40, ip + 6, s);
	uint8_t *end = write_transport(transport, s);

	(void)put16(ip, 6U << 12 | (uint32_t)s->tos << 4);
	(void)put16(ip + 2, s->entropy);
	(void)put16(ip + 4, (uint32_t)(end - ip - 40));
	ip[7] = s->ttl ? s->ttl : 63;
	frame_addr(ip + 8, s->src);
	frame_addr(ip + 24, s->dst);
	put_check(transport, end, s, ip + 8);
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
