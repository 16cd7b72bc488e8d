/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do simulated fleets keep their flows where that is promised, and lose what others published?
 *
 * In the environment: ROUNDS, with how many seeds each scenario is played.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>

#include "../unit/fixture.h"
#include "../unit/frame.h"
#include "../unit/suite.h"
#include "draw.h"
#include "flows.h"
#include "play.h"
#include "routers.h"
#include "tracking.h"

static struct outcome outcome;

/* A scenario in a fleet so small that it takes a moment. */
static void play_small(const struct scenario *scenario, struct playing how)
{
	struct scenario small = *scenario;

	if (small.proxies > 16)
		small.proxies = 16;
	if (small.directors > 8)
		small.directors = 8;
	how.flows = 6000;
	how.tracked = 1 << 16;
	play_scenario(&outcome, &small, &how);
}

static unsigned int lost_by(enum scheme scheme)
{
	return outcome.tallies[scheme].broken + outcome.tallies[scheme].refused;
}

START_TEST(no_flow_is_lost_where_that_is_promised)
{
	const struct scenario *scenario = &scenarios[_i];
	const char *rounds = getenv("ROUNDS");
	const uint64_t last = rounds ? (uint64_t)atoi(rounds) : 2;

	for (uint64_t seed = 1; seed <= last; seed++) {
		play_small(scenario, (struct playing){.seed = seed});
		ENSURE(outcome.established > 100, "%s: too few flows to tell", scenario->name);
		for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
			ENSURE(!play_promises(scenario, scheme) || !lost_by(scheme),
			       "%s, seed %u: %s lost %u flows", scenario->name, (unsigned int)seed,
			       scheme_facts[scheme].name, lost_by(scheme));
	}
}
END_TEST

static const struct scenario *scenario_called(const char *name)
{
	unsigned int i = 0;

	while (strcmp(scenarios[i].name, name) != 0)
		i++;
	return &scenarios[i];
}

/* What is not promised is no luck either: a hop less than it takes, and flows are lost. */
START_TEST(a_hop_less_than_it_takes_loses_flows)
{
	static const struct {
		const char *scenario;
		enum scheme loses;
	} cases[] = {
		{"add while draining", SCHEME_HOPS_2}, {"add after an alarm", SCHEME_HOPS_2},
		{"add two at once", SCHEME_HOPS_2},    {"two while draining", SCHEME_HOPS_3},
		{"add, disagreement", SCHEME_HOPS_4},  {"drain too short", SCHEME_HOPS_4},
		{"stale directors", SCHEME_HOPS_4},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		play_small(scenario_called(cases[i].scenario), (struct playing){.seed = 1});
		ENSURE(lost_by(cases[i].loses), "%s: lost none", cases[i].scenario);
	}
}
END_TEST

/* The simulation would notice: this is a mistake that all promises depend on. */
START_TEST(without_second_chance_flows_are_lost)
{
	static const char *const names[] = {"add one to 10", "remove one of 100", "one flaps",
					    "hash fields", "false alarm"};

	for (unsigned int i = 0; i < COUNT_OF(names); i++) {
		play_small(scenario_called(names[i]),
			   (struct playing){.seed = 1, .no_second_chance = true});
		for (enum scheme scheme = 0; scheme < SCHEME_TABLES; scheme++)
			ENSURE(lost_by(scheme), "%s: %s lost none", names[i],
			       scheme_facts[scheme].name);
	}
}
END_TEST

START_TEST(a_crash_takes_the_flows_of_its_proxy)
{
	play_small(scenario_called("crash"), (struct playing){.seed = 1});
	for (enum scheme scheme = 0; scheme < SCHEMES; scheme++)
		ENSURE(outcome.tallies[scheme].died && outcome.tallies[scheme].waited,
		       "%s: nothing died, or nobody waited", scheme_facts[scheme].name);
}
END_TEST

START_TEST(connection_tables_are_lost_when_directors_leave)
{
	play_small(scenario_called("add one to 100"), (struct playing){.seed = 1});
	ck_assert_uint_eq(outcome.tallies[SCHEME_TRACKED].broken, 0);
	play_small(scenario_called("add, directors leave"), (struct playing){.seed = 1});
	ck_assert_uint_gt(outcome.tallies[SCHEME_TRACKED].broken, 0);
}
END_TEST

START_TEST(a_seed_makes_a_run)
{
	struct outcome first;

	play_small(scenario_called("crash"), (struct playing){.seed = 3});
	first = outcome;
	play_small(scenario_called("crash"), (struct playing){.seed = 3});
	ck_assert_mem_eq(&first, &outcome, sizeof(first));
	play_small(scenario_called("crash"), (struct playing){.seed = 4});
	ck_assert_uint_ne(first.packets, outcome.packets);
}
END_TEST

