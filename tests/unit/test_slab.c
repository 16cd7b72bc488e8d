/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <string.h>

#include <glb/slab.h>

#include "suite.h"

START_TEST(a_slab_has_as_many_places_as_are_asked_for_and_fill_whole_pages)
{
	static const struct {
		unsigned int wanted;
		unsigned int places;
	} cases[] = {{1, 4}, {4, 4}, {5, 8}, {31, 32}, {32, 32}, {1000, 32}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_place place;

		ck_assert_int_eq(glb_place_make(&place, cases[i].wanted), 0);
		ck_assert_uint_eq(place.slab->places, cases[i].places);
		ck_assert_uint_eq(place.slab->arena.len, cases[i].places * (size_t)GLB_PLACE_LEN);
		ck_assert_uint_eq((uintptr_t)place.base % GLB_HUGE_PAGE, 0);
		glb_place_free(&place);
		ck_assert_ptr_null(place.base);
		ck_assert_ptr_null(place.slab);
	}
}
END_TEST

START_TEST(places_of_a_slab_are_next_to_each_other_and_are_taken_again)
{
	struct glb_place places[8];
	struct glb_place none = {0};
	struct glb_place more = none;

	ck_assert_int_eq(glb_place_make(&places[0], 8), 0);
	for (unsigned int i = 1; i < 8; i++) {
		ck_assert(glb_place_beside(&places[i], &places[i - 1]));
		ck_assert_ptr_eq(places[i].base, (uint8_t *)places[0].base + i * GLB_PLACE_LEN);
		memset(places[i].base, (int)i, GLB_PLACE_LEN); /* it is there to the last byte */
	}
	ck_assert(!glb_place_beside(&more, &places[3]));
	ck_assert_ptr_null(more.base);
	ck_assert(!glb_place_beside(&more, &none));
	for (unsigned int i = 6; i > 4; i--) {
		void *base = places[i].base;

		glb_place_free(&places[i]);
		ck_assert(glb_place_beside(&more, &places[0]));
		ck_assert_ptr_eq(more.base, base);
		places[i] = more;
	}
	for (unsigned int i = 0; i < 8; i++)
		glb_place_free(&places[i]); /* the leak checker sees whether the slab goes, too */
	glb_place_free(&none);
}
END_TEST

enum { THREADS = 4, TURNS = 20000, SHARED = GLB_SLAB_PLACES_MAX };

static struct glb_place kept; /* keeps the slab */

/* Takes a place, marks it as its own, and gives it back; returns how often the mark was gone. */
static void *take_turns(void *arg)
{
	uintptr_t wrong = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		struct glb_place place;

		if (!glb_place_beside(&place, &kept))
			continue;
		*(void **)place.base = arg;
		wrong += *(void **)place.base != arg;
		glb_place_free(&place);
	}
	return (void *)wrong;
}

START_TEST(threads_take_and_free_places_of_a_slab_at_once_and_none_twice)
{
	struct glb_place others[SHARED];
	pthread_t threads[THREADS];
	unsigned int count = 0;

	ck_assert_int_eq(glb_place_make(&kept, SHARED), 0);
	while (count < SHARED - 3) /* two are left for four threads */
		ck_assert(glb_place_beside(&others[count++], &kept));
	for (uintptr_t t = 0; t < THREADS; t++)
		ck_assert_int_eq(pthread_create(&threads[t], NULL, take_turns, (void *)(t + 1)), 0);
	for (unsigned int t = 0; t < THREADS; t++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(threads[t], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
	ck_assert_int_eq(__builtin_popcount(kept.slab->taken), SHARED - 2);
	while (count)
		glb_place_free(&others[--count]);
	glb_place_free(&kept);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("slab");
	TCase *places = tcase_create("places");

	tcase_add_test(places, a_slab_has_as_many_places_as_are_asked_for_and_fill_whole_pages);
	tcase_add_test(places, places_of_a_slab_are_next_to_each_other_and_are_taken_again);
	tcase_add_test(places, threads_take_and_free_places_of_a_slab_at_once_and_none_twice);
	suite_add_tcase(suite, places);
	return suite;
}
