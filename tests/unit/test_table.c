/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/table.h>

#include "fixture.h"
#include "fleet.h"
#include "suite.h"

START_TEST(every_table_of_a_spec_is_worked_out)
{
	struct glb_tables tables = fixture_tables();

	ck_assert_uint_eq(tables.count, 3);
	ck_assert_uint_eq(tables.tables[0]->rows[2].hops[0], 2);
	ck_assert_uint_eq(tables.tables[1]->rows[3].hops[1], 3);
	ck_assert_uint_eq(tables.tables[2]->rows[9].hops[1], 0);
	glb_tables_free(&tables);
	ck_assert_ptr_null(tables.tables);
	ck_assert_uint_eq(tables.count, 0);
	glb_tables_free(&tables);
}
END_TEST

START_TEST(tables_keep_copies_of_everything_in_the_spec)
{
	char name[] = "web";
	struct glb_backend backend = {
		.addr = {{1, 2, 3, 4}, 4}, .state = GLB_ACTIVE, .healthy = true};
	struct glb_bind bind = {{{1, 1, 1, 1}, 4}, 32, GLB_PROTO_TCP, 80, 80, false};
	struct glb_table_spec table = {.name = name,
				       .backends = &backend,
				       .binds = &bind,
				       .backend_count = 1,
				       .bind_count = 1,
				       .hash_key = {7}};
	struct glb_tables tables;

	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&table, 1}, NULL, NULL), 0);
	memset(name, 'x', 3);
	backend = (struct glb_backend){0};
	bind = (struct glb_bind){0};

	const struct glb_table_spec *kept = &tables.tables[0]->spec;

	ck_assert_str_eq(kept->name, "web");
	ck_assert_uint_eq(kept->backends[0].addr.bytes[3], 4);
	ck_assert_uint_eq(kept->binds[0].port_first, 80);
	ck_assert_uint_eq(kept->hash_key[0], 7);
	glb_tables_free(&tables);
}
END_TEST

static void make_binds(struct glb_bind *binds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		binds[i] = (struct glb_bind){.addr = {{192, 0, 2, 1}, 4},
					     .prefix_len = 32,
					     .proto = GLB_PROTO_TCP,
					     .port_first = (uint16_t)i,
					     .port_last = (uint16_t)i};
}

START_TEST(a_spec_that_could_serve_nobody_is_refused_with_the_place)
{
	static struct glb_backend good = {
		.addr = {{1, 2, 3, 4}, 4}, .state = GLB_ACTIVE, .healthy = true};
	static struct glb_backend bad[2] = {
		{.addr = {{1, 2, 3, 4}, 4}, .state = GLB_INACTIVE, .healthy = true},
		{.addr = {{2, 3, 4, 5}, 4}, .state = GLB_INACTIVE, .healthy = true}};
	static struct glb_backend many[GLB_BACKENDS_MAX + 1];
	static struct glb_bind binds[GLB_BINDS_MAX + 1];
	static const struct {
		struct glb_table_spec second; /* the first is good */
		int want;
		const char *why;
	} cases[] = {
		{{.backends = &good, .backend_count = 1, .binds = binds, .bind_count = 0},
		 -EINVAL,
		 "$.tables[1].binds: empty, no packet would ever match"},
		{{.backends = &good, .backend_count = 0, .binds = binds, .bind_count = 1},
		 -EINVAL,
		 "$.tables[1].backends: not one usable (0 listed, all inactive)"},
		{{.backends = bad, .backend_count = 2, .binds = binds, .bind_count = 1},
		 -EINVAL,
		 "$.tables[1].backends: not one usable (2 listed, all inactive)"},
		{{.backends = many, .backend_count = 16385, .binds = binds, .bind_count = 1},
		 -E2BIG,
		 "$.tables[1].backends: 16385 backends, at most 16384 fit a table"},
		{{.backends = &good, .backend_count = 1, .binds = binds, .bind_count = 16385},
		 -E2BIG,
		 "$.tables[1].binds: 16385 binds, at most 16384 fit a table"},
	};

	make_binds(binds, COUNT_OF(binds));
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_table_spec specs[2] = {
			{.backends = &good, .backend_count = 1, .binds = binds, .bind_count = 1},
			cases[i].second,
		};
		struct glb_tables tables = {.count = 99};
		struct glb_diag diag;

		ck_assert_int_eq(
			glb_tables_build(&tables, &(struct glb_spec){specs, 2}, NULL, &diag),
			cases[i].want);
		ck_assert_str_eq(diag.text, cases[i].why);
		ck_assert_uint_eq(tables.count, 99);
		ck_assert_int_eq(
			glb_tables_build(&tables, &(struct glb_spec){specs, 2}, NULL, NULL),
			cases[i].want);
	}
}
END_TEST

