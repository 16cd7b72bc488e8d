/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/area.h>

#include "suite.h"

START_TEST(parts_are_counted_before_there_is_an_area)
{
	struct glb_area count = {0};

	ck_assert_ptr_null(glb_area_take(&count, 1));
	ck_assert_uint_eq(count.used, 64);
	ck_assert_ptr_null(glb_area_take(&count, 0));
	ck_assert_uint_eq(count.used, 64);
	ck_assert_ptr_null(glb_area_take(&count, 65));
	ck_assert_uint_eq(count.used, 192);
	glb_area_free(&count);
}
END_TEST

START_TEST(parts_lie_one_behind_the_other_from_the_start_of_a_huge_page)
{
	static const size_t lens[] = {1, 64, 100, 0, GLB_HUGE_PAGE - 4 * 64};
	size_t room = 0;
	struct glb_area area;

	ck_assert_int_eq(glb_area_make(&area, GLB_HUGE_PAGE + 1), 0);
	ck_assert_uint_eq((uintptr_t)area.base % GLB_HUGE_PAGE, 0);
	ck_assert_uint_eq(area.len, 2 * (size_t)GLB_HUGE_PAGE);
	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		uint8_t *part = glb_area_take(&area, lens[i]);

		ck_assert_ptr_eq(part, area.base + room);
		memset(part, 0xff, lens[i]);
		room += (lens[i] + 63) / 64 * 64;
	}
	ck_assert_uint_eq(area.used, room);
	glb_area_free(&area);
	ck_assert_ptr_null(area.base);
	ck_assert_uint_eq(area.used, 0);
}
END_TEST

START_TEST(an_area_is_no_larger_than_huge_pages_make_it)
{
	struct glb_area area;

	ck_assert_int_eq(glb_area_make(&area, 1), 0);
	ck_assert_uint_eq(area.len, GLB_HUGE_PAGE);
	glb_area_free(&area);
	ck_assert_int_eq(glb_area_make(&area, GLB_HUGE_PAGE), 0);
	ck_assert_uint_eq(area.len, GLB_HUGE_PAGE);
	glb_area_free(&area);
}
END_TEST

START_TEST(a_part_is_as_far_into_the_copy_as_into_the_original)
{
	struct glb_area from;
	struct glb_area to;

	ck_assert_int_eq(glb_area_make(&from, 1), 0);
	ck_assert_int_eq(glb_area_make(&to, 1), 0);
	ck_assert_ptr_eq(glb_area_moved(&to, &from, from.base), to.base);
	ck_assert_ptr_eq(glb_area_moved(&to, &from, from.base + 4711), to.base + 4711);
	ck_assert_ptr_null(glb_area_moved(&to, &from, NULL));
	glb_area_free(&from);
	glb_area_free(&to);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("area");
	TCase *area = tcase_create("area");

	tcase_add_test(area, parts_are_counted_before_there_is_an_area);
	tcase_add_test(area, parts_lie_one_behind_the_other_from_the_start_of_a_huge_page);
	tcase_add_test(area, an_area_is_no_larger_than_huge_pages_make_it);
	tcase_add_test(area, a_part_is_as_far_into_the_copy_as_into_the_original);
	suite_add_tcase(suite, area);
	return suite;
}