/* --- The other schemes --- */

/* Table 1 of the paper: three backends in seven entries, and what is left when B1 goes. */
START_TEST(maglev_fills_the_table_of_the_paper)
{
	static const struct maglev_permutation all[] = {{3, 4}, {0, 2}, {3, 1}};
	static const struct maglev_permutation left[] = {{3, 4}, {3, 1}};
	static const uint16_t before[] = {1, 0, 1, 0, 2, 2, 0};
	static const uint16_t after[] = {0, 0, 0, 0, 1, 1, 1};
	uint16_t table[7];

	maglev_fill(table, 7, all, 3);
	ck_assert_mem_eq(table, before, sizeof(table));
	maglev_fill(table, 7, left, 2);
	ck_assert_mem_eq(table, after, sizeof(table));
}
END_TEST

static struct course course;

static void put_proxies(unsigned int count)
{
	struct table_fleet fleet;

	table_fleet_init(&fleet, count);
	course_put(&course, &fleet.spec, (struct course_step){.alt_fields = FIELDS_NONE});
}

static void ensure_moved(const char *name, unsigned int moved, double least, double most)
{
	const double percent = 100.0 * moved / 1000000;

	ENSURE(percent > least && percent < most, "%s: %.3f %% of flows move", name, percent);
}

/* At least 1 / 101 of the flows has to move to one more. Modulo moves all but that. */
START_TEST(one_more_of_100_moves_as_many_flows_as_published)
{
	unsigned int modulo = 0;
	unsigned int ring = 0;
	unsigned int maglev = 0;
	uint64_t random = 1;

	course.compared = true;
	put_proxies(100);
	put_proxies(101);
	for (unsigned int i = 0; i < 1000000; i++) {
		const struct pool *old = course.versions[0].pool;
		const struct pool *new = course.versions[1].pool;
		uint64_t hash = draw(&random);

		modulo += old->proxies[hash % 100] != new->proxies[hash % 101];
		ring += ring_find(old->ring, hash) != ring_find(new->ring, hash);
		maglev += old->maglev[hash % MAGLEV_SIZE] != new->maglev[hash % MAGLEV_SIZE];
	}
	ensure_moved("ECMP modulo", modulo, 98.9, 99.1);
	ensure_moved("ring", ring, 0.8, 1.2);
	ensure_moved("Maglev", maglev, 1.3, 1.7);
	course_free(&course);
}
END_TEST

START_TEST(the_flows_that_move_are_the_ones_that_break)
{
	static const struct playing how = {.flows = 60000, .tracked = 1 << 18, .seed = 1};

	play_scenario(&outcome, scenario_called("drain too short"), &how);

	const double each = 100.0 / outcome.established;

	ENSURE(outcome.tallies[SCHEME_MODULO].broken * each > 97.5, "ECMP modulo breaks %u of %u",
	       outcome.tallies[SCHEME_MODULO].broken, outcome.established);
	ENSURE(outcome.tallies[SCHEME_MAGLEV].broken * each > 1.2 &&
		       outcome.tallies[SCHEME_MAGLEV].broken * each < 1.8,
	       "Maglev breaks %u of %u", outcome.tallies[SCHEME_MAGLEV].broken,
	       outcome.established);
}
END_TEST

/* One set of entries, so that all flows compete for it. */
START_TEST(a_connection_table_forgets_what_was_not_used_for_longest)
{
	struct tracking *tracking = tracking_make(TRACKING_WAYS);

	for (uint16_t flow = 1; flow <= TRACKING_WAYS; flow++)
		tracking_put(tracking, flow, flow);
	ck_assert_uint_eq(tracking_find(tracking, 1), 1);
	tracking_put(tracking, 3, 33);
	tracking_put(tracking, 100, 100);
	ck_assert_uint_eq(tracking_find(tracking, 2), TRACKING_NONE);
	ck_assert_uint_eq(tracking_find(tracking, 1), 1);
	ck_assert_uint_eq(tracking_find(tracking, 3), 33);
	ck_assert_uint_eq(tracking_find(tracking, 100), 100);
	tracking_free(tracking);
}
END_TEST

/* How many go to another director when one of 8 leaves? */
static unsigned int moved_of_4096(bool resilient)
{
	struct routers before;
	struct routers after;
	unsigned int moved = 0;

	routers_start(&before, 8, resilient);
	after = before;
	routers_leave(&after, 2);
	for (uint32_t hash = 0; hash < 4096; hash++) {
		ck_assert_uint_ne(routers_choose(&after, hash), 2);
		moved += routers_choose(&before, hash) != routers_choose(&after, hash);
	}
	return moved;
}

