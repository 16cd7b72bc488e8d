/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "director/effect.h"
#include "director/reload.h"
#include "suite.h"

/* Under a sanitizer for threads this is where a build and the control thread would be seen to race.
 */

enum { ROUNDS = 12, WAIT_MS = 60000 };

static char dir[] = "/tmp/glb-unit-XXXXXX";
static char config_path[64];
static char tables_path[64];
static struct service service;
static struct publish publish;
static struct reload made;

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Two tables, of which the second has a state of its own in every round. */
static void write_tables(unsigned int round)
{
	static const char format[] =
		"{\"tables\": ["
		"{\"hash_key\": \"00112233445566778899aabbccddeeff\","
		" \"seed\": \"00112233445566778899aabbccddeeff\","
		" \"binds\": [{\"ip\": \"192.0.2.1\", \"proto\": \"tcp\", \"port\": 80}],"
		" \"backends\": [{\"ip\": \"10.0.0.1\", \"state\": \"active\", \"healthy\": "
		"true}]},"
		"{\"hash_key\": \"00112233445566778899aabbccddeeff\","
		" \"seed\": \"ff112233445566778899aabbccddeeff\","
		" \"binds\": [{\"ip\": \"192.0.2.2\", \"proto\": \"tcp\", \"port\": 80}],"
		" \"backends\": [{\"ip\": \"10.0.0.1\", \"state\": \"active\", \"healthy\": true},"
		" {\"ip\": \"10.0.0.2\", \"state\": \"active\", \"healthy\": %s}]}]}";
	char text[2048];

	(void)snprintf(text, sizeof(text), format, round % 2 ? "true" : "false");
	write_text(tables_path, text);
}

static void start(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(config_path, sizeof(config_path), "%s/director.json", dir);
	(void)snprintf(tables_path, sizeof(tables_path), "%s/tables.json", dir);
	write_text(config_path, "{\"outbound_gateway_mac\": \"02:00:00:00:00:01\","
				" \"outbound_src_ip\": \"10.0.0.9\"}");
	write_tables(0);
	ck_assert_int_eq(chmod(tables_path, 0600), 0);
	ck_assert_int_eq(service_start(&service), 0);
	made = (struct reload){
		.config_path = config_path,
		.tables_path = tables_path,
		.service = &service,
	};
}

static void stop(void)
{
	(void)unlink(config_path);
	(void)unlink(tables_path);
	(void)rmdir(dir);
}

static struct build build_from(const struct build *from)
{
	struct build build;

	reload_start(&made, from);
	ck_assert(reload_wait(&made, WAIT_MS));
	ck_assert(reload_take(&made, &build));
	ck_assert(!reload_take(&made, &build));
	return build;
}

static void serve_first(void)
{
	struct build from = {.scope = RELOAD_ALL};
	struct glb_generation *gen;

	reload_ask(&made, RELOAD_ALL);

	struct build build = build_from(&from);

	ck_assert_int_eq(build.err, 0);
	ck_assert_int_eq(
		glb_generation_with_ports(&gen, build.served->gen, build.conf.settings.ports), 0);
	served_free(build.served);
	ck_assert_int_eq(publish_start(&publish, gen, NULL, 1), 0);
	publish_join(&publish, 0);
}

/* What the control thread does while a gateway moves. */
static void replace_ports(void)
{
	struct glb_port ports[GLB_PORTS_MAX];
	const struct glb_generation *current = publish.current->gen;
	struct glb_generation *gen;

	memcpy(ports, current->settings.ports, sizeof(ports));
	ports[0].gateway_mac[5]++;
	ck_assert_int_eq(glb_generation_with_ports(&gen, current, ports), 0);
	ck_assert_int_eq(publish_replace(&publish, gen, NULL, NULL), 0);
	publish_quiescent(&publish, 0);
	publish_reclaim(&publish);
}

static void serve(struct build *build)
{
	struct glb_generation *gen;

	ck_assert_int_eq(build->err, 0);
	ck_assert_int_eq(glb_generation_with_ports(&gen, build->served->gen,
						   publish.current->gen->settings.ports),
			 0);
	ck_assert_int_eq(publish_replace(&publish, gen, NULL, build->served), 0);
	served_free(build->served);
	build_clear(build);
}

START_TEST(what_is_served_may_change_while_its_successor_is_built)
{
	serve_first();
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		struct build from = {.known = publish.current->gen->tables};
		struct build build;

		write_tables(round);
		reload_ask(&made, RELOAD_ALL);
		reload_start(&made, &from);
		do
			replace_ports();
		while (!reload_take(&made, &build));
		serve(&build);
		ck_assert_uint_le(publish_held(&publish), 1);
	}
	publish_leave(&publish, 0);
	publish_stop(&publish);
}
END_TEST

