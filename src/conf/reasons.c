/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <glb/gue.h>

#include "conf/addr.h"
#include "conf/deny.h"
#include "conf/path.h"
#include "conf/reasons.h"
#include "conf/settings.h"
#include "conf/title.h"

const char *verdict_sentence(enum glb_verdict verdict)
{
	static const char *const sentences[] = {
#define VERDICT_SENTENCE(name, label, sentence) sentence,
		GLB_VERDICTS(VERDICT_SENTENCE)
#undef VERDICT_SENTENCE
	};

	return (unsigned int)verdict < GLB_VERDICT_COUNT ? sentences[verdict] : "?";
}

GLB_PRINTF(2, 3) static void add(struct reasons *out, const char *format, ...)
{
	va_list args;

	if (out->count == REASONS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(out->lines[out->count++], REASON_LEN, format, args);
	va_end(args);
}

/* Appends to the last line. */
GLB_PRINTF(2, 3) static void go_on(struct reasons *out, const char *format, ...)
{
	char *line = out->lines[out->count - 1];
	const size_t len = strlen(line);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + len, REASON_LEN - len, format, args);
	va_end(args);
}

static const char *ip_text(char *out, const uint8_t *bytes, uint8_t version)
{
	struct glb_addr addr = {.version = version};

	memcpy(addr.bytes, bytes, version == 4 ? 4 : 16);
	return addr_text(out, &addr);
}

/* --- Repeating the decision --- */

/* Is `verdict` what `again`, a verdict of glb_forward(), becomes when a rate limit is exceeded? */
static bool is_limited(uint8_t verdict, uint8_t again)
{
	switch (verdict) {
	case GLB_DROP_METERED:
		return again == GLB_FORWARD;
	case GLB_DROP_ANSWER_LIMIT:
		return again == GLB_ANSWER_ECHO;
	case GLB_DROP_ERROR_LIMIT:
		return glb_verdict_is_icmp_reply(again);
	default:
		return false;
	}
}

/* Does glb_forward() decide the same for the frame again? Afterwards `room` holds the frame as
 * received. */
static bool decides_alike(const struct fate *fate, uint8_t *room)
{
	uint8_t *frame = room + GLB_OUTER_LEN_MAX;
	struct glb_packet pkt = {
		.data = frame,
		.len = fate->received.len,
		.headroom = GLB_OUTER_LEN_MAX,
		.port = fate->received.port,
	};

	memset(frame + fate->received.kept, 0, fate->received.len - fate->received.kept);
	memcpy(frame, fate->received.bytes, fate->received.kept);
	glb_forward(fate->gen, &pkt, 1);
	memcpy(frame, fate->received.bytes, fate->received.kept);
	if (fate->verdict == GLB_DROP_NO_HEADROOM) /* here there is headroom */
		return pkt.verdict == GLB_FORWARD || glb_verdict_is_icmp_reply(pkt.verdict);
	if (pkt.verdict == GLB_FORWARD && fate->verdict == GLB_FORWARD)
		return pkt.backend == fate->backend;
	return pkt.verdict == fate->verdict || is_limited(fate->verdict, pkt.verdict);
}

/* --- The frame --- */

static void add_ether(struct reasons *out, const struct fate *fate, const uint8_t *frame)
{
	char from[MAC_TEXT_LEN];
	char to[MAC_TEXT_LEN];

	add(out, "received on port %u, %u bytes", fate->received.port, fate->received.len);
	if (fate->received.kept < fate->received.len)
		go_on(out, ", of which %u are known", fate->received.kept);
	if (fate->received.len < GLB_ETHER_LEN)
		return;
	go_on(out, ", from %s to %s%s", mac_text(from, frame + GLB_MAC_LEN), mac_text(to, frame),
	      fate->verdict == GLB_DROP_OTHER_HOST ? ", another host"
	      : glb_is_group(frame)		   ? ", a group of stations"
						   : "");
	for (uint32_t at = 12; at + 6 <= fate->received.len && at < 12 + GLB_VLAN_MAX * 4;
	     at += 4) {
		const uint16_t type = glb_load_be16(frame + at);

		if (type != GLB_ETHERTYPE_VLAN && type != GLB_ETHERTYPE_QINQ)
			break;
		go_on(out, ", VLAN %u", glb_load_be16(frame + at + 2) & 0xfffU);
	}
}

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case GLB_PROTO_TCP:
		return "TCP";
	case GLB_PROTO_UDP:
		return "UDP";
	case GLB_PROTO_ICMP:
	case GLB_PROTO_ICMPV6:
		return "ICMP";
	default:
		return NULL;
	}
}

static void add_tcp_flags(struct reasons *out, uint8_t flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (flags >> i & 1)
			go_on(out, " %s", names[i]);
}

