/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/icmp_reply.h>

#include "complained.h"
#include "forward.h"
#include "plain.h"

enum { LINK_LEN = 14 };

/* The outer IP packet of a frame that was sent. */
struct parts {
	const uint8_t *outer;
	uint32_t outer_len;
};

static uint32_t ip_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? get16(ip + 2) : 40 + get16(ip + 4);
}

static struct parts take_apart(const struct spec_case *c)
{
	uint32_t at = 12;
	struct parts parts;

	while (get16(c->sent + at) == 0x8100 || get16(c->sent + at) == 0x88a8)
		at += 4;
	parts.outer = c->sent + at + 2;
	parts.outer_len = ip_len(parts.outer);
	return parts;
}

/* RFC 1191, 4; RFC 4443, 3.2. Returns the length of the frame. */
static uint32_t write_complaint(uint8_t *frame, const uint8_t *outer, uint32_t quote_len,
				const struct complaint_case *how)
{
	static const uint8_t link[12] = {2, 0, 0, 0, 9, 1, 2, 0, 0, 0, 9, 2};
	bool v4 = outer[0] >> 4 == 4;
	uint8_t *ip = frame + LINK_LEN;
	uint8_t *icmp = ip + (v4 ? 20 : 40);
	uint32_t sum;

	memcpy(frame, link, 12);
	(void)put16(frame + 12, v4 ? 0x800 : 0x86dd);
	memset(ip, 0, v4 ? 28 : 48);
	memcpy(icmp + 8, outer, quote_len);
	if (how->flip_at < quote_len)
		icmp[8 + how->flip_at] ^= how->flip;
	if (v4) {
		ip[0] = 0x45;
		(void)put16(ip + 2, 28 + quote_len);
		ip[8] = 9;
		ip[9] = 1;
		memcpy(ip + 12, (const uint8_t[]){10, 9, 8, 7}, 4);
		memcpy(ip + 16, outer + 12, 4);
		(void)put16(ip + 10, ~plain_sum(0, ip, 20) & 0xffffU);
		icmp[0] = 3;
		icmp[1] = 4;
	} else {
		ip[0] = 0x60;
		(void)put16(ip + 4, 8 + quote_len);
		ip[6] = 58;
		ip[7] = 9;
		ip[8] = 0xfd;
		memcpy(ip + 24, outer + 8, 16);
		icmp[0] = 2;
		(void)put16(icmp + 4, how->mtu >> 16);
	}
	(void)put16(icmp + 6, how->mtu & 0xffff);
	sum = v4 ? plain_sum(0, icmp, 8 + quote_len)
		 : plain_segment_sum(ip + 8, 16, 58, icmp, 8 + quote_len);
	(void)put16(icmp + 2, ~sum & 0xffffU);
	return (uint32_t)(icmp - frame) + 8 + quote_len;
}

/* Does one packet, decided and answered by both, come to the same? */
static const char *compare(const struct glb_packet *got, const struct glb_packet *want)
{
	if (got->verdict != want->verdict)
		return "the verdict about a router's error";
	if (got->len != want->len || got->headroom != want->headroom)
		return "the length of a relayed error";
	return memcmp(got->data, want->data, want->len) ? "the bytes of a relayed error" : NULL;
}

const char *complaint_fault(bool *relayed, const struct spec_case *c,
			    const struct complaint_case *how)
{
	struct parts parts = take_apart(c);
	uint32_t most = 65535 - 8 - 20;
	uint32_t quote_len = how->quote_len < parts.outer_len ? how->quote_len : parts.outer_len;
	size_t room = LINK_LEN + 48 + (size_t)parts.outer_len;
	uint8_t *frame = malloc(2 * room);
	struct glb_packet got = {.data = frame, .port = c->port};
	struct glb_packet want;
	const char *fault;

	if (!frame)
		abort();
	quote_len = quote_len < most ? quote_len : most;
	got.len = write_complaint(frame, parts.outer, quote_len, how);
	memcpy(frame, c->original, GLB_MAC_LEN); /* which the port takes */
	want = got;
	want.data = memcpy(frame + room, frame, got.len);
	glb_forward(c->gen, &got, 1);
	spec_forward(c->gen, &want, 1);
	fault = compare(&got, &want);
	*relayed = got.verdict == GLB_ANSWER_OUTER_TOO_BIG;
	if (*relayed && !fault) {
		glb_icmp_reply(c->gen, &got);
		spec_icmp_reply(c->gen, &want);
		fault = compare(&got, &want);
	}
	free(frame);
	return fault;
}
