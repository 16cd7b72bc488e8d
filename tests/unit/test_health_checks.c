/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks what the checks are that the original does not have, by way of conf/health.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#include "health_plan.h"

/* The checks of one backend in a table with these binds. */
#define WITH_BINDS(binds, x) "{'tables':[" TABLE("", binds, "\n" CHECKED("1", x) "," OTHER) "]}"
#define WITH(x)		     WITH_BINDS(BIND, x)

enum { AT = 66 }; /* the column of what stands in "healthchecks" of that backend */

static const struct {
	const char *json;
	const char *names;
} named[] = {
	{WITH("'tcp':{'port':80}"), "tcp 10.0.0.1:80"},
	{WITH("'tcp':[80,{'port':81},80]"), "tcp 10.0.0.1:80\ntcp 10.0.0.1:81"},
	{WITH("'http':{'port':80}"), "http 10.0.0.1:80 /"},
	{WITH("'http':[{'port':80,'path':'/a'},{'port':80,'path':'/b','method':'HEAD'}]"),
	 "http 10.0.0.1:80 /a\nhttp 10.0.0.1:80 /b method=HEAD"},
	{WITH("'http':{'port':80,'host':'www.example.com','status':204}"),
	 "http 10.0.0.1:80 / host=www.example.com status=204"},
	{WITH("'http':{'port':80,'status':'200-299'}"), "http 10.0.0.1:80 / status=200-299"},
	{WITH("'http':{'port':80,'status':[200,'300-399',404]}"),
	 "http 10.0.0.1:80 / status=200,300-399,404"},
	{WITH("'http':{'port':80,'status':[200]}"), "http 10.0.0.1:80 /"},
	{WITH("'http':{'port':80,'status':'100-200'}"), "http 10.0.0.1:80 / status=100-200"},
	{WITH("'https':{'port':443,'host':'a'}"), "https 10.0.0.1:443 / host=a"},
	{WITH("'https':{'port':443,'verify':false}"), "https 10.0.0.1:443 / verify=no"},
	{WITH("'gue':{'port':19523},'fou':[1,2]"),
	 "gue 10.0.0.1:19523\nfou 10.0.0.1:1\nfou 10.0.0.1:2"},
	{WITH("'second_chance':true"), "second_chance 10.0.0.1"},
	{WITH("'second_chance':{'interval_ms':9000}"), "second_chance 10.0.0.1"},
	{WITH("'second_chance':false,'tunnel':false"), ""},
	{WITH("'tunnel':true"), "tunnel 10.0.0.1 192.0.2.1:80"},
	{WITH("'tunnel':{'full_size':1500}"), "tunnel 10.0.0.1 192.0.2.1:80 full_size=1500"},
	{WITH("'tunnel':{'http':true}"), "tunnel 10.0.0.1 192.0.2.1:80 http /"},
	{WITH("'tunnel':{'http':false}"), "tunnel 10.0.0.1 192.0.2.1:80"},
	{WITH("'tunnel':{'tls':true,'http':{'path':'/x','host':'h','status':'200-399'}}"),
	 "tunnel 10.0.0.1 192.0.2.1:80 https /x host=h status=200-399"},
	{WITH("'tunnel':{'tls':true,'http':{'verify':false}}"),
	 "tunnel 10.0.0.1 192.0.2.1:80 https / verify=no"},
	/* each TCP bind of one address and one port */
	{WITH_BINDS("{'ip':'192.0.2.1','proto':'tcp','port':80},"
		    "{'ip':'fd00::1','proto':'tcp','port':443},"
		    "{'ip':'192.0.2.1','proto':'udp','port':443},"
		    "{'ip':'192.0.2.64/26','proto':'tcp','port':22},"
		    "{'ip':'192.0.2.2','proto':'tcp','port_start':22,'port_end':23}",
		    "'tunnel':true"),
	 "tunnel 10.0.0.1 192.0.2.1:80\ntunnel 10.0.0.1 [fd00::1]:443"},
	{WITH_BINDS("{'ip':'192.0.2.1','proto':'tcp','port':80},"
		    "{'ip':'192.0.2.64/26','proto':'tcp','port':22},"
		    "{'ip':'192.0.2.2','proto':'tcp','port_start':22,'port_end':23}",
		    "'tunnel':[{'vip':'192.0.2.65'},{'port':23},{'vip':'192.0.2.2','port':22}]"),
	 "tunnel 10.0.0.1 192.0.2.65:22\ntunnel 10.0.0.1 192.0.2.2:23\n"
	 "tunnel 10.0.0.1 192.0.2.2:22"},
	{WITH("'exec':'/usr/lib/check'"), "exec 10.0.0.1 /usr/lib/check"},
	{WITH("'exec':{'command':'/usr/lib/che\\nck'}"), "exec 10.0.0.1 /usr/lib/che\\nck"},
	{WITH("'exec':['/bin/true']"), "exec 10.0.0.1 /bin/true"},
	{WITH("'exec':[{'command':['/bin/true']},{'command':['/bin/false']}]"),
	 "exec 10.0.0.1 /bin/true\nexec 10.0.0.1 /bin/false"},
};

