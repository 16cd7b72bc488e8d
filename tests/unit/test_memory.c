/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What if memory runs out?
 *
 * The linker turns every allocation of ours into the ones below (--wrap), which refuse one in every
 * attempt: wherever the program asks for memory, by all the calls that lead there, it is refused
 * the first time, the second, the fourth and so on. Whatever was asked for must then fail with
 * -ENOMEM and words, leave its output alone and lose nothing; the leak checker of sanitized builds
 * watches the latter.
 */
#include <errno.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/diff.h>
#include <glb/image.h>
#include <glb/meter.h>
#include <glb/plan.h>
#include <glb/rendezvous.h>

#include "conf/health.h"
#include "conf/tables.h"
#include "director/backend_stats.h"
#include "document.h"
#include "fixture.h"
#include "suite.h"
#include "sys/file.h"

enum { PLACES_MAX = 500, CALLS = 6 };

/* Where memory is asked for. */
struct call_site {
	void *calls[CALLS];   /* return addresses that lead there; NULL where there are fewer */
	unsigned int count;   /* of allocations in this attempt */
	unsigned int refused; /* the next one that is refused, from 1 */
};
static struct call_site places[PLACES_MAX];
static unsigned int place_count;
static bool is_starving; /* the first that is due is refused */
static bool was_refused; /* in this attempt */

static struct call_site *find_place(void)
{
	struct call_site here = {.refused = 1};

	(void)backtrace(here.calls, CALLS);
	for (unsigned int i = 0; i < place_count; i++)
		if (!memcmp(places[i].calls, here.calls, sizeof(here.calls)))
			return &places[i];
	if (place_count == PLACES_MAX)
		abort();
	places[place_count] = here;
	return &places[place_count++];
}

static bool refused(void)
{
	struct call_site *place = is_starving ? find_place() : NULL;

	if (!place || ++place->count < place->refused)
		return false;
	place->refused *= 2;
	is_starving = false;
	was_refused = true;
	return true;
}

