/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/digest.h>
#include <glb/image.h>

#include "fleet.h"
#include "suite.h"

static struct fleet fleet;
static struct glb_tables tables;
static struct glb_table *table;
static char was[GLB_DIGEST_TEXT_LEN];

static void make_table(void)
{
	fleet_make(&fleet, 5, 1, FLEET_PLAIN);
	fleet.spec.hops = 3;
	while (fleet.spec.backend_count < 6)
		fleet_change(&fleet, FLEET_ADD);
	for (unsigned int i = 0; i < 6; i++)
		fleet.backends[i].state = GLB_ACTIVE;
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&fleet.spec, 1}, NULL, NULL),
			 0);
	table = tables.tables[0];
	ck_assert_ptr_eq(glb_digest(was, table), was);
}

static void free_table(void)
{
	glb_tables_free(&tables);
}

static bool is_same(const struct glb_table *other)
{
	char text[GLB_DIGEST_TEXT_LEN];

	return !strcmp(glb_digest(text, other), was);
}

/* Builds the fleet as it is now, and compares. */
static bool is_same_when_built(void)
{
	struct glb_tables built;
	bool same;

	ck_assert_int_eq(glb_tables_build(&built, &(struct glb_spec){&fleet.spec, 1}, NULL, NULL),
			 0);
	same = is_same(built.tables[0]);
	glb_tables_free(&built);
	return same;
}

START_TEST(a_digest_is_32_hexadecimal_digits_and_no_accident)
{
	ck_assert_uint_eq(strlen(was), 32);
	ck_assert_uint_eq(strspn(was, "0123456789abcdef"), 32);
	ck_assert_mem_ne(was, was + 16, 16);
	ck_assert(is_same(table));
}
END_TEST

START_TEST(names_file_order_unused_backends_and_host_bits_do_not_count)
{
	char name[] = "web";
	struct glb_backend backend = fleet.backends[0];

	fleet.spec.name = name;
	ck_assert(is_same_when_built());
	fleet.backends[0] = fleet.backends[4];
	fleet.backends[4] = backend;
	ck_assert(is_same_when_built());
	fleet_change(&fleet, FLEET_ADD);
	for (unsigned int i = 0; i < 7; i++)
		if (fleet.backends[i].addr.bytes[fleet.backends[i].addr.version == 4 ? 3 : 15] ==
		    fleet.numbers - 1)
			fleet.backends[i].state = GLB_INACTIVE;
	ck_assert(is_same_when_built());
	fleet.binds[1].addr.bytes[3] ^= 1; /* a prefix of 31 bits */
	ck_assert(is_same_when_built());
	fleet.binds[0].addr.bytes[3] ^= 1; /* one of 32 */
	ck_assert(!is_same_when_built());
}
END_TEST

/* Does the image of the tables, written and read again, have the same digest? */
static bool is_same_from_an_image(void)
{
	size_t len = glb_image_len(&tables);
	uint8_t *image = malloc(len);
	struct glb_tables read;

	glb_image_write(image, &tables);
	ck_assert_int_eq(glb_image_read(&read, image, len, NULL), 0);

	bool same = is_same(read.tables[0]);

	glb_tables_free(&read);
	free(image);
	return same;
}

START_TEST(state_and_health_count_only_if_they_order_the_hops_of_a_row)
{
	fleet.backends[2].state = GLB_FILLING;
	ck_assert(is_same_when_built());
	fleet.backends[2].state = GLB_DRAINING;
	ck_assert(!is_same_when_built());
}
END_TEST

START_TEST(a_table_read_from_an_image_has_the_digest_of_its_source)
{
	ck_assert(is_same_from_an_image());
}
END_TEST

/* Every single thing a table does to packets. */
static void differ(unsigned int what)
{
	struct glb_table_spec *spec = &table->spec;
	struct glb_bind bind = spec->binds[0];

	switch (what) {
	case 0:
	case 1:
		spec->hash_key[what ? 15 : 0] ^= 1;
		break;
	case 2:
		spec->binds[0].addr.bytes[3] ^= 1;
		break;
	case 3:
		spec->binds[0].addr.version = 6;
		break;
	case 4:
		spec->binds[0].prefix_len = 31;
		break;
	case 5:
		spec->binds[0].proto = GLB_PROTO_UDP;
		break;
	case 6:
		spec->binds[0].port_first--;
		break;
	case 7:
		spec->binds[0].port_last++;
		break;
	case 8: /* decides between binds that are equal otherwise */
		spec->binds[0] = spec->binds[1];
		spec->binds[1] = bind;
		break;
	case 9:
		spec->bind_count--;
		break;
	case 10:
		spec->backends[3].addr.bytes[0] ^= 1;
		break;
	case 11:
		spec->backends[3].addr.bytes[15] ^= 1;
		break;
	case 12:
		spec->backends[3].addr.version = 10;
		break;
	case 13:
		table->rows[0].hops[0] = table->rows[0].hops[1];
		break;
	case 14:
		table->rows[65535].hops[2] = table->rows[65535].hops[1];
		break;
	default:
		table->hop_count--;
	}
}

