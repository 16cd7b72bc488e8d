/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/tables.h, and about json.h, which it is the user of. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/image.h>

#include "conf/tables.h"
#include "document.h"
#include "fixture.h"
#include "suite.h"

/* Parts of a good document. */
#define KEY	 "00112233445566778899aabbccddeeff"
#define KEYS	 "'hash_key':'" KEY "','seed':'" KEY "'"
#define BIND	 "{'ip':'192.0.2.1','proto':'tcp','port':80}"
#define BACKEND	 "{'ip':'10.0.0.1','state':'active','healthy':true}"
#define BINDS(x) "{'tables':[{" KEYS ",'backends':[" BACKEND "],'binds':[" x "]}]}"
#define BACKS(x) "{'tables':[{" KEYS ",'binds':[" BIND "],'backends':[" x "]}]}"
#define GOOD	 BINDS(BIND)

static char text[DOCUMENT_LEN_MAX];

static int parse(struct glb_spec *spec, const char *json, struct glb_diag *diag)
{
	size_t len = document(text, json);

	return spec_parse(spec, "t.json", text, len, diag);
}

START_TEST(everything_a_document_says_is_in_the_spec)
{
	struct glb_spec spec;

	ck_assert_int_eq(
		parse(&spec,
		      "{'healthchecks':{'interval_ms':1},'tables':[{'name':'web',"
		      "'hash_key':'" KEY "','seed':'ffeeddccbbaa99887766554433221100',"
		      "'binds':[{'ip':'192.0.2.1','proto':'tcp','port':0},"
		      "{'ip':'2001:db8::1/32','proto':'udp','port_start':0,'port_end':65535}],"
		      "'backends':[{'ip':'10.0.0.1','state':'filling','healthy':true},"
		      "{'ip':'10.0.0.2','state':'active','healthy':false},"
		      "{'ip':'10.0.0.3','state':'draining','healthchecks':{}},"
		      "{'ip':'fd00::1','state':'inactive'}]},{" KEYS ",'binds':[],'backends':[]}]}",
		      NULL),
		0);
	ck_assert_uint_eq(spec.table_count, 2);
	ck_assert_ptr_null(spec.tables[1].name);
	ck_assert_uint_eq(spec.tables[1].backend_count, 0);

	const struct glb_table_spec *web = &spec.tables[0];

	ck_assert_str_eq(web->name, "web");
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
	ck_assert_uint_eq(web->backend_count, 4);
	ck_assert_int_eq(web->backends[0].state, GLB_FILLING);
	ck_assert(web->backends[0].healthy);
	ck_assert_int_eq(web->backends[1].state, GLB_ACTIVE);
	ck_assert(!web->backends[1].healthy);
	ck_assert_int_eq(web->backends[2].state, GLB_DRAINING);
	ck_assert(!web->backends[2].healthy);
	ck_assert_int_eq(web->backends[3].state, GLB_INACTIVE);
	ck_assert_uint_eq(web->backends[3].addr.version, 6);
	glb_spec_free(&spec);
	ck_assert_ptr_null(spec.tables);
}
END_TEST

