/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plans are played on a fleet with flows, packet by packet as proxies treat them.
 *
 * In the environment: ROUNDS, how many random fleets, and FIRST, the number of the first one, so
 * that several processes can share the work.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/plan.h>
#include <glb/rendezvous.h>

#include "naive.h"
#include "suite.h"

enum {
	BACKENDS_MAX = 9,
	ROWS_SEEN = 1024, /* rows whose flows are followed */
};

static unsigned int pick(uint64_t *state, unsigned int n)
{
	return (unsigned int)((next_random(state) >> 32) % n);
}

struct fleet {
	uint64_t state;
	bool weighted;
	struct glb_backend backends[4][BACKENDS_MAX]; /* of the specs below */
	struct glb_bind bind;
	struct glb_table_spec base; /* in force long ago: every flow has the primary of its row */
	struct glb_table_spec old;  /* in force now, since a moment ago */
	struct glb_table_spec new;
	char old_zones[4]; /* names, which the new spec may give other numbers */
	char new_zones[4];
};

static struct glb_backend new_backend(struct fleet *fleet, unsigned int number)
{
	static const uint16_t weights[] = {100, 50, 200};

	return (struct glb_backend){
		.addr = {{10, 0, 0, (uint8_t)number}, 4},
		.state = GLB_ACTIVE,
		.healthy = true,
		.weight = weights[fleet->weighted ? pick(&fleet->state, 3) : 0],
		.zone = (uint16_t)(1 + pick(&fleet->state, 2)),
	};
}

/* What an operator may have done a moment ago: drained one backend, or added one. */
static void disturb(struct fleet *fleet)
{
	unsigned int victim = pick(&fleet->state, fleet->old.backend_count);

	switch (pick(&fleet->state, 3)) {
	case 0:
		fleet->old.backends[victim].state = GLB_DRAINING;
		break;
	case 1:
		fleet->old.backends[fleet->old.backend_count] = new_backend(fleet, 200);
		fleet->old.backends[fleet->old.backend_count++].state = GLB_FILLING;
		break;
	default:
		break;
	}
}

/* What the operator wants: some backends gone, some new, some changed. */
static void wish(struct fleet *fleet)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < fleet->old.backend_count; i++) {
		struct glb_backend backend = fleet->old.backends[i];

		if (pick(&fleet->state, 4) == 0 && kept + fleet->old.backend_count - i > 2)
			continue;
		if (fleet->weighted && pick(&fleet->state, 6) == 0)
			backend.weight = (uint16_t)(1 + pick(&fleet->state, 300));
		backend.state = GLB_ACTIVE;
		fleet->new.backends[kept++] = backend;
	}
	while (kept < BACKENDS_MAX && pick(&fleet->state, 3) == 0) {
		fleet->new.backends[kept] = new_backend(fleet, 100 + kept);
		kept++;
	}
	fleet->new.backend_count = kept;
}

/* Names the zones, of the new spec perhaps in another order. */
static void name_zones(struct fleet *fleet, bool swap)
{
	memcpy(fleet->old_zones, "a\0b", 4);
	memcpy(fleet->new_zones, swap ? "b\0a" : "a\0b", 4);
	fleet->base.zones = fleet->old.zones = fleet->old_zones;
	fleet->new.zones = fleet->new_zones;
	fleet->base.zones_len = fleet->old.zones_len = fleet->new.zones_len = 4;
	for (unsigned int i = 0; i < fleet->new.backend_count &&swap; i++)
		fleet->new.backends[i].zone = (uint16_t)(3 - fleet->new.backends[i].zone);
}

static void leave_zones(struct fleet *fleet, unsigned int spec)
{
	for (unsigned int i = 0; i < BACKENDS_MAX; i++)
		fleet->backends[spec][i].zone = 0;
}

/* Some tables get their first zones, others lose their last. */
static void change_zones(struct fleet *fleet, unsigned int number)
{
	if (number % 5 == 0) {
		leave_zones(fleet, 0);
		leave_zones(fleet, 1);
	} else if (number % 7 == 0) {
		leave_zones(fleet, 2);
	}
}

/* Some tables have a max_load, which may change, come and go, perhaps for zones. */
static void limit_load(struct fleet *fleet, unsigned int number)
{
	static const uint8_t loads[] = {0, 101, 105, 110, 200};
	uint8_t was = loads[pick(&fleet->state, COUNT_OF(loads))];
	uint8_t is = pick(&fleet->state, 2) ? was : loads[pick(&fleet->state, COUNT_OF(loads))];

	if (number % 3 || fleet->old.hops < 3)
		return;
	leave_zones(fleet, 0);
	leave_zones(fleet, 1);
	if (number % 5)
		leave_zones(fleet, 2);
	fleet->base.max_load = fleet->old.max_load = was;
	fleet->new.max_load = number % 5 ? is : 0;
}

