/* SPDX-License-Identifier: BSD-3-Clause */
/* ROUNDS in the environment: how many random changes are compared with the slow way. */
#include <stdlib.h>
#include <string.h>

#include <glb/diff.h>

#include "fleet.h"
#include "suite.h"

static struct fleet old_fleet;
static struct fleet new_fleet;
static struct glb_tables old_tables;
static struct glb_tables new_tables;
static struct glb_diff_backend backends[2 * FLEET_MAX];
static unsigned int backend_count;

static struct glb_table *build(struct glb_tables *tables, const struct fleet *fleet)
{
	struct glb_table_spec spec = fleet->spec;

	ck_assert_int_eq(glb_tables_build(tables, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
	return tables->tables[0];
}

static void free_both(void)
{
	glb_tables_free(&old_tables);
	glb_tables_free(&new_tables);
}

static struct glb_diff diff_of_fleets(bool settled)
{
	const struct glb_table *old = build(&old_tables, &old_fleet);
	const struct glb_table *new = build(&new_tables, &new_fleet);
	struct glb_diff diff;
	struct glb_diff totals;

	memset(backends, 0xff, sizeof(backends));
	ck_assert_int_eq(glb_diff(&diff, backends, &backend_count, old, new, settled), 0);
	ck_assert_int_eq(glb_diff_totals(&totals, old, new, settled), 0);
	ck_assert_uint_eq(totals.owned, diff.owned);
	ck_assert_uint_eq(totals.lost, diff.lost);
	return diff;
}

/* The slow way: addresses are compared, row by row. */

static const struct glb_addr *hop_of(const struct glb_table *table, uint32_t row, unsigned int hop)
{
	return &table->spec.backends[table->rows[row].hops[hop]].addr;
}

static bool has_zones(const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		for (unsigned int k = 0; k < i; k++)
			if (spec->backends[i].zone != spec->backends[k].zone)
				return true;
	return false;
}

static bool is_filling(const struct glb_table *table, uint32_t row, unsigned int hop)
{
	return table->spec.backends[table->ranking[row].hops[hop]].state == GLB_FILLING;
}

/* Have backends begun to fill or drain since the rows were balanced otherwise? */
static bool was_balanced_otherwise(const struct glb_table_spec *spec)
{
	for (unsigned int i = 0; i < spec->backend_count && spec->max_load; i++)
		if (spec->backends[i].state == GLB_FILLING ||
		    spec->backends[i].state == GLB_DRAINING)
			return true;
	return false;
}

static unsigned int active_before(const struct glb_table *table, uint32_t row, unsigned int place)
{
	unsigned int active = 0;

	for (unsigned int before = 0; before < place; before++) {
		const struct glb_backend *backend =
			&table->spec.backends[table->ranking[row].hops[before]];

		active += backend->healthy && backend->state == GLB_ACTIVE;
	}
	return active;
}

/* May the backend at a place of the ranking own flows? */
static bool owns(const struct glb_table *table, uint32_t row, unsigned int place, bool settled)
{
	uint16_t index = table->ranking[row].hops[place];
	const struct glb_backend *backend = &table->spec.backends[index];
	unsigned int filling = 0;

	for (unsigned int before = 0; before < place; before++)
		if (table->ranking[row].hops[before] == index)
			return false; /* a single backend, named again */
	while (filling < place && is_filling(table, row, filling))
		filling++;
	if (!backend->healthy)
		return false;
	if (index == table->rows[row].hops[0])
		return true;
	if (settled)
		return false;
	if (was_balanced_otherwise(&table->spec) && active_before(table, row, place) <= 1)
		return true;
	return backend->state == GLB_DRAINING || filling == place ||
	       (filling > 0 && has_zones(&table->spec));
}

static unsigned int position(const struct glb_table *table, uint32_t row,
			     const struct glb_addr *addr)
{
	unsigned int hop = 0;

	while (hop < table->hop_count && !glb_addr_equal(hop_of(table, row, hop), addr))
		hop++;
	return hop;
}

static bool same_hops(const struct glb_table *old, const struct glb_table *new, uint32_t row)
{
	if (old->hop_count != new->hop_count)
		return false;
	for (unsigned int hop = 0; hop < old->hop_count; hop++)
		if (!glb_addr_equal(hop_of(old, row, hop), hop_of(new, row, hop)))
			return false;
	return true;
}

static void count_row(struct glb_diff *diff, const struct glb_table *old,
		      const struct glb_table *new, uint32_t row, bool settled)
{
	diff->changed_rows += !same_hops(old, new, row);
	diff->changed_primary += !glb_addr_equal(hop_of(old, row, 0), hop_of(new, row, 0));
	for (unsigned int place = 0; place < old->hop_count; place++) {
		uint16_t index = old->ranking[row].hops[place];
		unsigned int at = position(new, row, &old->spec.backends[index].addr);

		if (!owns(old, row, place, settled))
			continue;
		diff->owned++;
		if (at <= position(old, row, &old->spec.backends[index].addr))
			diff->kept++;
		else if (at < new->hop_count)
			diff->moved++;
		else
			diff->lost++;
	}
}

static void check_against_slow_way(const struct glb_diff *diff, unsigned int round, bool settled)
{
	const struct glb_table *old = old_tables.tables[0];
	const struct glb_table *new = new_tables.tables[0];
	struct glb_diff slow = {0};

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		count_row(&slow, old, new, row, settled);
	ENSURE(diff->changed_rows == slow.changed_rows, "round %u: %u rows, not %u", round,
	       diff->changed_rows, slow.changed_rows);
	ENSURE(diff->changed_primary == slow.changed_primary, "round %u: %u primaries, not %u",
	       round, diff->changed_primary, slow.changed_primary);
	ENSURE(diff->owned == slow.owned && diff->kept == slow.kept && diff->moved == slow.moved &&
		       diff->lost == slow.lost,
	       "round %u: %u owned, %u kept, %u moved, %u lost; not %u, %u, %u, %u", round,
	       diff->owned, diff->kept, diff->moved, diff->lost, slow.owned, slow.kept, slow.moved,
	       slow.lost);
}

static uint32_t rows_with(const struct glb_table *table, const struct glb_addr *addr,
			  unsigned int hop)
{
	uint32_t n = 0;

	for (uint32_t row = 0; row < GLB_ROWS && hop < table->hop_count; row++)
		n += glb_addr_equal(hop_of(table, row, hop), addr);
	return n;
}

static uint32_t lost_by(const struct glb_addr *addr, bool settled)
{
	const struct glb_table *old = old_tables.tables[0];
	const struct glb_table *new = new_tables.tables[0];
	uint32_t n = 0;

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		for (unsigned int place = 0; place < old->hop_count; place++) {
			uint16_t index = old->ranking[row].hops[place];

			n += glb_addr_equal(&old->spec.backends[index].addr, addr) &&
			     owns(old, row, place, settled) &&
			     position(new, row, addr) == new->hop_count;
		}
	return n;
}

static void check_backends(bool settled)
{
	unsigned int next = 0;

	for (unsigned int b = 0; b < backend_count; b++)
		for (unsigned int hop = 0; hop < GLB_HOPS_MAX; hop++) {
			ENSURE(backends[b].old_rows[hop] ==
				       rows_with(old_tables.tables[0], &backends[b].addr, hop),
			       "old rows of backend %u, hop %u", b, hop);
			ENSURE(backends[b].new_rows[hop] ==
				       rows_with(new_tables.tables[0], &backends[b].addr, hop),
			       "new rows of backend %u, hop %u", b, hop);
			ENSURE(backends[b].lost == lost_by(&backends[b].addr, settled),
			       "rows lost by backend %u", b);
		}
	for (; next < old_fleet.spec.backend_count; next++)
		ENSURE(glb_addr_equal(&backends[next].addr, &old_fleet.backends[next].addr),
		       "place of an old backend");
	for (unsigned int i = 0; i < new_fleet.spec.backend_count; i++) {
		bool is_new = true;

		for (unsigned int k = 0; k < old_fleet.spec.backend_count; k++)
			is_new &= !glb_addr_equal(&old_fleet.backends[k].addr,
						  &new_fleet.backends[i].addr);
		ENSURE(!is_new ||
			       glb_addr_equal(&backends[next++].addr, &new_fleet.backends[i].addr),
		       "place of a new backend");
	}
	ENSURE(next == backend_count, "%u backends, not %u", backend_count, next);
}

static void limit_load(struct fleet *fleet)
{
	bool zoned = false;

	for (unsigned int i = 0; i < fleet->spec.backend_count; i++)
		zoned |= fleet->backends[i].zone != 0;
	if (fleet->spec.hops >= 3 && !zoned)
		fleet->spec.max_load = (uint8_t)(101 + fleet_pick(fleet, 10));
}

START_TEST(a_diff_counts_what_a_plain_comparison_of_all_rows_counts)
{
	const char *text = getenv("ROUNDS");
	unsigned int rounds = text ? (unsigned int)atoi(text) : 40;

	for (unsigned int round = 0; round < rounds; round++) {
		struct glb_diff diff;
		bool settled = round % 3 == 0;

		fleet_make(&old_fleet, round, round % 8 == 7 ? 1 : 8, round % FLEET_KINDS);
		fleet_copy(&new_fleet, &old_fleet);
		for (unsigned int changes = fleet_pick(&new_fleet, 5); changes--;)
			fleet_change(&new_fleet, fleet_pick(&new_fleet, FLEET_CHANGES));
		limit_load(round / 4 % 2 ? &old_fleet : &new_fleet);
		if (round % 4 < 2)
			limit_load(&new_fleet);
		diff = diff_of_fleets(settled);
		ENSURE(diff.same_hash_key, "same_hash_key");
		check_against_slow_way(&diff, round, settled);
		check_backends(settled);
		free_both();
	}
}
END_TEST

static unsigned int place_of_old_primary(const struct glb_table *old, const struct glb_table *new,
					 uint32_t row)
{
	const struct glb_addr *addr = hop_of(old, row, 0);
	unsigned int place = 0;

	while (!glb_addr_equal(&new->spec.backends[new->ranking[row].hops[place]].addr, addr))
		ENSURE(++place < new->hop_count, "row %u", row);
	return place;
}

/* Before a backend fills or drains, others were first on rows that do not even name it. */
START_TEST(who_was_first_before_a_backend_filled_or_drained_is_an_owner)
{
	uint32_t moved = 0; /* rows that do not name it */

	for (unsigned int round = 0; round < 8; round++) {
		const struct glb_table *old;
		const struct glb_table *new;

		fleet_make(&old_fleet, 500 + round, 20, round % 2 ? FLEET_WEIGHTED : FLEET_PLAIN);
		old_fleet.spec.hops = (uint8_t)(3 + round % 2);
		while (old_fleet.spec.backend_count < 20)
			fleet_change(&old_fleet, FLEET_ADD);
		for (unsigned int i = 0; i < 20; i++) {
			old_fleet.backends[i].state = GLB_ACTIVE;
			old_fleet.backends[i].healthy = i > 0;
		}
		old_fleet.backends[19].state = round / 2 % 2 ? GLB_ACTIVE : GLB_INACTIVE;
		old_fleet.spec.max_load = 101;
		fleet_copy(&new_fleet, &old_fleet);
		new_fleet.backends[19].state = round / 2 % 2 ? GLB_DRAINING : GLB_FILLING;
		old = build(&old_tables, &old_fleet);
		new = build(&new_tables, &new_fleet);
		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			unsigned int place = place_of_old_primary(old, new, row);

			moved += !glb_addr_equal(hop_of(old, row, 0), hop_of(new, row, 0)) &&
				 position(new, row, &new_fleet.backends[19].addr) == new->hop_count;
			ENSURE(owns(new, row, place, false) ||
				       !new->spec.backends[new->ranking[row].hops[place]].healthy,
			       "round %u, row %u", round, row);
		}
		free_both();

		fleet_copy(&old_fleet, &new_fleet);

		struct glb_diff diff = diff_of_fleets(false);

		check_against_slow_way(&diff, round, false);
		free_both();
	}
	ck_assert_uint_gt(moved, 0);
}
END_TEST

static void make_fleets(unsigned int count, unsigned int hops)
{
	fleet_make(&old_fleet, 77, 1, FLEET_PLAIN);
	while (old_fleet.spec.backend_count < count)
		fleet_change(&old_fleet, FLEET_ADD);
	old_fleet.spec.hops = (uint8_t)hops;
	for (unsigned int i = 0; i < count; i++) {
		old_fleet.backends[i].state = GLB_ACTIVE;
		old_fleet.backends[i].healthy = true;
	}
	fleet_copy(&new_fleet, &old_fleet);
}

START_TEST(equal_tables_keep_every_flow)
{
	struct glb_diff diff;

	make_fleets(4, 2);
	diff = diff_of_fleets(false);
	ck_assert_uint_eq(diff.changed_rows, 0);
	ck_assert_uint_eq(diff.changed_primary, 0);
	ck_assert_uint_eq(diff.owned, GLB_ROWS);
	ck_assert_uint_eq(diff.kept, GLB_ROWS);
	free_both();
}
END_TEST

START_TEST(removing_an_active_backend_loses_its_flows_and_draining_it_moves_them)
{
	struct glb_diff diff;
	uint32_t won;

	make_fleets(4, 2);
	new_fleet.backends[1].state = GLB_DRAINING;
	diff = diff_of_fleets(true);
	won = backends[1].old_rows[0];
	ck_assert_uint_gt(won, GLB_ROWS / 5);
	ck_assert_uint_eq(diff.moved, won);
	ck_assert_uint_eq(diff.kept, GLB_ROWS - won);
	ck_assert_uint_eq(diff.lost, 0);
	free_both();

	new_fleet.backends[1].state = GLB_INACTIVE;
	diff = diff_of_fleets(true);
	ck_assert_uint_eq(diff.lost, won);
	ck_assert_uint_eq(backends[1].lost, won);
	ck_assert_uint_eq(diff.moved, 0);
	free_both();

	old_fleet.backends[1].healthy = false; /* its flows are gone already */
	old_fleet.spec.hops = new_fleet.spec.hops = 2;
	diff = diff_of_fleets(true);
	ck_assert_uint_eq(diff.lost, 0);
	free_both();
}
END_TEST

START_TEST(until_a_table_is_settled_those_that_drain_and_those_behind_who_fills_own_flows_too)
{
	static const struct {
		enum glb_state state;
		bool settled;
		bool owns_more;
	} cases[] = {
		{GLB_DRAINING, false, true}, {GLB_DRAINING, true, false},
		{GLB_FILLING, false, true},  {GLB_FILLING, true, false},
		{GLB_ACTIVE, false, false},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_diff diff;
		uint32_t listed;

		make_fleets(4, 2);
		old_fleet.backends[1].state = cases[i].state;
		diff = diff_of_fleets(cases[i].settled);
		/* a draining one is second wherever it is, a filling one first where it ranks first
		 */
		listed = backends[1].old_rows[cases[i].state == GLB_DRAINING];
		ck_assert_uint_eq(diff.owned, GLB_ROWS + (cases[i].owns_more ? listed : 0));
		free_both();
	}
}
END_TEST

START_TEST(a_single_backend_that_is_replaced_loses_each_row_once)
{
	struct glb_diff diff;

	make_fleets(1, 2);
	new_fleet.backends[0].addr.bytes[2] ^= 1;
	diff = diff_of_fleets(true);
	ck_assert_uint_eq(diff.owned, GLB_ROWS);
	ck_assert_uint_eq(diff.lost, GLB_ROWS);
	ck_assert_uint_eq(backends[0].lost, GLB_ROWS);
	free_both();
}
END_TEST

START_TEST(another_hash_key_is_noticed)
{
	make_fleets(2, 0);
	new_fleet.spec.hash_key[15] ^= 1;
	ck_assert(!diff_of_fleets(false).same_hash_key);
	free_both();
}
END_TEST

static struct glb_loss heard[8];
static unsigned int heard_count;

static void hear(void *arg, const struct glb_loss *loss)
{
	ENSURE(arg == heard && heard_count < COUNT_OF(heard), "a loss too many");
	heard[heard_count++] = *loss;
}

/* Changes that lose flows whatever becomes of rows, in two tables that were the same. */
START_TEST(a_loss_that_is_not_of_rows_is_reported_with_its_place)
{
	static const struct {
		uint16_t ids[4]; /* of the new table's backends; 0: none */
		unsigned int port;
		bool settled, other_key, keeps_quic;
		unsigned int count;
		struct glb_loss losses[4];
	} cases[] = {
		{{40, 41, 42, 43}, 80, false, false, true, 0, {{0}}},
		{{40, 41, 42, 43}, 80, false, true, true, 1, {{GLB_LOSS_HASH_KEY, 0}}},
		{{40, 41, 42, 43}, 81, false, false, true, 1, {{GLB_LOSS_BIND, 0}}},
		{{41, 40, 42, 43},
		 80,
		 false,
		 false,
		 true,
		 1, /* 1 is down */
		 {{GLB_LOSS_SERVER_ID, 0}}},
		{{40, 0, 0, 0}, 80, false, false, true, 1, {{GLB_LOSS_SERVER_ID, 2}}},
		{{40, 0, 0, 0}, 80, true, false, true, 0, {{0}}}, /* 2 has drained, 3 is inactive */
		{{40, 41, 42, 43},
		 80,
		 false,
		 false,
		 false,
		 3,
		 {{GLB_LOSS_BIND, 1}, {GLB_LOSS_SERVER_ID, 0}, {GLB_LOSS_SERVER_ID, 2}}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		const struct glb_transition change = {&old_fleet.spec, &new_fleet.spec,
						      cases[i].settled};

		make_fleets(4, 3);
		for (unsigned int b = 0; b < 4; b++) {
			old_fleet.backends[b].has_server_id = true;
			old_fleet.backends[b].server_id = (uint16_t)(40 + b);
			new_fleet.backends[b].has_server_id = cases[i].ids[b];
			new_fleet.backends[b].server_id = cases[i].ids[b];
		}
		old_fleet.backends[1].healthy = false;
		old_fleet.backends[2].state = GLB_DRAINING;
		old_fleet.backends[3].state = GLB_INACTIVE;
		old_fleet.binds[1].proto = new_fleet.binds[1].proto = GLB_PROTO_UDP;
		old_fleet.binds[1].quic = true;
		new_fleet.binds[1].quic = cases[i].keeps_quic;
		new_fleet.binds[0].port_first = (uint16_t)cases[i].port;
		new_fleet.binds[0].port_last = (uint16_t)cases[i].port;
		new_fleet.spec.hash_key[7] ^= cases[i].other_key;
		heard_count = 0;
		glb_losses(&change, hear, heard);
		ck_assert_uint_eq(heard_count, cases[i].count);
		for (unsigned int n = 0; n < heard_count; n++) {
			ck_assert_int_eq(heard[n].kind, cases[i].losses[n].kind);
			ck_assert_uint_eq(heard[n].index, cases[i].losses[n].index);
		}
	}
}
END_TEST

START_TEST(another_number_of_hops_changes_every_row)
{
	make_fleets(3, 2);
	new_fleet.spec.hops = 3;

	struct glb_diff diff = diff_of_fleets(false);

	ck_assert_uint_eq(diff.changed_rows, GLB_ROWS);
	ck_assert_uint_eq(diff.changed_primary, 0);
	ck_assert_uint_eq(diff.kept, GLB_ROWS);
	free_both();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("diff");
	TCase *diff = tcase_create("diff");

	tcase_set_timeout(diff, 0); /* that of the program counts */
	tcase_add_test(diff, a_diff_counts_what_a_plain_comparison_of_all_rows_counts);
	tcase_add_test(diff, who_was_first_before_a_backend_filled_or_drained_is_an_owner);
	tcase_add_test(diff, equal_tables_keep_every_flow);
	tcase_add_test(diff, removing_an_active_backend_loses_its_flows_and_draining_it_moves_them);
	tcase_add_test(
		diff,
		until_a_table_is_settled_those_that_drain_and_those_behind_who_fills_own_flows_too);
	tcase_add_test(diff, a_single_backend_that_is_replaced_loses_each_row_once);
	tcase_add_test(diff, another_hash_key_is_noticed);
	tcase_add_test(diff, a_loss_that_is_not_of_rows_is_reported_with_its_place);
	tcase_add_test(diff, another_number_of_hops_changes_every_row);
	suite_add_tcase(suite, diff);
	return suite;
}
