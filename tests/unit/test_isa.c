/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do all instruction sets come to the same results, and are those refused that are not there?
 * ROUNDS: how many settings bursts of each length are decided under.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "core/forward/forward_isa.h"
#include "fixture.h"
#include "outer.h"
#include "suite.h"
#include "trial.h"

enum { BURST_MAX = 67, HEADROOM = 128 };

static const struct sample error4 = {
	.version = 4, .src = "1.1.1.1", .dst = "10.11.12.13", .proto = 6, .src_port = 80};
static const struct sample error6 = {.version = 6,
				     .src = "fdb4:98ce:52d4::45",
				     .dst = "fd91:79d3:d621::1234",
				     .proto = 6,
				     .src_port = 80};

/* The first 14 are to exact binds, which have a path of their own; the first 19 are what most
 * packets are. */
static const struct sample samples[] = {
	{TO4, TCP, .tcp_flags = 0x10},
	{TO4, TCP, .tcp_flags = 0x18, .payload_len = 500},
	{TO6, TCP, .tcp_flags = 0x10},
	{TO6, TCP, .tcp_flags = 0x18, .payload_len = 333},
	{FROM4, TCP, .dst = "1.1.1.7", .payload_len = 100},
	{FROM4, UDP, .dst = "1.1.1.7", .payload_len = 29},
	{FROM4, UDP, .dst = "1.1.1.7", .unchecked = true, .payload_len = 31},
	{FROM6, TCP, .dst = "fdb4:98ce:52d4::47", .payload_len = 100},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::47", .payload_len = 29},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::47", .unchecked = true, .payload_len = 31},
	{FROM4, TCP, .dst = "1.1.1.8", .payload_len = 2},
	{FROM4, UDP, .dst = "1.1.1.8", .payload_len = 15},
	{FROM4, UDP, .dst = "1.1.1.7", .payload_len = 16, .padding_len = 7},
	{FROM4, .proto = 17, .dst = "1.1.1.7", .src_port = 4, .dst_port = 443, .payload_len = 40},
	{FROM4, TCP, .dst = "1.1.1.5", .payload_len = 1},
	{FROM4, UDP, .dst = "1.1.1.5", .payload_len = 40},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::46", .payload_len = 41},
	{FROM4, UDP, .dst = "1.1.1.6", .payload_len = 60},
	{FROM4, TCP, .dst = "7.7.7.7"},
	{TO4, TCP, .tcp_flags = 2, .tcp_options = "\2\4\x05\xb4", .tcp_option_words = 1},
	{FROM4, UDP, .dst = "1.1.1.5", .unchecked = true, .payload_len = 12, .padding_len = 6},
	{TO4, TCP, .vlan_count = 1},
	{TO4, TCP, .option_words = 2},
	{TO4, TCP, .option_words = 1},
	{FROM4, UDP, .dst = "1.1.1.5", .payload_len = 3, .padding_len = 23},
	{FROM6, UDP, .dst = "fdb4:98ce:52d4::46", .payload_len = 3, .padding_len = 23},
	{TO4, TCP, .fragment = 0x2000, .payload_len = 16},
	{TO4, TCP, .fragment = 0x0010, .payload_len = 16},
	{TO6, TCP, .exts = "hd"},
	{TO4, .proto = 17, .dst_port = 53, .payload_len = 30}, /* backends of the other family */
	{PING4, .hint = 7, .payload_len = 56},
	{PING6, .hint = 7, .payload_len = 57},
	{.version = 4,
	 .src = "9.9.9.9",
	 .dst = "1.1.1.1",
	 .proto = 1,
	 .type = 3,
	 .code = 4,
	 .quote = &error4},
	{.version = 6,
	 .src = "2001::9",
	 .dst = "fdb4:98ce:52d4::45",
	 .proto = 58,
	 .type = 2,
	 .quote = &error6},
};
enum { SAMPLES = sizeof(samples) / sizeof(*samples), PLAIN_SAMPLES = 14, USUAL_SAMPLES = 19 };

