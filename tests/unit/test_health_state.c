/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "document.h"
#include "health_view.h"
#include "healthcheck/background.h"
#include "healthcheck/state_file.h"
#include "scratch.h"
#include "suite.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/service.h"

static const struct state_time before = {.now_ms = 9000000, .wall_ms = 1796040000000};
static struct health_view view;
static struct report report;
static char told[DOCUMENT_LEN_MAX];

/* Something is known of everything. */
static void fill(struct health_view *all)
{
	health_view_make(all);
	for (unsigned int i = 0; i < VIEW_BACKENDS; i++) {
		struct judge_backend *backend = &all->backends[i];

		backend->is_known = i != 1;
		backend->healthy = i % 2;
		backend->degraded = i == 2;
		backend->held = i == 3;
		backend->fit = i < 3;
		backend->since_ms = i ? before.now_ms - 1000 * i : 0;
		for (unsigned int flap = 0; flap < 3 * i + 1; flap++)
			backend->flaps_ms[flap] = before.now_ms - 1000 - 77777 * flap;
	}
	for (unsigned int i = 0; i < VIEW_CHECKS; i++) {
		all->checks[i] = (struct judge_check){.status = (enum judge_status)i,
						      .since_ms = before.now_ms - 5};
		all->degraded[i] = i == 2;
	}
}

static int parse_at(struct health_view *all, const char *text, const struct state_time *time)
{
	int err;

	report_init(&report);
	err = state_parse(&all->view, time, "health.json", text, strlen(text), &report);
	(void)problems(told, &report, "health.json");
	return err;
}

