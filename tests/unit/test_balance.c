/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What holds for the rows of every table with max_load. ROUNDS: how many random ones;
 * with one, large tables are left out, too.
 */
#include <errno.h>
#include <string.h>

#include <glb/balance.h>
#include <glb/rendezvous.h>

#include "fleet.h"
#include "naive.h"
#include "suite.h"

enum { SMALL = 12, MEDIUM = 300, LARGE = 2048 };

static unsigned int rounds;
static struct fleet fleet;
static struct glb_row ranked[GLB_ROWS];
static struct glb_row ordered[GLB_ROWS]; /* without max_load */
static struct glb_row rows[GLB_ROWS];
static struct glb_row want[GLB_ROWS];

static void read_rounds(void)
{
	const char *text = getenv("ROUNDS");

	rounds = text ? (unsigned int)atoi(text) : 4;
}

static bool is_left_out(unsigned int backends)
{
	return rounds == 1 && backends > MEDIUM;
}

/* A random table with max_load. */
static void make_fleet(uint64_t seed, unsigned int max, bool weighted)
{
	fleet_make(&fleet, seed, max, weighted ? FLEET_WEIGHTED : FLEET_PLAIN);
	fleet.spec.hops = (uint8_t)(3 + fleet_pick(&fleet, 2));
	fleet.spec.max_load = (uint8_t)(101 + fleet_pick(&fleet, fleet_pick(&fleet, 2) ? 10 : 100));
}

/* Once `ranked` is. */
static void balance_ranked(const struct glb_table_spec *spec)
{
	glb_order_rows(ordered, ranked, spec);
	memcpy(rows, ordered, sizeof(rows));
	ck_assert_int_eq(glb_balance_rows(rows, ranked, spec), 0);
}

static void balance(const struct glb_table_spec *spec)
{
	ck_assert_int_eq(glb_rank_rows(ranked, spec), 0);
	balance_ranked(spec);
}

/* A large table of equals; to be released with free(). */
static struct glb_backend *make_equals(struct glb_table_spec *spec, unsigned int count)
{
	struct glb_backend *backends = calloc(LARGE + 1, sizeof(*backends));

	for (unsigned int i = 0; backends && i <= LARGE; i++)
		backends[i] = (struct glb_backend){
			.addr = {{10, 2, (uint8_t)(i >> 8), (uint8_t)i}, 4},
			.state = GLB_ACTIVE,
			.healthy = true,
		};
	*spec = (struct glb_table_spec){.hops = 3, .backends = backends, .backend_count = count};
	ck_assert_ptr_nonnull(backends);
	return backends;
}

static uint32_t most_rows(const struct glb_table_spec *spec)
{
	uint32_t count[GLB_BACKENDS_MAX] = {0};
	uint32_t most = 0;

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		count[rows[row].hops[0]]++;
	for (unsigned int i = 0; i < spec->backend_count; i++)
		most = count[i] > most ? count[i] : most;
	return most;
}

START_TEST(balanced_rows_are_those_of_the_slow_way)
{
	for (unsigned int round = 0; round < rounds; round++) {
		make_fleet(round, round % 2 ? FLEET_MAX : SMALL, round % 4 > 1);
		balance(&fleet.spec);
		memcpy(want, ordered, sizeof(want));
		naive_balance(want, ranked, &fleet.spec);
		ENSURE(!memcmp(rows, want, sizeof(rows)), "round %u", round);
	}
}
END_TEST

START_TEST(so_are_those_where_rows_are_handed_on)
{
	static const struct {
		unsigned int backends;
		uint8_t max_load;
		unsigned int down; /* every so many */
	} cases[] = {{700, 101, 0}, {2048, 103, 0}, {2048, 106, 0}, {300, 101, 2}, {40, 101, 3}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_table_spec spec;
		struct glb_backend *backends;

		if (is_left_out(cases[i].backends))
			continue;
		backends = make_equals(&spec, cases[i].backends);
		spec.max_load = cases[i].max_load;
		for (unsigned int b = 0; cases[i].down && b < spec.backend_count; b++)
			backends[b].healthy = b % cases[i].down;
		balance(&spec);
		memcpy(want, ordered, sizeof(want));
		naive_balance(want, ranked, &spec);
		ENSURE(!memcmp(rows, want, sizeof(rows)), "case %u", i);
		free(backends);
	}
}
END_TEST

