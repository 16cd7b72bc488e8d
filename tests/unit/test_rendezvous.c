/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/rendezvous.h>

#include "fixture.h"
#include "suite.h"

enum { FLEET = 6 }; /* backends of a fleet */

static struct glb_row rows[GLB_ROWS];
static struct glb_row before[GLB_ROWS];

static void work_out(struct glb_row *out, const struct glb_table_spec *spec)
{
	static struct glb_row ranked[GLB_ROWS];

	ck_assert_int_eq(glb_rank_rows(ranked, spec), 0);
	glb_order_rows(out, ranked, spec);
}

/* A table of n active, healthy backends 1.1.1.1, 1.1.1.2, .. under the seed of the published rows.
 */
static struct glb_table_spec fleet_of(struct glb_backend *backends, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		backends[i] = (struct glb_backend){
			.addr = {{1, 1, 1, (uint8_t)(i + 1)}, 4},
			.state = GLB_ACTIVE,
			.healthy = true,
		};
	return (struct glb_table_spec){
		.seed = {0x49, 0xa3, 0xd8, 0x61, 0xd6, 0x61, 0xae, 0x5a, 0xb0, 0x6e, 0xd9, 0x32,
			 0x68, 0x71, 0xa2, 0xf5},
		.backends = backends,
		.backend_count = n,
	};
}

/* The order of a row: the first choice, then that of the same table without it, and so on. */
static void order_of(uint16_t *order, const struct glb_table_spec *spec, unsigned int row)
{
	for (unsigned int i = 0; i < spec->backend_count; i++) {
		work_out(rows, spec);
		order[i] = rows[row].hops[0];
		spec->backends[order[i]].state = GLB_INACTIVE;
		if (i + 1 < spec->backend_count)
			continue;
		for (unsigned int b = 0; b < spec->backend_count; b++)
			spec->backends[b].state = GLB_ACTIVE;
	}
}

START_TEST(the_published_orders_of_three_rows_are_kept)
{
	static const struct {
		unsigned int row;
		uint16_t order[4];
	} cases[] = {
		{0x0000, {3, 2, 1, 0}},
		{0xffff, {0, 1, 3, 2}},
		{0xbb44, {3, 0, 1, 2}},
	};
	struct glb_backend backends[4];
	struct glb_table_spec spec = fleet_of(backends, 4);

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint16_t order[4];

		order_of(order, &spec, cases[i].row);
		ck_assert_mem_eq(order, cases[i].order, sizeof(order));
	}
}
END_TEST

/* Check notes down every assertion it passes: in loops over rows only a failure is worth that. */
static void check_row(unsigned int row, uint16_t primary, uint16_t secondary)
{
	if (rows[row].hops[0] != primary || rows[row].hops[1] != secondary)
		ck_abort_msg("row %u is %u/%u, expected %u/%u", row, rows[row].hops[0],
			     rows[row].hops[1], primary, secondary);
}

static void check_hop(unsigned int row, unsigned int hop, uint16_t backend)
{
	if (rows[row].hops[hop] != backend)
		ck_abort_msg("hop %u of row %u is %u, expected %u", hop, row, rows[row].hops[hop],
			     backend);
}

static unsigned int rows_won_by(uint16_t backend)
{
	unsigned int won = 0;

	for (unsigned int r = 0; r < GLB_ROWS; r++)
		won += rows[r].hops[0] == backend;
	return won;
}

START_TEST(known_tables_have_their_known_rows)
{
	work_out(rows, &fixture_spec.tables[0]);
	check_row(0, 0, 1);
	check_row(1, 0, 1);
	check_row(2, 2, 1);
	check_row(3, 0, 2);
	check_row(65535, 1, 0);
	ck_assert_uint_eq(rows_won_by(0), 21911);
	ck_assert_uint_eq(rows_won_by(1), 21869);
	ck_assert_uint_eq(rows_won_by(2), 21756);

	work_out(rows, &fixture_spec.tables[1]);
	check_row(0, 0, 1);
	check_row(1, 1, 2);
	check_row(2, 0, 1);
	check_row(3, 1, 3);
	check_row(65535, 0, 2);
}
END_TEST

