/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/locate.h, and about the places that conf/json.h makes of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/json.h"
#include "document.h"
#include "suite.h"

static char text[DOCUMENT_LEN_MAX];
static struct report report;
static struct conf_file file;

static struct conf_value open_document(const char *json)
{
	size_t len = document(text, json);

	report_init(&report);
	ck_assert_int_eq(conf_parse(&file, "x.json", text, len, &report), 0);
	return conf_root(&file);
}

/* The text of a value. */
static const char *text_of(const struct conf_value *value)
{
	static char out[256];
	size_t start;
	size_t end;

	conf_span(value, &start, &end);
	(void)snprintf(out, sizeof(out), "%.*s", (int)(end - start), text + start);
	return out;
}

START_TEST(the_text_of_every_value_is_found)
{
	struct conf_value root = open_document(" {\t'a' : [ 1,-2.5e3 ,'s, ]\\\\','\\\\\\'' , "
					       "null,[ ] ,{ } , true\n], 'b':{'c':{'d':'}'} }, "
					       "'e':false}\n ");
	static const char *const elements[] = {"1",    "-2.5e3", "\"s, ]\\\\\"", "\"\\\\\\\"\"",
					       "null", "[ ]",	 "{ }",		 "true"};
	struct conf_value a, b, c, d, e;

	ck_assert_uint_eq(strlen(text_of(&root)), strlen(text) - 3);
	ck_assert(conf_find(&a, &root, "a"));
	ck_assert_uint_eq(conf_count(&a), COUNT_OF(elements));
	for (size_t i = 0; i < COUNT_OF(elements); i++) {
		struct conf_value element = conf_element(&a, i);

		ck_assert_str_eq(text_of(&element), elements[i]);
	}
	ck_assert(conf_find(&b, &root, "b") && conf_find(&c, &b, "c") && conf_find(&d, &c, "d"));
	ck_assert_str_eq(text_of(&b), "{\"c\":{\"d\":\"}\"} }");
	ck_assert_str_eq(text_of(&c), "{\"d\":\"}\"}");
	ck_assert_str_eq(text_of(&d), "\"}\"");
	ck_assert(!strncmp(text + conf_key(&d), "\"d\":", 4));
	ck_assert(conf_find(&e, &root, "e"));
	ck_assert_str_eq(text_of(&e), "false");
	ck_assert_uint_eq(conf_line(&e), 2);
	ck_assert(!strncmp(text + conf_key(&e), "\"e\":", 4));
	ck_assert(!conf_find(&d, &b, "d"));
	ck_assert_str_eq(text_of(&d), text_of(&b)); /* of a missing member, the object */
	conf_close(&file);
}
END_TEST

