/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/arena.h>

#include "suite.h"

START_TEST(parts_are_counted_before_there_is_an_arena)
{
	struct glb_arena count = {0};

	ck_assert_ptr_null(glb_arena_take(&count, 1));
	ck_assert_uint_eq(count.used, 64);
	ck_assert_ptr_null(glb_arena_take(&count, 0));
	ck_assert_uint_eq(count.used, 64);
	ck_assert_ptr_null(glb_arena_take(&count, 65));
	ck_assert_uint_eq(count.used, 192);
	glb_arena_free(&count);
}
END_TEST

START_TEST(parts_lie_one_behind_the_other_from_the_start_of_a_huge_page)
{
	static const size_t lens[] = {1, 64, 100, 0, GLB_HUGE_PAGE - 4 * 64};
	size_t room = 0;
	struct glb_arena arena;

	ck_assert_int_eq(glb_arena_make(&arena, GLB_HUGE_PAGE + 1), 0);
	ck_assert_uint_eq((uintptr_t)arena.base % GLB_HUGE_PAGE, 0);
	ck_assert_uint_eq(arena.len, 2 * (size_t)GLB_HUGE_PAGE);
	for (unsigned int i = 0; i < COUNT_OF(lens); i++) {
		uint8_t *part = glb_arena_take(&arena, lens[i]);

		ck_assert_ptr_eq(part, arena.base + room);
		memset(part, 0xff, lens[i]);
		room += (lens[i] + 63) / 64 * 64;
	}
	ck_assert_uint_eq(arena.used, room);
	glb_arena_free(&arena);
	ck_assert_ptr_null(arena.base);
	ck_assert_uint_eq(arena.used, 0);
}
END_TEST

START_TEST(an_arena_is_no_larger_than_huge_pages_make_it)
{
	struct glb_arena arena;

	ck_assert_int_eq(glb_arena_make(&arena, 1), 0);
	ck_assert_uint_eq(arena.len, GLB_HUGE_PAGE);
	glb_arena_free(&arena);
	ck_assert_int_eq(glb_arena_make(&arena, GLB_HUGE_PAGE), 0);
	ck_assert_uint_eq(arena.len, GLB_HUGE_PAGE);
	glb_arena_free(&arena);
}
END_TEST

START_TEST(a_part_is_as_far_into_the_copy_as_into_the_original)
{
	struct glb_arena from;
	struct glb_arena to;

	ck_assert_int_eq(glb_arena_make(&from, 1), 0);
	ck_assert_int_eq(glb_arena_make(&to, 1), 0);
	ck_assert_ptr_eq(glb_arena_moved(&to, &from, from.base), to.base);
	ck_assert_ptr_eq(glb_arena_moved(&to, &from, from.base + 4711), to.base + 4711);
	ck_assert_ptr_null(glb_arena_moved(&to, &from, NULL));
	glb_arena_free(&from);
	glb_arena_free(&to);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *arena = tcase_create("arena");

	tcase_add_test(arena, parts_are_counted_before_there_is_an_arena);
	tcase_add_test(arena, parts_lie_one_behind_the_other_from_the_start_of_a_huge_page);
	tcase_add_test(arena, an_arena_is_no_larger_than_huge_pages_make_it);
	tcase_add_test(arena, a_part_is_as_far_into_the_copy_as_into_the_original);
	suite_add_tcase(suite, arena);
	return suite;
}