START_TEST(a_check_is_named_after_what_it_probes_and_expects)
{
	struct health_plan plan = parse_good(named[_i].json);

	ck_assert_str_eq(names_of(&plan, 0), named[_i].names);
	health_plan_free(&plan);
}
END_TEST

/* These differ in what is no part of a name as it is, but of its digest. */
static const char *const different[] = {
	WITH("'http':{'port':80,'headers':{'A':'b'}}"),
	WITH("'http':{'port':80,'headers':{'A':'c'}}"),
	WITH("'http':{'port':80,'body':'A: b'}"),
	WITH("'http':{'port':80,'headers':{'A':'b','C':'d'}}"),
	WITH("'http':{'port':80,'headers':{'C':'d','A':'b'}}"),
	WITH("'udp':{'port':80,'send':'a'}"),
	WITH("'udp':{'port':80,'send':''}"),
	WITH("'udp':{'port':80,'send':'a','expect':'a'}"),
	WITH("'udp':{'port':80,'send_hex':'6100'}"),
	WITH("'exec':['/a','b','c']"),
	WITH("'exec':['/a','bc']"),
};

START_TEST(different_checks_have_different_names_that_give_nothing_away)
{
	static char names[COUNT_OF(different)][128];

	for (unsigned int i = 0; i < COUNT_OF(different); i++) {
		struct health_plan plan = parse_good(different[i]);

		(void)snprintf(names[i], sizeof(names[i]), "%.100s", names_of(&plan, 0));
		health_plan_free(&plan);
		ck_assert_ptr_nonnull(strchr(names[i], '#'));
		ck_assert_uint_eq(strlen(strchr(names[i], '#')), 17);
		for (unsigned int other = 0; other < i; other++)
			ck_assert_str_ne(names[i], names[other]);
	}
	/* the same in every run, as it stands in files */
	ck_assert_str_eq(names[0], "http 10.0.0.1:80 / #44c1e81e290bfe77");
}
END_TEST

START_TEST(a_request_is_put_together)
{
	struct health_plan plan = parse_good(WITH(
		"'http':{'port':80,'timeout_ms':100,'interval_ms':200,'rise':1,'fall':9,"
		"'method':'OPTIONS','path':'/a','host':'h','headers':{'A':'b','comment':7,'C':''},"
		"'status':['100-599',200],'body':'ok'}"));
	const struct health_check *check = &plan.checks[0];

	ck_assert_uint_eq(check->timeout_ms, 100);
	ck_assert_uint_eq(check->interval_ms, 200);
	ck_assert_uint_eq(check->rise, 1);
	ck_assert_uint_eq(check->fall, 9);
	ck_assert_str_eq(check->request.method, "OPTIONS");
	ck_assert_str_eq(check->request.path, "/a");
	ck_assert_str_eq(check->request.host, "h");
	ck_assert_str_eq(check->request.headers[0], "A: b");
	ck_assert_str_eq(check->request.headers[1], "C: ");
	ck_assert_ptr_null(check->request.headers[2]);
	ck_assert_str_eq(check->request.body, "ok");
	ck_assert_uint_eq(check->request.status_count, 2);
	ck_assert_uint_eq(check->request.statuses[0].first, 100);
	ck_assert_uint_eq(check->request.statuses[0].last, 599);
	health_plan_free(&plan);
}
END_TEST

START_TEST(datagrams_and_commands_are_kept_to_the_byte)
{
	struct health_plan plan = parse_good(WITH("'udp':{'port':53,'send_hex':'0aFF00','expect':"
						  "'\\u00e9'},'exec':['/bin/x','','$y']"));
	const struct health_check *udp = &plan.checks[0];
	const struct health_check *exec = &plan.checks[1];

	ck_assert_uint_eq(udp->send_len, 3);
	ck_assert_mem_eq(udp->send, "\x0a\xff\0", 3);
	ck_assert_uint_eq(udp->expect_len, 2);
	ck_assert_mem_eq(udp->expect, "\xc3\xa9", 2);
	ck_assert_str_eq(exec->command[0], "/bin/x");
	ck_assert_str_eq(exec->command[1], "");
	ck_assert_str_eq(exec->command[2], "$y");
	ck_assert_ptr_null(exec->command[3]);
	health_plan_free(&plan);
}
END_TEST