static const struct {
	const char *json;
	const char *why; /* behind "t.json" */
} refusals[] = {
	/* not JSON */
	{"", ":1:0: '[' or '{' expected near end of file"},
	{"{'tables':[}", ":1:12: unexpected token near '}'"},
	{"{'tables':[]\n,}", ":2:2: string or '}' expected near '}'"},
	{"{'tables':[]} x", ":1:15: end of file expected near 'x'"},
	{"{'tables':[],'tables':[]}", ":1:21: duplicate object key near '\"tables\"'"},
	{"{'tables':[", ":1:11: ']' expected near end of file"},
	{"{'tables':[],'x':'\xff'}", ":1:18: unable to decode byte 0xff near '\"'"},
	/* the document */
	{"[]", ": $: is an array, expected an object"},
	{"{}", ": $.tables: is missing"},
	{"{'tables':{}}", ": $.tables: is an object, expected an array"},
	{"{'tables':null}", ": $.tables: is null, expected an array"},
	{"{'tables':[7]}", ": $.tables[0]: is a number, expected an object"},
	/* a table */
	{"{'tables':[{}]}", ": $.tables[0].hash_key: is missing"},
	{"{'tables':[{'name':7}]}", ": $.tables[0].name: is a number, expected a string"},
	{"{'tables':[{'hash_key':true}]}",
	 ": $.tables[0].hash_key: is a boolean, expected a string"},
	{"{'tables':[{'hash_key':'00'}]}", ": $.tables[0].hash_key: is not 32 hexadecimal digits"},
	{"{'tables':[{'hash_key':'" KEY "'}]}", ": $.tables[0].seed: is missing"},
	{"{'tables':[{'hash_key':'" KEY "','seed':'" KEY "0'}]}",
	 ": $.tables[0].seed: is not 32 hexadecimal digits"},
	{"{'tables':[{" KEYS "}]}", ": $.tables[0].binds: is missing"},
	{"{'tables':[{" KEYS ",'binds':''}]}",
	 ": $.tables[0].binds: is a string, expected an array"},
	{"{'tables':[{" KEYS ",'binds':[]}]}", ": $.tables[0].backends: is missing"},
	{"{'tables':[{" KEYS ",'binds':[],'backends':1.5}]}",
	 ": $.tables[0].backends: is a number, expected an array"},
	/* a bind */
	{BINDS("0"), ": $.tables[0].binds[0]: is a number, expected an object"},
	{BINDS("{}"), ": $.tables[0].binds[0].ip: is missing"},
	{BINDS("{'ip':1}"), ": $.tables[0].binds[0].ip: is a number, expected a string"},
	{BINDS("{'ip':'192.0.2.1/33'}"),
	 ": $.tables[0].binds[0].ip: \"192.0.2.1/33\" is not an IPv4 or IPv6 address or prefix"},
	{BINDS("{'ip':'192.0.2.1/24x'}"),
	 ": $.tables[0].binds[0].ip: \"192.0.2.1/24x\" is not an IPv4 or IPv6 address or prefix"},
	{BINDS("{'ip':'::'}"), ": $.tables[0].binds[0].proto: is missing"},
	{BINDS("{'ip':'::','proto':6}"),
	 ": $.tables[0].binds[0].proto: is a number, expected a string"},
	{BINDS("{'ip':'::','proto':'TCP'}"),
	 ": $.tables[0].binds[0].proto: \"TCP\" is not tcp or udp"},
	{BINDS("{'ip':'::','proto':'tcp'}"),
	 ": $.tables[0].binds[0]: has neither port nor port_start and port_end"},
	{BINDS(BIND ",{'ip':'::','proto':'tcp','port':70000}"),
	 ": $.tables[0].binds[1].port: 70000 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':-1}"),
	 ": $.tables[0].binds[0].port: -1 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':4294967376}"),
	 ": $.tables[0].binds[0].port: 4294967376 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':80.0}"),
	 ": $.tables[0].binds[0].port: is a fraction, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':'80'}"),
	 ": $.tables[0].binds[0].port: is a string, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':null}"),
	 ": $.tables[0].binds[0].port: is null, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':80}"),
	 ": $.tables[0].binds[0].port_end: is missing"},
	{BINDS("{'ip':'::','proto':'tcp','port_end':80}"),
	 ": $.tables[0].binds[0].port_start: is missing"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':81,'port_end':80}"),
	 ": $.tables[0].binds[0]: port_start 81 is above port_end 80"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':0,'port_end':65536}"),
	 ": $.tables[0].binds[0].port_end: 65536 is not from 0 to 65535"},
	/* a backend */
	{BACKS("[]"), ": $.tables[0].backends[0]: is an array, expected an object"},
	{BACKS("{}"), ": $.tables[0].backends[0].ip: is missing"},
	{BACKS("{'ip':'10.0.0.256'}"),
	 ": $.tables[0].backends[0].ip: \"10.0.0.256\" is not an IPv4 or IPv6 address"},
	{BACKS("{'ip':'10.0.0.1/32'}"),
	 ": $.tables[0].backends[0].ip: \"10.0.0.1/32\" is not an IPv4 or IPv6 address"},
	{BACKS("{'ip':'10.0.0.1'}"), ": $.tables[0].backends[0].state: is missing"},
	{BACKS("{'ip':'10.0.0.1','state':1}"),
	 ": $.tables[0].backends[0].state: is a number, expected a string"},
	{BACKS("{'ip':'10.0.0.1','state':'Active'}"),
	 ": $.tables[0].backends[0].state: \"Active\" is not filling, active, draining or "
	 "inactive"},
	{BACKS("{'ip':'10.0.0.1','state':'active','healthy':1}"),
	 ": $.tables[0].backends[0].healthy: is a number, expected true or false"},
	{BACKS(BACKEND ",{'ip':'10.0.0.2','state':'active'},{'ip':'10.0.0.1','state':'inactive'}"),
	 ": $.tables[0].backends[2].ip: duplicate backend 10.0.0.1, first listed as backends[0]"},
	{BACKS("{'ip':'fd00::1','state':'active'},{'ip':'FD00:0::1','state':'active'}"),
	 ": $.tables[0].backends[1].ip: duplicate backend fd00::1, first listed as backends[0]"},
	/* what a document says must not break out of its line */
	{BACKS("{'ip':'10.0.0.1\\nglb: \\u001b[31m'}"),
	 ": $.tables[0].backends[0].ip: \"10.0.0.1?glb: ?[31m\" is not an IPv4 or IPv6 address"},
	/* nor must a syntax error show a key */
	{"{'tables':[{'seed' '" KEY "'}]}", ":1:53: ':' expected"},
};