START_TEST(no_backend_is_first_on_more_than_it_may)
{
	static const struct {
		unsigned int backends;
		uint8_t max_load;
		double want;
	} cases[] = {
		{3, 101, 1.01},	   {10, 101, 1.01},	  {100, 102, 1.02},  {256, 105, 1.05},
		{256, 101, 1.01},  {1000, 110, 1.10},	  {1000, 105, 1.05}, {1000, 102, 1.02},
		{2048, 104, 1.04}, {2048, 101, 33 / 32.},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_table_spec spec;
		struct glb_backend *backends;
		double peak;

		if (is_left_out(cases[i].backends))
			continue;
		backends = make_equals(&spec, cases[i].backends);
		spec.max_load = cases[i].max_load;
		balance(&spec);
		peak = (double)most_rows(&spec) * spec.backend_count / GLB_ROWS;
		ENSURE(peak <= cases[i].want, "%u backends, max_load %u: %f", spec.backend_count,
		       spec.max_load, peak);
		free(backends);
	}
}
END_TEST

static bool is_choice(const struct glb_table_spec *spec, uint32_t row)
{
	uint16_t last = ranked[row].hops[naive_hop_count(spec) - 1];

	return ordered[row].hops[0] != last && ordered[row].hops[1] != last &&
	       glb_backend_serves(&spec->backends[ordered[row].hops[0]]) &&
	       glb_backend_serves(&spec->backends[ordered[row].hops[1]]);
}

START_TEST(only_the_first_two_hops_of_rows_with_a_choice_swap_places)
{
	for (unsigned int round = 0; round < rounds; round++) {
		uint32_t swapped = 0;

		make_fleet(1000000 + round, FLEET_MAX, round % 2);
		balance(&fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			struct glb_row other = ordered[row];

			other.hops[0] = ordered[row].hops[1];
			other.hops[1] = ordered[row].hops[0];
			if (!memcmp(&rows[row], &ordered[row], sizeof(other)))
				continue;
			ENSURE(!memcmp(&rows[row], &other, sizeof(other)) &&
				       is_choice(&fleet.spec, row),
			       "round %u, row %u", round, row);
			swapped++;
		}
		ENSURE(swapped < GLB_ROWS / 4, "round %u: %u rows", round, swapped);
	}
}
END_TEST

static struct glb_addr first_of(const struct glb_table_spec *spec, const struct glb_row *row)
{
	return spec->backends[row->hops[0]].addr;
}

START_TEST(the_order_of_backends_does_not_matter)
{
	for (unsigned int round = 0; round < rounds; round++) {
		static struct fleet was;

		make_fleet(2000000 + round, FLEET_MAX, round % 2);
		balance(&fleet.spec);
		memcpy(want, rows, sizeof(want));
		fleet_copy(&was, &fleet);
		for (unsigned int i = 0; i < 2 * FLEET_MAX; i++)
			fleet_change(&fleet, FLEET_REORDER);
		balance(&fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			struct glb_addr one = first_of(&was.spec, &want[row]);
			struct glb_addr other = first_of(&fleet.spec, &rows[row]);

			ENSURE(glb_addr_equal(&one, &other), "round %u, row %u", round, row);
		}
	}
}
END_TEST

/* Is a backend of another spec on a row? */
static bool names(const struct glb_table_spec *spec, const struct glb_row *row,
		  const struct glb_backend *backend)
{
	for (unsigned int hop = 0; hop < naive_hop_count(spec); hop++)
		if (glb_addr_equal(&spec->backends[row->hops[hop]].addr, &backend->addr))
			return true;
	return false;
}

static bool is_usable_in(const struct glb_table_spec *spec, const struct glb_backend *backend)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_addr_equal(&spec->backends[i].addr, &backend->addr))
			return glb_backend_usable(&spec->backends[i]);
	return false;
}

/*
 * The backend that was first on a row is on it after the change, unless it was removed; or unless
 * it was first from the last place of the ranking, which it is without max_load, too.
 */