START_TEST(a_resilient_group_moves_the_flows_of_one_director_only)
{
	ck_assert_uint_eq(moved_of_4096(true), 512);
	ck_assert_uint_gt(moved_of_4096(false), 3000);
}
END_TEST

/* --- The data path --- */

/* The hops that glb_forward() writes; returns how many. */
static unsigned int forwarded_hops(uint16_t *hops, const struct glb_generation *generation,
				   uint32_t client, uint16_t port)
{
	static uint8_t room[GLB_OUTER_LEN_MAX + FRAME_LEN_MAX];
	struct glb_packet packet = {.data = room + GLB_OUTER_LEN_MAX,
				    .headroom = GLB_OUTER_LEN_MAX};
	char src[32];

	(void)snprintf(src, sizeof(src), "11.%u.%u.%u", client >> 16 & 0xff, client >> 8 & 0xff,
		       client & 0xff);
	packet.len = frame_write(packet.data, &(struct sample){.version = 4,
							       .proto = GLB_PROTO_TCP,
							       .src = src,
							       .dst = "192.0.2.1",
							       .src_port = port,
							       .dst_port = 443});
	ck_assert_uint_eq(glb_forward(generation, &packet, 1), 1);

	const uint8_t *outer = packet.data + GLB_ETHER_LEN;
	const uint8_t *gue = outer + GLB_OUTER_GUE_AT;
	unsigned int count = 1 + gue[GLB_GUE_NEXT_HOP_AT + 1];

	hops[0] = (uint16_t)(outer[18] << 8 | outer[19]);
	for (unsigned int i = 1; i < count; i++) {
		const uint8_t *hop = gue + GLB_GUE_HOPS_AT + (i - 1) * GLB_GUE_HOP_LEN;

		hops[i] = (uint16_t)(hop[2] << 8 | hop[3]);
	}
	return count;
}

/* Each number of hops, with and without alternative hash fields. */
START_TEST(hops_are_those_that_the_data_path_writes)
{
	struct course_step step = {.alt_fields = _i % 2 ? 1 : FIELDS_NONE};
	struct glb_settings settings = fixture_settings;
	struct glb_generation *generation;
	struct table_fleet fleet;
	struct glb_tables tables;

	table_fleet_init(&fleet, 16);
	fleet.backends[3].state = GLB_DRAINING;
	fleet.spec.hops = (uint8_t)(2 + _i / 2);
	fleet.spec.hash_key[0] = 1;
	course_put(&course, &fleet.spec, step);
	settings.hash_fields = course_field_sets[0];
	settings.alt_hash_fields = _i % 2 ? course_field_sets[1] : 0;
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&fleet.spec, 1}, NULL, NULL),
			 0);
	ck_assert_int_eq(glb_generation_make(&generation, 1, &settings, &tables, NULL), 0);
	for (uint32_t client = 0; client < 1000; client++) {
		uint16_t port = (uint16_t)(1024 + client * 7);
		uint16_t is[GLB_WIRE_HOPS_MAX];
		uint16_t simulated[GLB_WIRE_HOPS_MAX];
		uint64_t hashes[FIELD_SETS];
		unsigned int count = forwarded_hops(is, generation, client, port);

		flows_hash(hashes, fleet.spec.hash_key, client, port);
		ck_assert_uint_eq(course_hops(simulated, &course, &course.steps[0], hashes), count);
		ck_assert_mem_eq(simulated, is, count * sizeof(*is));
	}
	glb_generation_free(generation);
	course_free(&course);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("fleet");
	TCase *cases = tcase_create("fleet");

	tcase_add_loop_test(cases, no_flow_is_lost_where_that_is_promised, 0, (int)scenario_count);
	tcase_add_test(cases, a_hop_less_than_it_takes_loses_flows);
	tcase_add_test(cases, without_second_chance_flows_are_lost);
	tcase_add_test(cases, a_crash_takes_the_flows_of_its_proxy);
	tcase_add_test(cases, connection_tables_are_lost_when_directors_leave);
	tcase_add_test(cases, a_seed_makes_a_run);
	tcase_add_test(cases, maglev_fills_the_table_of_the_paper);
	tcase_add_test(cases, one_more_of_100_moves_as_many_flows_as_published);
	tcase_add_test(cases, the_flows_that_move_are_the_ones_that_break);
	tcase_add_test(cases, a_connection_table_forgets_what_was_not_used_for_longest);
	tcase_add_test(cases, a_resilient_group_moves_the_flows_of_one_director_only);
	tcase_add_loop_test(cases, hops_are_those_that_the_data_path_writes, 0, 6);
	suite_add_tcase(suite, cases);
	return suite;
}