START_TEST(ipv6_backends_rank_by_all_16_bytes)
{
	/* tests/oracle/vectors: tables/ipv6_backends.json and its first rows in images.json */
	static const uint16_t known[][2] = {{2, 1}, {3, 1}, {1, 2}, {0, 3}, {2, 1}, {1, 0}};
	struct glb_backend backends[4];
	struct glb_table_spec spec = {
		.seed = {0xec, 0x66, 0xa7, 0x87, 0x95, 0xe7, 0x61, 0xd1, 0x77, 0x31, 0xaf, 0x10,
			 0x50, 0x6b, 0xf2, 0xef},
		.backends = backends,
		.backend_count = 4,
	};

	for (unsigned int i = 0; i < 4; i++)
		backends[i] = (struct glb_backend){.addr = {{0xfd, [15] = (uint8_t)(i + 1)}, 6},
						   .state = GLB_ACTIVE,
						   .healthy = true};
	work_out(rows, &spec);
	for (unsigned int r = 0; r < COUNT_OF(known); r++)
		check_row(r, known[r][0], known[r][1]);
}
END_TEST

START_TEST(a_draining_or_unhealthy_backend_is_tried_second)
{
	for (int drain = 0; drain < 2; drain++) {
		struct glb_backend backends[3];
		struct glb_table_spec spec = fixture_spec.tables[0];

		memcpy(backends, spec.backends, sizeof(backends));
		spec.backends = backends;
		backends[2].state = drain ? GLB_DRAINING : GLB_ACTIVE;
		backends[2].healthy = drain;
		work_out(rows, &spec);
		check_row(0, 0, 1);
		check_row(1, 0, 1);
		check_row(2, 1, 2);
		check_row(3, 0, 2);
		ck_assert_uint_eq(rows_won_by(0), 32757);
		ck_assert_uint_eq(rows_won_by(1), 32779);
		ck_assert_uint_eq(rows_won_by(2), 0);
	}
}
END_TEST

/* Row 0 of the published fleet prefers 3, then 2. */
START_TEST(a_bad_first_choice_yields_only_to_an_active_second)
{
	static const struct {
		struct glb_backend first;
		struct glb_backend second;
		bool yields;
	} cases[] = {
		{{.state = GLB_ACTIVE, .healthy = true},
		 {.state = GLB_ACTIVE, .healthy = true},
		 false},
		{{.state = GLB_FILLING, .healthy = true},
		 {.state = GLB_ACTIVE, .healthy = true},
		 false},
		{{.state = GLB_DRAINING, .healthy = true},
		 {.state = GLB_ACTIVE, .healthy = true},
		 true},
		{{.state = GLB_ACTIVE, .healthy = false},
		 {.state = GLB_ACTIVE, .healthy = true},
		 true},
		{{.state = GLB_FILLING, .healthy = false},
		 {.state = GLB_ACTIVE, .healthy = true},
		 true},
		{{.state = GLB_DRAINING, .healthy = false},
		 {.state = GLB_ACTIVE, .healthy = true},
		 true},
		/* The health of the second is never asked. */
		{{.state = GLB_DRAINING, .healthy = true},
		 {.state = GLB_ACTIVE, .healthy = false},
		 true},
		{{.state = GLB_ACTIVE, .healthy = false},
		 {.state = GLB_ACTIVE, .healthy = false},
		 true},
		{{.state = GLB_DRAINING, .healthy = true},
		 {.state = GLB_FILLING, .healthy = true},
		 false},
		{{.state = GLB_ACTIVE, .healthy = false},
		 {.state = GLB_FILLING, .healthy = true},
		 false},
		{{.state = GLB_ACTIVE, .healthy = false},
		 {.state = GLB_DRAINING, .healthy = true},
		 false},
	};
	struct glb_backend backends[4];
	struct glb_table_spec spec = fleet_of(backends, 4);

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		backends[3].state = cases[i].first.state;
		backends[3].healthy = cases[i].first.healthy;
		backends[2].state = cases[i].second.state;
		backends[2].healthy = cases[i].second.healthy;
		work_out(rows, &spec);
		ck_assert_msg(rows[0].hops[0] == (cases[i].yields ? 2 : 3), "case %u", i);
		ck_assert_msg(rows[0].hops[1] == (cases[i].yields ? 3 : 2), "case %u", i);
	}
}
END_TEST

START_TEST(a_backend_appears_at_most_once_in_a_row)
{
	struct glb_backend backends[FLEET];
	struct glb_table_spec spec = fleet_of(backends, FLEET);

	backends[1].addr = (struct glb_addr){{0xfd, [15] = 1}, 6};
	backends[2].state = GLB_DRAINING;
	backends[3].healthy = false;
	backends[4].state = GLB_INACTIVE;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		const uint16_t *hops = rows[r].hops;

		if (hops[0] == hops[1] || hops[0] >= FLEET || hops[1] >= FLEET || hops[0] == 4 ||
		    hops[1] == 4)
			ck_abort_msg("row %u is %u/%u", r, hops[0], hops[1]);
	}
	ck_assert_uint_eq(rows_won_by(0) + rows_won_by(1) + rows_won_by(5),
			  GLB_ROWS - rows_won_by(2) - rows_won_by(3));
}
END_TEST

