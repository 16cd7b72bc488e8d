/* SPDX-License-Identifier: BSD-3-Clause */
/* Images of version 3, and what both versions have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/image.h>

#include "fixture.h"
#include "fleet.h"
#include "suite.h"

/*
 * A table with three hops, and one that has as many backends and binds as do not fit
 * version 2; offsets written down again on purpose.
 */
enum {
	BACKENDS = 257,
	BINDS = 258,
	A_AT = 24,
	A_BACKENDS_AT = A_AT + 96,
	A_BINDS_AT = A_BACKENDS_AT + 4 * 28,
	A_ROWS_AT = A_BINDS_AT + 2 * 28,
	B_AT = A_ROWS_AT + 65536 * 3 * 2,
	B_ROWS_AT = B_AT + 96 + BACKENDS * 28 + BINDS * 28,
	LEN = B_ROWS_AT + 65536 * 2 * 2,
};

static struct glb_backend many_backends[BACKENDS];
static struct glb_bind many_binds[BINDS];
static struct glb_tables tables;
static uint8_t image[LEN];

static void write_tables(void)
{
	static char name[] =
		"a name of 70 bytes, of which 63 fit into the field that there is for it";
	struct glb_backend few[4] = {
		{.addr = {{10, 0, 0, 1}, 4}, .state = GLB_ACTIVE, .healthy = true, .weight = 7},
		{.addr = {{10, 0, 0, 2}, 4},
		 .state = GLB_FILLING,
		 .healthy = true,
		 .has_server_id = true},
		{.addr = {{0xfd, [15] = 3}, 6}, .state = GLB_DRAINING},
		{.addr = {{10, 0, 0, 4}, 4},
		 .state = GLB_INACTIVE,
		 .healthy = true,
		 .has_server_id = true,
		 .server_id = 0xabcd},
	};
	struct glb_bind binds[2] = {
		{{{192, 0, 2, 10}, 4}, 31, GLB_PROTO_TCP, 80, 443, false},
		{{{0xfd, [15] = 10}, 6}, 128, GLB_PROTO_UDP, 53, 53, true},
	};
	struct glb_table_spec specs[2] = {
		{.name = (char[]){"web"},
		 .hash_key = {0xaa, [15] = 0xbb},
		 .hops = 3,
		 .backends = few,
		 .binds = binds,
		 .backend_count = 4,
		 .bind_count = 2},
		{.name = name,
		 .backends = many_backends,
		 .binds = many_binds,
		 .backend_count = BACKENDS,
		 .bind_count = BINDS},
	};

	for (unsigned int i = 0; i < BACKENDS; i++) /* few of them usable, to be quick */
		many_backends[i] = (struct glb_backend){
			.addr = {{10, 1, (uint8_t)(i / 256), (uint8_t)i}, 4},
			.state = i < 250 ? GLB_INACTIVE : GLB_ACTIVE,
			.healthy = true,
		};
	for (unsigned int i = 0; i < BINDS; i++)
		many_binds[i] = (struct glb_bind){{{192, 0, 2, 11}, 4}, 32,	     GLB_PROTO_TCP,
						  (uint16_t)i,		(uint16_t)i, false};
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){specs, 2}, NULL, NULL), 0);
	memset(image, 0xaa, sizeof(image));
	glb_image_write(image, &tables);
}

static void free_tables(void)
{
	glb_tables_free(&tables);
}

