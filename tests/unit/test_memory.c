/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What if memory runs out?
 *
 * The linker turns every allocation of ours into the ones below (--wrap), which refuse the one that
 * a test chooses. Whatever was asked for must then fail with -ENOMEM and words, leave its output
 * alone and lose nothing; the leak checker of sanitized builds watches the latter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/image.h>

#include "conf/tables.h"
#include "document.h"
#include "fixture.h"
#include "suite.h"
#include "sys/file.h"

static int allocations_left = -1; /* -1: no end */

static bool refused(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return refused() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return refused() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
	return refused() ? NULL : __real_strdup(text);
}

enum { ENOUGH = 100 }; /* allocations, for anything here */

/*
 * Runs `attempt` with one allocation, two, three and so on, until they suffice. It returns what the
 * function under test returned, after checking what a failure must leave alone.
 */
static void starve(int (*attempt)(struct glb_diag *diag))
{
	int err = -ENOMEM;

	for (int allowed = 0; err; allowed++) {
		struct glb_diag diag = {{0}};

		allocations_left = allowed;
		err = attempt(&diag);
		allocations_left = -1;
		ck_assert_int_lt(allowed, ENOUGH);
		if (!err)
			ck_assert_int_gt(allowed, 0);
		else
			ck_assert_msg(err == -ENOMEM && strstr(diag.text, "out of memory"),
				      "%d allocations: %d, \"%s\"", allowed, err, diag.text);
	}
}

static struct glb_tables tables;
static uint8_t *image;

static void make_tables(void)
{
	tables = fixture_tables();
	image = malloc(glb_image_len(tables.count));
	glb_image_write(image, &tables);
}

static void free_tables(void)
{
	glb_tables_free(&tables);
	free(image);
}

static int build_tables(struct glb_diag *diag)
{
	struct glb_spec spec = fixture_spec;
	struct glb_table_spec named = fixture_spec.tables[2];
	struct glb_tables built = {.count = 99};

	named.name = (char[]){"named"};
	spec.tables = &named;
	spec.table_count = 1;

	int err = glb_tables_build(&built, &spec, diag);

	ck_assert_int_eq(built.count == 99, err != 0);
	if (!err)
		glb_tables_free(&built);
	return err;
}

static int read_image(struct glb_diag *diag)
{
	struct glb_tables read = {.count = 99};
	int err = glb_image_read(&read, image, glb_image_len(tables.count), diag);

	ck_assert_int_eq(read.count == 99, err != 0);
	if (!err)
		glb_tables_free(&read);
	return err;
}

static int make_generation(struct glb_diag *diag)
{
	struct glb_tables given = tables;
	struct glb_generation *gen = NULL;
	int err = glb_generation_make(&gen, 1, &fixture_settings, &given, diag);

	if (err) {
		ck_assert_ptr_null(gen);
		ck_assert_ptr_eq(given.tables, tables.tables);
	} else {
		tables = (struct glb_tables){0};
		glb_generation_free(gen);
	}
	return err;
}

static int parse_spec(struct glb_diag *diag)
{
	static char text[DOCUMENT_LEN_MAX];
	static const char key[] = "'00112233445566778899aabbccddeeff'";
	char json[512];
	struct glb_spec spec = {.table_count = 99};

	(void)snprintf(
		json, sizeof(json),
		"{'tables':[{'name':'web','hash_key':%s,'seed':%s,'binds':[{'ip':'::',"
		"'proto':'tcp','port':1}],'backends':[{'ip':'10.0.0.1','state':'active'}]}]}",
		key, key);

	int err = spec_parse(&spec, "t.json", text, document(text, json), diag);

	ck_assert_int_eq(spec.table_count == 99, err != 0);
	if (!err)
		glb_spec_free(&spec);
	return err;
}

static int read_file(struct glb_diag *diag)
{
	struct file_bytes file = {NULL, 99};
	int err = file_read(&file, "/proc/self/exe"); /* some hundred kilobytes */

	if (err) {
		glb_diag(diag, "out of memory"); /* the caller's words */
		ck_assert_uint_eq(file.len, 99);
	}
	free(file.bytes);
	return err;
}

START_TEST(building_tables_fails_cleanly)
{
	starve(build_tables);
}
END_TEST

START_TEST(reading_an_image_fails_cleanly)
{
	starve(read_image);
}
END_TEST

START_TEST(making_a_generation_fails_cleanly)
{
	starve(make_generation);
}
END_TEST

START_TEST(reading_a_document_fails_cleanly)
{
	starve(parse_spec);
}
END_TEST

START_TEST(reading_a_file_fails_cleanly)
{
	starve(read_file);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *memory = tcase_create("memory");

	tcase_set_timeout(memory, 30);
	tcase_add_checked_fixture(memory, make_tables, free_tables);
	tcase_add_test(memory, building_tables_fails_cleanly);
	tcase_add_test(memory, reading_an_image_fails_cleanly);
	tcase_add_test(memory, making_a_generation_fails_cleanly);
	tcase_add_test(memory, reading_a_document_fails_cleanly);
	tcase_add_test(memory, reading_a_file_fails_cleanly);
	suite_add_tcase(suite, memory);
	return suite;
}
