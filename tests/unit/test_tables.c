/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/tables.h. What is said about bad documents: test_messages.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/image.h>
#include <glb/rendezvous.h>

#include "conf/tables.h"
#include "fixture.h"
#include "parts.h"
#include "suite.h"

static char text[DOCUMENT_LEN_MAX];

static char told[DOCUMENT_LEN_MAX];
static struct report report;

/* Leaves in `told` what the report says. */
static int parse(struct glb_spec *spec, const char *json)
{
	size_t len = document(text, json);

	report_init(&report);

	int err = spec_parse(spec, "t.json", text, len, &report);

	(void)problems(told, &report, "t.json");
	return err;
}

START_TEST(everything_a_document_says_is_in_the_spec)
{
	struct glb_spec spec;

	ck_assert_int_eq(
		parse(&spec,
		      "{'healthchecks':{'interval_ms':1},'tables':[{'name':'web','hops':4,"
		      "'hash_key':'" KEY "','seed':'ffeeddccbbaa99887766554433221100',"
		      "'binds':[{'ip':'192.0.2.1','proto':'tcp','port':0},"
		      "{'ip':'2001:db8::1/32','proto':'udp','port_start':0,'port_end':65535,"
		      "'quic':true}],"
		      "'backends':[{'ip':'10.0.0.1','state':'filling','healthy':true,'zone':'b'},"
		      "{'ip':'10.0.0.2','state':'active','healthy':false,'weight':1,'zone':'a'},"
		      "{'ip':'10.0.0.3','state':'draining','healthchecks':{},'zone':'b',"
		      "'server_id':0},"
		      "{'ip':'fd00::1','state':'inactive','weight':65535,'zone':'c',"
		      "'server_id':65535}]},"
		      "{" KEYS ",'binds':[" BIND "],'backends':[" BACKEND "]}]}"),
		0);
	ck_assert_uint_eq(spec.table_count, 2);
	ck_assert_ptr_null(spec.tables[1].name);
	ck_assert_uint_eq(spec.tables[1].backend_count, 1);
	ck_assert_uint_eq(spec.tables[1].backends[0].weight, GLB_WEIGHT_DEFAULT);
	ck_assert_uint_eq(spec.tables[1].backends[0].zone, 0);
	ck_assert_uint_eq(spec.tables[1].hops, 0);

	const struct glb_table_spec *web = &spec.tables[0];

	ck_assert_str_eq(web->name, "web");
	ck_assert_uint_eq(web->hops, 4);
	ck_assert_uint_eq(web->hash_key[1], 0x11);
	ck_assert_uint_eq(web->seed[1], 0xee);
	ck_assert_uint_eq(web->bind_count, 2);
	ck_assert_uint_eq(web->binds[0].addr.version, 4);
	ck_assert_uint_eq(web->binds[0].prefix_len, 32);
	ck_assert_uint_eq(web->binds[0].proto, GLB_PROTO_TCP);
	ck_assert_uint_eq(web->binds[0].port_last, 0);
	ck_assert_uint_eq(web->binds[1].addr.bytes[15], 1);
	ck_assert_uint_eq(web->binds[1].prefix_len, 32);
	ck_assert_uint_eq(web->binds[1].proto, GLB_PROTO_UDP);
	ck_assert_uint_eq(web->binds[1].port_last, 65535);
	ck_assert(!web->binds[0].quic);
	ck_assert(web->binds[1].quic);
	ck_assert_uint_eq(web->backend_count, 4);
	ck_assert_int_eq(web->backends[0].state, GLB_FILLING);
	ck_assert(web->backends[0].healthy);
	ck_assert_int_eq(web->backends[1].state, GLB_ACTIVE);
	ck_assert(!web->backends[1].healthy);
	ck_assert_int_eq(web->backends[2].state, GLB_DRAINING);
	ck_assert(!web->backends[2].healthy);
	ck_assert_int_eq(web->backends[3].state, GLB_INACTIVE);
	ck_assert_uint_eq(web->backends[3].addr.version, 6);
	ck_assert(!web->backends[0].has_server_id);
	ck_assert(web->backends[2].has_server_id);
	ck_assert_uint_eq(web->backends[2].server_id, 0);
	ck_assert(web->backends[3].has_server_id);
	ck_assert_uint_eq(web->backends[3].server_id, 65535);
	ck_assert_uint_eq(web->backends[0].weight, GLB_WEIGHT_DEFAULT);
	ck_assert_uint_eq(web->backends[1].weight, 1);
	ck_assert_uint_eq(web->backends[3].weight, 65535);
	ck_assert_str_eq(glb_zone_name(web, web->backends[0].zone), "b");
	ck_assert_str_eq(glb_zone_name(web, web->backends[1].zone), "a");
	ck_assert_uint_eq(web->backends[2].zone, web->backends[0].zone);
	ck_assert_str_eq(glb_zone_name(web, web->backends[3].zone), "c");
	glb_spec_free(&spec);
	ck_assert_ptr_null(spec.tables);
}
END_TEST