START_TEST(version_3_has_the_layout_its_description_gives)
{
	const struct glb_row *rows = tables.tables[1]->rows;

	ck_assert_uint_eq(glb_image_len(&tables), LEN);
	ck_assert_mem_eq(image, "GLBD\3\0\0\0\2\0\0\0\0\0\1\0\0\x40\0\0\0\x40\0\0", 24);
	ck_assert_mem_eq(image + A_AT, "\4\0\0\0\2\0\0\0\3\0\0\0\0\0\0\0", 16);
	ck_assert_mem_eq(image + A_AT + 16, tables.tables[0]->spec.hash_key, 16);
	ck_assert_mem_eq(image + A_AT + 32, "web\0\0", 5);
	ck_assert_mem_eq(image + A_BACKENDS_AT,
			 "\1\0\0\0\x0a\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\0\0\0\0"
			 "\1\0\0\0\x0a\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\0\0"
			 "\2\0\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\2\0\0\0\0\0\0\0"
			 "\1\0\0\0\x0a\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\3\0\1\0\1\0\xcd\xab",
			 112);
	ck_assert_mem_eq(image + A_BINDS_AT,
			 "\1\0\0\0\xc0\0\2\x0a\0\0\0\0\0\0\0\0\0\0\0\0\x1f\0\x50\0\xbb\1\6\0"
			 "\2\0\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\x80\0\x35\0\x35\0\x11\1",
			 56);
	for (unsigned int hop = 0; hop < 3; hop++) {
		ck_assert_uint_eq(glb_load_le16(image + A_ROWS_AT + 2 * hop),
				  tables.tables[0]->rows[0].hops[hop]);
		ck_assert_uint_eq(glb_load_le16(image + A_ROWS_AT + 6 * 65535 + 2 * hop),
				  tables.tables[0]->rows[65535].hops[hop]);
	}
	ck_assert_mem_eq(image + B_AT, "\1\1\0\0\2\1\0\0\2\0\0\0\0\0\0\0", 16);
	ck_assert_mem_eq(image + B_AT + 32, tables.tables[1]->spec.name, 63);
	ck_assert_uint_eq(image[B_AT + 32 + 63], 0);
	ck_assert_uint_eq(glb_load_le16(image + B_ROWS_AT + 4 * 65535 + 2), rows[65535].hops[1]);
}
END_TEST