static void check_second_chance(const struct fleet *was, const char *what, unsigned int round)
{
	static struct glb_row old_ranked[GLB_ROWS], old_ordered[GLB_ROWS], old_rows[GLB_ROWS];
	unsigned int last = naive_hop_count(&was->spec) - 1;

	balance(&was->spec);
	memcpy(old_ranked, ranked, sizeof(ranked));
	memcpy(old_ordered, ordered, sizeof(ordered));
	memcpy(old_rows, rows, sizeof(rows));
	balance(&fleet.spec);
	for (uint32_t row = 0; row < GLB_ROWS; row++) {
		uint16_t first = old_rows[row].hops[0];
		const struct glb_backend *owner = &was->spec.backends[first];

		if (names(&fleet.spec, &rows[row], owner) || !is_usable_in(&fleet.spec, owner))
			continue;
		ENSURE(first == old_ranked[row].hops[last] && first == old_ordered[row].hops[0],
		       "%s, round %u: row %u loses its flows", what, round, row);
	}
}

START_TEST(no_single_change_takes_who_had_the_flows_off_a_row)
{
	static const struct {
		const char *name;
		enum fleet_change change;
	} changes[] = {
		{"add", FLEET_ADD},	{"remove", FLEET_REMOVE}, {"reorder", FLEET_REORDER},
		{"state", FLEET_STATE}, {"health", FLEET_HEALTH}, {"max_load", FLEET_CHANGES},
		{"off", FLEET_CHANGES},
	};

	for (unsigned int round = 0; round < rounds * COUNT_OF(changes); round++) {
		unsigned int i = round % COUNT_OF(changes);
		static struct fleet was;

		make_fleet(3000000 + round, round / COUNT_OF(changes) % 2 ? FLEET_MAX - 1 : SMALL,
			   round % 2);
		fleet_copy(&was, &fleet);
		if (i < 5)
			fleet_change(&fleet, changes[i].change);
		else
			fleet.spec.max_load = i == 5 ? 101 : 200;
		check_second_chance(&was, changes[i].name, round);
	}
}
END_TEST

/* Rows that get another first hop, and those that must: the backend's own. */
START_TEST(a_change_moves_little_more_than_it_must)
{
	static const struct {
		unsigned int backends;
		uint8_t max_load;
		double most; /* times what must move */
	} cases[] = {{100, 105, 1.25}, {256, 105, 1.6}, {1000, 110, 2.5}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_table_spec spec;
		struct glb_backend *backends;
		uint32_t must = 0;
		uint32_t moved = 0;

		if (is_left_out(cases[i].backends))
			continue;
		backends = make_equals(&spec, cases[i].backends);
		spec.max_load = cases[i].max_load;
		balance(&spec);
		memcpy(want, rows, sizeof(want));
		for (unsigned int b = 0; b < 20; b++) {
			backends[b].healthy = false;
			balance_ranked(&spec);
			for (uint32_t row = 0; row < GLB_ROWS; row++) {
				must += want[row].hops[0] == b;
				moved += want[row].hops[0] != rows[row].hops[0];
			}
			backends[b].healthy = true;
		}
		ENSURE(moved <= cases[i].most * must, "%u backends: %u rows moved, %u must",
		       cases[i].backends, moved, must);
		free(backends);
	}
}
END_TEST

START_TEST(taking_a_drained_backend_away_moves_next_to_nothing)
{
	struct glb_table_spec spec;
	struct glb_backend *backends = make_equals(&spec, 256);
	uint32_t moved = 0;

	spec.max_load = 105;
	backends[7].state = GLB_DRAINING;
	balance(&spec);
	memcpy(want, rows, sizeof(want));
	backends[7].state = GLB_INACTIVE;
	balance(&spec);
	for (uint32_t row = 0; row < GLB_ROWS; row++)
		moved += want[row].hops[0] != rows[row].hops[0];
	ENSURE(moved < 64, "%u rows", moved);
	free(backends);
}
END_TEST

START_TEST(tables_built_with_others_known_are_those_built_from_nothing)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct glb_tables known;
		struct glb_tables tables;
		struct glb_tables fresh;
		struct glb_spec spec = {&fleet.spec, 1};

		make_fleet(4000000 + round, FLEET_MAX - 2, round % 2);
		ck_assert_int_eq(glb_tables_build(&known, &spec, NULL, NULL), 0);
		for (unsigned int i = 0; i < 2; i++)
			fleet_change(&fleet, fleet_pick(&fleet, FLEET_REWEIGH + 1));
		fleet_change(&fleet, round % 2 ? FLEET_STATE : FLEET_HEALTH);
		ck_assert_int_eq(glb_tables_build(&tables, &spec, &known, NULL), 0);
		ck_assert_int_eq(glb_tables_build(&fresh, &spec, NULL, NULL), 0);
		ck_assert_mem_eq(tables.tables[0]->rows, fresh.tables[0]->rows, sizeof(rows));
		balance(&fleet.spec);
		ck_assert_mem_eq(tables.tables[0]->rows, rows, sizeof(rows));
		glb_tables_free(&known);
		glb_tables_free(&tables);
		glb_tables_free(&fresh);
	}
}
END_TEST