START_TEST(a_load_is_in_percent_and_absent_without_hops)
{
	static const struct {
		const char *options;
		uint8_t want;
	} cases[] = {
		{"'hops':3,'max_load':105,", 105},
		{"'max_load':200,'hops':4,", 200},
		{"'max_load':105,", 0},
		{"'hops':3,", 0},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_spec spec;
		char json[1024];

		(void)snprintf(json, sizeof(json),
			       "{'tables':[{%s" KEYS ",'binds':[" BIND "],'backends':[" BACKEND
			       "," OTHER "]}]}",
			       cases[i].options);
		ck_assert_int_eq(parse(&spec, json), 0);
		ck_assert_uint_eq(spec.tables[0].max_load, cases[i].want);
		glb_spec_free(&spec);
	}
}
END_TEST

START_TEST(backends_of_two_families_are_never_duplicates)
{
	struct glb_spec spec;

	ck_assert_int_eq(parse(&spec, BACKS("{'ip':'1.2.3.4','state':'active'},"
					    "{'ip':'102:304::','state':'active'}")),
			 0);
	glb_spec_free(&spec);
}
END_TEST

START_TEST(a_good_document_cut_anywhere_is_refused)
{
	size_t len = document(text, GOOD);

	for (size_t cut = 0; cut < len; cut++) {
		char *exact = malloc(cut + 1);
		struct glb_spec spec;

		memcpy(exact, text, cut);
		report_init(&report);
		ck_assert_int_eq(spec_parse(&spec, "t.json", exact, cut, &report), -EINVAL);
		free(exact);
	}
}
END_TEST

/* --- Files --- */

static char dir[] = "/tmp/glb-unit-XXXXXX";
static char path[64];

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/tables", dir);
}