START_TEST(a_tunnel_says_where_it_goes)
{
	struct health_plan plan = parse_good(WITH("'tunnel':{'vip':'192.0.2.1','full_size':576,"
						  "'tls':true,'http':{'host':'h'}}"));
	const struct health_check *check = &plan.checks[0];

	ck_assert_int_eq(check->type, HEALTH_TUNNEL);
	ck_assert_mem_eq(check->vip.bytes, "\xc0\0\2\1", 4);
	ck_assert_uint_eq(check->port, 80);
	ck_assert_uint_eq(check->full_size, 576);
	ck_assert(check->is_tls);
	ck_assert(check->is_http);
	ck_assert(check->request.verify);
	health_plan_free(&plan);
}
END_TEST

static const struct {
	const char *json;
	unsigned int at; /* columns behind AT, where the problem is */
	const char *why; /* behind the place of the object */
} refused[] = {
	/* requests */
	{WITH("'http':{'port':80,'path':'a b'}"), 25,
	 "http.path: is not a path: expected \"/\" first and at most 1023 visible ASCII characters "
	 "without \"#\""},
	{WITH("'http':{'port':80,'path':'/a#b'}"), 25,
	 "http.path: is not a path: expected \"/\" first and at most 1023 visible ASCII characters "
	 "without \"#\""},
	{WITH("'http':{'port':80,'method':'PUT'}"), 27,
	 "http.method: \"PUT\" is not GET, HEAD or OPTIONS"},
	{WITH("'http':{'port':80,'host':'a b'}"), 25, "http.host: \"a b\" is not a host name"},
	{WITH("'http':{'port':80,'host':''}"), 25, "http.host: \"\" is not a host name"},
	{WITH("'http':{'port':80,'headers':{'a b':'c'}}"), 35,
	 "http.headers[\"a b\"]: is not the name of a header field"},
	{WITH("'http':{'port':80,'headers':{'a':'b\\r\\nc: d'}}"), 33,
	 "http.headers.a: has a control character"},
	{WITH("'http':{'port':80,'headers':{'hOst':'b'}}"), 36,
	 "http.headers.hOst: is set with \"host\""},
	{WITH("'http':{'port':80,'headers':{'content-length':'0'}}"), 46,
	 "http.headers[\"content-length\"]: cannot be set: requests have no content"},
	{WITH("'http':{'port':80,'status':99}"), 27, "http.status: 99 is not from 100 to 599"},
	{WITH("'http':{'port':80,'status':[]}"), 27, "http.status: 0 ranges, expected from 1 to 8"},
	{WITH("'http':{'port':80,'status':'2xx'}"), 27,
	 "http.status: \"2xx\" is not a range of statuses such as 200-299"},
	{WITH("'http':{'port':80,'status':'299-200'}"), 27,
	 "http.status: \"299-200\" ends before it begins"},
	{WITH("'http':{'port':80,'body':''}"), 25, "http.body: is empty"},
	{WITH("'http':{'port':80,'method':'HEAD','body':'x'}"), 41,
	 "http.body: cannot be used with \"HEAD\""},
	{WITH("'http':{'port':80,'verify':false}"), 27, "http.verify: unknown key"},
	/* datagrams */
	{WITH("'udp':53"), 6, "udp: is a number, expected an object"},
	{WITH("'udp':{'port':53}"), 6, "udp: has neither \"send\" nor \"send_hex\""},
	{WITH("'udp':{'port':53,'send':'','send_hex':''}"), 38,
	 "udp.send_hex: is given with \"send\": one of them is enough"},
	{WITH("'udp':{'port':53,'send_hex':'0'}"), 28,
	 "udp.send_hex: is not hexadecimal: two digits a byte, at most 1400 bytes"},
	{WITH("'udp':{'port':53,'send':'','expect':''}"), 36,
	 "udp.expect: is empty: without \"expect\" any reply is right"},
	/* programs */
	{WITH("'exec':'true'"), 7, "exec: \"true\" is not the absolute path of a program"},
	{WITH("'exec':7"), 7, "exec: is a number, expected a string"},
	{WITH("'exec':['/a',7]"), 13, "exec[1]: is a number, expected a string"},
	{WITH("'exec':{'command':[]}"), 18, "exec.command: 0 words, expected from 1 to 32"},
	{WITH("'exec':{}"), 7, "exec.command: is missing"},
	/* tunnels */
	{WITH("'tunnel':1"), 9, "tunnel: is a number, expected true or false"},
	{WITH("'tunnel':{'tls':true}"), 16, "tunnel.tls: needs \"http\""},
	{WITH("'tunnel':{'full_size':575}"), 22, "tunnel.full_size: 575 is not from 576 to 65535"},
	{WITH("'tunnel':{'http':{'port':80}}"), 25,
	 "tunnel.http.port: unknown key; did you mean \"host\"?"},
	{WITH("'tunnel':{'vip':'192.0.2.1','port':81}"), 9,
	 "tunnel: no TCP bind of the table has this \"vip\" and \"port\""},
	{WITH_BINDS("{'ip':'192.0.2.0/24','proto':'tcp','port':80}", "'tunnel':true"), 9,
	 "tunnel: finds no TCP bind of one address and one port in the table: give both \"vip\" "
	 "and \"port\""},
	{WITH("'second_chance':{'port':7}"), 24, "second_chance.port: unknown key"},
};

