/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about what conf/health.h says of healthcheck.json. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/health.h"
#include "document.h"
#include "scratch.h"
#include "suite.h"

#define FILES	"'forwarding_table':{'src':'/etc/glb/t.json','dst':'/var/lib/glb/checked.json'}"
#define WITH(x) "{" FILES "," x "}"

static char text[DOCUMENT_LEN_MAX];
static char told[DOCUMENT_LEN_MAX];
static struct report report;

/* Leaves in `told` what the report says. */
static int parse(struct health_conf *conf, const char *json)
{
	size_t len = document(text, json);

	report_init(&report);

	int err = health_conf_parse(conf, "h.json", text, len, &report);

	(void)problems(told, &report, "h.json");
	return err;
}

START_TEST(the_original_s_file_is_enough_and_the_rest_has_its_defaults)
{
	struct health_conf conf;

	ck_assert_int_eq(parse(&conf, "{" FILES ",'reload_command':'a && b'}"), 0);
	ck_assert_str_eq(told, "");
	ck_assert_str_eq(conf.source, "/etc/glb/t.json");
	ck_assert_str_eq(conf.checked, "/var/lib/glb/checked.json");
	ck_assert_str_eq(conf.reload_command, "a && b");
	ck_assert_str_eq(conf.director_socket, "/run/glb-director/control.sock");
	ck_assert_str_eq(conf.control_socket, "/run/glb-healthcheck/control.sock");
	ck_assert_uint_eq(conf.http_listen.port, 19520);
	ck_assert_mem_eq(conf.http_listen.addr.bytes, "\x7f\0\0\1", 4);
	ck_assert_str_eq(conf.state_directory, "");
	ck_assert_uint_eq(conf.hold_ms, 500);
	ck_assert_uint_eq(conf.parallel_max, 1024);
	ck_assert_uint_eq(conf.tunnel_src.version, 0);
	ck_assert_uint_eq(conf.tunnel_src6.version, 0);
	ck_assert_str_eq(conf.tunnel_interface, "");
	ck_assert_int_eq(parse(&conf, "{" FILES "}"), 0);
	ck_assert_str_eq(conf.reload_command, "");
	ck_assert_int_eq(parse(&conf, WITH("'reload_command':null")), 0);
	ck_assert_str_eq(conf.reload_command, "");
}
END_TEST

START_TEST(every_key_has_its_effect)
{
	struct health_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'director_socket':'/a','control_socket':'',"
					   "'http_listen':'[::1]:7','state_directory':'/s',"
					   "'hold_ms':0,'parallel_max':65536,"
					   "'tunnel_interface':'eth0','tunnel_src_ip':'10.0.0.1',"
					   "'tunnel_src_ip6':'fd00::1','comment':{}")),
			 0);
	ck_assert_str_eq(told, "");
	ck_assert_str_eq(conf.director_socket, "/a");
	ck_assert_str_eq(conf.control_socket, "");
	ck_assert_uint_eq(conf.http_listen.addr.version, 6);
	ck_assert_uint_eq(conf.http_listen.port, 7);
	ck_assert_str_eq(conf.state_directory, "/s");
	ck_assert_uint_eq(conf.hold_ms, 0);
	ck_assert_uint_eq(conf.parallel_max, 65536);
	ck_assert_str_eq(conf.tunnel_interface, "eth0");
	ck_assert_mem_eq(conf.tunnel_src.bytes, "\x0a\0\0\1", 4);
	ck_assert_uint_eq(conf.tunnel_src6.bytes[15], 1);
	ck_assert_int_eq(parse(&conf, WITH("'director_socket':'','http_listen':''")), 0);
	ck_assert_str_eq(conf.director_socket, "");
	ck_assert_uint_eq(conf.http_listen.addr.version, 0);
}
END_TEST

static const struct {
	const char *json;
	const char *why;
} refused[] = {
	{"{}", "1:1: $.forwarding_table: is missing"},
	{"{'tables':[]}", "1:1: $: has the \"tables\" of another file, and no "
			  "\"forwarding_table\": were two files swapped?"},
	{"{'outbound_gateway_mac':7}",
	 "1:1: $: has the \"outbound_gateway_mac\" of another file, and no \"forwarding_table\": "
	 "were two files swapped?"},
	{"{'forwarding_table':[]}", "1:21: $.forwarding_table: is an array, expected an object"},
	{"{'forwarding_table':{\n'dst':''}}", "1:21: $.forwarding_table.src: is missing\n"
					      "2:7: $.forwarding_table.dst: is empty"},
	{"{'forwarding_table':{'src':'/a/b','dst':'/a/b'}}",
	 "1:41: $.forwarding_table.dst: is the same file as src, which would be overwritten"},
	{WITH("'reload_command':7"), "1:98: $.reload_command: is a number, expected a string"},
	{WITH("'director_socket':'x'"), "1:99: $.director_socket: \"x\" is not an absolute path"},
	{WITH("'http_listen':'x'"), "1:95: $.http_listen: \"x\" is not an address and port such as "
				    "127.0.0.1:19520 or [::1]:19520"},
	{WITH("'director_socket':'/a',\n'control_socket':'/a'"),
	 "2:18: $.control_socket: control_socket and director_socket are the same"},
	{WITH("'director_socket':'/run/glb-healthcheck/control.sock'"),
	 "1:99: $.director_socket: control_socket and director_socket are the same"},
	{WITH("'hold_ms':600001"), "1:91: $.hold_ms: 600001 is not from 0 to 600000"},
	{WITH("'parallel_max':0"), "1:96: $.parallel_max: 0 is not from 1 to 65536"},
	{WITH("'tunnel_interface':'eth0'"),
	 "1:100: $.tunnel_interface: needs tunnel_src_ip, tunnel_src_ip6 or both"},
	{WITH("'tunnel_interface':'0123456789abcdef','tunnel_src_ip':'10.0.0.1'"),
	 "1:100: $.tunnel_interface: \"0123456789abcdef\" is no interface name"},
	{WITH("'tunnel_interface':'eth0','tunnel_src_ip':'fd00::1'"),
	 "1:123: $.tunnel_src_ip: is an IPv6 address, which belongs in tunnel_src_ip6"},
};

