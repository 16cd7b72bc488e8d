/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does every build of the data path do with random bursts what the specification says?
 * ROUNDS: how many packets each decides about; SEED: which. See tests/README.md.
 */
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "fixture.h"
#include "isas.h"
#include "random_frames.h"
#include "suite.h"

enum {
	BURSTS_PER_SETTINGS = 6,
	PACKETS_PER_WORLD = 50000, /* in a short run; a long one has WORLDS */
	WORLDS = 200,
	PACKETS = 400000,
};

/* What is decided, under which settings, by which build. */
struct run {
	struct random_frames from;
	struct random_frame frame;
	struct differ differ;
	struct world world;
	struct glb_settings settings;
	struct glb_generation *specified;
	struct glb_generation *gens[GLB_ISA_COUNT];
	uint64_t done, forwarded;
	uint64_t verdicts[GLB_VERDICT_COUNT];
};

static struct run run;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void make_generations(void)
{
	run.settings = world_settings(&run.world, &run.from.chance);
	run.from.settings = &run.settings;
	run.specified = fixture_with_settings(run.world.base, &run.settings);
	isas_make(run.gens,
		  chance_once_in(&run.from.chance, 4) ? run.world.replica : run.world.base,
		  &run.settings);
}

static void free_generations(void)
{
	glb_generation_free(run.specified);
	isas_free(run.gens);
}

/* Most bursts are as long as the data path takes at a time, or nearly. */
static unsigned int choose_size(void)
{
	static const uint8_t sizes[] = {1, 2, 7, 8, 9, 16, 31, 32, 33, 63, 64, 65, 100};

	return sizes[chance_below(&run.from.chance, sizeof(sizes))];
}

static void make_burst(void)
{
	unsigned int size = choose_size();

	differ_clear(&run.differ);
	random_mix(&run.from);
	while (run.differ.count < size) {
		struct random_frame *frame = &run.frame;
		uint8_t *bytes;

		random_frame(frame, &run.from);
		bytes = differ_add(&run.differ, frame->len, frame->headroom, frame->port);
		if (!bytes)
			return;
		memcpy(bytes, frame->bytes, frame->len);
	}
}

/* Counts what became of the burst, and keeps a packet for routers to complain about. */
static void take_note(void)
{
	for (unsigned int i = 0; i < run.differ.count; i++) {
		const struct glb_packet *pkt = &run.differ.want[i];
		uint32_t at = 14;

		run.verdicts[run.differ.verdicts[i]]++;
		/* of a short one there is nothing to be said that would be news */
		if (run.differ.verdicts[i] != GLB_FORWARD ||
		    !chance_once_in(&run.from.chance, pkt->len < 300 ? 64 : 4))
			continue;
		while (pkt->data[at - 2] == 0x81 || pkt->data[at - 2] == 0x88)
			at += 4;
		run.from.sent_len = pkt->len - at;
		if (run.from.sent_len > RANDOM_SENT_MAX)
			run.from.sent_len = RANDOM_SENT_MAX;
		memcpy(run.from.sent, pkt->data + at, run.from.sent_len);
	}
	run.done += run.differ.count;
}

static void decide_burst(void)
{
	make_burst();
	differ_specify(&run.differ, run.specified);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		if (!run.gens[isa] || differ_agrees(&run.differ, run.gens[isa]))
			continue;
		differ_report(stderr, &run.differ, run.gens[isa]);
		ck_abort_msg("packet %u of the burst behind packet %llu: %s", run.differ.at,
			     (unsigned long long)run.done, run.differ.what);
	}
	take_note();
}

START_TEST(every_build_does_with_random_bursts_what_the_specification_says)
{
	const uint64_t packets = number_from("ROUNDS", PACKETS);
	const uint64_t per_world =
		packets / WORLDS > PACKETS_PER_WORLD ? packets / WORLDS : PACKETS_PER_WORLD;

	run.from.chance.state = number_from("SEED", 1) * 0x9e3779b97f4a7c15;
	run.from.world = &run.world;
	differ_start(&run.differ);
	while (run.done < packets) {
		const uint64_t until = run.done + per_world;

		world_make(&run.world, &run.from.chance);
		run.from.sent_len = 0;
		while (run.done < until && run.done < packets) {
			make_generations();
			for (unsigned int i = 0; i < BURSTS_PER_SETTINGS; i++)
				decide_burst();
			free_generations();
		}
		world_free(&run.world);
	}
	differ_stop(&run.differ);
	if (getenv("VERDICTS"))
		for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
			(void)fprintf(stderr, "%10llu %s\n", (unsigned long long)run.verdicts[v],
				      glb_verdict_label(v));
	/* whatever can become of a packet did; limits are the business of glb_icmp_reply_within()
	 * and glb_forward_metered() */
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT && packets >= PACKETS; v++)
		ck_assert_msg(run.verdicts[v] || v == GLB_DROP_ANSWER_LIMIT ||
				      v == GLB_DROP_ERROR_LIMIT || v == GLB_DROP_METERED,
			      "no packet was %s", glb_verdict_label(v));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("forward_random");
	TCase *bursts = tcase_create("bursts");

	tcase_set_timeout(bursts, 0); /* as long as it takes */
	tcase_add_test(bursts, every_build_does_with_random_bursts_what_the_specification_says);
	suite_add_tcase(suite, bursts);
	return suite;
}