START_TEST(whatever_a_table_does_otherwise_its_digest_differs)
{
	char text[GLB_DIGEST_TEXT_LEN];

	differ((unsigned int)_i);
	glb_digest(text, table);
	/* in both halves */
	ck_assert_mem_ne(text, was, 16);
	ck_assert_mem_ne(text + 16, was + 16, 16);
}
END_TEST

/* Two backends with server IDs, one of them unused, and a bind for QUIC. */
static void serve_quic(void)
{
	fleet.binds[1].proto = GLB_PROTO_UDP;
	fleet.binds[1].quic = true;
	for (unsigned int i = 1; i < 6; i += 2) {
		fleet.backends[i].has_server_id = true;
		fleet.backends[i].server_id = (uint16_t)(60000 * i);
	}
	fleet.backends[5].state = GLB_INACTIVE;
	free_table();
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&fleet.spec, 1}, NULL, NULL),
			 0);
	table = tables.tables[0];
	glb_digest(was, table);
}

START_TEST(where_quic_packets_go_counts_and_nothing_else_about_them)
{
	struct glb_backend backend;

	fleet.backends[2].has_server_id = true;
	ck_assert(is_same_when_built()); /* no quic bind, so IDs are not looked up */
	fleet.backends[2].has_server_id = false;
	serve_quic();
	fleet.backends[5].server_id = 7;
	ck_assert(is_same_when_built()); /* inactive */
	backend = fleet.backends[1];
	fleet.backends[1] = fleet.backends[3];
	fleet.backends[3] = backend;
	ck_assert(is_same_when_built());
	fleet.backends[1].server_id++;
	ck_assert(!is_same_when_built());
	fleet.backends[1].server_id--;
	fleet.backends[2].has_server_id = true;
	ck_assert(!is_same_when_built());
	fleet.backends[2].has_server_id = false;
	fleet.binds[1].quic = false;
	ck_assert(!is_same_when_built());
	fleet.binds[1].quic = true;
	ck_assert(is_same_when_built());
	fleet.binds[0].proto = GLB_PROTO_UDP;
	ck_assert(!is_same_when_built());
}
END_TEST

START_TEST(a_second_bind_for_quic_makes_another_digest)
{
	fleet.binds[0].proto = GLB_PROTO_UDP;
	serve_quic();
	fleet.binds[0].quic = true;
	ck_assert(!is_same_when_built());
}
END_TEST

START_TEST(a_table_for_quic_keeps_its_digest_in_an_image)
{
	serve_quic();

	ck_assert(is_same_from_an_image());
}
END_TEST

/* Which backend has which ID, and not only which IDs there are. */
START_TEST(two_backends_that_swap_their_server_ids_have_another_digest)
{
	uint16_t server_id;

	serve_quic();
	server_id = fleet.backends[1].server_id;
	fleet.backends[1].server_id = fleet.backends[3].server_id;
	fleet.backends[3].server_id = server_id;
	ck_assert(!is_same_when_built());
}
END_TEST

START_TEST(what_nobody_looks_at_does_not_count)
{
	for (unsigned int row = 0; row < GLB_ROWS; row++)
		table->rows[row].hops[3] = 5;
	memset(table->ranking, 0xff, sizeof(table->ranking));
	memset(table->spec.seed, 0xff, sizeof(table->spec.seed));
	ck_assert(is_same(table));
}
END_TEST

/* Last part first. */
static void run_backwards(void (*task)(void *arg, unsigned int part), void *arg, unsigned int count)
{
	while (count--)
		task(arg, count);
}

START_TEST(a_digest_that_is_kept_is_the_same_and_is_not_worked_out_again)
{
	char before[GLB_DIGEST_TEXT_LEN];
	char after[GLB_DIGEST_TEXT_LEN];

	(void)glb_digest(before, table);
	glb_digests_keep(&tables, _i ? run_backwards : NULL);
	ck_assert_str_eq(table->digest, before);
	table->digest[0] = 'x';
	glb_digests_keep(&tables, NULL);
	ck_assert_str_eq(glb_digest(after, table), table->digest);
	ck_assert_int_eq(after[0], 'x');
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("digest");
	TCase *digest = tcase_create("digest");

	tcase_add_unchecked_fixture(digest, make_table, free_table);
	tcase_add_test(digest, a_digest_is_32_hexadecimal_digits_and_no_accident);
	tcase_add_test(digest, names_file_order_unused_backends_and_host_bits_do_not_count);
	tcase_add_test(digest, state_and_health_count_only_if_they_order_the_hops_of_a_row);
	tcase_add_test(digest, a_table_read_from_an_image_has_the_digest_of_its_source);
	tcase_add_loop_test(digest, whatever_a_table_does_otherwise_its_digest_differs, 0, 16);
	tcase_add_test(digest, where_quic_packets_go_counts_and_nothing_else_about_them);
	tcase_add_test(digest, a_second_bind_for_quic_makes_another_digest);
	tcase_add_test(digest, a_table_for_quic_keeps_its_digest_in_an_image);
	tcase_add_test(digest, two_backends_that_swap_their_server_ids_have_another_digest);
	tcase_add_test(digest, what_nobody_looks_at_does_not_count);
	tcase_add_loop_test(digest, a_digest_that_is_kept_is_the_same_and_is_not_worked_out_again,
			    0, 2);
	suite_add_tcase(suite, digest);
	return suite;
}