START_TEST(what_was_made_is_served_before_its_effect_is_known)
{
	serve_first();
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		struct build from = {.known = publish.current->gen->tables};
		struct glb_generation *gen;
		struct build build;

		write_tables(round);
		reload_ask(&made, RELOAD_ALL);
		ck_assert_ptr_null(reload_made(&made));
		reload_start(&made, &from);
		while (!reload_made(&made))
			replace_ports();

		const struct served *served = reload_made(&made)->served;

		ck_assert_int_eq(glb_generation_with_ports(&gen, served->gen,
							   publish.current->gen->settings.ports),
				 0);
		ck_assert_int_eq(publish_replace(&publish, gen, NULL, served), 0);
		replace_ports(); /* and what was served before is gone */
		ck_assert_ptr_null(publish.retired);
		while (!reload_take(&made, &build))
			;
		ck_assert_ptr_null(reload_made(&made));
		ck_assert_int_eq(build.err, 0);
		ck_assert_ptr_nonnull(build.effect);
		ck_assert_uint_eq(build.effect->changed, 1);
		ck_assert_str_ne(build.effect->tables[0].digest, build.effect->tables[0].was);
		served_free(build.served);
		build_clear(&build);
	}
	publish_leave(&publish, 0);
	publish_stop(&publish);
}
END_TEST

START_TEST(a_build_that_fails_leaves_nothing)
{
	struct build from = {.scope = RELOAD_ALL};

	write_text(tables_path, "{");
	reload_ask(&made, RELOAD_ALL);

	struct build build = build_from(&from);

	ck_assert_int_ne(build.err, 0);
	ck_assert_ptr_null(build.served);
	ck_assert_ptr_nonnull(strstr(build.why.text, "/tables.json:1:2: "));
}
END_TEST

START_TEST(what_nobody_asked_for_is_not_built)
{
	struct build from = {.scope = RELOAD_ALL};
	struct build build;

	reload_start(&made, &from);
	ck_assert(!reload_take(&made, &build));
}
END_TEST

START_TEST(requests_for_all_files_and_for_one_are_one_for_all)
{
	struct build from = {.scope = RELOAD_ALL};

	for (int config_first = 0; config_first < 2; config_first++) {
		reload_ask(&made, config_first ? RELOAD_ALL : RELOAD_DENY);
		reload_ask(&made, RELOAD_TABLES);
		reload_ask(&made, config_first ? RELOAD_DENY : RELOAD_ALL);

		struct build build = build_from(&from);

		ck_assert_int_eq(build.err, 0);
		ck_assert_int_eq(build.scope, RELOAD_ALL);
		ck_assert(!made.asked);
		served_free(build.served);
	}
}
END_TEST

/* What is in force, with a deny file. */
static struct build basis(const char *deny)
{
	struct build from = {.known = publish.current->gen->tables};

	from.conf.settings = publish.current->gen->settings;
	(void)snprintf(from.conf.deny, sizeof(from.conf.deny), "%s", deny);
	return from;
}

START_TEST(a_bad_deny_file_does_not_refuse_tables_that_were_asked_for_with_it)
{
	char deny_path[80];

	serve_first();
	(void)snprintf(deny_path, sizeof(deny_path), "%s/nope.conf", dir);
	for (unsigned int round = 1; round <= 2; round++) {
		struct build from = basis(deny_path);
		struct build build;

		write_tables(round);
		reload_ask(&made, RELOAD_DENY);
		reload_ask(&made, RELOAD_TABLES);
		build = build_from(&from);
		ck_assert_int_eq(build.scope, RELOAD_TABLES);
		serve(&build);
		from = basis(deny_path);
		build = build_from(&from);
		ck_assert_int_eq(build.scope, RELOAD_DENY);
		ck_assert_int_eq(build.err, -ENOENT);
		ck_assert_ptr_null(build.served);
		ck_assert_uint_eq(build.problem_count, 1);
		build_clear(&build);
		ck_assert(!made.asked);
	}
	publish_leave(&publish, 0);
	publish_stop(&publish);
}
END_TEST

START_TEST(neither_tables_nor_the_deny_file_wait_for_ever)
{
	char deny_path[80];

	serve_first();
	(void)snprintf(deny_path, sizeof(deny_path), "%s/nope.conf", dir);
	for (unsigned int round = 0; round < 4; round++) {
		struct build from = basis(deny_path);
		struct build build;

		reload_ask(&made, RELOAD_TABLES);
		reload_ask(&made, RELOAD_DENY);
		build = build_from(&from);
		ck_assert_int_eq(build.scope, round % 2 ? RELOAD_DENY : RELOAD_TABLES);
		if (build.served)
			serve(&build);
		else
			build_clear(&build);
	}
	publish_leave(&publish, 0);
	publish_stop(&publish);
}
END_TEST