/* Describes a flow in the client's direction; for an ICMP error, that of the quoted packet. */
static void add_flow(struct reasons *out, const struct glb_flow *flow)
{
	const char *name = proto_name(flow->proto);
	char src[ADDR_TEXT_LEN];
	char dst[ADDR_TEXT_LEN];

	switch ((enum glb_flow_kind)flow->kind) {
	case GLB_FLOW_PORTS:
		go_on(out, "; %s, port %u to %u", name, flow->src_port, flow->dst_port);
		if (flow->proto == GLB_PROTO_TCP)
			add_tcp_flags(out, flow->tcp_flags);
		return;
	case GLB_FLOW_ECHO:
		go_on(out, "; ICMP echo request");
		return;
	case GLB_FLOW_QUOTED:
		add(out, "ICMP error: belongs to the flow that it quotes, %s port %u to %s port %u",
		    ip_text(src, flow->src, flow->version), flow->src_port,
		    ip_text(dst, flow->dst, flow->version), flow->dst_port);
		return;
	case GLB_FLOW_BAD_QUOTE:
		go_on(out, "; ICMP error whose quote cannot be read");
		return;
	case GLB_FLOW_FRAGMENT:
		go_on(out, "; later fragment, without ports");
		return;
	case GLB_FLOW_OTHER:
		if (name)
			go_on(out, "; %s", name);
		else
			go_on(out, "; protocol %u", flow->proto);
		return;
	}
}

static void add_packet(struct reasons *out, const uint8_t *ip, const struct glb_flow *flow)
{
	const bool v4 = flow->version == 4;
	char src[ADDR_TEXT_LEN];
	char dst[ADDR_TEXT_LEN];

	add(out, "IPv%u, %s to %s, %u bytes, %s %u", flow->version,
	    ip_text(src, ip + (v4 ? 12 : 8), flow->version),
	    ip_text(dst, ip + (v4 ? 16 : 24), flow->version), flow->ip_len,
	    v4 ? "TTL" : "hop limit", ip[v4 ? 8 : 7]);
	if (flow->fragment == GLB_FIRST_FRAGMENT)
		go_on(out, ", first fragment");
	add_flow(out, flow);
}

/* --- Forwarding --- */

static void add_hash(struct reasons *out, const struct path *path)
{
	char fields[FIELDS_TEXT_LEN];

	add(out, "hash of %s: %016" PRIx64 ", row %u",
	    fields_text(fields, path->settings.hash_fields), path->hash, path->row);
	if (path->settings.alt_hash_fields)
		go_on(out, "; hops by %s follow",
		      fields_text(fields, path->settings.alt_hash_fields));
	for (unsigned int i = 0; i < path->hop_count; i++) {
		const struct glb_backend *one = &path->table->spec.backends[path->hops[i]];
		char text[ADDR_TEXT_LEN];

		if (!i)
			add(out, "hops of the row:");
		go_on(out, "%s %s (%s, %s)", i ? "," : "", addr_text(text, &one->addr),
		      glb_state_name(one->state), one->healthy ? "healthy" : "unhealthy");
	}
}

/* The table of a backend, by its index in a generation. */
static unsigned int table_of(const struct glb_generation *gen, uint32_t backend)
{
	unsigned int t = gen->tables.count - 1;

	while (t && gen->routes[t].first_backend > backend)
		t--;
	return t;
}

/* Describes bind, row and hops, as far as processing got. */
static void add_way(struct reasons *out, const struct fate *fate, struct path *path)
{
	const struct glb_generation *gen = fate->gen;
	char title[PRINTABLE_NAME_LEN];
	char bind[BIND_TEXT_LEN];
	const bool is_forwarded = fate->verdict == GLB_FORWARD;
	unsigned int table;

	if (fate->verdict == GLB_PUNT_NO_BIND || path_follow(path, &gen->tables, gen->binds))
		return;
	table = is_forwarded ? table_of(gen, fate->backend) : path->table_index;
	if (table != path->table_index)
		return;
	add(out, "bind %s of table %s", bind_text(bind, &path->table->spec.binds[path->bind]),
	    table_title(title, path->table, table));
	if (!is_forwarded)
		return;
	add_hash(out, path);

	const uint32_t first = fate->backend - gen->routes[table].first_backend;

	if (path->hop_count && path->hops[0] != first && path_is_quic(path))
		add(out, "its QUIC connection ID asks for %s, which goes first",
		    addr_text(bind, &path->table->spec.backends[first].addr));
}

/* Names what denies the source of a packet. */
static void add_denied(struct reasons *out, const struct glb_deny *deny, const uint8_t *src,
		       uint8_t version)
{
	struct glb_addr addr = {.version = version};
	const struct glb_deny_prefix *prefix;
	char text[DENY_PREFIX_TEXT_LEN];

	memcpy(addr.bytes, src, version == 4 ? 4 : 16);
	prefix = glb_deny_find(deny, &addr);
	if (prefix)
		go_on(out, " (%s, line %u)", deny_prefix_text(text, prefix), prefix->line);
}

/* Names the meter of a VIP. */
static void add_meter(struct reasons *out, const struct glb_meters *meters,
		      const struct glb_flow *flow)
{
	const struct glb_meter *meter =
		meters ? glb_meters_of(meters, flow->dst, flow->version) : NULL;
	char text[PREFIX_TEXT_LEN];

	if (meter)
		go_on(out, " (%s: %u packets a second)",
		      prefix_text(text, &meter->rule.vip, meter->rule.prefix_len),
		      meter->rule.packets_per_second);
}

