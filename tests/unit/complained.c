/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/answer.h>

#include "answered.h"
#include "complained.h"
#include "plain.h"

enum { LINK_LEN = 14, TOLD_LEN_MAX = 1280 };

/* A frame that was sent, in parts. */
struct parts {
	const uint8_t *outer; /* IP packet */
	uint32_t outer_len;
	const uint8_t *inner; /* IP packet */
	uint32_t inner_at;    /* in the outer one */
};

static uint32_t ip_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? get16(ip + 2) : 40 + get16(ip + 4);
}

static struct parts take_apart(const struct outer_case *c)
{
	uint32_t at = 12;
	struct parts parts;

	while (get16(c->sent + at) == 0x8100 || get16(c->sent + at) == 0x88a8)
		at += 4;
	parts.outer = c->sent + at + 2;
	parts.outer_len = ip_len(parts.outer);
	parts.inner_at = (parts.outer[0] >> 4 == 4 ? 28 : 48);
	parts.inner_at += 4 + 4 * (parts.outer[parts.inner_at] & 31U);
	parts.inner = parts.outer + parts.inner_at;
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

/* RFC 1191, table 7-1. */
static uint32_t named_mtu(const struct complaint_case *how, const struct parts *parts)
{
	static const uint32_t plateaus[] = {65535, 32000, 17914, 8166, 4352, 2002,
					    1492,  1006,  508,	 296,  68};
	unsigned int i = 0;

	if (parts->outer[0] >> 4 == 6)
		return how->mtu;
	if (how->mtu & 0xffff)
		return how->mtu & 0xffff;
	while (plateaus[i] >= parts->outer_len && i < 10)
		i++;
	return plateaus[i];
}

/* Bytes that a client may send, by its table and the error. */
static uint32_t left_to_client(const struct outer_case *c, const struct complaint_case *how,
			       const struct parts *parts)
{
	uint32_t least = parts->inner[0] >> 4 == 4 ? 68 : 1280;
	struct glb_flow flow;
	uint32_t overhead, mtu;

	if (glb_parse(&flow, c->original, c->original_len) != GLB_FORWARD)
		abort();
	overhead = answer_overhead(c, &flow);
	mtu = named_mtu(how, parts);
	return mtu < least + overhead ? least : mtu - overhead;
}

/*
 * Is the client to be told, if the quote is as it was sent? 0: no; 1: it may be, if the packet
 * names no server by a QUIC connection ID; 2: yes.
 */
static int due(const struct outer_case *c, const struct complaint_case *how,
	       const struct parts *parts, uint32_t quote_len)
{
	const struct glb_settings *settings = &c->gen->settings;
	bool v4 = parts->inner[0] >> 4 == 4;
	const uint8_t *src = parts->inner + (v4 ? 12 : 8);
	struct glb_flow flow;
	uint32_t transport;

	if (glb_parse(&flow, c->original, c->original_len) != GLB_FORWARD)
		abort();
	transport = flow.kind == GLB_FLOW_PORTS && flow.proto == 6 ? 20 : 8;
	if (!settings->relay_outer_errors ||
	    !(flow.kind == GLB_FLOW_PORTS ||
	      (flow.kind == GLB_FLOW_ECHO && settings->echo == GLB_ECHO_FORWARD)) ||
	    !glb_may_be_from(src, src + (v4 ? 4 : 16), v4 ? 4 : 6) ||
	    !glb_is_host(src + (v4 ? 4 : 16), v4 ? 4 : 6) ||
	    quote_len < parts->inner_at + flow.transport_at + transport ||
	    named_mtu(how, parts) >= parts->outer_len ||
	    left_to_client(c, how, parts) >= ip_len(parts->inner))
		return 0;
	/* a long header has 6 bytes in front of the ID, of which 3 are looked at */
	return flow.proto != 17 || quote_len >= parts->inner_at + flow.transport_at + 8 + 9 ? 2 : 1;
}

/* Is this what the client should be told? */
static const char *told_fault(const struct outer_case *c, const struct complaint_case *how,
			      const struct glb_packet *pkt, uint32_t quote_len)
{
	uint8_t inner[TOLD_LEN_MAX];
	uint8_t want[TOLD_LEN_MAX];
	struct parts parts = take_apart(c);
	uint32_t len = quote_len - parts.inner_at;
	uint32_t want_len;

	if (len > ip_len(parts.inner))
		len = ip_len(parts.inner);
	if (len > sizeof(inner))
		len = sizeof(inner);
	memcpy(inner, parts.inner, len);
	if (how->flip_at - parts.inner_at < len)
		inner[how->flip_at - parts.inner_at] ^= how->flip;
	want_len = answer_write_too_big(want, inner, len, left_to_client(c, how, &parts));
	if (pkt->len != LINK_LEN + want_len)
		return "the length of a relayed error";
	if (memcmp(pkt->data, (const uint8_t[]){2, 0, 0, 0, 9, 2}, 6) != 0 ||
	    memcmp(pkt->data + 6, c->gen->settings.ports[c->port].mac, 6) != 0 ||
	    get16(pkt->data + 12) != (inner[0] >> 4 == 4 ? 0x800 : 0x86dd))
		return "the Ethernet header of a relayed error";
	return memcmp(pkt->data + LINK_LEN, want, want_len) ? "the bytes of a relayed error" : NULL;
}

const char *complaint_fault(bool *relayed, const struct outer_case *c,
			    const struct complaint_case *how)
{
	struct parts parts = take_apart(c);
	uint32_t most = 65535 - 8 - 20;
	uint32_t quote_len = how->quote_len < parts.outer_len ? how->quote_len : parts.outer_len;
	uint8_t *frame = malloc(LINK_LEN + 48 + (size_t)parts.outer_len);
	struct glb_packet pkt = {.data = frame, .port = c->port};
	const char *fault = NULL;
	bool bound;
	int wanted;

	if (!frame)
		abort();
	quote_len = quote_len < most ? quote_len : most;
	pkt.len = write_complaint(frame, parts.outer, quote_len, how);
	memcpy(frame, c->original, GLB_MAC_LEN); /* which the port takes */
	glb_forward(c->gen, &pkt, 1);
	/* the source of a director with proxies that have IPv6 addresses is in a bind of the
	 * fixture */
	bound = pkt.verdict != GLB_ANSWER_OUTER_TOO_BIG && pkt.verdict != GLB_PUNT_OUTER_QUOTE &&
		pkt.verdict != GLB_PUNT_OUTER_TOO_BIG;
	wanted = due(c, how, &parts, quote_len);
	*relayed = pkt.verdict == GLB_ANSWER_OUTER_TOO_BIG;
	if (bound && parts.outer[0] >> 4 == 4 && quote_len >= 28 && !how->flip)
		fault = "an error about a packet of its own is not known as one";
	else if (!bound && !how->flip && wanted == (*relayed ? 0 : 2))
		fault = wanted ? "no error reaches the client" : "an error reaches a client";
	if (*relayed && !fault) {
		glb_answer(c->gen, &pkt);
		fault = pkt.headroom != pkt.data - frame ? "headroom"
							 : told_fault(c, how, &pkt, quote_len);
	}
	free(frame);
	return fault;
}
