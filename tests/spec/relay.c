/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of errors about packets that this director has sent: src/core's relay.h says why. */
#include <string.h>

#include "parts.h"

/* Of an outer packet, as a router quotes it. */
struct quoted {
	const uint8_t *ip;
	uint32_t there; /* bytes that are quoted */
	uint32_t ip_len;
	uint32_t inner_at; /* where GUE ends, by its length */
};

static bool is_about_ours(const struct spec_packet *packet)
{
	const struct glb_settings *settings = &packet->gen->settings;
	const struct glb_flow *flow = &packet->flow;
	const struct glb_addr *own = packet->v4 ? &settings->src_addr : &settings->src_addr6;
	uint32_t addr_len = packet->v4 ? 4 : 16;

	/* the flow is seen from the client, so what was sent by us is to its VIP */
	return own->version && flow->proto == 17 && flow->src_port == 19523 &&
	       !memcmp(flow->dst, own->bytes, addr_len) &&
	       !memcmp(packet->dst, own->bytes, addr_len);
}

/* Outer headers are what we write: IP without options, UDP, GUE. */
static bool read_quoted(struct quoted *out, const struct spec_packet *packet)
{
	const uint32_t head = packet->v4 ? 20 : 40;
	const uint8_t *icmp = packet->ip + packet->flow.transport_at;
	/* RFC 4884: extensions may follow behind so many words */
	uint32_t words = packet->v4 ? icmp[5] : 0;
	const uint8_t *ip = icmp + 8;

	out->ip = ip;
	out->there = (uint32_t)packet->flow.ip_len - packet->flow.transport_at - 8;
	if (words && words * 4 < out->there)
		out->there = words * 4;
	if (out->there < head + 16)
		return false;
	if (packet->v4 ? ip[0] != 0x45 || get16(ip + 6) & 0x3fff || ip[9] != 17
		       : ip[0] >> 4 != 6 || ip[6] != 17)
		return false;
	out->ip_len = packet->v4 ? get16(ip + 2) : 40 + get16(ip + 4);
	out->inner_at = head + 8 + 4 + 4 * (ip[head + 8] & 31U);
	return out->inner_at <= out->there;
}

/* Reads the client's packet in the quote; is it one that is forwarded, and that an error may be
 * about? */
static bool read_inner(struct spec_complaint *out, const struct spec_packet *packet,
		       const struct quoted *quoted)
{
	const uint8_t *gue = quoted->ip + (packet->v4 ? 28 : 48);
	struct glb_cursor cur;

	if (gue[1] != 4 && gue[1] != 41)
		return false;
	out->ip = quoted->ip + quoted->inner_at;
	out->there = quoted->there - quoted->inner_at;
	cur = glb_cursor(out->ip, out->there);
	if (glb_parse_ip(&out->flow, &cur, gue[1] == 4 ? 4 : 6) != GLB_FORWARD)
		return false;
	if (out->there > out->flow.ip_len)
		out->there = out->flow.ip_len;
	return (out->flow.kind == GLB_FLOW_PORTS ||
		(out->flow.kind == GLB_FLOW_ECHO &&
		 packet->gen->settings.echo == GLB_ECHO_FORWARD)) &&
	       spec_may_reply(packet->pkt, &out->flow, out->ip);
}

/* Would we have sent the client's packet like this, but for what routers and NICs change? */
static bool is_what_we_send(const struct spec_packet *packet, const struct quoted *quoted,
			    const struct spec_complaint *about, const struct spec_match *match)
{
	const struct glb_settings *settings = &packet->gen->settings;
	struct spec_way way = spec_way_of(settings, match, &about->flow, about->ip, about->there);
	uint8_t sent[SPEC_OUTER_MAX];
	uint32_t len;

	if (way.addr_len != (packet->v4 ? 4 : 16))
		return false;
	len = spec_write_outer(sent, settings, &way, &about->flow, 0);
	if (len != quoted->inner_at)
		return false;
	/* in IPv4 its length, then addresses; in IPv6 as well; then UDP but its checksum, GUE */
	return packet->v4 ? !memcmp(quoted->ip + 2, sent + 2, 2) &&
				    !memcmp(quoted->ip + 12, sent + 12, 14) &&
				    !memcmp(quoted->ip + 28, sent + 28, len - 28)
			  : !memcmp(quoted->ip + 4, sent + 4, 2) &&
				    !memcmp(quoted->ip + 8, sent + 8, 38) &&
				    !memcmp(quoted->ip + 48, sent + 48, len - 48);
}

/* RFC 1191, table 7-1: for routers that do not say what fits. */
static uint32_t plateau_below(uint32_t len)
{
	static const uint32_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
	unsigned int i = 0;

	while (i < 9 && plateaus[i] >= len)
		i++;
	return i < 9 ? plateaus[i] : 68;
}

/* What the client may send from now on; false if that is no news to it. */
static bool find_mtu(struct spec_complaint *out, const struct spec_packet *packet,
		     const struct quoted *quoted, uint32_t overhead)
{
	const uint8_t *icmp = packet->ip + packet->flow.transport_at;
	uint32_t mtu = (packet->v4 ? 0 : get16(icmp + 4) << 16) | get16(icmp + 6);
	uint32_t least = out->flow.version == 4 ? 68 : 1280;

	if (packet->v4 && !mtu)
		mtu = plateau_below(quoted->ip_len);
	if (mtu >= quoted->ip_len)
		return false;
	out->mtu = mtu < least + overhead ? least : mtu - overhead;
	return out->mtu < out->flow.ip_len;
}

/* All there, and its checksum right. */
static bool is_intact(const struct spec_packet *packet)
{
	const uint8_t *icmp = packet->ip + packet->flow.transport_at;
	uint32_t len = (uint32_t)packet->flow.ip_len - packet->flow.transport_at;

	if (packet->flow.fragment != GLB_WHOLE)
		return false;
	return (packet->v4 ? plain_sum(0, icmp, len)
			   : plain_segment_sum(packet->src, 16, 58, icmp, len)) == 0xffff;
}

bool spec_read_outer_error(struct spec_complaint *out, const struct spec_packet *packet)
{
	struct spec_match match;
	struct quoted quoted;

	if (!read_quoted(&quoted, packet) || !read_inner(out, packet, &quoted))
		return false;
	match = spec_match(&packet->gen->tables, &out->flow, NULL);
	return match.table && is_what_we_send(packet, &quoted, out, &match) &&
	       find_mtu(out, packet, &quoted,
			spec_outer_len(&packet->gen->settings, match.table)) &&
	       is_intact(packet);
}

enum glb_verdict spec_judge_outer_error(const struct spec_packet *packet)
{
	const uint8_t *icmp = packet->ip + packet->flow.transport_at;
	struct spec_complaint complaint;

	if (!is_about_ours(packet))
		return GLB_PUNT_NO_BIND;
	if (packet->v4 ? icmp[0] != 3 || icmp[1] != 4 : icmp[0] != 2) /* its code is ignored */
		return GLB_PUNT_OUTER_ERROR;
	if (!packet->gen->settings.relay_outer_errors)
		return GLB_PUNT_OUTER_TOO_BIG;
	return spec_read_outer_error(&complaint, packet) ? GLB_ANSWER_OUTER_TOO_BIG
							 : GLB_PUNT_OUTER_QUOTE;
}