/* A burst, each packet in a buffer of just its size, so that reading or writing on is noticed. */
struct burst {
	struct glb_packet packets[BURST_MAX];
	uint8_t *buffers[BURST_MAX];
	size_t lens[BURST_MAX];
	unsigned int count;
	unsigned int mix; /* which kinds there are */
};

static uint64_t state;

static uint64_t chance(uint64_t below)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % below;
}

/* Bursts range from those that are plain, of one IP version even, to those of anything. */
static struct sample choose_sample(const struct burst *burst)
{
	switch (burst->mix) {
	case 0:
		return samples[chance(32) ? chance(2) : chance(SAMPLES)];
	case 1:
		return samples[chance(32) ? 2 + chance(2) : chance(SAMPLES)];
	case 2:
		return samples[chance(16) ? chance(PLAIN_SAMPLES) : chance(SAMPLES)];
	default:
		return samples[chance(4) ? chance(USUAL_SAMPLES) : chance(SAMPLES)];
	}
}

/* Now and then less than outer headers may need. */
static uint16_t choose_headroom(void)
{
	return (uint16_t)(chance(16) ? HEADROOM : 30 + chance(60));
}

static void choose_packet(struct burst *burst)
{
	static uint8_t frame[FRAME_LEN_MAX];
	struct sample sample = choose_sample(burst);
	unsigned int i = burst->count++;
	uint32_t len;

	sample.src_port = (uint16_t)(1024 + chance(60000));
	sample.ttl = (uint8_t)(chance(32) ? 64 : 1);
	len = frame_write(frame, &sample);
	if (!chance(64))
		len = (uint32_t)chance(len) + 1;
	if (chance(4) && len > 30)
		frame[26 + chance(4)] = (uint8_t)chance(256); /* another client */
	if (!chance(8))
		frame[chance(len < 60 ? len : 60)] ^= (uint8_t)(1 << chance(8));
	if (sample.option_words && len > 44)
		memcpy(frame + 34, frame + 34 + sample.option_words * 4, 4); /* look like ports */
	burst->lens[i] = HEADROOM + len;
	burst->buffers[i] = malloc(HEADROOM + len);
	ck_assert_ptr_nonnull(burst->buffers[i]);
	memset(burst->buffers[i], 0x55, HEADROOM);
	memcpy(burst->buffers[i] + HEADROOM, frame, len);
	burst->packets[i] = (struct glb_packet){.data = burst->buffers[i] + HEADROOM,
						.len = len,
						.headroom = choose_headroom(),
						.port = (uint8_t)!chance(8),
						.verdict = 99};
}

static void copy(struct burst *out, const struct burst *burst)
{
	*out = *burst;
	for (unsigned int i = 0; i < burst->count; i++) {
		out->buffers[i] = malloc(burst->lens[i]);
		ck_assert_ptr_nonnull(out->buffers[i]);
		memcpy(out->buffers[i], burst->buffers[i], burst->lens[i]);
		out->packets[i].data = out->buffers[i] + HEADROOM;
	}
}

static void release(struct burst *burst)
{
	for (unsigned int i = 0; i < burst->count; i++)
		free(burst->buffers[i]);
}

static struct glb_settings choose_settings(void)
{
	struct glb_settings settings = fixture_settings;

	settings.hash_fields = (uint8_t)(1 + chance(GLB_HASH_FIELDS_ALL));
	settings.alt_hash_fields = (uint8_t)(chance(3) ? 0 : 1 + chance(GLB_HASH_FIELDS_ALL));
	settings.echo = (uint8_t)chance(4);
	settings.too_big = (uint8_t)chance(3);
	settings.udp_checksum = (uint8_t)chance(4);
	settings.outer_dscp = (uint8_t)(chance(2) ? 0 : GLB_DSCP_COPY);
	settings.min_ttl = (uint8_t)(chance(2) ? 0 : 2);
	settings.copy_ecn = chance(2);
	settings.all_icmp_errors = chance(2);
	settings.verify_ip_checksum = !chance(3);
	settings.trim_padding = chance(2);
	settings.clamp_mss = chance(2);
	settings.unique_hops = chance(2);
	if (chance(2)) { /* their addresses are their own, not further ones */
		memcpy(settings.ports[0].mac, settings.ports[0].macs[0], GLB_MAC_LEN);
		settings.ports[0].mac_count = 0;
		settings.ports[0].any_mac = chance(2);
	}
	settings.ports[1] = settings.ports[0];
	settings.ports[0].mtu = 1500;
	settings.ports[1].mtu = 400;
	settings.ports[1].vlan = (uint16_t)(chance(2) ? GLB_VLAN_NONE : 7);
	return settings;
}