static void remove_directory(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

static void write_file(const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

static int load(struct glb_tables *tables)
{
	report_init(&report);

	int err = tables_load(tables, path, NULL, &report);

	(void)problems(told, &report, path);
	return err;
}

START_TEST(tables_come_from_a_document_or_an_image_alike)
{
	struct glb_tables from_source;
	struct glb_tables from_image;
	size_t len;
	uint8_t *image;

	write_file(text, document(text, GOOD));
	ck_assert_int_eq(load(&from_source), 0);
	len = glb_image_len(&from_source);
	image = malloc(len);
	glb_image_write(image, &from_source);
	write_file(image, len);
	free(image);
	ck_assert_int_eq(load(&from_image), 0);
	ck_assert_mem_eq(from_source.tables[0]->rows, from_image.tables[0]->rows, GLB_ROWS_LEN);
	glb_tables_free(&from_source);
	glb_tables_free(&from_image);
}
END_TEST

START_TEST(a_refused_file_is_named_whatever_was_wrong_with_it)
{
	static const struct {
		const char *content; /* NULL: no such file */
		int want;
		const char *why;
	} cases[] = {
		{NULL, -ENOENT, " No such file or directory"},
		{"{'tables':[]}", -EINVAL, "1:11: $.tables: empty, there is nothing to serve"},
		{"{'tables':7}", -EINVAL, "1:11: $.tables: is a number, expected an array"},
		{"GLBD", -EINVAL, " not a table image"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_tables tables = {.count = 99};

		if (cases[i].content)
			write_file(text, document(text, cases[i].content));
		ck_assert_int_eq(load(&tables), cases[i].want);
		ck_assert_str_eq(told, cases[i].why);
		ck_assert_uint_eq(tables.count, 99);
	}
}
END_TEST

START_TEST(a_spec_is_loaded_from_a_document_only)
{
	struct glb_spec spec;

	report_init(&report);
	ck_assert_int_eq(spec_load(&spec, path, &report), -ENOENT);
	write_file(text, document(text, GOOD));
	ck_assert_int_eq(spec_load(&spec, path, &report), 0);
	glb_spec_free(&spec);
	write_file("GLBD", 4);
	ck_assert_int_eq(spec_load(&spec, path, &report), -EINVAL);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 2);
}
END_TEST

START_TEST(an_image_that_the_original_cannot_read_is_noted)
{
	struct glb_tables tables;

	write_file(text, document(text, HOPS("3", BACKEND "," OTHER)));
	ck_assert_int_eq(load(&tables), 0);
	ck_assert_str_eq(told, ""); /* two backends, two hops */
	glb_tables_free(&tables);
	write_file(text, document(text, HOPS("3", BACKEND "," OTHER "," THIRD)));
	ck_assert_int_eq(load(&tables), 0);
	ck_assert_str_eq(told, "note 1:12: $.tables[0]: more than 256 backends or binds, more than "
			       "two hops, or QUIC: its image is of version 3, which the original's "
			       "programs cannot read");
	glb_tables_free(&tables);
}
END_TEST

static int percent(uint32_t rows)
{
	return (int)((rows * 100 + GLB_ROWS / 2) / GLB_ROWS);
}

START_TEST(rows_that_the_rule_of_the_original_serves_badly_are_counted)
{
	static const struct {
		const char *backends;
		const char *want;		  /* up to the first number */
		int both, not_replaced, replaced; /* percent */
	} cases[] = {
		{BACKEND "," OTHER "," THIRD, "", 0, 0, 0},
		{DOWN("1", "active") "," OTHER "," THIRD, "", 0, 0,
		 0}, /* the rule is good at this */
		{DOWN("1", "active") "," DOWN("2", "active") "," THIRD, "warning", 33, 0, 0},
		{DOWN("1", "active") ",{'ip':'10.0.0.2','state':'filling','healthy':true}",
		 "warning", 0, 50, 0},
		{DOWN("1", "active") ",{'ip':'10.0.0.2','state':'draining','healthy':true}",
		 "warning", 0, 50, 50},
		{DOWN("1", "filling") ",{'ip':'10.0.0.2','state':'draining','healthy':true}",
		 "warning", 0, 50, 0},
		{DOWN("1", "active") "," DOWN("2", "active"), "", 100, 0, 0}, /* nothing better */
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_tables tables;
		char json[1024];

		(void)snprintf(json, sizeof(json),
			       "{'tables':[{" KEYS ",'binds':[" BIND "],'backends':[%s]}]}",
			       cases[i].backends);
		write_file(text, document(text, json));
		ck_assert_int_eq(load(&tables), 0);

		struct glb_unhealthy_rows rows = tables.tables[0]->unhealthy;
		bool told_so = strstr(told, "\"hops\": 3 or 4 would avoid it");

		ck_assert_int_eq(told_so, cases[i].want[0] != 0);
		ck_assert_int_eq(percent(rows.both), cases[i].both);
		ck_assert_int_eq(percent(rows.not_replaced), cases[i].not_replaced);
		ck_assert_int_eq(percent(rows.replaced), cases[i].replaced);
		tables.tables[0]->spec.hops = 2; /* another rule, which has no such rows */
		rows = glb_count_unhealthy(tables.tables[0]->rows, tables.tables[0]->ranking,
					   &tables.tables[0]->spec);
		ck_assert_uint_eq(rows.both + rows.not_replaced + rows.replaced, 0);
		glb_tables_free(&tables);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("tables");
	TCase *documents = tcase_create("documents");
	TCase *files = tcase_create("files");

	tcase_add_test(documents, everything_a_document_says_is_in_the_spec);
	tcase_add_test(documents, a_load_is_in_percent_and_absent_without_hops);
	tcase_add_test(documents, backends_of_two_families_are_never_duplicates);
	tcase_add_test(documents, a_good_document_cut_anywhere_is_refused);
	suite_add_tcase(suite, documents);
	tcase_add_checked_fixture(files, make_directory, remove_directory);
	tcase_add_test(files, tables_come_from_a_document_or_an_image_alike);
	tcase_add_test(files, a_refused_file_is_named_whatever_was_wrong_with_it);
	tcase_add_test(files, a_spec_is_loaded_from_a_document_only);
	tcase_add_test(files, an_image_that_the_original_cannot_read_is_noted);
	tcase_add_test(files, rows_that_the_rule_of_the_original_serves_badly_are_counted);
	suite_add_tcase(suite, files);
	return suite;
}
