/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/icmp_reply.h>

#include "differ.h"
#include "forward.h"

#ifdef __has_feature
#define HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif
#if HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

/* Between frames. Sanitizers notice any touch; else what is there must not change. */
enum { GAP = 64, BLANK = 0x55 };

void differ_start(struct differ *differ)
{
	memset(differ, 0, sizeof(*differ));
	differ->original = malloc(3 * (size_t)DIFFER_LEN_MAX);
	if (!differ->original)
		abort();
	differ->wanted = differ->original + DIFFER_LEN_MAX;
	differ->made = differ->wanted + DIFFER_LEN_MAX;
	memset(differ->original, BLANK, 3 * (size_t)DIFFER_LEN_MAX);
	differ_clear(differ);
}

void differ_stop(struct differ *differ)
{
	ASAN_UNPOISON_MEMORY_REGION(differ->original, 3 * (size_t)DIFFER_LEN_MAX);
	free(differ->original);
}

void differ_clear(struct differ *differ)
{
	ASAN_UNPOISON_MEMORY_REGION(differ->original, differ->used);
	memset(differ->original, BLANK, differ->used);
	ASAN_POISON_MEMORY_REGION(differ->original, 3 * (size_t)DIFFER_LEN_MAX);
	differ->used = differ->count = 0;
}

uint8_t *differ_add(struct differ *differ, uint32_t len, uint16_t headroom, uint8_t port)
{
	uint32_t at = differ->used + GAP + headroom;
	uint8_t *data = differ->original + at;

	if (differ->count == DIFFER_BURST_MAX || at + len + GAP > DIFFER_LEN_MAX)
		return NULL;
	for (unsigned int i = 0; i < 3; i++)
		ASAN_UNPOISON_MEMORY_REGION(data - headroom + i * (size_t)DIFFER_LEN_MAX,
					    headroom + len);
	differ->as_received[differ->count++] = (struct glb_packet){
		.data = data, .len = len, .headroom = headroom, .port = port, .verdict = 255};
	differ->used = at + len;
	return data;
}

/* Copies of all packets, in one of the other two stretches of memory. */
static void place(const struct differ *differ, struct glb_packet *packets, uint8_t *memory)
{
	if (!HAS_ASAN)
		memcpy(memory, differ->original, differ->used + GAP);
	for (unsigned int i = 0; i < differ->count; i++) {
		const struct glb_packet *pkt = &differ->as_received[i];

		packets[i] = *pkt;
		packets[i].data = memory + (pkt->data - differ->original);
		if (HAS_ASAN)
			memcpy(packets[i].data - pkt->headroom, pkt->data - pkt->headroom,
			       pkt->headroom + (size_t)pkt->len);
	}
}

void differ_specify(struct differ *differ, const struct glb_generation *gen)
{
	place(differ, differ->want, differ->wanted);
	spec_forward(gen, differ->want, differ->count);
	for (unsigned int i = 0; i < differ->count; i++) {
		differ->verdicts[i] = differ->want[i].verdict;
		if (glb_verdict_is_icmp_reply(differ->verdicts[i]))
			spec_icmp_reply(gen, &differ->want[i]);
	}
}

/* With any verdict but GLB_FORWARD, glb_forward() must leave a packet as it is. */
static bool is_untouched(const struct glb_packet *pkt, const struct glb_packet *was,
			 const uint8_t *data)
{
	return pkt->data == data && pkt->len == was->len && pkt->headroom == was->headroom &&
	       !memcmp(pkt->data - pkt->headroom, was->data - was->headroom,
		       was->headroom + (size_t)was->len);
}

/* The first thing about a packet that is not as specified, or NULL. */
static const char *compare(const struct differ *differ, unsigned int i)
{
	const struct glb_packet *was = &differ->as_received[i];
	const struct glb_packet *want = &differ->want[i];
	const struct glb_packet *got = &differ->got[i];
	size_t at = (size_t)(was->data - was->headroom - differ->original);

	if (got->verdict != want->verdict)
		return "verdict";
	if (got->verdict == GLB_FORWARD && got->backend != want->backend)
		return "backend";
	if (got->len != want->len || got->headroom != want->headroom || got->port != want->port ||
	    got->data - differ->made != want->data - differ->wanted)
		return "len, headroom, port or data";
	if (memcmp(got->data, want->data, want->len) != 0)
		return "bytes of the frame";
	if (memcmp(differ->made + at, differ->wanted + at, was->headroom + (size_t)was->len) != 0)
		return "bytes outside the frame";
	return NULL;
}