START_TEST(a_key_is_found_however_it_is_spelt)
{
	static const struct {
		const char *spelt;
		const char *key;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"\\u0070lain", "plain"},
		{"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
		{"\\u00fc\\u20AC", "\xc3\xbc\xe2\x82\xac"},
		{"\\ud83D\\uDE00!", "\xf0\x9f\x98\x80!"},
		{"\xc3\xbc", "\xc3\xbc"},
		{"\\u007f\\u0080\\u07ff\\u0800\\uffff",
		 "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		char json[256];
		struct conf_value value;

		(void)snprintf(json, sizeof(json), "{'plai':1,'plainer':2,'%s':'here','x':3}",
			       cases[i].spelt);

		struct conf_value root = open_document(json);

		ck_assert_msg(conf_find(&value, &root, cases[i].key), "%s", cases[i].spelt);
		ck_assert_str_eq(text_of(&value), "\"here\"");
		conf_close(&file);
	}
}
END_TEST

START_TEST(a_place_is_named_so_that_it_can_be_found)
{
	struct conf_value root = open_document("{'a':{'b c':[0,{'9':1,'d_9':2,'':3,'e.f':4}]}}");
	static const char *const places[][2] = {
		{"9", "$.a[\"b c\"][1][\"9\"]"},
		{"d_9", "$.a[\"b c\"][1].d_9"},
		{"", "$.a[\"b c\"][1][\"\"]"},
		{"e.f", "$.a[\"b c\"][1][\"e.f\"]"},
	};
	char place[CONF_PLACE_LEN_MAX];
	struct conf_value a, b, value;

	ck_assert(conf_find(&a, &root, "a") && conf_find(&b, &a, "b c"));

	struct conf_value last = conf_element(&b, 1);

	for (unsigned int i = 0; i < COUNT_OF(places); i++) {
		ck_assert(conf_find(&value, &last, places[i][0]));
		ck_assert_str_eq(conf_place(place, &value), places[i][1]);
	}
	ck_assert_str_eq(conf_place(place, &root), "$");
	conf_close(&file);
}
END_TEST

START_TEST(a_long_place_is_cut)
{
	static char json[1024];
	char key[512];
	char place[CONF_PLACE_LEN_MAX];
	struct conf_value a, b, c;

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = 0;
	(void)snprintf(json, sizeof(json), "{'a':{'%s':{'c':1}}}", key);

	struct conf_value root = open_document(json);

	ck_assert(conf_find(&a, &root, "a") && conf_find(&b, &a, key) && conf_find(&c, &b, "c"));
	ck_assert_uint_eq(strlen(conf_place(place, &c)), CONF_PLACE_LEN_MAX - 1);
	conf_close(&file);
}
END_TEST

START_TEST(lines_and_columns_count_from_1_in_characters)
{
	static const char lines[] = "a\xc3\xbc"
				    "b\n\n\tx\r\n\xe2\x82\xac"
				    "e";
	static const struct {
		size_t offset;
		uint32_t line, column;
	} cases[] = {{0, 1, 1}, {1, 1, 2}, {3, 1, 3},  {4, 1, 4},  {5, 2, 1},
		     {6, 3, 1}, {7, 3, 2}, {10, 4, 1}, {13, 4, 2}, {14, 4, 3}};

	ck_assert_uint_eq(sizeof(lines) - 1, 14);
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct place place = text_place(lines, sizeof(lines) - 1, cases[i].offset);

		ck_assert_uint_eq(place.line, cases[i].line);
		ck_assert_uint_eq(place.column, cases[i].column);
	}
}
END_TEST

START_TEST(the_places_of_a_locator_are_those_of_its_text)
{
	size_t len = document(text, "[1,\n\n '\xc3\xbc',\n{'k':\n2}\n]\n\n");
	struct locator *locator;

	ck_assert_int_eq(locator_make(&locator, text, len), 0);
	for (size_t offset = 0; offset <= len; offset++) {
		struct place place = locator_place(locator, offset);
		struct place want = text_place(text, len, offset);

		ck_assert_uint_eq(place.line, want.line);
		ck_assert_uint_eq(place.column, want.column);
		ck_assert_uint_eq(locator_line(locator, offset), want.line);
	}
	locator_free(locator);
}
END_TEST

START_TEST(the_token_a_reader_stopped_at_starts_where_it_starts)
{
	static const char json[] = "{ \"a b\" : nul, \"c\\\"";
	static const struct {
		size_t read, want;
	} cases[] = {{0, 0},   {1, 0},	 {2, 0},   {3, 2},   {7, 2},   {8, 2},	{9, 8},
		     {11, 10}, {13, 10}, {14, 13}, {16, 15}, {19, 15}, {99, 15}};

	ck_assert_uint_eq(sizeof(json) - 1, 19);
	for (unsigned int i = 0; i < COUNT_OF(cases); i++)
		ck_assert_uint_eq(last_token(json, sizeof(json) - 1, cases[i].read), cases[i].want);
}
END_TEST