START_TEST(a_bad_document_is_refused_with_the_place_and_the_reason)
{
	struct glb_spec spec = {.table_count = 99};
	struct glb_diag diag = {{0}};

	ck_assert_int_eq(parse(&spec, refusals[_i].json, &diag), -EINVAL);
	ck_assert_msg(!strncmp(diag.text, "t.json", 6), "%s", diag.text);
	ck_assert_str_eq(diag.text + 6, refusals[_i].why);
	ck_assert_uint_eq(spec.table_count, 99);
	ck_assert_int_eq(parse(&spec, refusals[_i].json, NULL), -EINVAL);
}
END_TEST

/* A document whose list of this name has `count` elements. */
static void write_long_document(char *out, const char *list, unsigned int count)
{
	bool backends = !strcmp(list, "backends");
	FILE *file = fmemopen(out, DOCUMENT_LEN_MAX, "w");

	ck_assert_ptr_nonnull(file);
	(void)fprintf(file, "{'tables':[{" KEYS ",");
	(void)fputs(backends ? "'binds':[" BIND "]" : "'backends':[" BACKEND "]", file);
	(void)fprintf(file, ",'%s':[", list);
	for (unsigned int i = 0; i < count; i++) {
		(void)fputs(i ? "," : "", file);
		if (backends)
			(void)fprintf(file, "{'ip':'10.0.%u.%u','state':'inactive'}", i / 256,
				      i % 256);
		else
			(void)fputs(BIND, file);
	}
	(void)fputs("]}]}", file);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_list_longer_than_a_table_holds_is_refused)
{
	static char json[DOCUMENT_LEN_MAX];
	static const struct {
		const char *list;
		const char *why;
	} cases[] = {
		{"backends", "t.json: $.tables[0].backends: 257 backends, at most 256 fit a table"},
		{"binds", "t.json: $.tables[0].binds: 257 binds, at most 256 fit a table"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_spec spec;
		struct glb_diag diag;

		write_long_document(json, cases[i].list, 257);
		ck_assert_int_eq(parse(&spec, json, &diag), -EINVAL);
		ck_assert_str_eq(diag.text, cases[i].why);
		write_long_document(json, cases[i].list, 256);
		ck_assert_int_eq(parse(&spec, json, &diag), 0);
		glb_spec_free(&spec);
	}
}
END_TEST

START_TEST(backends_of_two_families_are_never_duplicates)
{
	struct glb_spec spec;

	ck_assert_int_eq(parse(&spec,
			       BACKS("{'ip':'1.2.3.4','state':'active'},"
				     "{'ip':'102:304::','state':'active'}"),
			       NULL),
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
		ck_assert_int_eq(spec_parse(&spec, "t.json", exact, cut, NULL), -EINVAL);
		free(exact);
	}
}
END_TEST

START_TEST(unknown_keys_are_ignored_so_that_newer_files_load)
{
	struct glb_spec spec;

	ck_assert_int_eq(parse(&spec,
			       "{'new':1,'tables':[{'new':{}," KEYS ",'binds':[{'new':[],'ip':'::',"
			       "'proto':'tcp','port':1}],'backends':[{'new':null,'ip':'10.0.0.1',"
			       "'state':'active'}]}]}",
			       NULL),
			 0);
	glb_spec_free(&spec);
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

START_TEST(tables_come_from_a_document_or_an_image_alike)
{
	struct glb_tables from_source;
	struct glb_tables from_image;
	size_t len = glb_image_len(1);
	uint8_t *image = malloc(len);

	write_file(text, document(text, GOOD));
	ck_assert_int_eq(tables_load(&from_source, path, NULL), 0);
	glb_image_write(image, &from_source);
	write_file(image, len);
	free(image);
	ck_assert_int_eq(tables_load(&from_image, path, NULL), 0);
	ck_assert_mem_eq(from_source.tables[0]->rows, from_image.tables[0]->rows,
			 sizeof(from_image.tables[0]->rows));
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
		{NULL, -ENOENT, ": No such file or directory"},
		{"{'tables':[]}", -EINVAL, ": $.tables: empty, there is nothing to serve"},
		{"{'tables':7}", -EINVAL, ": $.tables: is a number, expected an array"},
		{BACKS(""), -EINVAL,
		 ": $.tables[0].backends: not one usable (0 listed, all inactive)"},
		{"GLBD", -EINVAL, ": not a table image"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct glb_tables tables = {.count = 99};
		struct glb_diag diag;

		if (cases[i].content)
			write_file(text, document(text, cases[i].content));
		ck_assert_int_eq(tables_load(&tables, path, &diag), cases[i].want);
		ck_assert_msg(!strncmp(diag.text, path, strlen(path)), "%s", diag.text);
		ck_assert_str_eq(diag.text + strlen(path), cases[i].why);
		ck_assert_uint_eq(tables.count, 99);
	}
}
END_TEST

START_TEST(a_spec_is_loaded_from_a_document_only)
{
	struct glb_spec spec;
	struct glb_diag diag;

	ck_assert_int_eq(spec_load(&spec, path, &diag), -ENOENT);
	write_file(text, document(text, GOOD));
	ck_assert_int_eq(spec_load(&spec, path, &diag), 0);
	glb_spec_free(&spec);
	write_file("GLBD", 4);
	ck_assert_int_eq(spec_load(&spec, path, &diag), -EINVAL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("tables");
	TCase *documents = tcase_create("documents");
	TCase *files = tcase_create("files");

	tcase_add_test(documents, everything_a_document_says_is_in_the_spec);
	tcase_add_loop_test(documents, a_bad_document_is_refused_with_the_place_and_the_reason, 0,
			    COUNT_OF(refusals));
	tcase_add_test(documents, a_list_longer_than_a_table_holds_is_refused);
	tcase_add_test(documents, backends_of_two_families_are_never_duplicates);
	tcase_add_test(documents, a_good_document_cut_anywhere_is_refused);
	tcase_add_test(documents, unknown_keys_are_ignored_so_that_newer_files_load);
	suite_add_tcase(suite, documents);
	tcase_add_checked_fixture(files, make_directory, remove_directory);
	tcase_add_test(files, tables_come_from_a_document_or_an_image_alike);
	tcase_add_test(files, a_refused_file_is_named_whatever_was_wrong_with_it);
	tcase_add_test(files, a_spec_is_loaded_from_a_document_only);
	suite_add_tcase(suite, files);
	return suite;
}