static void make_fleet(struct fleet *fleet, unsigned int number)
{
	unsigned int hops = 1 + pick(&fleet->state, 4); /* 1: none given */
	struct glb_table_spec spec = {
		.hops = (uint8_t)(hops == 1 ? 0 : hops),
		.backends = fleet->backends[0],
		.backend_count = 3 + pick(&fleet->state, BACKENDS_MAX - 4),
		.binds = &fleet->bind,
		.bind_count = 1,
	};

	fleet->weighted = number % 4 == 0;
	glb_store_le32(spec.seed, number);
	fleet->bind = (struct glb_bind){{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_TCP, 80, 80, false};
	for (unsigned int i = 0; i < spec.backend_count; i++)
		spec.backends[i] = new_backend(fleet, i);
	for (unsigned int i = 0; i < spec.backend_count && hops < 3; i++)
		spec.backends[i].zone = 0; /* zones need three hops */
	fleet->base = spec;
	memcpy(fleet->backends[1], fleet->backends[0], sizeof(fleet->backends[0]));
	spec.backends = fleet->backends[1];
	fleet->old = spec;
	disturb(fleet);
	spec.backends = fleet->backends[2];
	fleet->new = spec;
	wish(fleet);
	for (unsigned int i = 0; i < BACKENDS_MAX && hops < 3; i++)
		fleet->backends[1][i].zone = fleet->backends[2][i].zone = 0;
	if (hops >= 3)
		name_zones(fleet, number % 2 == 0);
	change_zones(fleet, number);
	limit_load(fleet, number);
}

/* The backends that accepted the flows of each row: at most two owners of different age. */
struct flows {
	unsigned int fleet;
	uint8_t older[ROWS_SEEN]; /* last byte of an address, as all backends differ there */
	uint8_t newer[ROWS_SEEN];
};

/* The rows that are followed, worked out the slow way, as last bytes of addresses. */
struct lists {
	unsigned int hop_count;
	uint8_t hops[ROWS_SEEN][GLB_HOPS_MAX];
};

/* All rows of a table with max_load, for whose balance it takes all. */
static const struct glb_row *balanced_rows(const struct glb_table_spec *spec)
{
	static struct glb_row rankings[GLB_ROWS];
	static struct glb_row rows[GLB_ROWS];

	ck_assert_int_eq(glb_rank_rows(rankings, spec), 0);
	glb_order_rows(rows, rankings, spec);
	naive_balance(rows, rankings, spec);
	return rows;
}

static void list_hops(struct lists *lists, const struct glb_table_spec *spec)
{
	const struct glb_row *balanced = spec->max_load ? balanced_rows(spec) : NULL;

	lists->hop_count = naive_hop_count(spec);
	for (unsigned int row = 0; row < ROWS_SEEN; row++) {
		uint32_t number = row * (GLB_ROWS / ROWS_SEEN);
		struct glb_row hops = balanced ? balanced[number] : naive_row(spec, number);

		for (unsigned int hop = 0; hop < lists->hop_count; hop++)
			lists->hops[row][hop] = spec->backends[hops.hops[hop]].addr.bytes[3];
	}
}

/* Second chance: each hop passes on what it does not know; the last one has to keep it. */
static bool reaches(const struct lists *lists, unsigned int row, uint8_t owner)
{
	for (unsigned int hop = 0; hop < lists->hop_count; hop++)
		if (lists->hops[row][hop] == owner)
			return true;
	return false;
}

/* Has a backend lost its flows whatever happens? */
static bool is_down(const struct glb_table_spec *spec, uint8_t owner)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (spec->backends[i].addr.bytes[3] == owner)
			return !spec->backends[i].healthy;
	return false;
}

/* Puts a state in force: no flow may break, and new flows begin. */
static void put_in_force(struct flows *flows, const struct fleet *fleet,
			 const struct glb_table_spec *spec, bool waited)
{
	struct lists lists;

	list_hops(&lists, spec);
	for (unsigned int row = 0; row < ROWS_SEEN; row++) {
		const uint8_t owners[2] = {waited ? flows->newer[row] : flows->older[row],
					   flows->newer[row]};

		for (unsigned int i = 0; i < 2; i++)
			ENSURE(reaches(&lists, row, owners[i]) || is_down(&fleet->old, owners[i]),
			       "fleet %u: row %u loses its flows", flows->fleet, row);
		flows->older[row] = flows->newer[row];
		flows->newer[row] = lists.hops[row][0];
	}
}