START_TEST(a_table_tells_its_peak_and_the_rows_that_were_balanced)
{
	struct glb_table_spec spec;
	struct glb_backend *backends = make_equals(&spec, 256);
	struct glb_bind bind = {{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_TCP, 80, 80, false};
	struct glb_spec both = {&spec, 1};
	struct glb_tables tables;
	uint32_t swapped = 0;
	uint32_t told = 0;

	spec.binds = &bind;
	spec.bind_count = 1;
	spec.max_load = 105;
	balance(&spec);
	ck_assert_int_eq(glb_tables_build(&tables, &both, NULL, NULL), 0);
	for (uint32_t row = 0; row < GLB_ROWS; row++) {
		swapped += rows[row].hops[0] != ordered[row].hops[0];
		told += glb_row_was_balanced(tables.tables[0], row);
	}
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_eq(told, swapped);
	ck_assert_double_eq_tol(glb_peak_load(tables.tables[0]), most_rows(&spec) / 256.0, 1e-9);
	glb_tables_free(&tables);
	free(backends);
}
END_TEST

START_TEST(where_nobody_serves_nothing_is_balanced)
{
	make_fleet(5, SMALL, true);
	for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
		fleet.backends[i].healthy = false;
	balance(&fleet.spec);
	ck_assert_mem_eq(rows, ordered, sizeof(rows));
}
END_TEST

START_TEST(max_load_needs_three_hops_and_one_zone)
{
	static const struct {
		uint8_t hops;
		uint16_t zone;
		const char *why; /* NULL: taken */
	} cases[] = {
		{0, 0, "$.tables[0].max_load: needs \"hops\": 3 or 4 in its table"},
		{2, 0, "$.tables[0].max_load: needs \"hops\": 3 or 4 in its table"},
		{3, 0, NULL},
		{4, 0, NULL},
		{3, 1, "$.tables[0].max_load: cannot be had together with the zones of backends"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_spec spec = {&fleet.spec, 1};
		struct glb_tables tables;
		struct glb_diag diag;

		make_fleet(6, SMALL, false);
		fleet_change(&fleet, FLEET_ADD);
		fleet.spec.hops = cases[i].hops;
		fleet.backends[1].zone = cases[i].zone;
		ck_assert_int_eq(glb_tables_build(&tables, &spec, NULL, &diag),
				 cases[i].why ? -EINVAL : 0);
		if (!cases[i].why)
			glb_tables_free(&tables);
		else
			ck_assert_str_eq(diag.text, cases[i].why);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("balance");
	TCase *cases = tcase_create("balance");

	read_rounds();
	tcase_set_timeout(cases, 0); /* that of the program counts */
	tcase_add_test(cases, balanced_rows_are_those_of_the_slow_way);
	tcase_add_test(cases, so_are_those_where_rows_are_handed_on);
	tcase_add_test(cases, no_backend_is_first_on_more_than_it_may);
	tcase_add_test(cases, only_the_first_two_hops_of_rows_with_a_choice_swap_places);
	tcase_add_test(cases, the_order_of_backends_does_not_matter);
	tcase_add_test(cases, no_single_change_takes_who_had_the_flows_off_a_row);
	tcase_add_test(cases, a_change_moves_little_more_than_it_must);
	tcase_add_test(cases, taking_a_drained_backend_away_moves_next_to_nothing);
	tcase_add_test(cases, tables_built_with_others_known_are_those_built_from_nothing);
	tcase_add_test(cases, a_table_tells_its_peak_and_the_rows_that_were_balanced);
	tcase_add_test(cases, where_nobody_serves_nothing_is_balanced);
	tcase_add_test(cases, max_load_needs_three_hops_and_one_zone);
	suite_add_tcase(suite, cases);
	return suite;
}