static bool gaps_differ(const struct differ *differ)
{
	return !HAS_ASAN && memcmp(differ->made, differ->wanted, differ->used + GAP) != 0;
}

/* Stands behind the last packet of a burst. */
static const struct glb_packet behind = {.len = BLANK, .verdict = BLANK, .backend = BLANK};

static bool is_behind_touched(const struct glb_packet *pkt)
{
	return pkt->data != behind.data || pkt->len != behind.len || pkt->headroom || pkt->port ||
	       pkt->verdict != behind.verdict || pkt->backend != behind.backend;
}

bool differ_agrees(struct differ *differ, const struct glb_generation *gen)
{
	unsigned int forwarded = 0;

	place(differ, differ->got, differ->made);
	differ->got[differ->count] = behind;
	differ->at = 0;
	for (unsigned int i = 0; i < differ->count; i++)
		forwarded += differ->verdicts[i] == GLB_FORWARD;
	differ->what = "number of packets forwarded";
	differ->now_ns += 1000000000;
	if (glb_forward_metered(gen, differ->got, differ->count, differ->now_ns) != forwarded)
		return false;
	for (differ->at = 0; differ->at < differ->count; differ->at++) {
		struct glb_packet *pkt = &differ->got[differ->at];
		const struct glb_packet *was = &differ->as_received[differ->at];
		const uint8_t *data = differ->made + (was->data - differ->original);

		differ->what = "verdict";
		if (pkt->verdict != differ->verdicts[differ->at])
			return false;
		if (glb_verdict_is_icmp_reply(pkt->verdict)) {
			differ->what = "a packet touched before there is a reply";
			if (!is_untouched(pkt, was, data))
				return false;
			glb_icmp_reply(gen, pkt);
		}
		differ->what = compare(differ, differ->at);
		if (differ->what)
			return false;
	}
	differ->at = 0;
	differ->what = "bytes between buffers, or the packet behind the last one";
	return !gaps_differ(differ) && !is_behind_touched(&differ->got[differ->count]);
}

static void print_bytes(FILE *out, const char *name, const uint8_t *bytes, uint32_t len)
{
	(void)fprintf(out, "  %s (%u):", name, len);
	for (uint32_t i = 0; i < len && i < 400; i++)
		(void)fprintf(out, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	(void)fprintf(out, "%s\n", len > 400 ? "..." : "");
}

static void print_packet(FILE *out, const char *name, const struct glb_packet *pkt)
{
	(void)fprintf(out, "  %s: %s, backend %u, headroom %u\n", name,
		      glb_verdict_label(pkt->verdict), pkt->backend, pkt->headroom);
	print_bytes(out, name, pkt->data, pkt->len);
}

void differ_report(FILE *out, const struct differ *differ, const struct glb_generation *gen)
{
	const struct glb_packet *was = &differ->as_received[differ->at];
	const struct glb_settings *s = &gen->settings;
	const struct glb_port *in = &s->ports[was->port];
	const struct glb_port *port = &s->ports[glb_way_out(s, was->port)];

	(void)fprintf(out, "%s: packet %u of %u differs: %s\n", glb_isa_name(s->isa), differ->at,
		      differ->count, differ->what);
	(void)fprintf(out,
		      "  hash_fields %u alt %u echo %u too_big %u udp_checksum %u dscp %u ttl %u "
		      "ecn %u all_errors %u fragments %u relay %u checksum %u trim %u mss %u "
		      "unique %u\n",
		      s->hash_fields, s->alt_hash_fields, s->echo, s->too_big, s->udp_checksum,
		      s->outer_dscp, s->min_ttl, s->copy_ecn, s->all_icmp_errors,
		      s->forward_fragments, s->relay_outer_errors, s->verify_ip_checksum,
		      s->trim_padding, s->clamp_mss, s->unique_hops);
	(void)fprintf(out, "  port %u (any MAC %u, %u MACs), out by one with vlan %u, mtu %u\n",
		      was->port, in->any_mac, in->mac_count, port->vlan, port->mtu);
	(void)fprintf(out, "  headroom %u\n", was->headroom);
	print_bytes(out, "received", was->data, was->len);
	print_packet(out, "expected", &differ->want[differ->at]);
	print_packet(out, "got", &differ->got[differ->at]);
}