static void play(const struct fleet *fleet, const struct glb_plan *plan, unsigned int number)
{
	struct flows flows = {.fleet = number};
	struct lists base;
	struct lists old;

	list_hops(&base, &fleet->base);
	list_hops(&old, &fleet->old);
	for (unsigned int row = 0; row < ROWS_SEEN; row++) {
		flows.older[row] = base.hops[row][0];
		flows.newer[row] = old.hops[row][0];
	}
	for (unsigned int i = 0; i < plan->step_count; i++)
		put_in_force(&flows, fleet, &plan->steps[i].spec, i > 0 || plan->wait_first);
}

static void check_last_step(const struct fleet *fleet, const struct glb_plan *plan)
{
	const struct glb_plan_step *last = &plan->steps[plan->step_count - 1];

	ck_assert_int_eq(last->actions[0].verb, GLB_PLAN_FINISH);
	ck_assert_uint_eq(last->spec.hops, fleet->new.hops);
	ck_assert_uint_eq(last->spec.max_load, fleet->new.max_load);
	ck_assert_uint_eq(last->spec.backend_count, fleet->new.backend_count);
	for (unsigned int i = 0; i < fleet->new.backend_count; i++) {
		const struct glb_backend *is = &last->spec.backends[i];
		const struct glb_backend *wanted = &fleet->new.backends[i];

		ENSURE(glb_addr_equal(&is->addr, &wanted->addr), "another backend %u", i);
		ENSURE(is->state == wanted->state && is->healthy == wanted->healthy &&
			       is->weight == wanted->weight,
		       "backend %u is not as wanted", i);
		ENSURE(!strcmp(glb_zone_name(&last->spec, is->zone),
			       glb_zone_name(&fleet->new, wanted->zone)),
		       "backend %u is in another zone", i);
	}
}

static unsigned int number_from(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned int)atoi(text) : otherwise;
}

START_TEST(a_plan_loses_no_flow)
{
	unsigned int first = number_from("FIRST", 1);
	unsigned int rounds = number_from("ROUNDS", 8);

	for (unsigned int number = first; number < first + rounds; number++) {
		struct fleet fleet = {.state = number * 0x9e3779b97f4a7c15};
		struct glb_plan plan;
		struct glb_diag diag = {{0}};

		make_fleet(&fleet, number);
		ENSURE(!glb_plan_make(&plan, &fleet.old, &fleet.new, &diag), "fleet %u: %s", number,
		       diag.text);
		play(&fleet, &plan, number);
		if (plan.step_count)
			check_last_step(&fleet, &plan);
		glb_plan_free(&plan);
	}
}
END_TEST

/* Plans for fleets with backends that are down may be refused, but not lose a flow. */
START_TEST(a_plan_around_backends_that_are_down_loses_no_flow_of_the_others)
{
	unsigned int first = number_from("FIRST", 1);
	unsigned int refused = 0;
	unsigned int rounds = (number_from("ROUNDS", 8) + 3) / 4;

	for (unsigned int number = first; number < first + rounds; number++) {
		struct fleet fleet = {.state = number * 0xd1342543de82ef95};
		struct glb_plan plan;
		unsigned int down;
		int err;

		make_fleet(&fleet, number);
		down = pick(&fleet.state, fleet.old.backend_count);
		fleet.old.backends[down].healthy = false;
		for (unsigned int i = 0; i < fleet.new.backend_count; i++)
			if (glb_addr_equal(&fleet.new.backends[i].addr,
					   &fleet.old.backends[down].addr))
				fleet.new.backends[i].healthy = false;
		err = glb_plan_make(&plan, &fleet.old, &fleet.new, NULL);
		ENSURE(!err || err == -EPERM, "fleet %u: %d", number, err);
		refused += err != 0;
		if (err)
			continue;
		play(&fleet, &plan, number);
		if (plan.step_count)
			check_last_step(&fleet, &plan);
		glb_plan_free(&plan);
	}
	ENSURE(refused < rounds, "%u of %u refused", refused, rounds);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *cases = tcase_create("plan");

	tcase_set_timeout(cases, 0); /* that of the program counts */
	tcase_add_test(cases, a_plan_loses_no_flow);
	tcase_add_test(cases, a_plan_around_backends_that_are_down_loses_no_flow_of_the_others);
	suite_add_tcase(suite, cases);
	return suite;
}