START_TEST(an_image_has_version_3_when_one_table_needs_it)
{
	static const struct {
		uint8_t hops;
		unsigned int backend_count;
		unsigned int bind_count;
		unsigned int version;
	} cases[] = {
		{2, 256, 256, 2}, {3, 256, 256, 3}, {4, 3, 1, 3},
		{2, 257, 256, 3}, {2, 256, 257, 3},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		for (unsigned int second = 0; second < 2; second++) {
			struct glb_table table[2] = {0};
			struct glb_table *list[2] = {&table[0], &table[1]};
			struct glb_tables pair = {list, 2};

			table[!second].hop_count = 2;
			table[second].hop_count = cases[i].hops;
			table[second].spec.backends = many_backends;
			table[second].spec.binds = many_binds;
			table[second].spec.backend_count = cases[i].backend_count;
			table[second].spec.bind_count = cases[i].bind_count;
			ck_assert_uint_eq(glb_image_version(&pair), cases[i].version);
		}
}
END_TEST

START_TEST(an_image_has_version_3_when_a_table_mentions_quic)
{
	struct glb_backend backends[2] = {{.healthy = true}};
	struct glb_bind binds[2] = {{.proto = GLB_PROTO_UDP}};
	struct glb_table table = {
		.hop_count = 2,
		.spec = {.backends = backends, .binds = binds, .backend_count = 2, .bind_count = 2},
	};
	struct glb_table *list[] = {&table};
	struct glb_tables one = {list, 1};

	ck_assert_uint_eq(glb_image_version(&one), 2);
	binds[1].quic = true;
	ck_assert_uint_eq(glb_image_version(&one), 3);
	binds[1].quic = false;
	backends[1].has_server_id = true;
	ck_assert_uint_eq(glb_image_version(&one), 3);
}
END_TEST

/* Only version 3 tells inactive from draining, and has the rest. */
static bool same_list(const struct glb_table_spec *is, const struct glb_table_spec *was,
		      unsigned int version)
{
	if (is->backend_count != was->backend_count || is->bind_count != was->bind_count)
		return false;
	for (unsigned int b = 0; b < was->backend_count; b++) {
		enum glb_state state = was->backends[b].state;

		if (!glb_addr_equal(&is->backends[b].addr, &was->backends[b].addr) ||
		    is->backends[b].healthy != was->backends[b].healthy ||
		    is->backends[b].state !=
			    (state == GLB_INACTIVE && version == 2 ? GLB_DRAINING : state) ||
		    is->backends[b].has_server_id != was->backends[b].has_server_id ||
		    is->backends[b].server_id != was->backends[b].server_id ||
		    is->backends[b].weight || is->backends[b].zone)
			return false;
	}
	for (unsigned int b = 0; b < was->bind_count; b++)
		if (!glb_addr_equal(&is->binds[b].addr, &was->binds[b].addr) ||
		    is->binds[b].prefix_len != was->binds[b].prefix_len ||
		    is->binds[b].proto != was->binds[b].proto ||
		    is->binds[b].quic != was->binds[b].quic ||
		    is->binds[b].port_first != was->binds[b].port_first ||
		    is->binds[b].port_last != was->binds[b].port_last)
			return false;
	return true;
}

/* Reads an image of tables, compares, writes it again, compares. */
static void check_round_trip(const struct glb_tables *given)
{
	size_t len = glb_image_len(given);
	uint8_t *bytes = malloc(len);
	uint8_t *again = malloc(len);
	struct glb_tables read;

	glb_image_write(bytes, given);
	ck_assert_int_eq(glb_image_read(&read, bytes, len, NULL), 0);
	ck_assert_uint_eq(read.count, given->count);
	for (unsigned int t = 0; t < given->count; t++) {
		const struct glb_table *is = read.tables[t];
		const struct glb_table *was = given->tables[t];

		ck_assert(same_list(&is->spec, &was->spec, glb_image_version(given)));
		ck_assert_mem_eq(is->spec.hash_key, was->spec.hash_key, 16);
		ck_assert_uint_eq(is->hop_count, was->hop_count);
		ck_assert_mem_eq(is->rows, was->rows, GLB_ROWS_LEN);
		ck_assert(!is->ranked);
	}
	ck_assert_uint_eq(glb_image_version(&read), glb_image_version(given));
	ck_assert_uint_eq(glb_image_len(&read), len);
	glb_image_write(again, &read);
	ck_assert_mem_eq(again, bytes, len);
	glb_tables_free(&read);
	free(bytes);
	free(again);
}

START_TEST(what_either_version_holds_comes_back)
{
	static struct fleet fleets[2];
	struct glb_tables version2 = fixture_tables();

	check_round_trip(&version2);
	glb_tables_free(&version2);
	check_round_trip(&tables);
	for (unsigned int round = 0; round < 16; round++) {
		struct glb_table_spec specs[2];
		struct glb_tables built;

		for (unsigned int i = 0; i < 2; i++) {
			fleet_make(&fleets[i], 2 * round + i, 9, FLEET_PLAIN);
			specs[i] = fleets[i].spec;
		}
		ck_assert_int_eq(glb_tables_build(&built, &(struct glb_spec){specs, 2}, NULL, NULL),
				 0);
		check_round_trip(&built);
		glb_tables_free(&built);
	}
}
END_TEST

START_TEST(version_3_keeps_names)
{
	struct glb_tables read;

	ck_assert_int_eq(glb_image_read(&read, image, LEN, NULL), 0);
	ck_assert_str_eq(read.tables[0]->spec.name, "web");
	ck_assert_uint_eq(strlen(read.tables[1]->spec.name), 63);
	glb_tables_free(&read);
	memset(image + A_AT + 32, 0, 3);
	ck_assert_int_eq(glb_image_read(&read, image, LEN, NULL), 0);
	ck_assert_ptr_null(read.tables[0]->spec.name);
	glb_tables_free(&read);
}
END_TEST

START_TEST(tables_that_version_2_holds_keep_names_in_version_3)
{
	struct glb_tables small = fixture_tables();
	struct glb_tables read;
	size_t len = glb_image_len_in(&small, 3);
	uint8_t *bytes = malloc(len);

	ck_assert_uint_eq(glb_image_version(&small), 2);
	ck_assert_uint_eq(glb_image_len_in(&small, 2), glb_image_len(&small));
	ck_assert_ptr_nonnull(bytes);
	free(small.tables[0]->spec.name);
	small.tables[0]->spec.name = strdup("small");
	glb_image_write_in(bytes, &small, 3);
	ck_assert_int_eq(glb_image_read(&read, bytes, len, NULL), 0);
	ck_assert_uint_eq(read.count, small.count);
	ck_assert_str_eq(read.tables[0]->spec.name, "small");
	ck_assert_mem_eq(read.tables[0]->rows, small.tables[0]->rows, GLB_ROWS_LEN);
	glb_tables_free(&read);
	glb_tables_free(&small);
	free(bytes);
}
END_TEST

static const struct {
	size_t at;
	uint8_t byte;
	int want;
	const char *why;
} damages[] = {
	{4, 4, -ENOTSUP, "image version 4, expected 2 or 3"},
	{4, 1, -ENOTSUP, "image version 1, expected 2 or 3"},
	{4, 2, -ENOTSUP,
	 "image of 65536 rows, 16384 backends, 16384 binds; expected 65536, 256, 256"},
	{8, 0, -EINVAL, "no table in it, there is nothing to serve"},
	{8, 3, -EINVAL, "670164 bytes, expected at least 786912, the number of tables being 3"},
	{8, 1, -EINVAL, "276660 bytes behind the last table"},
	{11, 1, -EINVAL,
	 "670164 bytes, expected at least 4400597172552, the number of tables being 16777218"},
	{12, 1, -ENOTSUP,
	 "image of 65537 rows, 16384 backends, 16384 binds; expected 65536, 16384, 16384"},
	{17, 1, -ENOTSUP,
	 "image of 65536 rows, 256 backends, 16384 binds; expected 65536, 16384, 16384"},
	{21, 1, -ENOTSUP,
	 "image of 65536 rows, 16384 backends, 256 binds; expected 65536, 16384, 16384"},
	{A_AT, 0, -EINVAL, "table 0: 0 backends, expected 1 to 16384"},
	{A_AT + 1, 0x41, -EINVAL, "table 0: 16644 backends, expected 1 to 16384"},
	{A_AT + 3, 0xff, -EINVAL, "table 0: 4278190084 backends, expected 1 to 16384"},
	{A_AT + 4, 0, -EINVAL, "table 0: 0 binds, expected 1 to 16384"},
	{A_AT + 5, 0x41, -EINVAL, "table 0: 16642 binds, expected 1 to 16384"},
	{A_AT + 8, 1, -EINVAL, "table 0: 1 hops a row, expected 2 to 4"},
	{A_AT + 8, 5, -EINVAL, "table 0: 5 hops a row, expected 2 to 4"},
	{A_AT + 11, 1, -EINVAL, "table 0: 16777219 hops a row, expected 2 to 4"},
	{A_BACKENDS_AT + 28, 3, -EINVAL,
	 "table 0: backend 1: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 28 + 20, 4, -EINVAL,
	 "table 0: backend 1: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 28 + 22, 2, -EINVAL,
	 "table 0: backend 1: impossible family, state, health or server ID"},
	{A_BINDS_AT + 28, 0, -EINVAL,
	 "table 0: bind 1: impossible family, prefix, ports or protocol"},
	{A_BINDS_AT + 28 + 20, 129, -EINVAL,
	 "table 0: bind 1: impossible family, prefix, ports or protocol"},
	{A_AT + 12, 1, -EINVAL, "table 0: 1 where a zero should be"},
	{A_AT + 15, 1, -EINVAL, "table 0: 16777216 where a zero should be"},
	{A_AT + 32, 0, -EINVAL, "table 0: bytes behind its name"},
	{A_AT + 32 + 63, 'x', -EINVAL, "table 0: bytes behind its name"},
	{B_AT + 32 + 63, 'x', -EINVAL, "table 1: bytes behind its name"},
	{A_BACKENDS_AT + 28 + 24, 2, -EINVAL,
	 "table 0: backend 1: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 28 + 25, 1, -EINVAL,
	 "table 0: backend 1: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 26, 1, -EINVAL,
	 "table 0: backend 0: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 27, 1, -EINVAL,
	 "table 0: backend 0: impossible family, state, health or server ID"},
	{A_BACKENDS_AT + 24, 1, -EINVAL, "table 0: backend 1: server ID 0 is another one's"},
	{A_BACKENDS_AT + 28 + 7, 1, -EINVAL, "table 0: backends 0 and 1 have one address"},
	{A_BINDS_AT + 27, 1, -EINVAL, "table 0: bind 0: impossible mark for QUIC"},
	{A_BINDS_AT + 28 + 27, 2, -EINVAL, "table 0: bind 1: impossible mark for QUIC"},
	{A_ROWS_AT, 3, -EINVAL, "table 0: row 0 names backend 3, which is inactive"},
	{A_ROWS_AT, 4, -EINVAL, "table 0: row 0 names backend 4 of 4"},
	{A_ROWS_AT + 6 + 4, 9, -EINVAL, "table 0: row 1 names backend 9 of 4"},
	{A_ROWS_AT + 65535 * 6 + 5, 1, -EINVAL, NULL},
	{B_AT + 8, 3, -EINVAL, "table 1: cut short"},
	{B_ROWS_AT + 65535 * 4 + 3, 2, -EINVAL, NULL},
};

START_TEST(a_damaged_image_of_version_3_is_refused_with_a_reason)
{
	struct glb_tables read = {.count = 99};
	struct glb_diag diag;

	image[damages[_i].at] = damages[_i].byte;
	ck_assert_int_eq(glb_image_read(&read, image, LEN, &diag), damages[_i].want);
	if (damages[_i].why)
		ck_assert_str_eq(diag.text, damages[_i].why);
	else
		ck_assert_ptr_nonnull(strstr(diag.text, "row 65535 names backend "));
	ck_assert_uint_eq(read.count, 99);
}
END_TEST

START_TEST(a_cut_or_too_long_image_of_version_3_is_refused)
{
	static const size_t lens[] = {24,
				      25,
				      A_AT + 95,
				      A_AT + 96,
				      A_BINDS_AT - 1,
				      A_BINDS_AT,
				      A_ROWS_AT - 1,
				      A_ROWS_AT,
				      A_ROWS_AT + 1,
				      B_AT - 1,
				      B_AT,
				      B_AT + 95,
				      B_AT + 96,
				      B_ROWS_AT,
				      LEN - 1};
	static uint8_t longer[LEN + 1];
	struct glb_tables read = {.count = 99};
	struct glb_diag diag;

	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		uint8_t *exact = malloc(lens[i]);

		memcpy(exact, image, lens[i]);
		ck_assert_int_eq(glb_image_read(&read, exact, lens[i], NULL), -EINVAL);
		free(exact);
	}
	memcpy(longer, image, LEN);
	ck_assert_int_eq(glb_image_read(&read, longer, sizeof(longer), &diag), -EINVAL);
	ck_assert_str_eq(diag.text, "1 bytes behind the last table");
	ck_assert_uint_eq(read.count, 99);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("image_v3");
	TCase *v3 = tcase_create("image_v3");

	tcase_add_unchecked_fixture(v3, write_tables, free_tables);
	tcase_add_test(v3, version_3_has_the_layout_its_description_gives);
	tcase_add_test(v3, an_image_has_version_3_when_one_table_needs_it);
	tcase_add_test(v3, an_image_has_version_3_when_a_table_mentions_quic);
	tcase_add_test(v3, what_either_version_holds_comes_back);
	tcase_add_test(v3, version_3_keeps_names);
	tcase_add_test(v3, tables_that_version_2_holds_keep_names_in_version_3);
	tcase_add_loop_test(v3, a_damaged_image_of_version_3_is_refused_with_a_reason, 0,
			    COUNT_OF(damages));
	tcase_add_test(v3, a_cut_or_too_long_image_of_version_3_is_refused);
	suite_add_tcase(suite, v3);
	return suite;
}
