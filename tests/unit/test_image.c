/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/image.h>

#include "fixture.h"
#include "frame.h"
#include "suite.h"

enum { TABLES = 3, IMAGE_LEN = 24 + TABLES * 537624 };

/* Offsets of the format, written down again on purpose. */
enum {
	TABLE0_AT = 24,
	BACKENDS_AT = TABLE0_AT + 4,
	BIND_COUNT_AT = TABLE0_AT + 6148,
	BINDS_AT = TABLE0_AT + 6152,
	HASH_KEY_AT = TABLE0_AT + 13320,
	ROWS_AT = TABLE0_AT + 13336,
	TABLE1_AT = TABLE0_AT + 537624,
};

static uint8_t image[IMAGE_LEN];
static struct glb_tables tables;

/* Once for all tests: each of them runs in a copy of the process. */
static void write_fixture(void)
{
	tables = fixture_tables();
	tables.tables[0]->spec.backends[1].state = GLB_FILLING;
	tables.tables[0]->spec.backends[2].state = GLB_DRAINING;
	tables.tables[0]->spec.backends[2].healthy = false;
	memset(image, 0xaa, sizeof(image));
	glb_image_write(image, &tables);
}

static void free_fixture(void)
{
	glb_tables_free(&tables);
}

START_TEST(an_image_has_the_layout_other_programs_read)
{
	ck_assert_uint_eq(glb_image_len(&tables), IMAGE_LEN);
	ck_assert_mem_eq(image, "GLBD\2\0\0\0\3\0\0\0\0\0\1\0\0\1\0\0\0\1\0\0", 24);
	ck_assert_mem_eq(image + TABLE0_AT, "\3\0\0\0", 4);
	ck_assert_mem_eq(image + BACKENDS_AT,
			 "\1\0\0\0\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0"
			 "\1\0\0\0\2\3\4\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0"
			 "\1\0\0\0\3\4\5\6\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0"
			 "\0\0\0\0",
			 76);
	ck_assert_mem_eq(image + BIND_COUNT_AT, "\2\0\0\0", 4);
	ck_assert_mem_eq(image + BINDS_AT,
			 "\1\0\0\0\1\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0\x20\0\x50\0\x50\0\6\0"
			 "\1\0\0\0\1\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0\x20\0\xbb\1\xbb\1\6\0"
			 "\0\0\0\0",
			 60);
	ck_assert_mem_eq(image + HASH_KEY_AT, tables.tables[0]->spec.hash_key, 16);
	ck_assert_mem_eq(image + ROWS_AT + 2 * 8, "\2\0\0\0\1\0\0\0", 8);
	ck_assert_mem_eq(image + TABLE1_AT, "\4\0\0\0", 4);
	ck_assert_mem_eq(
		image + TABLE1_AT + 6152 + 2 * 28,
		"\2\0\0\0\xfd\xb4\x98\xce\x52\xd4\0\0\0\0\0\0\0\0\0\x42\x80\0\x50\0\x50\0\6\0", 28);
}
END_TEST

START_TEST(an_image_read_and_written_again_is_the_same)
{
	static uint8_t again[IMAGE_LEN];
	struct glb_tables read;

	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), NULL), 0);
	ck_assert_uint_eq(read.count, TABLES);
	for (unsigned int t = 0; t < TABLES; t++) {
		const struct glb_table_spec *is = &read.tables[t]->spec;
		const struct glb_table_spec *was = &tables.tables[t]->spec;

		ck_assert_uint_eq(is->backend_count, was->backend_count);
		for (unsigned int b = 0; b < was->backend_count; b++) {
			ck_assert(glb_addr_equal(&is->backends[b].addr, &was->backends[b].addr));
			ck_assert_int_eq(is->backends[b].state, was->backends[b].state);
			ck_assert_int_eq(is->backends[b].healthy, was->backends[b].healthy);
		}
		ck_assert_uint_eq(is->bind_count, was->bind_count);
		ck_assert_mem_eq(is->hash_key, was->hash_key, sizeof(is->hash_key));
		ck_assert_mem_eq(read.tables[t]->rows, tables.tables[t]->rows, GLB_ROWS_LEN);
	}
	glb_image_write(again, &read);
	ck_assert_mem_eq(again, image, sizeof(image));
	glb_tables_free(&read);
}
END_TEST