/* What is in `view`, as a file. */
static char *text_of_view(void)
{
	size_t len;
	char *text = state_text(&len, &view.view, &before);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

START_TEST(what_is_written_is_read_as_it_was)
{
	static struct health_view other;
	char *text;

	fill(&view);
	text = text_of_view();
	health_view_make(&other);
	ck_assert_msg(!parse_at(&other, text, &before), "%s", told);
	ck_assert(health_view_same(&view, &other));
	free(text);
}
END_TEST

START_TEST(times_outlive_the_clock_that_they_were_of)
{
	/* a minute later, half of it after a boot */
	static const struct state_time after = {.now_ms = 30000, .wall_ms = 1796040060000};
	static struct health_view other;
	char *text;

	fill(&view);
	text = text_of_view();
	health_view_make(&other);
	ck_assert_int_eq(parse_at(&other, text, &after), 0);
	for (unsigned int i = 1; i < VIEW_BACKENDS; i++) {
		ck_assert_uint_eq(after.now_ms - other.backends[i].since_ms, 60000 + 1000 * i);
		for (unsigned int flap = 0; flap < 3 * i + 1; flap++)
			ck_assert_uint_eq(after.now_ms - other.backends[i].flaps_ms[flap],
					  61000 + 77777 * flap);
	}
	ck_assert_uint_eq(other.backends[0].since_ms, 0);
	ck_assert_uint_eq(after.now_ms - other.checks[0].since_ms, 60005);
	free(text);
}
END_TEST

START_TEST(no_time_becomes_since_ever)
{
	/* as old as the clock itself */
	static const struct state_time after = {.now_ms = 5000, .wall_ms = 1796040005000 - 5};
	static struct health_view other;
	char *text;

	fill(&view);
	text = text_of_view();
	health_view_make(&other);
	ck_assert_int_eq(parse_at(&other, text, &after), 0);
	ck_assert_uint_eq(other.checks[0].since_ms, 1);
	free(text);
}
END_TEST

START_TEST(a_time_of_day_that_went_back_makes_nothing_older)
{
	static const struct state_time after = {.now_ms = 30000, .wall_ms = 1000};
	char *text;

	fill(&view);
	text = text_of_view();
	ck_assert_int_eq(parse_at(&view, text, &after), 0);
	ck_assert_uint_eq(view.backends[4].since_ms, after.now_ms);
	ck_assert_uint_eq(view.backends[4].flaps_ms[1], after.now_ms);
	free(text);
}
END_TEST

/* A file with one backend in a table of a name, and a check. */
#define BACKEND(ip)                                                                                \
	"{'ip':'" ip "','known':true,'healthy':true,'degraded':false,'held':false,'fit':true,"     \
	"'since':5,'flaps':[]}"
#define TABLE(name, backends) "{'name':'" name "','backends':[" backends "]}"
#define CHECK(name)	      "{'name':'" name "','status':'up','degraded':false,'since':0}"
#define WITH(tables, checks)                                                                       \
	"{'format':'glb-healthcheck state','version':1,'tables':[" tables "],'checks':[" checks "]}"

static const char *text_of(const char *json)
{
	static char text[DOCUMENT_LEN_MAX];

	(void)document(text, json);
	return text;
}

START_TEST(tables_are_found_by_name_or_place_backends_by_address)
{
	static const struct {
		const char *tables;
		bool known[VIEW_BACKENDS];
	} cases[] = {
		{TABLE("other", BACKEND("192.0.2.1")) "," TABLE("web", BACKEND("192.0.2.2")),
		 {[1] = true}},
		{TABLE("web", BACKEND("192.0.2.2") "," BACKEND("192.0.2.1")), {true, true}},
		/* those without a name: only where they were */
		{TABLE("", BACKEND("192.0.2.3")), {false}},
		{TABLE("x", "") "," TABLE("", BACKEND("192.0.2.3")), {[2] = true}},
		{TABLE("x", "") "," TABLE("", BACKEND("192.0.2.4")), {false}},
		/* of several with one name that at the same place */
		{TABLE("web", BACKEND("192.0.2.1")) "," TABLE("web", BACKEND("192.0.2.2")), {true}},
		{TABLE("web", BACKEND("2001:db8::1")), {false}},
		{TABLE("x", "") "," TABLE("mail \\\"é\\\"\\n", BACKEND("2001:db8::1")),
		 {[5] = true}},
		{"", {false}},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		char json[4096];

		(void)snprintf(json, sizeof(json), WITH("%s", ), cases[i].tables);
		health_view_make(&view);
		ck_assert_msg(!parse_at(&view, text_of(json), &before), "%s", told);
		for (unsigned int b = 0; b < VIEW_BACKENDS; b++)
			ck_assert_msg(view.backends[b].is_known == cases[i].known[b],
				      "case %u, backend %u", i, b);
	}
}
END_TEST

START_TEST(checks_are_found_by_name)
{
	health_view_make(&view);
	ck_assert_int_eq(parse_at(&view,
				  text_of(WITH(, CHECK("http 192.0.2.1:80 /") "," CHECK("gone"))),
				  &before),
			 0);
	ck_assert_int_eq(view.checks[0].status, JUDGE_UNKNOWN);
	ck_assert_int_eq(view.checks[1].status, JUDGE_UP);
}
END_TEST

START_TEST(a_file_that_is_not_ours_is_not_used_at_all)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {
		{"", "1:1"},
		{"{'format':'glb-healthcheck state','version':1,'tables':[{'name':'web','back",
		 "1:"},
		{"[]", "$: "},
		{"{'src':'/etc/tables.json'}", "$.format: "},
		{"{'format':'other','version':1,'tables':[],'checks':[]}", "$.format: "},
		{"{'format':'glb-healthcheck state','version':2,'tables':[],'checks':[]}",
		 "$.version: is 2, and this program knows 1 alone"},
		{"{'format':'glb-healthcheck state','version':1,'tables':[]}", "$.checks: "},
		{WITH(TABLE("web", BACKEND("192.0.2.1")), "{}"), "$.checks[0]"},
		{WITH(TABLE("web", BACKEND("192.0.2.1")), CHECK("a") "," CHECK("a")),
		 "$.checks: has \"a\" twice"},
		{WITH(TABLE("web", BACKEND("192.0.2.1") "," BACKEND("192.0.2.1")), ),
		 "$.tables[0].backends: has 192.0.2.1 twice"},
		{WITH(TABLE("web", BACKEND("192.0.2.300")), ), "$.tables[0].backends[0].ip: "},
		{WITH(TABLE("web", BACKEND("192.0.2.1','x':'")), ), "$.tables[0].backends[0].x: "},
		{WITH(TABLE("web", BACKEND("192.0.2.1") ",7"), ), "$.tables[0].backends[1]: "},
		{WITH(, "{'name':'a','status':'fine','degraded':false,'since':0}"),
		 "$.checks[0].status: "},
		{WITH(, "{'name':'a','status':'up','degraded':false,'since':-1}"),
		 "$.checks[0].since: "},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		static struct health_view blank;

		health_view_make(&view);
		health_view_make(&blank);
		ck_assert_int_eq(parse_at(&view, text_of(cases[i].json), &before), -EINVAL);
		ck_assert_msg(strstr(told, cases[i].why), "case %u: %s", i, told);
		ck_assert(health_view_same(&view, &blank));
	}
}
END_TEST