static void compare(const struct burst *got, const struct burst *want)
{
	for (unsigned int i = 0; i < want->count; i++) {
		const struct glb_packet *a = &got->packets[i];
		const struct glb_packet *b = &want->packets[i];
		bool forwarded = b->verdict == GLB_FORWARD;

		ck_assert_msg(a->verdict == b->verdict, "packet %u of %u: %s instead of %s", i,
			      want->count, glb_verdict_label(a->verdict),
			      glb_verdict_label(b->verdict));
		ck_assert_int_eq(a->data - got->buffers[i], b->data - want->buffers[i]);
		ck_assert_uint_eq(a->len, b->len);
		ck_assert_uint_eq(a->headroom, b->headroom);
		ck_assert(!forwarded || a->backend == b->backend);
		ck_assert_msg(!memcmp(got->buffers[i], want->buffers[i], want->lens[i]),
			      "packet %u of %u has other bytes", i, want->count);
	}
}

/* What comes to the same in both ways may still be wrong. */
static void check_frames(const struct glb_generation *gen, const struct burst *got,
			 const struct burst *original)
{
	for (unsigned int i = 0; i < got->count; i++) {
		const struct glb_packet *pkt = &got->packets[i];
		const struct glb_packet *was = &original->packets[i];
		const struct outer_case c = {gen,	pkt->data, pkt->len,
					     was->data, was->len,  pkt->port};
		const char *fault = pkt->verdict == GLB_FORWARD ? outer_fault(&c) : NULL;

		ck_assert_msg(!fault, "packet %u of %u: %s", i, got->count, fault);
	}
}

/* The tables of a round: in every other one nearly all packets have IPv6 backends. */
struct world {
	bool underlay6;
	uint8_t hops; /* then: see fixture_wide6_generation() */
};

static struct world choose_world(void)
{
	return (struct world){.underlay6 = chance(2), .hops = (uint8_t)(2 * chance(3))};
}

static struct glb_generation *make_generation(const struct world *world,
					      struct glb_settings *settings, enum glb_isa isa)
{
	settings->isa = (uint8_t)isa;
	return world->underlay6 ? fixture_wide6_generation(settings, world->hops)
				: fixture_wide_generation(settings);
}

/* Behind a frame of another port, no packet takes the path of plain ones. */
static void take_the_long_way(const struct glb_generation *gen, struct glb_packet *pkt)
{
	struct glb_packet pair[2] = {{.data = pkt->data, .port = !pkt->port}, *pkt};

	glb_forward(gen, pair, 2);
	*pkt = pair[1];
}

START_TEST(every_set_decides_bursts_of_any_length_as_the_generic_one_decides_packets)
{
	const char *text = getenv("ROUNDS");
	unsigned int settings_per_length = text ? (unsigned int)atoi(text) : 48;
	struct burst original, got, want;

	state = 1;
	for (unsigned int round = 0; round < settings_per_length * BURST_MAX; round++) {
		struct glb_settings settings = choose_settings();
		const struct world world = choose_world();
		struct glb_generation *by_packet =
			make_generation(&world, &settings, GLB_ISA_GENERIC);
		struct glb_generation *by_burst =
			make_generation(&world, &settings, (enum glb_isa)_i);

		ck_assert_int_eq(!by_burst, glb_isa_here((enum glb_isa)_i) == GLB_ISA_COUNT);
		want.count = 0;
		want.mix = (unsigned int)chance(4);
		while (want.count < 1 + round % BURST_MAX)
			choose_packet(&want);
		copy(&got, &want);
		copy(&original, &want);
		for (unsigned int i = 0; i < want.count; i++)
			take_the_long_way(by_packet, &want.packets[i]);
		if (by_burst) {
			glb_forward(by_burst, got.packets, got.count);
			compare(&got, &want);
			check_frames(by_burst, &got, &original);
		}
		release(&original);
		release(&got);
		release(&want);
		glb_generation_free(by_packet);
		glb_generation_free(by_burst);
	}
}
END_TEST

