/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <limits.h>
#include <string.h>

#include "suite.h"
#include "sys/words.h"

START_TEST(a_distance_counts_mistakes_in_both_directions)
{
	static const struct {
		const char *a;
		const char *b;
		unsigned int want;
	} cases[] = {
		{"", "", 0},
		{"table", "table", 0},
		{"", "abc", 3},
		{"tabel", "table", 1}, /* neighbours swapped */
		{"dif", "diff", 1},
		{"drrain", "drain", 1},
		{"lookop", "lookup", 1},
		{"ca", "abc", 3}, /* no byte is in two mistakes */
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
		{"abcd", "badc", 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_msg(word_distance(cases[i].a, cases[i].b) == cases[i].want, "%s, %s",
			      cases[i].a, cases[i].b);
		ck_assert_uint_eq(word_distance(cases[i].b, cases[i].a), cases[i].want);
	}
}
END_TEST

START_TEST(words_of_more_than_63_bytes_are_never_near)
{
	char word[65];

	memset(word, 'a', sizeof(word));
	word[64] = '\0';
	ck_assert_uint_eq(word_distance(word, word), UINT_MAX);
	ck_assert_uint_eq(word_distance(word + 1, word + 1), 0);
	ck_assert_uint_eq(word_distance(word + 1, ""), 63);

	struct nearest nearest = nearest_start(word);

	nearest_try(&nearest, word, word);
	ck_assert_ptr_null(nearest.found);
}
END_TEST

START_TEST(the_nearest_of_some_candidates_is_found_if_it_is_near_enough)
{
	static const char *const candidates[] = {"build", "drain", "fill", "diff", "plan"};
	static const struct {
		const char *word;
		const char *want; /* NULL: none */
	} cases[] = {
		{"drian", "drain"}, {"bild", "build"}, {"diff", "diff"},
		{"dif", "diff"},    {"fil", "fill"},   {"plans", "plan"},
		{"x", NULL},	    {"", NULL},	       {"frobnicate", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nearest nearest = nearest_start(cases[i].word);

		for (size_t k = 0; k < sizeof(candidates) / sizeof(*candidates); k++)
			nearest_try(&nearest, candidates[k], candidates[k]);
		ck_assert_pstr_eq(nearest.found, cases[i].want);
	}
}
END_TEST

START_TEST(one_is_the_only_number_without_an_s)
{
	ck_assert_str_eq(plural(1), "");
	ck_assert_str_eq(plural(0), "s");
	ck_assert_str_eq(plural(2), "s");
	ck_assert_str_eq(plural(1ULL << 32 | 1), "s");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("words");
	TCase *cases = tcase_create("words");

	tcase_add_test(cases, a_distance_counts_mistakes_in_both_directions);
	tcase_add_test(cases, words_of_more_than_63_bytes_are_never_near);
	tcase_add_test(cases, the_nearest_of_some_candidates_is_found_if_it_is_near_enough);
	tcase_add_test(cases, one_is_the_only_number_without_an_s);
	suite_add_tcase(suite, cases);
	return suite;
}