START_TEST(flaps_are_few_newest_first_and_at_a_time)
{
	static const char *const flaps[] = {
		"1,2",
		"0",
		"17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1",
		"true",
	};

	for (unsigned int i = 0; i < COUNT_OF(flaps); i++) {
		char json[1024];

		health_view_make(&view);
		(void)snprintf(json, sizeof(json),
			       WITH(TABLE("web", "{'ip':'192.0.2.1','known':true,'healthy':true,"
						 "'degraded':false,'held':false,'fit':true,"
						 "'since':5,'flaps':[%s]}"), ),
			       flaps[i]);
		ck_assert_int_eq(parse_at(&view, text_of(json), &before), -EINVAL);
		ck_assert_msg(strstr(told, "$.tables[0].backends[0].flaps"), "%s", told);
	}
}
END_TEST

START_TEST(a_huge_file_is_not_used)
{
	char *text = malloc((size_t)STATE_LEN_MAX + 2);

	memset(text, ' ', (size_t)STATE_LEN_MAX + 1);
	text[STATE_LEN_MAX + 1] = '\0';
	ck_assert_int_eq(parse_at(&view, text, &before), -EINVAL);
	ck_assert_str_eq(told, " has 16777217 bytes, more than 16777216");
	free(text);
}
END_TEST

/* --- The file --- */

static struct loop *loop;
static struct background *background;
static struct state_file *file;
static unsigned int texts; /* that were asked for */

static char *give_text(void *arg, size_t *len_out)
{
	(void)arg;
	texts++;
	return state_text(len_out, &view.view, &before);
}

static void open_file(const char *path)
{
	const struct state_source source = {.text = give_text};

	fill(&view);
	ck_assert_int_eq(loop_open(&loop), 0);
	ck_assert_int_eq(background_open(&background, loop), 0);
	ck_assert_int_eq(state_file_open(&file, loop, background, &source, path), 0);
}

static void close_file(void)
{
	state_file_now(file);
	ck_assert(background_finish(background, 10000));
	state_file_close(file);
	background_close(background);
	loop_close(loop);
}

static void end_soon(void *arg)
{
	(void)arg;
	loop_end(loop);
}

static void run_for(unsigned int ms)
{
	ck_assert_int_eq(loop_after(loop, ms, end_soon, NULL), 0);
	loop_run(loop);
}