/* Ends an attempt before it is judged: Check allocates, too. Returns err. */
static int judged(int err)
{
	is_starving = false;
	return err;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

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

char *__wrap_strndup(const char *text, size_t len)
{
	return refused() ? NULL : __real_strndup(text, len);
}

/*
 * Runs `attempt`, which returns what the function under test returned after checking what a failure
 * must leave alone, until it gets all that it asks for.
 */
static void starve(int (*attempt)(struct glb_diag *diag))
{
	place_count = 0;
	do {
		struct glb_diag diag = {{0}};

		for (unsigned int i = 0; i < place_count; i++)
			places[i].count = 0;
		is_starving = true;
		was_refused = false;

		int err = judged(attempt(&diag));

		ck_assert_msg(err == (was_refused ? -ENOMEM : 0), "%d, \"%s\"", err, diag.text);
		if (err)
			ck_assert_ptr_nonnull(strstr(diag.text, "out of memory"));
	} while (was_refused);
	ck_assert_uint_gt(place_count, 0);
}

/* Writes the reason of a function that gives none, so that all can be checked for one. */
static int without_words(int err, struct glb_diag *diag)
{
	if (err)
		glb_diag(diag, "out of memory");
	return err;
}

static struct glb_tables tables;
static struct glb_tables known; /* one table with every option */
static uint8_t *image;

/* Backends with every option. */
static struct glb_backend backends[] = {
	{.addr = {{10, 0, 0, 1}, 4}, .state = GLB_ACTIVE, .healthy = true, .weight = 50, .zone = 1},
	{.addr = {{10, 0, 0, 2}, 4}, .state = GLB_ACTIVE, .healthy = true, .weight = 60, .zone = 2},
	{.addr = {{10, 0, 0, 3}, 4}, .state = GLB_ACTIVE, .healthy = true, .weight = 70, .zone = 1},
};
static struct glb_bind bind = {{{192, 0, 2, 10}, 4}, 32, GLB_PROTO_TCP, 80, 80, false};

static struct glb_table_spec spec_with_options(void)
{
	static char name[] = "named";
	static char zones[] = "a\0b";

	return (struct glb_table_spec){
		.name = name,
		.zones = zones,
		.zones_len = sizeof(zones),
		.hops = 3,
		.backends = backends,
		.binds = &bind,
		.backend_count = COUNT_OF(backends),
		.bind_count = 1,
	};
}

static void make_tables(void)
{
	tables = fixture_tables();
	image = malloc(glb_image_len(&tables));
	glb_image_write(image, &tables);

	struct glb_table_spec spec = spec_with_options();

	ck_assert_int_eq(glb_tables_build(&known, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
}

static void free_tables(void)
{
	glb_tables_free(&tables);
	glb_tables_free(&known);
	free(image);
}

/* With a change, or there would be nothing to build. */
static int build_from(const struct glb_tables *old, struct glb_diag *diag)
{
	struct glb_backend changed[COUNT_OF(backends)];
	struct glb_table_spec spec = spec_with_options();
	struct glb_tables built = {.count = 99};

	memcpy(changed, backends, sizeof(changed));
	changed[0].healthy = !changed[0].healthy;
	spec.backends = changed;

	int err = judged(glb_tables_build(&built, &(struct glb_spec){&spec, 1}, old, diag));

	ck_assert_int_eq(built.count == 99, err != 0);
	if (!err)
		glb_tables_free(&built);
	return err;
}

static int build_balanced(struct glb_diag *diag)
{
	struct glb_backend equals[COUNT_OF(backends)];
	struct glb_table_spec spec = spec_with_options();
	struct glb_tables built = {.count = 99};

	memcpy(equals, backends, sizeof(equals));
	for (unsigned int i = 0; i < COUNT_OF(equals); i++)
		equals[i].zone = 0;
	spec.backends = equals;
	spec.zones = NULL;
	spec.zones_len = 0;
	spec.max_load = 105;

	int err = judged(glb_tables_build(&built, &(struct glb_spec){&spec, 1}, NULL, diag));

	ck_assert_int_eq(built.count == 99, err != 0);
	if (!err)
		glb_tables_free(&built);
	return err;
}

static int build_tables(struct glb_diag *diag)
{
	return build_from(NULL, diag);
}

static int rebuild_tables(struct glb_diag *diag)
{
	return build_from(&known, diag);
}

static struct glb_row rows[GLB_ROWS];

static int rank_rows(struct glb_diag *diag)
{
	struct glb_table_spec spec = spec_with_options();

	return without_words(glb_rank_rows(rows, &spec), diag);
}

static int rank_rows_from(struct glb_diag *diag)
{
	struct glb_table_spec spec = spec_with_options();
	const struct glb_table *table = known.tables[0];

	return without_words(glb_rank_rows_from(rows, &spec, table->ranking, &table->spec), diag);
}

static int compare_tables(struct glb_diag *diag)
{
	struct glb_diff_backend list[8];
	unsigned int count = 99;
	struct glb_diff diff = {.owned = 99};
	int err = judged(glb_diff(&diff, list, &count, known.tables[0], tables.tables[0], false));

	ck_assert_int_eq(count == 99, err != 0);
	ck_assert_int_eq(diff.owned == 99, err != 0);
	return without_words(err, diag);
}

/* To another backend and more hops; with equal weights and zones, which are quicker to rank. */
static int make_plan(struct glb_diag *diag)
{
	struct glb_backend had[2] = {backends[0], backends[0]};
	struct glb_backend wanted[2] = {backends[0], backends[0]};
	struct glb_table_spec old = spec_with_options();
	struct glb_table_spec new = spec_with_options();
	struct glb_plan plan = {.step_count = 99};
	int err;

	had[1].addr.bytes[3] = 2;
	wanted[1].addr.bytes[3] = 3;
	old.backends = had;
	new.backends = wanted;
	old.backend_count = new.backend_count = 2;
	err = judged(glb_plan_make(&plan, &old, &new, diag));
	ck_assert_int_eq(plan.step_count == 99, err != 0);
	if (!err) {
		ck_assert_uint_ge(plan.step_count, 4);
		glb_plan_free(&plan);
	}
	return err;
}

static int copy_spec(struct glb_diag *diag)
{
	struct glb_table_spec spec = spec_with_options();
	struct glb_table_spec copy = {.hops = 99};
	int err = judged(glb_table_spec_copy(&copy, &spec));

	ck_assert_int_eq(copy.hops == 99, err != 0);
	if (!err)
		glb_table_spec_clear(&copy);
	return without_words(err, diag);
}

static int make_meters(struct glb_diag *diag)
{
	const struct glb_meter_rule rules[] = {{{{192, 0, 2, 10}, 4}, 32, 1000, 100},
					       {{{192, 0, 2, 11}, 4}, 32, 1000, 100}};
	struct glb_meters *before = NULL;
	struct glb_meters *meters = NULL;
	int err = judged(glb_meters_make(&before, rules, 1, NULL));

	if (!err)
		err = judged(glb_meters_make(&meters, rules, 2, before));
	if (err)
		ck_assert_ptr_null(meters);
	glb_meters_free(before);
	glb_meters_free(meters);
	return without_words(err, diag);
}

static int read_image(struct glb_diag *diag)
{
	struct glb_tables read = {.count = 99};
	int err = judged(glb_image_read(&read, image, glb_image_len(&tables), diag));

	ck_assert_int_eq(read.count == 99, err != 0);
	if (!err)
		glb_tables_free(&read);
	return err;
}

/* Of version 3, with a name. */
static int read_long_image(struct glb_diag *diag)
{
	size_t len = glb_image_len(&known);
	uint8_t *bytes = __real_malloc(len);
	struct glb_tables read = {.count = 99};
	int err;

	glb_image_write(bytes, &known);
	err = judged(glb_image_read(&read, bytes, len, diag));
	free(bytes);
	ck_assert_int_eq(read.count == 99, err != 0);
	if (!err) {
		ck_assert_str_eq(read.tables[0]->spec.name, "named");
		glb_tables_free(&read);
	}
	return err;
}

static int make_generation(struct glb_diag *diag)
{
	struct glb_tables given = tables;
	struct glb_generation *gen = NULL;
	int err = judged(glb_generation_make(&gen, 1, &fixture_settings, &given, diag));

	if (err) {
		ck_assert_ptr_null(gen);
		ck_assert_ptr_eq(given.tables, tables.tables);
	} else {
		tables = (struct glb_tables){0};
		glb_generation_free(gen);
	}
	return err;
}

static struct glb_generation *shared;

static int change_ports(struct glb_diag *diag)
{
	struct glb_generation *next = NULL;
	int err = judged(glb_generation_with_ports(&next, shared, shared->settings.ports));

	if (err) {
		ck_assert_ptr_null(next);
		ck_assert_uint_eq(*shared->refs, 1);
	}
	glb_generation_free(next);
	return without_words(err, diag);
}

static int replicate(struct glb_diag *diag)
{
	struct glb_generation *replica = NULL;
	int err = judged(glb_generation_replicate(&replica, shared, 1));

	ck_assert_int_eq(!replica, err != 0);
	glb_generation_free(replica);
	return without_words(err, diag);
}

static int parse_spec(struct glb_diag *diag)
{
	static char text[DOCUMENT_LEN_MAX];
	static const char key[] = "'00112233445566778899aabbccddeeff'";
	char json[512];
	struct glb_spec spec = {.table_count = 99};

	(void)snprintf(json, sizeof(json),
		       "{'tables':[{'name':'web','hash_key':%s,'seed':%s,'binds':[{'ip':'::',"
		       "'proto':'tcp','port':1}],'backends':[{'ip':'10.0.0.1','state':'active','"
		       "zone':'a'}],"
		       "'hops':3}]}",
		       key, key);

	struct report report;

	report_init(&report);

	int err = judged(spec_parse(&spec, "t.json", text, document(text, json), &report));

	if (err)
		glb_diag(diag, "%s", report.problems[0].reason);

	ck_assert_int_eq(spec.table_count == 99, err != 0);
	if (!err)
		glb_spec_free(&spec);
	return err;
}

/* A table whose backends have a check of each type. */
static size_t write_checked(char *text)
{
	return document(
		text,
		"{'tables':[{'name':'web','hash_key':'00112233445566778899aabbccddeeff',"
		"'seed':'0f1e2d3c4b5a69788796a5b4c3d2e1f0',"
		"'binds':[{'ip':'192.0.2.1','proto':'tcp','port':80}],'healthchecks':{"
		"'tcp':80,'http':80,'http_uri':'/up','gue':7,'fou':7,'second_chance':true,"
		"'https':{'port':443,'method':'HEAD','path':'/up','host':'h','headers':{'A':'b'}},"
		"'udp':{'port':53,'send':'x','expect_hex':'00'},'exec':['/bin/true','x'],"
		"'tunnel':{'http':{'body':'ok'}}},"
		"'backends':[{'ip':'10.0.0.1','state':'active','healthy':true},"
		"{'ip':'10.0.0.2','state':'active','healthchecks':{'tcp':[1,2,3,4,5]}}]}]}");
}

static int parse_plan(struct glb_diag *diag)
{
	static char text[DOCUMENT_LEN_MAX];
	static struct report report;
	struct health_plan plan = {.table_count = 99};

	report_init(&report);

	int err = judged(health_plan_parse(&plan, "t.json", text, write_checked(text), &report));

	if (err)
		glb_diag(diag, "%s", report.problems[0].reason);
	ck_assert_int_eq(plan.table_count == 99, err != 0);
	if (!err) {
		ck_assert_uint_eq(plan.check_count, HEALTH_TYPE_COUNT + 5);
		health_plan_free(&plan);
	}
	return err;
}

static int fill_in(struct glb_diag *diag)
{
	static char text[DOCUMENT_LEN_MAX];
	const bool healthy[] = {false, true};
	size_t len;
	char *filled = health_fill_in(&len, "t.json", text, write_checked(text), healthy, 2);
	int err = judged(filled ? 0 : -ENOMEM);

	free(filled);
	return without_words(err, diag);
}

static int read_file(struct glb_diag *diag)
{
	struct file_bytes file = {.len = 99};
	int err = judged(file_read(&file, "/proc/self/exe", 0)); /* some hundred kilobytes */

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
	starve(build_balanced);
}
END_TEST

START_TEST(building_tables_from_known_ones_fails_cleanly)
{
	starve(rebuild_tables);
}
END_TEST

START_TEST(ranking_fails_cleanly)
{
	starve(rank_rows);
	starve(rank_rows_from);
}
END_TEST

START_TEST(making_meters_fails_cleanly)
{
	starve(make_meters);
}
END_TEST

START_TEST(copying_a_table_fails_cleanly)
{
	starve(copy_spec);
}
END_TEST

START_TEST(comparing_tables_fails_cleanly)
{
	starve(compare_tables);
}
END_TEST

START_TEST(planning_fails_cleanly)
{
	starve(make_plan);
}
END_TEST

/* All that a director does to count what its backends get. */
static int count_backends(struct glb_diag *diag)
{
	static struct backend_stats_count counts[BACKEND_STATS_SLOTS];
	static char lines[4096];
	struct backend_stats_map *map = NULL;
	struct backend_stats stats;
	int err = backend_stats_start(&stats, 1);

	if (err)
		return without_words(err, diag);
	stats.counts[0] = counts;
	err = backend_stats_map_make(&map, &stats, &tables);
	if (!err) {
		FILE *out = fmemopen(lines, sizeof(lines), "w");

		err = backend_stats_print(out, &stats);
		(void)fclose(out);
	}
	backend_stats_map_free(map);
	backend_stats_stop(&stats);
	return without_words(err, diag);
}

START_TEST(tallying_backends_fails_cleanly)
{
	starve(count_backends);
}
END_TEST

START_TEST(reading_an_image_fails_cleanly)
{
	starve(read_image);
	starve(read_long_image);
}
END_TEST

START_TEST(making_a_generation_fails_cleanly)
{
	tables.tables[2]->spec.binds[0].quic = true; /* the servers of a route are memory, too */
	tables.tables[2]->spec.backends[0].has_server_id = true;
	starve(make_generation);
}
END_TEST

START_TEST(changing_ports_and_replicating_fail_cleanly)
{
	ck_assert_int_eq(glb_generation_make(&shared, 1, &fixture_settings, &tables, NULL), 0);
	starve(change_ports);
	starve(replicate);
	glb_generation_free(shared);
}
END_TEST

START_TEST(reading_a_document_fails_cleanly)
{
	starve(parse_spec);
	starve(parse_plan);
	starve(fill_in);
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

	tcase_set_timeout(memory, 0); /* that of the program counts */
	tcase_add_checked_fixture(memory, make_tables, free_tables);
	tcase_add_test(memory, building_tables_fails_cleanly);
	tcase_add_test(memory, building_tables_from_known_ones_fails_cleanly);
	tcase_add_test(memory, ranking_fails_cleanly);
	tcase_add_test(memory, copying_a_table_fails_cleanly);
	tcase_add_test(memory, making_meters_fails_cleanly);
	tcase_add_test(memory, comparing_tables_fails_cleanly);
	tcase_add_test(memory, planning_fails_cleanly);
	tcase_add_test(memory, tallying_backends_fails_cleanly);
	tcase_add_test(memory, reading_an_image_fails_cleanly);
	tcase_add_test(memory, making_a_generation_fails_cleanly);
	tcase_add_test(memory, changing_ports_and_replicating_fail_cleanly);
	tcase_add_test(memory, reading_a_document_fails_cleanly);
	tcase_add_test(memory, reading_a_file_fails_cleanly);
	suite_add_tcase(suite, memory);
	return suite;
}