START_TEST(short_segments_behind_a_packet_of_the_other_version_are_plain)
{
	static const struct sample kinds[2] = {{TO4, TCP}, {TO6, TCP}};
	static uint8_t buffers[FORWARD_BURST][HEADROOM + 128];
	struct glb_generation *gen = fixture_wide_generation(&fixture_settings);
	struct glb_packet pkts[FORWARD_BURST];
	struct glb_packet *others[FORWARD_BURST];

	for (unsigned int i = 0; i < FORWARD_BURST; i++) {
		uint8_t *at = buffers[i] + HEADROOM;
		uint32_t len = frame_write(at, &kinds[(i == 0) ^ _i]);

		pkts[i] = (struct glb_packet){.data = at, .len = len, .headroom = HEADROOM};
	}
	ck_assert_uint_eq(plain_generic(gen, pkts, FORWARD_BURST, others), 0);
	glb_generation_free(gen);
}
END_TEST

START_TEST(a_set_that_is_not_there_is_refused_by_name)
{
	struct glb_settings settings = fixture_settings;
	enum glb_isa best = glb_isa_here(GLB_ISA_BEST);

	ck_assert_str_eq(glb_isa_name(GLB_ISA_BEST), "best");
	ck_assert_int_eq(glb_isa_here(GLB_ISA_GENERIC), GLB_ISA_GENERIC);
	ck_assert_int_eq(glb_isa_here(best), best);
	for (settings.isa = 0; settings.isa <= GLB_ISA_COUNT; settings.isa++) {
		struct glb_tables tables = fixture_tables();
		struct glb_generation *gen = NULL;
		struct glb_diag diag = {{0}};
		enum glb_isa isa = (enum glb_isa)settings.isa;
		char want[128] = "";
		int err = glb_generation_make(&gen, 1, &settings, &tables, &diag);

		if (glb_isa_here(isa) == GLB_ISA_COUNT)
			(void)snprintf(want, sizeof(want),
				       "this processor lacks %s, the best it has is %s",
				       glb_isa_name(isa), glb_isa_name(best));
		ck_assert_str_eq(diag.text, want);
		ck_assert_int_eq(err, *want ? -ENOTSUP : 0);
		glb_generation_free(gen);
		glb_tables_free(&tables);
	}
}
END_TEST

START_TEST(tables_are_refused_likewise)
{
	const struct glb_building how = {.isa = GLB_ISA_COUNT};
	struct glb_diag diag = {{0}};
	struct glb_tables tables;

	ck_assert_int_eq(glb_tables_build_how(&tables, &fixture_spec, &how, &diag), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(diag.text, "this processor lacks"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("isa");
	TCase *isa = tcase_create("isa");

	tcase_add_unchecked_fixture(isa, fixture_share_wide, NULL);
	tcase_add_loop_test(
		isa, every_set_decides_bursts_of_any_length_as_the_generic_one_decides_packets,
		GLB_ISA_GENERIC, GLB_ISA_COUNT);
	tcase_add_loop_test(isa, short_segments_behind_a_packet_of_the_other_version_are_plain, 0,
			    2);
	tcase_add_test(isa, a_set_that_is_not_there_is_refused_by_name);
	tcase_add_test(isa, tables_are_refused_likewise);
	suite_add_tcase(suite, isa);
	return suite;
}