START_TEST(an_inactive_backend_comes_back_draining)
{
	struct glb_tables read;

	tables.tables[0]->spec.backends[0].state = GLB_INACTIVE;
	glb_image_write(image, &tables);
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), NULL), 0);
	ck_assert_int_eq(read.tables[0]->spec.backends[0].state, GLB_DRAINING);
	glb_tables_free(&read);
}
END_TEST

START_TEST(the_only_backend_is_its_own_second_whatever_the_original_wrote)
{
	uint8_t *rows = image + ROWS_AT;
	struct glb_tables read;
	struct glb_diag diag;

	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		glb_store_le32(rows + r * 8, 1);
		glb_store_le32(rows + r * 8 + 4, r % 5 < 3 ? r % 5 : r << 8);
	}
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), NULL), 0);
	for (unsigned int r = 0; r < GLB_ROWS; r++) {
		ck_assert_uint_eq(read.tables[0]->rows[r].hops[0], 1);
		ck_assert_uint_eq(read.tables[0]->rows[r].hops[1], r % 5 < 3 ? r % 5 : 1);
	}
	glb_tables_free(&read);

	glb_store_le32(rows + 9 * 8, 2); /* it is not the only one */
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), &diag), -EINVAL);
	ck_assert_str_eq(diag.text, "table 0: row 3 names backend 768 of 3");

	for (unsigned int r = 0; r < GLB_ROWS; r++)
		glb_store_le32(rows + r * 8, 3); /* nor of the table */
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), &diag), -EINVAL);
	ck_assert_str_eq(diag.text, "table 0: row 0 names backend 3 of 3");
}
END_TEST

#define IMPOSSIBLE_BACKEND "table 0: backend 1: impossible family, state or health"
#define IMPOSSIBLE_BIND	   "table 0: bind 1: impossible family, prefix, ports or protocol"
#define GEOMETRY(text)	   "image of " text "; expected 65536, 256, 256"

/* One byte damaged; 24 and 28 bytes are the size of a backend and a bind. */
static const struct {
	size_t at;
	uint8_t byte;
	int want;
	const char *why;
} damages[] = {
	{0, 'g', -EINVAL, "not a table image"},
	{4, 9, -ENOTSUP, "image version 9, expected 2 or 3"},
	{5, 1, -ENOTSUP, "image version 258, expected 2 or 3"},
	{8, 0, -EINVAL, "no table in it, there is nothing to serve"},
	{8, 2, -EINVAL, "1612896 bytes, expected 1075272, the number of tables being 2"},
	{11, 0xff, -EINVAL,
	 "1612896 bytes, expected 2300057665182816, the number of tables being 4278190083"},
	{12, 1, -ENOTSUP, GEOMETRY("65537 rows, 256 backends, 256 binds")},
	{16, 1, -ENOTSUP, GEOMETRY("65536 rows, 257 backends, 256 binds")},
	{20, 1, -ENOTSUP, GEOMETRY("65536 rows, 256 backends, 257 binds")},
	{TABLE0_AT, 0, -EINVAL, "table 0: 0 backends, expected 1 to 256"},
	{TABLE0_AT + 1, 1, -EINVAL, "table 0: 259 backends, expected 1 to 256"},
	{TABLE0_AT, 4, -EINVAL, "table 0: backend 3: impossible family, state or health"},
	{BACKENDS_AT + 24, 0, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24, 3, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 3, 1, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 8, 1, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 19, 1, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 20, 3, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 21, 1, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 22, 2, -EINVAL, IMPOSSIBLE_BACKEND},
	{BACKENDS_AT + 24 + 23, 1, -EINVAL, IMPOSSIBLE_BACKEND},
	{BIND_COUNT_AT, 0, -EINVAL, "table 0: 0 binds, expected 1 to 256"},
	{BIND_COUNT_AT + 1, 1, -EINVAL, "table 0: 258 binds, expected 1 to 256"},
	{BINDS_AT + 28, 7, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 10, 1, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 20, 33, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 21, 1, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 23, 2, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 26, 1, -EINVAL, IMPOSSIBLE_BIND},
	{BINDS_AT + 28 + 26, 0, -EINVAL, IMPOSSIBLE_BIND},
	{ROWS_AT + 3 * 8, 3, -EINVAL, "table 0: row 3 names backend 3 of 3"},
	{ROWS_AT + 65535 * 8 + 4, 200, -EINVAL, "table 0: row 65535 names backend 200 of 3"},
	{ROWS_AT + 3 * 8 + 2, 1, -EINVAL, "table 0: row 3 names backend 65536 of 3"},
	{TABLE1_AT, 0, -EINVAL, "table 1: 0 backends, expected 1 to 256"},
	{TABLE1_AT + 13336, 4, -EINVAL, "table 1: row 0 names backend 4 of 4"},
};