START_TEST(a_mistake_is_refused_with_its_place)
{
	struct health_plan plan;
	char want[512];

	ck_assert_int_eq(parse(&plan, refused[_i].json), -EINVAL);
	(void)snprintf(want, sizeof(want), "2:%u: $.tables[0].backends[0].healthchecks.%s",
		       AT + refused[_i].at, refused[_i].why);
	ck_assert_str_eq(told, want);
}
END_TEST

START_TEST(a_certificate_for_an_address_is_warned_about)
{
	static const char *const warned[] = {
		WITH("'https':443"),
		WITH("'https':{'port':443,'verify':true}"),
		WITH("'tunnel':{'tls':true,'http':true}"),
	};
	struct health_plan plan;

	for (unsigned int i = 0; i < COUNT_OF(warned); i++) {
		ck_assert_int_eq(parse(&plan, warned[i]), 0);
		ck_assert_ptr_nonnull(strstr(told, "the certificate must be for the address"));
		health_plan_free(&plan);
	}
	ck_assert_int_eq(parse(&plan, WITH("'tunnel':{'http':{'verify':false}}")), 0);
	ck_assert_ptr_nonnull(strstr(told, "verify: has no effect without \"tls\""));
	health_plan_free(&plan);
}
END_TEST

START_TEST(a_tunnel_to_too_many_binds_is_refused)
{
	static char json[DOCUMENT_LEN_MAX];
	struct health_plan plan;

	for (unsigned int count = 32; count <= 33; count++) {
		size_t at = (size_t)snprintf(json, sizeof(json), "{'tables':[{" KEYS ",'binds':[");

		for (unsigned int i = 0; i < count; i++)
			at += (size_t)snprintf(json + at, sizeof(json) - at,
					       "%s{'ip':'192.0.2.1','proto':'tcp','port':%u}",
					       i ? "," : "", i + 1);
		(void)snprintf(json + at, sizeof(json) - at,
			       "],'healthchecks':{\n'tunnel':true},'backends':[" BACKEND "," OTHER
			       "]}]}");
		if (count == 32) {
			plan = parse_good(json);
			ck_assert_uint_eq(plan.backends[1].check_count, 32);
			health_plan_free(&plan);
			continue;
		}
		ck_assert_int_eq(parse(&plan, json), -EINVAL);
		ck_assert_str_eq(told,
				 "2:10: $.tables[0].healthchecks.tunnel: finds more than 32 TCP "
				 "binds in the table: give \"vip\", \"port\" or both");
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("health_checks");
	TCase *tcase = tcase_create("health_checks");

	tcase_add_loop_test(tcase, a_check_is_named_after_what_it_probes_and_expects, 0,
			    COUNT_OF(named));
	tcase_add_test(tcase, different_checks_have_different_names_that_give_nothing_away);
	tcase_add_test(tcase, a_request_is_put_together);
	tcase_add_test(tcase, datagrams_and_commands_are_kept_to_the_byte);
	tcase_add_test(tcase, a_tunnel_says_where_it_goes);
	tcase_add_loop_test(tcase, a_mistake_is_refused_with_its_place, 0, COUNT_OF(refused));
	tcase_add_test(tcase, a_certificate_for_an_address_is_warned_about);
	tcase_add_test(tcase, a_tunnel_to_too_many_binds_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