START_TEST(a_single_usable_backend_is_both_hops_of_every_row)
{
	struct glb_backend backends[3];
	struct glb_table_spec spec = fleet_of(backends, 3);

	backends[0].state = GLB_INACTIVE;
	backends[1].state = GLB_DRAINING;
	backends[1].healthy = false;
	backends[2].state = GLB_INACTIVE;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		check_row(r, 1, 1);
}
END_TEST

START_TEST(removing_a_backend_moves_only_its_own_rows)
{
	struct glb_backend backends[FLEET];
	struct glb_table_spec spec = fleet_of(backends, FLEET);
	const uint16_t gone = 2;

	work_out(before, &spec);
	backends[gone].state = GLB_INACTIVE;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		if (before[r].hops[0] == gone)
			check_hop(r, 0, before[r].hops[1]);
		else
			check_hop(r, 0, before[r].hops[0]);
		if (before[r].hops[0] != gone && before[r].hops[1] != gone)
			check_hop(r, 1, before[r].hops[1]);
	}
}
END_TEST

START_TEST(adding_a_backend_takes_a_fair_share_and_names_the_old_owner_second)
{
	struct glb_backend backends[FLEET];
	struct glb_table_spec spec = fleet_of(backends, FLEET - 1);
	const uint16_t new = FLEET - 1;

	work_out(before, &spec);
	spec = fleet_of(backends, FLEET);
	backends[new].state = GLB_FILLING;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		if (rows[r].hops[0] == new)
			check_hop(r, 1, before[r].hops[0]);
		else
			check_hop(r, 0, before[r].hops[0]);
	}
	ck_assert_uint_gt(rows_won_by(new), GLB_ROWS / FLEET * 95 / 100);
	ck_assert_uint_lt(rows_won_by(new), GLB_ROWS / FLEET * 105 / 100);
}
END_TEST

START_TEST(draining_swaps_the_hops_of_a_row_and_changes_no_other)
{
	struct glb_backend backends[FLEET];
	struct glb_table_spec spec = fleet_of(backends, FLEET);
	const uint16_t draining = 4;

	work_out(before, &spec);
	backends[draining].state = GLB_DRAINING;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		if (before[r].hops[0] == draining)
			check_row(r, before[r].hops[1], draining);
		else
			check_row(r, before[r].hops[0], before[r].hops[1]);
}
END_TEST

START_TEST(the_order_in_the_file_decides_nothing)
{
	struct glb_backend backends[FLEET];
	struct glb_backend reversed[FLEET];
	struct glb_table_spec spec = fleet_of(backends, FLEET);

	work_out(before, &spec);
	for (unsigned int i = 0; i < FLEET; i++)
		reversed[i] = backends[FLEET - 1 - i];
	spec.backends = reversed;
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		check_row(r, (uint16_t)(FLEET - 1 - before[r].hops[0]),
			  (uint16_t)(FLEET - 1 - before[r].hops[1]));
}
END_TEST

START_TEST(of_two_backends_with_one_rank_the_one_listed_first_comes_first)
{
	struct glb_backend backends[3];
	struct glb_table_spec spec = fleet_of(backends, 3);

	backends[2] = backends[0]; /* the reader of tables.json refuses this */
	work_out(rows, &spec);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		if (rows[r].hops[0] != 1)
			check_row(r, 0, 2);
		else
			check_row(r, 1, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("rendezvous");
	TCase *rendezvous = tcase_create("rendezvous");

	tcase_add_test(rendezvous, the_published_orders_of_three_rows_are_kept);
	tcase_add_test(rendezvous, known_tables_have_their_known_rows);
	tcase_add_test(rendezvous, ipv6_backends_rank_by_all_16_bytes);
	tcase_add_test(rendezvous, a_draining_or_unhealthy_backend_is_tried_second);
	tcase_add_test(rendezvous, a_bad_first_choice_yields_only_to_an_active_second);
	tcase_add_test(rendezvous, a_backend_appears_at_most_once_in_a_row);
	tcase_add_test(rendezvous, a_single_usable_backend_is_both_hops_of_every_row);
	tcase_add_test(rendezvous, removing_a_backend_moves_only_its_own_rows);
	tcase_add_test(rendezvous,
		       adding_a_backend_takes_a_fair_share_and_names_the_old_owner_second);
	tcase_add_test(rendezvous, draining_swaps_the_hops_of_a_row_and_changes_no_other);
	tcase_add_test(rendezvous, the_order_in_the_file_decides_nothing);
	tcase_add_test(rendezvous, of_two_backends_with_one_rank_the_one_listed_first_comes_first);
	suite_add_tcase(suite, rendezvous);
	return suite;
}