/* Describes limits that decided besides the packet itself; its source is at `src`. */
static void add_limit(struct reasons *out, const struct fate *fate, const struct glb_flow *flow,
		      const uint8_t *src)
{
	const struct glb_settings *settings = &fate->gen->settings;
	const uint8_t way_out = glb_way_out(settings, fate->received.port);

	switch ((enum glb_verdict)fate->verdict) {
	case GLB_DROP_DENIED:
		add_denied(out, fate->gen->settings.deny, src, flow->version);
		break;
	case GLB_DROP_METERED:
		add_meter(out, fate->gen->settings.meters, flow);
		break;
	case GLB_DROP_TTL:
		go_on(out, " (min_ttl %u)", settings->min_ttl);
		break;
	case GLB_DROP_MTU:
	case GLB_ANSWER_TOO_BIG:
		go_on(out, " (%u bytes and outer headers, MTU %u of port %u)", flow->ip_len,
		      settings->ports[way_out].mtu, way_out);
		break;
	case GLB_DROP_ANSWER_LIMIT:
		go_on(out, " (%u)", settings->answers_per_second);
		break;
	case GLB_DROP_ERROR_LIMIT:
		go_on(out, " (%u)", settings->errors_per_second);
		break;
	case GLB_DROP_NO_GATEWAY:
		go_on(out, " (port %u)", way_out);
		break;
	default:
		break;
	}
}

/* --- The sent frame --- */

/* Describes the hops after the first, read from the frame. */
static void add_gue(struct reasons *out, const struct glb_flow *outer, const uint8_t *frame,
		    uint32_t kept)
{
	const uint32_t at = outer->ip_at + outer->transport_at + (uint32_t)GLB_UDP_LEN;
	const bool v4 = outer->version == 4;
	struct glb_cursor cur = glb_cursor(frame, kept);
	struct glb_gue gue;

	if (!glb_take(&cur, at) ||
	    !glb_gue_decode(&gue, &cur, v4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN))
		return;
	go_on(out, ", GUE");
	for (unsigned int i = 0; i < gue.hop_count; i++) {
		char text[ADDR_TEXT_LEN];

		go_on(out, "%s %s", i ? "," : " with",
		      ip_text(text, gue.header + GLB_GUE_HOPS_AT + i * gue.hop_len,
			      outer->version));
	}
}

/* Describes the frame as sent, with zeros for bytes that were not kept. */
static void add_sent(struct reasons *out, const struct fate_frame *sent, uint8_t *room)
{
	struct glb_flow outer;
	char src[ADDR_TEXT_LEN];
	char dst[ADDR_TEXT_LEN];

	if (!sent->len)
		return;
	add(out, "sent through port %u, %u bytes", sent->port, sent->len);
	if (sent->len > REASONS_ROOM)
		return;
	memcpy(room, sent->bytes, sent->kept);
	memset(room + sent->kept, 0, sent->len - sent->kept);
	if (glb_parse(&outer, room, sent->len) != GLB_FORWARD)
		return;

	const uint8_t *ip = room + outer.ip_at;

	go_on(out, ", %s to %s", ip_text(src, ip + (outer.version == 4 ? 12 : 8), outer.version),
	      ip_text(dst, ip + (outer.version == 4 ? 16 : 24), outer.version));
	if (outer.kind == GLB_FLOW_PORTS)
		go_on(out, ", UDP port %u to %u", outer.src_port, outer.dst_port);
	add_gue(out, &outer, room, sent->kept);
}

static void add_verdict(struct reasons *out, const struct fate *fate)
{
	add(out, "%s: %s", glb_verdict_label(fate->verdict), verdict_sentence(fate->verdict));
}

void reasons_find(struct reasons *out, const struct fate *fate, uint8_t *room)
{
	const uint8_t *frame = room + GLB_OUTER_LEN_MAX;
	struct path path = {.bind = 0};

	out->count = 0;
	if (!fate->gen || fate->received.len > REASONS_FRAME_MAX) {
		add_verdict(out, fate);
		if (!fate->gen)
			add(out,
			    "no more is said: generation %" PRIu64
			    ", which decided, is gone by now",
			    fate->generation);
		return;
	}
	if (!decides_alike(fate, room)) {
		add_verdict(out, fate);
		add(out, fate->received.kept < fate->received.len
				 ? "no more is said: too little of the frame is known"
				 : "no more is said: deciding again came to something else");
		return;
	}
	add_ether(out, fate, frame);
	if (fate->verdict != GLB_DROP_OTHER_HOST &&
	    glb_parse(&path.flow, frame, fate->received.len) == GLB_FORWARD) {
		path.settings = fate->gen->settings;
		path.outer_dst = frame + path.flow.ip_at + (path.flow.version == 4 ? 16 : 24);
		add_packet(out, frame + path.flow.ip_at, &path.flow);
		add_way(out, fate, &path);
	}
	add_verdict(out, fate);
	add_limit(out, fate, &path.flow,
		  frame + path.flow.ip_at + (path.flow.version == 4 ? 12 : 8));
	add_sent(out, &fate->sent, room);
}