/* The JSON library drops a NUL behind a number or a word, and would take such a text. */
START_TEST(a_NUL_byte_is_refused_wherever_it_stands)
{
	static const char json[] = "{\"a\":[1,true,\"x\"],\n\"b\":{}}";
	static char told[DOCUMENT_LEN_MAX];
	size_t len = sizeof(json) - 1;

	for (size_t at = 0; at <= len; at++) {
		char want[64];
		struct place place = text_place(json, len, at);

		memcpy(text, json, at);
		text[at] = 0;
		memcpy(text + at + 1, json + at, len - at);
		report_init(&report);
		ck_assert_int_eq(conf_parse(&file, "x.json", text, len + 1, &report), -EINVAL);
		(void)snprintf(want, sizeof(want), "%u:%u: a NUL byte", place.line, place.column);
		ck_assert_str_eq(problems(told, &report, "x.json"), want);
	}
}
END_TEST

/* Random documents: arrays of arrays, objects and words, whose texts are known as they are made. */
static size_t grow(char *out, uint64_t *random, unsigned int depth)
{
	static const char *const words[] = {"1", "\"a]\"", "null", "\"\\\"\"", " [ ] ", "{}\n"};
	size_t at = 0;

	if (!depth)
		return (size_t)sprintf(out, "%s", words[next_random(random) % COUNT_OF(words)]);

	bool object = next_random(random) % 2;
	uint64_t count = 1 + next_random(random) % 3;

	out[at++] = object ? '{' : '[';
	for (uint64_t i = 0; i < count; i++) {
		if (i)
			out[at++] = ',';
		if (object)
			at += (size_t)sprintf(out + at, " \"k%u\" :", (unsigned int)i);
		at += grow(out + at, random, depth - 1);
	}
	out[at++] = object ? '}' : ']';
	out[at] = 0;
	return at;
}

/* Every value, parsed again by itself, must be the same as what was found in the whole. */
static void check_values(const struct conf_value *value)
{
	struct report other;
	struct conf_file part;
	size_t start;
	size_t end;

	conf_span(value, &start, &end);
	report_init(&other);
	if (text[start] == '{' || text[start] == '[') {
		ck_assert_int_eq(conf_parse(&part, "part", text + start, end - start, &other), 0);
		ck_assert_uint_eq(locator_count(part.locator, 0),
				  locator_count(value->file->locator, value->node));
		conf_close(&part);
	}
	for (size_t i = 0; i < conf_count(value); i++) {
		struct conf_value element = conf_element(value, i);

		check_values(&element);
	}
	for (unsigned int i = 0; i < 3; i++) {
		char key[] = {'k', (char)('0' + i), 0};
		struct conf_value member;

		if (!conf_find(&member, value, key))
			continue;
		ck_assert(!strncmp(text + conf_key(&member) + 1, key, 2));
		check_values(&member);
	}
}

START_TEST(random_documents_are_taken_apart_as_they_were_put_together)
{
	uint64_t random = 7;

	for (unsigned int i = 0; i < 300; i++) {
		report_init(&report);

		size_t len = grow(text, &random, 1 + i % 5);

		ck_assert_int_eq(conf_parse(&file, "x.json", text, len, &report), 0);

		struct conf_value root = conf_root(&file);

		check_values(&root);
		conf_close(&file);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("locate");
	TCase *locate = tcase_create("locate");

	tcase_add_test(locate, the_text_of_every_value_is_found);
	tcase_add_test(locate, a_key_is_found_however_it_is_spelt);
	tcase_add_test(locate, a_place_is_named_so_that_it_can_be_found);
	tcase_add_test(locate, a_long_place_is_cut);
	tcase_add_test(locate, lines_and_columns_count_from_1_in_characters);
	tcase_add_test(locate, the_places_of_a_locator_are_those_of_its_text);
	tcase_add_test(locate, the_token_a_reader_stopped_at_starts_where_it_starts);
	tcase_add_test(locate, a_NUL_byte_is_refused_wherever_it_stands);
	tcase_add_test(locate, random_documents_are_taken_apart_as_they_were_put_together);
	suite_add_tcase(suite, locate);
	return suite;
}
