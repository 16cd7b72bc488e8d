/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about bytes.h and cursor.h. */
#include <string.h>

#include <glb/cursor.h>

#include "suite.h"

static const uint8_t counted[9] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

START_TEST(loads_read_any_address_in_the_order_they_name)
{
	ck_assert_uint_eq(glb_load_be16(counted + 1), 0x1122);
	ck_assert_uint_eq(glb_load_be32(counted + 1), 0x11223344);
	ck_assert_uint_eq(glb_load_le16(counted + 1), 0x2211);
	ck_assert_uint_eq(glb_load_le32(counted + 1), 0x44332211);
	ck_assert_uint_eq(glb_load_le64(counted + 1), 0x8877665544332211);
}
END_TEST

START_TEST(stores_write_what_loads_read_and_nothing_beside_it)
{
	uint8_t bytes[10];

	memset(bytes, 0xaa, sizeof(bytes));
	glb_store_be16(bytes + 1, 0x1122);
	ck_assert_mem_eq(bytes, "\xaa\x11\x22\xaa", 4);
	glb_store_be32(bytes + 1, 0x11223344);
	ck_assert_mem_eq(bytes, "\xaa\x11\x22\x33\x44\xaa", 6);
	glb_store_le16(bytes + 1, 0x1122);
	ck_assert_mem_eq(bytes, "\xaa\x22\x11\x33\x44\xaa", 6);
	glb_store_le32(bytes + 1, 0x11223344);
	ck_assert_mem_eq(bytes, "\xaa\x44\x33\x22\x11\xaa", 6);
	glb_store_le64(bytes + 1, 0x1122334455667788);
	ck_assert_mem_eq(bytes, "\xaa\x88\x77\x66\x55\x44\x33\x22\x11\xaa", 10);
}
END_TEST

START_TEST(native_loads_and_stores_agree_with_memory)
{
	uint8_t bytes[9] = {0};

	glb_store16(bytes + 1, glb_load16(counted + 3));
	ck_assert_mem_eq(bytes + 1, counted + 3, 2);
	glb_store32(bytes + 1, glb_load32(counted + 3));
	ck_assert_mem_eq(bytes + 1, counted + 3, 4);
	ck_assert_uint_eq(GLB_LE64(glb_load64(counted + 1)), glb_load_le64(counted + 1));
}
END_TEST

START_TEST(byte_swaps_turn_native_integers_into_wire_order)
{
	uint16_t be16 = GLB_BE16(0x1122);
	uint64_t be64 = GLB_BE64(0x1122334455667788);

	ck_assert_mem_eq(&be16, "\x11\x22", 2);
	ck_assert_mem_eq(&be64, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
}
END_TEST

START_TEST(a_cursor_hands_out_every_byte_once_and_in_order)
{
	struct glb_cursor cur = glb_cursor(counted, sizeof(counted));

	ck_assert_ptr_eq(glb_take(&cur, 4), counted);
	ck_assert_ptr_eq(glb_take(&cur, 0), counted + 4);
	ck_assert_ptr_eq(glb_take(&cur, 5), counted + 4);
	ck_assert_ptr_eq(cur.at, cur.end);
	ck_assert_ptr_nonnull(glb_take(&cur, 0));
	ck_assert_ptr_null(glb_take(&cur, 1));
}
END_TEST

START_TEST(a_cursor_that_has_too_few_bytes_gives_none_and_stays)
{
	static const uint32_t too_many[] = {10, 0x7fffffff, 0x80000000, 0xffffffff};
	struct glb_cursor cur = glb_cursor(counted, sizeof(counted));

	for (unsigned int i = 0; i < COUNT_OF(too_many); i++) {
		ck_assert_ptr_null(glb_take(&cur, too_many[i]));
		ck_assert_ptr_eq(cur.at, counted);
	}
	ck_assert_ptr_eq(glb_take(&cur, sizeof(counted)), counted);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bytes");
	TCase *bytes = tcase_create("bytes");
	TCase *cursor = tcase_create("cursor");

	tcase_add_test(bytes, loads_read_any_address_in_the_order_they_name);
	tcase_add_test(bytes, stores_write_what_loads_read_and_nothing_beside_it);
	tcase_add_test(bytes, native_loads_and_stores_agree_with_memory);
	tcase_add_test(bytes, byte_swaps_turn_native_integers_into_wire_order);
	tcase_add_test(cursor, a_cursor_hands_out_every_byte_once_and_in_order);
	tcase_add_test(cursor, a_cursor_that_has_too_few_bytes_gives_none_and_stays);
	suite_add_tcase(suite, bytes);
	suite_add_tcase(suite, cursor);
	return suite;
}