START_TEST(a_reload_of_the_deny_file_keeps_everything_else)
{
	const struct glb_table *tables[2];
	char deny_path[80];

	serve_first();
	(void)snprintf(deny_path, sizeof(deny_path), "%s/deny.conf", dir);
	for (unsigned int t = 0; t < 2; t++)
		tables[t] = publish.current->gen->tables.tables[t];
	write_text(tables_path, "{");
	write_text(config_path, "{");
	for (unsigned int count = 1; count <= 3; count++) {
		static const char *const lists[] = {"", "192.0.2.1\n", "192.0.2.1\n192.0.2.3\n",
						    "192.0.2.1\n192.0.2.3\n192.0.2.5\n"};
		struct build from = basis(deny_path);
		struct build build;

		write_text(deny_path, lists[count]);
		reload_ask(&made, RELOAD_DENY);
		build = build_from(&from);
		ck_assert_ptr_nonnull(build.effect);
		ck_assert_uint_eq(build.effect->changed, 0);
		serve(&build);
		ck_assert_uint_eq(publish.current->gen->settings.deny->prefix_count, count);
		for (unsigned int t = 0; t < 2; t++)
			ck_assert_ptr_eq(publish.current->gen->tables.tables[t], tables[t]);
	}
	(void)unlink(deny_path);
	publish_leave(&publish, 0);
	publish_stop(&publish);
}
END_TEST

START_TEST(a_build_that_nobody_takes_is_dropped)
{
	struct build from = {.scope = RELOAD_ALL};

	reload_ask(&made, RELOAD_ALL);
	reload_start(&made, &from);
	ck_assert(reload_wait(&made, WAIT_MS));
	reload_drop(&made);
	reload_drop(&made);
}
END_TEST

static int log_fds[2];

static void take_log(void)
{
	ck_assert_int_eq(pipe(log_fds), 0);
	ck_assert_int_eq(dup2(log_fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(fcntl(log_fds[0], F_SETFL, O_NONBLOCK), 0);
}

/* What was logged since. */
static const char *logged(void)
{
	static char text[1024];
	ssize_t len = read(log_fds[0], text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = 0;
	return text;
}

START_TEST(a_build_that_hangs_is_mentioned_now_and_then_and_not_waited_for_for_ever)
{
	struct build from = {.scope = RELOAD_ALL};
	uint64_t at_ms;

	ck_assert_int_eq(unlink(tables_path), 0);
	ck_assert_int_eq(mkfifo(tables_path, 0600), 0);
	take_log();
	ck_assert(reload_watch(&made, UINT64_MAX)); /* of no build */
	reload_ask(&made, RELOAD_ALL);
	reload_start(&made, &from);
	at_ms = made.started_at_ms;
	ck_assert(reload_watch(&made, at_ms + RELOAD_SLOW_MS - 1));
	ck_assert_str_eq(logged(), "");
	ck_assert(reload_watch(&made, at_ms + RELOAD_SLOW_MS));
	ck_assert_ptr_nonnull(strstr(logged(), "/tables.json have been read for 30 s: does a file "
					       "system hang?\n"));
	reload_ask(&made, RELOAD_ALL);
	(void)logged();
	ck_assert(reload_watch(&made, at_ms + RELOAD_SLOW_MS + RELOAD_REMIND_MS - 1));
	ck_assert_str_eq(logged(), "");
	ck_assert(reload_watch(&made, at_ms + RELOAD_SLOW_MS + RELOAD_REMIND_MS));
	ck_assert_ptr_nonnull(strstr(logged(), "; further requests wait for it\n"));
	ck_assert(!reload_watch(&made, at_ms + RELOAD_PATIENCE_MS));
	write_text(tables_path, "{");
	ck_assert(reload_wait(&made, WAIT_MS));
	ck_assert(!__atomic_load_n(&made.reading, __ATOMIC_RELAXED));
	reload_drop(&made);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("reload");
	TCase *cases = tcase_create("reload");

	tcase_add_checked_fixture(cases, start, stop);
	tcase_add_test(cases, what_is_served_may_change_while_its_successor_is_built);
	tcase_add_test(cases, what_was_made_is_served_before_its_effect_is_known);
	tcase_add_test(cases, a_build_that_fails_leaves_nothing);
	tcase_add_test(cases, what_nobody_asked_for_is_not_built);
	tcase_add_test(cases, requests_for_all_files_and_for_one_are_one_for_all);
	tcase_add_test(cases, a_bad_deny_file_does_not_refuse_tables_that_were_asked_for_with_it);
	tcase_add_test(cases, neither_tables_nor_the_deny_file_wait_for_ever);
	tcase_add_test(cases, a_reload_of_the_deny_file_keeps_everything_else);
	tcase_add_test(cases, a_build_that_nobody_takes_is_dropped);
	tcase_add_test(cases,
		       a_build_that_hangs_is_mentioned_now_and_then_and_not_waited_for_for_ever);
	suite_add_tcase(suite, cases);
	return suite;
}