START_TEST(no_table_at_all_is_refused)
{
	struct glb_tables tables;
	struct glb_diag diag;

	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){0}, NULL, &diag), -EINVAL);
	ck_assert_str_eq(diag.text, "$.tables: empty, there is nothing to serve");
}
END_TEST

START_TEST(the_most_backends_and_binds_fit)
{
	static struct glb_backend backends[GLB_BACKENDS_MAX];
	static struct glb_bind binds[GLB_BINDS_MAX];
	struct glb_table_spec table = {.backends = backends,
				       .binds = binds,
				       .backend_count = GLB_BACKENDS_MAX,
				       .bind_count = GLB_BINDS_MAX};
	struct glb_tables tables;

	make_binds(binds, GLB_BINDS_MAX);
	for (unsigned int i = 0; i < GLB_BACKENDS_MAX; i++) /* two of them usable, to be quick */
		backends[i] = (struct glb_backend){
			.addr = {{10, 0, (uint8_t)(i >> 8), (uint8_t)i}, 4},
			.state = i < GLB_BACKENDS_MAX - 2 ? GLB_INACTIVE : GLB_ACTIVE,
			.healthy = true,
		};
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&table, 1}, NULL, NULL), 0);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		ENSURE(tables.tables[0]->rows[r].hops[0] + tables.tables[0]->rows[r].hops[1] ==
			       2 * GLB_BACKENDS_MAX - 3,
		       "row %u", r);
	glb_tables_free(&tables);
}
END_TEST

/* Two tables large enough that known ones are a help. */
static struct fleet fleets[2];

static struct glb_tables build_fleets(const struct glb_tables *known)
{
	struct glb_table_spec specs[2] = {fleets[0].spec, fleets[1].spec};
	struct glb_tables built;

	ck_assert_int_eq(glb_tables_build(&built, &(struct glb_spec){specs, 2}, known, NULL), 0);
	return built;
}

static struct glb_tables make_known(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		fleet_make(&fleets[i], i, 1, FLEET_PLAIN);
		while (fleets[i].spec.backend_count < 20)
			fleet_change(&fleets[i], FLEET_ADD);
	}
	return build_fleets(NULL);
}

/* Changes both tables, and compares what comes of it with and without known tables. */
static void check_rebuild(const struct glb_tables *known)
{
	struct glb_tables from_known;
	struct glb_tables from_scratch;
	struct fleet first;

	fleet_copy(&first, &fleets[0]);
	fleet_copy(&fleets[0], &fleets[1]); /* in another order, too */
	fleet_copy(&fleets[1], &first);
	for (unsigned int i = 0; i < 2; i++)
		for (enum fleet_change change = 0; change < FLEET_HOPS; change++)
			fleet_change(&fleets[i], change);
	from_known = build_fleets(known);
	from_scratch = build_fleets(NULL);
	for (unsigned int t = 0; t < 2; t++) {
		const struct glb_table *is = from_known.tables[t];
		const struct glb_table *wanted = from_scratch.tables[t];

		ck_assert(is->ranked);
		ck_assert_uint_eq(is->hop_count, wanted->hop_count);
		ck_assert_mem_eq(is->ranking, wanted->ranking, sizeof(is->ranking));
		ck_assert_mem_eq(is->rows, wanted->rows, GLB_ROWS_LEN);
	}
	glb_tables_free(&from_known);
	glb_tables_free(&from_scratch);
}

START_TEST(tables_built_from_known_ones_are_the_same)
{
	struct glb_tables known = make_known();

	check_rebuild(&known);
	check_rebuild(&(struct glb_tables){0});
	glb_tables_free(&known);
}
END_TEST

