/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/files.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/files.h"
#include "suite.h"

#define TABLES_OF(backend)                                                                         \
	"{\"tables\":[{\"name\":\"web\",\"hash_key\":\"000102030405060708090a0b0c0d0e0f\","        \
	"\"seed\":\"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\",\"binds\":[{\"ip\":\"192.0.2.1\","          \
	"\"proto\":\"tcp\",\"port\":80}],\"backends\":["                                           \
	"{\"ip\":\"10.0.0.3\",\"state\":\"active\",\"healthy\":true},"                             \
	"{\"ip\":\"" backend "\",\"state\":\"active\",\"healthy\":true}]}]}"

static const char good_config[] =
	"{\"outbound_gateway_mac\":\"02:00:00:00:00:01\",\"outbound_src_ip\":\"10.0.0.1\"}";
static const char good_tables[] = TABLES_OF("10.0.0.2");

static char dir[] = "/tmp/glb-unit-XXXXXX";
static struct report report;

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	report_init(&report);
}

static void remove_directory(void)
{
	(void)unlink("d.json");
	(void)unlink("t.json");
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_files(const char *config, const char *tables)
{
	FILE *files[] = {fopen("d.json", "w"), fopen("t.json", "w")};

	if (!files[0] || !files[1] || fputs(config, files[0]) < 0 || fputs(tables, files[1]) < 0 ||
	    fclose(files[0]) || fclose(files[1]))
		abort();
}

START_TEST(both_files_come_from_one_place_and_are_for_serving)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf;
	struct glb_tables tables;

	write_files(good_config, good_tables);
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), 0);
	ck_assert(report.serving);
	ck_assert_uint_eq(report.count, 0);
	ck_assert_uint_eq(conf.settings.src_addr.version, 4);
	ck_assert_uint_eq(tables.count, 1);
	glb_tables_free(&tables);
}
END_TEST

START_TEST(problems_of_both_files_are_in_one_report)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf;
	struct glb_tables tables;

	write_files("{", "{\"tables\":[]}");
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), -EINVAL);
	ck_assert_int_eq(files.config_err, -EINVAL);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 2);
	ck_assert_str_eq(report.problems[0].path, "d.json");
	ck_assert_str_eq(report.problems[1].path, "t.json");
}
END_TEST

START_TEST(good_tables_are_of_no_use_to_a_bad_configuration)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf;
	struct glb_tables tables = {0};

	write_files("{}", good_tables);
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), -EINVAL);
	ck_assert_int_eq(files.config_err, -EINVAL);
	ck_assert_uint_gt(report.totals[SEVERITY_ERROR], 0);
	for (uint32_t i = 0; i < report.count; i++)
		ck_assert_str_eq(report.problems[i].path, "d.json");
}
END_TEST

START_TEST(a_good_configuration_is_had_although_the_tables_are_bad)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf = {.port_count = 9};
	struct glb_tables tables;

	write_files(good_config, "[]");
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), -EINVAL);
	ck_assert_int_eq(files.config_err, 0);
	ck_assert_uint_eq(conf.port_count, 0);
}
END_TEST

START_TEST(tables_alone_are_read_with_the_configuration_in_force)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf;
	struct glb_tables tables;

	write_files(good_config, good_tables);
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), 0);
	glb_tables_free(&tables);

	write_files("no JSON", TABLES_OF("10.0.0.1")); /* the director's own address */
	files = (struct director_files){.tables_path = "t.json"};
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), 0);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 0);
	ck_assert_uint_eq(report.totals[SEVERITY_WARNING], 1);
	ck_assert_ptr_nonnull(strstr(report.problems[0].reason, "outbound_src_ip of d.json"));
	glb_tables_free(&tables);
}
END_TEST

START_TEST(tables_that_have_not_changed_are_those_that_were_known)
{
	struct director_files files = {.config_path = "d.json", .tables_path = "t.json"};
	struct director_conf conf;
	struct glb_tables known;
	struct glb_tables tables;

	write_files(good_config, good_tables);
	ck_assert_int_eq(director_files_load(&conf, &known, &files, &report), 0);
	files.known = &known;
	ck_assert_int_eq(director_files_load(&conf, &tables, &files, &report), 0);
	ck_assert_ptr_eq(tables.tables[0], known.tables[0]);
	glb_tables_free(&tables);
	glb_tables_free(&known);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("files");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(files, make_directory, remove_directory);
	tcase_add_test(files, both_files_come_from_one_place_and_are_for_serving);
	tcase_add_test(files, problems_of_both_files_are_in_one_report);
	tcase_add_test(files, good_tables_are_of_no_use_to_a_bad_configuration);
	tcase_add_test(files, a_good_configuration_is_had_although_the_tables_are_bad);
	tcase_add_test(files, tables_alone_are_read_with_the_configuration_in_force);
	tcase_add_test(files, tables_that_have_not_changed_are_those_that_were_known);
	suite_add_tcase(suite, files);
	return suite;
}