START_TEST(a_damaged_image_is_refused_with_a_reason)
{
	struct glb_tables read = {.count = 99};
	struct glb_diag diag;

	image[damages[_i].at] = damages[_i].byte;
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), &diag), damages[_i].want);
	ck_assert_str_eq(diag.text, damages[_i].why);
	ck_assert_uint_eq(read.count, 99);
}
END_TEST

START_TEST(damage_where_nothing_is_stored_does_not_matter)
{
	static const size_t spare[] = {BACKENDS_AT + 3 * 24, BINDS_AT + 2 * 28, BINDS_AT + 27};
	struct glb_tables read;

	for (unsigned int i = 0; i < COUNT_OF(spare); i++)
		image[spare[i]] = 0xff;
	ck_assert_int_eq(glb_image_read(&read, image, sizeof(image), NULL), 0);
	glb_tables_free(&read);
}
END_TEST

START_TEST(a_cut_or_too_long_image_is_refused)
{
	static const size_t lens[] = {0,
				      1,
				      3,
				      4,
				      5,
				      8,
				      11,
				      12,
				      16,
				      20,
				      23,
				      24,
				      25,
				      BACKENDS_AT,
				      BIND_COUNT_AT,
				      BINDS_AT,
				      HASH_KEY_AT,
				      ROWS_AT,
				      TABLE1_AT - 1,
				      TABLE1_AT,
				      TABLE1_AT + 1,
				      IMAGE_LEN - 8,
				      IMAGE_LEN - 1};
	static uint8_t longer[IMAGE_LEN + 1];
	struct glb_tables read = {.count = 99};

	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		uint8_t *exact = frame_exact(image, (uint32_t)lens[i]);

		ck_assert_int_eq(glb_image_read(&read, exact, lens[i], NULL), -EINVAL);
		ck_assert_int_eq(glb_image_detect(exact, lens[i]), lens[i] >= 4);
		free(exact);
	}
	memcpy(longer, image, sizeof(image));
	ck_assert_int_eq(glb_image_read(&read, longer, sizeof(longer), NULL), -EINVAL);
	ck_assert_uint_eq(read.count, 99);
}
END_TEST

START_TEST(only_the_four_letters_make_a_file_an_image)
{
	ck_assert(glb_image_detect((const uint8_t *)"GLBD", 4));
	ck_assert(!glb_image_detect((const uint8_t *)"GLBC", 4));
	ck_assert(!glb_image_detect((const uint8_t *)"DBLG", 4));
	ck_assert(!glb_image_detect((const uint8_t *)"{\"tables\"", 9));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("image");
	TCase *written = tcase_create("image");

	tcase_add_unchecked_fixture(written, write_fixture, free_fixture);
	tcase_add_test(written, an_image_has_the_layout_other_programs_read);
	tcase_add_test(written, an_image_read_and_written_again_is_the_same);
	tcase_add_test(written, an_inactive_backend_comes_back_draining);
	tcase_add_test(written, the_only_backend_is_its_own_second_whatever_the_original_wrote);
	tcase_add_loop_test(written, a_damaged_image_is_refused_with_a_reason, 0,
			    COUNT_OF(damages));
	tcase_add_test(written, damage_where_nothing_is_stored_does_not_matter);
	tcase_add_test(written, a_cut_or_too_long_image_is_refused);
	tcase_add_test(written, only_the_four_letters_make_a_file_an_image);
	suite_add_tcase(suite, written);
	return suite;
}
