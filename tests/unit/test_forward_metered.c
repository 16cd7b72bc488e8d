/* SPDX-License-Identifier: BSD-3-Clause */
/* Meters on random bursts: what glb_forward() would forward passes as far as there are tokens. */
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>

#include "fixture.h"
#include "isas.h"
#include "random_frames.h"
#include "suite.h"

enum { WORLDS = 8, BURSTS = 150, BURST_MAX = 100, ROOM = GLB_OUTER_LEN_MAX + 256 };

static struct random_frames from;
static struct random_frame frames[BURST_MAX];
static uint8_t buffers[2][BURST_MAX][ROOM + RANDOM_FRAME_MAX];
static struct glb_packet packets[2][BURST_MAX];
static const uint64_t now = 1000000000;

/* All of IPv4 and IPv6 in pieces, of which some overlap, with few tokens each. */
static struct glb_meters *make_meters(const struct world *world, struct chance *chance,
				      uint32_t burst)
{
	struct glb_meter_rule rules[2 + WORLD_TABLES] = {
		{{.version = 4}, 0, 1, burst},
		{{.version = 6}, 0, 1, burst},
	};
	struct glb_meters *meters;
	uint32_t count = 2;

	for (unsigned int t = 0; t < world->table_count; t++) {
		const struct glb_bind *bind = &world->binds[t][0];
		bool known = false;

		rules[count] = (struct glb_meter_rule){bind->addr, bind->prefix_len, 1, burst};
		if (chance_once_in(chance, 3))
			rules[count].prefix_len = bind->addr.version == 4 ? 32 : 128;
		for (uint32_t i = 0; i < count; i++)
			known |= glb_meter_rules_equal(&rules[i], &rules[count]);
		count += !known;
	}
	ck_assert_int_eq(glb_meters_make(&meters, rules, count, NULL), 0);
	return meters;
}

static void describe(struct glb_packet *list, uint8_t (*rooms)[ROOM + RANDOM_FRAME_MAX],
		     unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		memcpy(rooms[i] + ROOM, frames[i].bytes, frames[i].len);
		list[i] = (struct glb_packet){
			.data = rooms[i] + ROOM,
			.len = frames[i].len,
			.headroom = frames[i].headroom < ROOM ? frames[i].headroom : ROOM,
			.port = frames[i].port,
		};
	}
}

/* The meter of a frame that is forwarded. */
static uint32_t meter_of(const struct glb_meters *meters, const struct random_frame *frame)
{
	struct glb_flow flow;

	ck_assert_int_eq(glb_parse(&flow, frame->bytes, frame->len), GLB_FORWARD);
	return glb_meters_find(meters,
			       (uint64_t[]){glb_load_le64(flow.dst), glb_load_le64(flow.dst + 8)},
			       flow.version);
}

/* A packet that is metered out is as it came. */
static void check_untouched(const struct glb_packet *pkt, const struct random_frame *frame,
			    const uint8_t *room)
{
	ck_assert_ptr_eq(pkt->data, room + ROOM);
	ck_assert_uint_eq(pkt->len, frame->len);
	ck_assert_mem_eq(pkt->data, frame->bytes, frame->len);
}

static void check_alike(const struct glb_packet *got, const struct glb_packet *want)
{
	ck_assert_uint_eq(got->verdict, want->verdict);
	ck_assert_uint_eq(got->len, want->len);
	ck_assert_mem_eq(got->data, want->data, want->len);
	if (want->verdict == GLB_FORWARD)
		ck_assert_uint_eq(got->backend, want->backend);
}

/* Decides about n frames with and without meters, whose buckets have `left` packets. */
static void decide(const struct glb_generation *gen, uint32_t *left, unsigned int n)
{
	const struct glb_meters *meters = gen->settings.meters;
	uint32_t dropped[GLB_METERS_MAX + 1] = {0};
	uint32_t due[GLB_METERS_MAX + 1] = {0};
	unsigned int forwarded = 0;

	describe(packets[0], buffers[0], n);
	describe(packets[1], buffers[1], n);
	(void)glb_forward(gen, packets[0], n);
	for (unsigned int i = 0; i < n; i++)
		due[packets[0][i].verdict == GLB_FORWARD ? meter_of(meters, &frames[i]) : 0]++;
	for (unsigned int at = 0, size = 1 + n % 64; at < n; at += size)
		forwarded += glb_forward_metered(gen, packets[1] + at,
						 n - at < size ? n - at : size, now);
	for (unsigned int i = 0; i < n; i++) {
		const struct glb_packet *got = &packets[1][i];

		forwarded -= got->verdict == GLB_FORWARD;
		if (got->verdict != GLB_DROP_METERED) {
			check_alike(got, &packets[0][i]);
			continue;
		}
		ck_assert_uint_eq(packets[0][i].verdict, GLB_FORWARD);
		dropped[meter_of(meters, &frames[i])]++;
		check_untouched(got, &frames[i], buffers[1][i]);
	}
	ck_assert_uint_eq(forwarded, 0);
	ck_assert_uint_eq(dropped[0], 0);
	for (uint32_t m = 1; m <= meters->count; m++) {
		const uint32_t pass = due[m] < left[m] ? due[m] : left[m];

		ck_assert_uint_eq(dropped[m], due[m] - pass);
		left[m] -= pass;
	}
}

/* Returns how many are dropped for lack of tokens. */
static uint64_t decide_bursts(const struct glb_generation *gen, uint32_t burst)
{
	uint32_t left[GLB_METERS_MAX + 1];
	uint64_t dropped = 0;

	for (uint32_t m = 0; m <= gen->settings.meters->count; m++)
		left[m] = burst;
	for (unsigned int b = 0; b < BURSTS; b++) {
		const unsigned int n = 1 + chance_below(&from.chance, BURST_MAX);

		random_mix(&from);
		for (unsigned int i = 0; i < n; i++)
			random_frame(&frames[i], &from);
		decide(gen, left, n);
	}
	for (uint32_t m = 0; m < gen->settings.meters->count; m++)
		dropped += glb_meter_dropped(&gen->settings.meters->meters[m]);
	return dropped;
}

START_TEST(what_would_be_forwarded_passes_as_far_as_there_are_tokens)
{
	static const uint32_t bursts[] = {1, 20, 100, 300};
	static struct world world;
	uint64_t dropped = 0;

	from.chance.state = 1 + (uint64_t)_i;
	world_make(&world, &from.chance);
	from.world = &world;
	for (unsigned int b = 0; b < COUNT_OF(bursts); b++)
		for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
			struct glb_settings settings = world_settings(&world, &from.chance);
			struct glb_generation *gens[GLB_ISA_COUNT];

			settings.meters = make_meters(&world, &from.chance, bursts[b]);
			from.settings = &settings;
			isas_make(gens, _i % 2 ? world.replica : world.base, &settings);
			if (gens[isa])
				dropped += decide_bursts(gens[isa], bursts[b]);
			isas_free(gens);
			glb_meters_free(settings.meters);
		}
	ck_assert_uint_gt(dropped, 1000);
	world_free(&world);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_metered");
	TCase *bursts = tcase_create("bursts");

	tcase_set_timeout(bursts, 300);
	tcase_add_loop_test(bursts, what_would_be_forwarded_passes_as_far_as_there_are_tokens, 0,
			    WORLDS);
	suite_add_tcase(suite, bursts);
	return suite;
}