START_TEST(a_mistake_is_refused_with_its_place)
{
	struct health_conf conf = {.hold_ms = 99};

	ck_assert_int_eq(parse(&conf, refused[_i].json), -EINVAL);
	ck_assert_str_eq(told, refused[_i].why);
	ck_assert_uint_eq(conf.hold_ms, 99);
}
END_TEST

START_TEST(what_has_no_effect_is_warned_about)
{
	struct health_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'reload_comand':'x'")), 0);
	ck_assert_str_eq(told, "warning 1:97: $.reload_comand: unknown key, ignored; did you mean "
			       "\"reload_command\"?");
	ck_assert_int_eq(parse(&conf, WITH("'tunnel_src_ip':'10.0.0.1'")), 0);
	ck_assert_str_eq(told,
			 "warning 1:97: $.tunnel_src_ip: has no effect without tunnel_interface");
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	char json[4096];
	struct health_conf conf;

	(void)snprintf(json, sizeof(json), WITH("'reload_command':'%01024d'"), 0);
	ck_assert_int_eq(parse(&conf, json), -EINVAL);
	ck_assert_str_eq(told, "1:98: $.reload_command: has 1024 bytes, expected at most 1023");
	(void)snprintf(json, sizeof(json), WITH("'reload_command':'%01023d'"), 0);
	ck_assert_int_eq(parse(&conf, json), 0);
	(void)snprintf(json, sizeof(json), "{'forwarding_table':{'src':'%0256d','dst':'a'}}", 0);
	ck_assert_int_eq(parse(&conf, json), -EINVAL);
}
END_TEST

/* 0 when a source and a checked file in the scratch directory are taken as two. */
static int parse_names(const char *source, const char *checked)
{
	char json[512];
	struct health_conf conf;

	(void)snprintf(json, sizeof(json), "{'forwarding_table':{'src':'%s/%s','dst':'%s/%s'}}",
		       scratch_dir, source, scratch_dir, checked);
	return parse(&conf, json);
}

START_TEST(one_file_under_two_names_is_refused)
{
	char other[80];

	ck_assert_int_eq(parse_names("a", "b"), 0);
	ck_assert_int_eq(parse_names("a", "./a"), -EINVAL); /* neither is there */
	ck_assert_int_eq(parse_names("no/a", "./a"), 0);
	(void)snprintf(other, sizeof(other), "%s/other", scratch_dir);
	scratch_write("x");

	const char *name = strrchr(scratch_file, '/') + 1;

	ck_assert_int_eq(parse_names(name, "other"), 0);
	ck_assert_int_eq(symlink(scratch_file, other), 0);
	ck_assert_int_eq(parse_names(name, "other"), -EINVAL);
	ck_assert_int_eq(parse_names("other", name), -EINVAL);
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(link(scratch_file, other), 0);
	ck_assert_int_eq(parse_names(name, "other"), -EINVAL);
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(symlink(scratch_dir, other), 0); /* a directory's other name */
	ck_assert_int_eq(parse_names("new", "other/new"), -EINVAL);
	ck_assert_int_eq(parse_names("new", "other/newer"), 0);
	ck_assert_int_eq(unlink(other), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_reported)
{
	struct conf_input input = {.path = "h.json", .err = -ENOENT};
	struct health_conf conf;

	report_init(&report);
	ck_assert_int_eq(health_conf_read(&conf, &input, &report), -ENOENT);
	ck_assert_str_eq(problems(told, &report, "h.json"), " No such file or directory");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("health_conf");
	TCase *tcase = tcase_create("health_conf");

	tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
	tcase_add_test(tcase, the_original_s_file_is_enough_and_the_rest_has_its_defaults);
	tcase_add_test(tcase, every_key_has_its_effect);
	tcase_add_loop_test(tcase, a_mistake_is_refused_with_its_place, 0, COUNT_OF(refused));
	tcase_add_test(tcase, what_has_no_effect_is_warned_about);
	tcase_add_test(tcase, what_does_not_fit_is_refused);
	tcase_add_test(tcase, one_file_under_two_names_is_refused);
	tcase_add_test(tcase, a_file_that_cannot_be_read_is_reported);
	suite_add_tcase(suite, tcase);
	return suite;
}