START_TEST(many_changes_are_one_file_a_second)
{
	static struct health_view other;

	open_file(scratch_file);
	run_for(20);
	ck_assert_uint_eq(texts, 0);

	uint64_t begin_ms = clock_ms();

	/* all but the first come while that is being written */
	for (unsigned int i = 0; i < 50; i++)
		state_file_changed(file, i);
	while (texts < 2 && clock_ms() - begin_ms < 60000)
		run_for(1);
	ck_assert_uint_eq(texts, 2);
	ck_assert_uint_ge(clock_ms() - begin_ms, STATE_PAUSE_MS);
	ck_assert(background_finish(background, 10000));
	ck_assert_uint_eq(state_file_status(file).written, 2);

	/* what has changed at the end does not wait; what has not is not written */
	state_file_changed(file, 49);
	state_file_now(file);
	ck_assert_uint_eq(texts, 2);
	state_file_changed(file, 50);
	state_file_now(file);
	ck_assert_uint_eq(texts, 3);
	ck_assert(background_finish(background, 10000));
	close_file();
	ck_assert_uint_eq(texts, 3);
	health_view_make(&other);
	state_read(&other.view, scratch_file);
	for (unsigned int i = 0; i < VIEW_BACKENDS; i++)
		ck_assert(other.backends[i].is_known == view.backends[i].is_known);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_tried_again_and_not_at_once)
{
	char path[sizeof(scratch_file) + 8];

	(void)snprintf(path, sizeof(path), "%s/x/y", scratch_dir);
	open_file(path);
	state_file_changed(file, 1);
	ck_assert(background_finish(background, 10000));
	run_for(20);
	ck_assert_uint_eq(texts, 1);
	ck_assert_uint_eq(state_file_status(file).failed, 1);
	ck_assert_str_eq(state_file_status(file).why, file_reason(-ENOENT));
	close_file();
	ck_assert_uint_eq(texts, 2);
}
END_TEST

START_TEST(a_start_takes_what_there_is_and_goes_on_without)
{
	static const char *const contents[] = {
		"",
		"{",
		"\xff\xfe{",
		"{\"format\": \"glb-healthcheck state\", \"version\": 9}",
	};
	static struct health_view blank;

	health_view_make(&view);
	health_view_make(&blank);
	state_read(&view.view, "/nonexistent/health.json");
	state_read(&view.view, scratch_dir);
	state_read(&view.view, "/dev/zero");
	for (unsigned int i = 0; i < COUNT_OF(contents); i++) {
		scratch_write(contents[i]);
		state_read(&view.view, scratch_file);
	}
	ck_assert(health_view_same(&view, &blank));
}
END_TEST

START_TEST(the_file_is_where_it_was_said_or_the_service_manager_has_it)
{
	char path[PATH_MAX];
	char long_name[PATH_MAX];

	ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
	ck_assert(!service_state_file(path, "", STATE_NAME));
	ck_assert_int_eq(setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1), 0);
	ck_assert(service_state_file(path, "", STATE_NAME));
	ck_assert_str_eq(path, "/var/lib/a/health.json");
	ck_assert(service_state_file(path, "/x:y", STATE_NAME));
	ck_assert_str_eq(path, "/x:y/health.json");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ck_assert(!service_state_file(path, "/x", long_name));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("health state");
	TCase *texts_case = tcase_create("text");
	TCase *files = tcase_create("file");

	tcase_add_test(texts_case, what_is_written_is_read_as_it_was);
	tcase_add_test(texts_case, times_outlive_the_clock_that_they_were_of);
	tcase_add_test(texts_case, no_time_becomes_since_ever);
	tcase_add_test(texts_case, a_time_of_day_that_went_back_makes_nothing_older);
	tcase_add_test(texts_case, tables_are_found_by_name_or_place_backends_by_address);
	tcase_add_test(texts_case, checks_are_found_by_name);
	tcase_add_test(texts_case, a_file_that_is_not_ours_is_not_used_at_all);
	tcase_add_test(texts_case, flaps_are_few_newest_first_and_at_a_time);
	tcase_add_test(texts_case, a_huge_file_is_not_used);
	suite_add_tcase(suite, texts_case);
	tcase_add_checked_fixture(files, scratch_make, scratch_remove);
	tcase_add_test(files, many_changes_are_one_file_a_second);
	tcase_add_test(files, a_file_that_cannot_be_written_is_tried_again_and_not_at_once);
	tcase_add_test(files, a_start_takes_what_there_is_and_goes_on_without);
	tcase_add_test(files, the_file_is_where_it_was_said_or_the_service_manager_has_it);
	suite_add_tcase(suite, files);
	return suite;
}