/* As one that was read from an image, which does not tell the seed. */
START_TEST(a_table_that_is_not_ranked_is_not_built_from)
{
	struct glb_tables known = make_known();

	for (unsigned int t = 0; t < known.count; t++) {
		known.tables[t]->ranked = false;
		memset(known.tables[t]->ranking, 0, sizeof(known.tables[t]->ranking));
	}
	check_rebuild(&known);
	glb_tables_free(&known);
}
END_TEST

/* Changes what makes another table of a spec. */
static void differ(struct glb_table_spec *spec, unsigned int way)
{
	static char name[] = "another";
	static char zones[] = "there\0"; /* as many bytes as before */

	switch (way) {
	case 0:
		spec->name = name;
		break;
	case 1:
		spec->name = NULL;
		break;
	case 2:
		spec->zones = zones;
		break;
	case 3:
		spec->hash_key[15] ^= 1;
		break;
	case 4:
		spec->seed[15] ^= 1;
		break;
	case 5:
		spec->binds[0].port_last++;
		break;
	case 6:
		spec->backends[1].healthy = false;
		break;
	default:
		ck_abort();
	}
}

START_TEST(a_table_that_is_the_same_altogether_is_shared_until_the_last_is_freed)
{
	struct glb_backend backends[] = {
		{.addr = {{1, 2, 3, 4}, 4}, .state = GLB_ACTIVE, .healthy = true, .zone = 1},
		{.addr = {{1, 2, 3, 5}, 4}, .state = GLB_ACTIVE, .healthy = true},
	};
	struct glb_bind bind = {{{1, 1, 1, 1}, 4}, 32, GLB_PROTO_TCP, 80, 80, false};
	char name[] = "web";
	char zones[] = "where\0";
	const struct glb_table_spec spec = {.name = name,
					    .zones = zones,
					    .zones_len = 6,
					    .backends = backends,
					    .binds = &bind,
					    .backend_count = 2,
					    .bind_count = 1};
	struct glb_table_spec specs[2] = {spec, spec};
	struct glb_tables first;
	struct glb_tables second;

	for (unsigned int way = 0; way < 7; way++) {
		struct glb_backend other_backends[] = {backends[0], backends[1]};
		struct glb_bind other_bind = bind;
		struct glb_table *shared;

		specs[0] = spec;
		specs[0].backends = other_backends;
		specs[0].binds = &other_bind;
		ck_assert_int_eq(
			glb_tables_build(&first, &(struct glb_spec){&specs[1], 1}, NULL, NULL), 0);
		differ(&specs[0], way);
		ck_assert_int_eq(
			glb_tables_build(&second, &(struct glb_spec){specs, 2}, &first, NULL), 0);
		shared = first.tables[0];
		ck_assert_msg(second.tables[0] != shared, "way %u", way);
		ck_assert_ptr_eq(second.tables[1], shared);
		glb_tables_free(way % 2 ? &first : &second);
		ck_assert_str_eq(shared->spec.name, "web");
		glb_tables_free(way % 2 ? &second : &first);
	}
}
END_TEST

START_TEST(a_reason_is_cut_to_its_room_and_may_be_unwanted)
{
	struct glb_diag diag;

	glb_diag(&diag, "%0600d", 1);
	ck_assert_uint_eq(strlen(diag.text), sizeof(diag.text) - 1);
	glb_diag(NULL, "%d", 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *table = tcase_create("table");

	tcase_add_test(table, every_table_of_a_spec_is_worked_out);
	tcase_add_test(table, tables_keep_copies_of_everything_in_the_spec);
	tcase_add_test(table, a_spec_that_could_serve_nobody_is_refused_with_the_place);
	tcase_add_test(table, no_table_at_all_is_refused);
	tcase_add_test(table, the_most_backends_and_binds_fit);
	tcase_add_test(table, tables_built_from_known_ones_are_the_same);
	tcase_add_test(table, a_table_that_is_not_ranked_is_not_built_from);
	tcase_add_test(table,
		       a_table_that_is_the_same_altogether_is_shared_until_the_last_is_freed);
	tcase_add_test(table, a_reason_is_cut_to_its_room_and_may_be_unwanted);
	suite_add_tcase(suite, table);
	return suite;
}
