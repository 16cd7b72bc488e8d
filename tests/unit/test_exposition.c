/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "sys/exposition.h"

/* How many samples the family "many" has, and how many were written. */
struct source {
	uint32_t count;
	uint32_t left;
	bool stale;
	bool released;
};

static void put_one(struct exposition *exposition)
{
	openmetrics_count(&exposition->text, NULL, 1);
}

/* Three samples a call. */
static bool put_many(struct exposition *exposition)
{
	struct source *source = exposition->source;

	for (unsigned int n = 0; exposition->at < source->count; exposition->at++) {
		if (n++ == 3)
			return true;
		openmetrics_count(&exposition->text, LABELS({"of", "many"}), exposition->at);
		source->left--;
	}
	return false;
}

static bool source_is_stale(const void *source)
{
	return ((const struct source *)source)->stale;
}

static void source_release(void *source)
{
	((struct source *)source)->released = true;
}

static const struct exposition_family families[] = {
	{{"one", GAUGE, "first"}, put_one, NULL},
	{{"many", COUNTER, "in slices"}, NULL, put_many},
	{{"again", COUNTER, "in slices, too"}, NULL, put_many},
};

static const struct exposition_list list = {families, COUNT_OF(families), source_is_stale,
					    source_release};

/* Writes up to `calls` parts. Returns how many were written before the last. */
static unsigned int write_parts(char **text, struct source *source, unsigned int calls, bool is_old)
{
	struct exposition *exposition = exposition_begin(&list, source, is_old);
	size_t len;
	FILE *out = open_memstream(text, &len);
	unsigned int parts = 0;

	ck_assert_ptr_nonnull(exposition);
	while (parts < calls && exposition_write(exposition, out))
		parts++;
	if (parts == calls) {
		source->stale = true;
		ck_assert(!exposition_write(exposition, out));
	}
	(void)fclose(out);
	exposition_end(exposition);
	return parts;
}

START_TEST(each_family_is_begun_once_and_continues_where_it_was)
{
	struct source source = {.count = 4, .left = 8};
	char *text;

	ck_assert_uint_eq(write_parts(&text, &source, 99, false), 5);
	ck_assert_str_eq(text, "# TYPE one gauge\n# HELP one first\none 1\n"
			       "# TYPE many counter\n# HELP many in slices\n"
			       "many_total{of=\"many\"} 0\nmany_total{of=\"many\"} 1\n"
			       "many_total{of=\"many\"} 2\nmany_total{of=\"many\"} 3\n"
			       "# TYPE again counter\n# HELP again in slices, too\n"
			       "again_total{of=\"many\"} 0\nagain_total{of=\"many\"} 1\n"
			       "again_total{of=\"many\"} 2\nagain_total{of=\"many\"} 3\n"
			       "# EOF\n");
	ck_assert_uint_eq(source.left, 0);
	ck_assert(source.released);
	free(text);
}
END_TEST

START_TEST(the_older_format_has_no_last_line)
{
	struct source source = {.count = 1, .left = 2};
	char *text;

	ck_assert_uint_eq(write_parts(&text, &source, 99, true), 3);
	ck_assert_str_eq(text, "# TYPE one gauge\n# HELP one first\none 1\n"
			       "# TYPE many_total counter\n# HELP many_total in slices\n"
			       "many_total{of=\"many\"} 0\n"
			       "# TYPE again_total counter\n# HELP again_total in slices, too\n"
			       "again_total{of=\"many\"} 0\n");
	free(text);
}
END_TEST

START_TEST(a_stale_source_ends_it_without_the_last_line)
{
	struct source source = {.count = 4, .left = 8};
	char *text;

	ck_assert_uint_eq(write_parts(&text, &source, 2, false), 2);
	ck_assert_uint_eq(source.left, 5);
	ck_assert_ptr_null(strstr(text, "EOF"));
	ck_assert(source.released);
	free(text);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("exposition");
	TCase *cases = tcase_create("exposition");

	tcase_add_test(cases, each_family_is_begun_once_and_continues_where_it_was);
	tcase_add_test(cases, the_older_format_has_no_last_line);
	tcase_add_test(cases, a_stale_source_ends_it_without_the_last_line);
	suite_add_tcase(suite, cases);
	return suite;
}
