/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks which checks conf/health.h finds in a tables file, and how they are to be judged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#include "health_plan.h"

START_TEST(the_original_s_keys_have_their_meaning)
{
	struct health_plan plan = parse_good(
		"{'healthchecks':{'timeout_ms':500,'interval_ms':1500,'trigger':2},'tables':"
		"[" TABLE("'name':'web',", BIND,
			  CHECKED("1", "'http':80,'http_uri':'/up?x=1','gue':19523") "," CHECKED(
				  "2", "'fou':19523,'tcp':443") "," CHECKED("3", "")) "]}");

	ck_assert_uint_eq(plan.table_count, 1);
	ck_assert_str_eq(plan.tables[0].name, "web");
	ck_assert_uint_eq(plan.tables[0].backend_count, 3);
	ck_assert_uint_eq(plan.backend_count, 3);
	ck_assert_uint_eq(plan.tables[0].limits.notice_ms, 2 * 1500 + 500);
	ck_assert_str_eq(names_of(&plan, 0), "http 10.0.0.1:80 /up?x=1\ngue 10.0.0.1:19523");
	ck_assert_str_eq(names_of(&plan, 1), "tcp 10.0.0.2:443\nfou 10.0.0.2:19523");
	ck_assert_str_eq(names_of(&plan, 2), "");

	const struct health_check *http = &plan.checks[plan.backends[0].checks[0]];

	ck_assert_int_eq(http->type, HEALTH_HTTP);
	ck_assert_uint_eq(http->port, 80);
	ck_assert_uint_eq(http->timeout_ms, 500);
	ck_assert_uint_eq(http->interval_ms, 1500);
	ck_assert_uint_eq(http->rise, 2);
	ck_assert_uint_eq(http->fall, 2);
	ck_assert_str_eq(http->request.method, "GET");
	ck_assert_str_eq(http->request.path, "/up?x=1");
	ck_assert_ptr_null(http->request.host);
	ck_assert_uint_eq(http->request.status_count, 1);
	ck_assert_uint_eq(http->request.statuses[0].first, 200);
	ck_assert_uint_eq(http->request.statuses[0].last, 200);
	health_plan_free(&plan);
}
END_TEST

START_TEST(nothing_is_as_the_original_s_0_and_null)
{
	struct health_plan plan = parse_good("{'healthchecks':null,'tables':[" TABLE(
		"'healthchecks':null,", BIND,
		PROXY("1", ",'healthchecks':null") "," CHECKED(
			"2", "'http':0,'http_uri':'','gue':null,'tcp':80,'trigger':"
			     "0") "," PROXY("3", "")) "]}");

	ck_assert_str_eq(names_of(&plan, 0), "");
	ck_assert_str_eq(names_of(&plan, 1), "tcp 10.0.0.2:80");
	ck_assert_str_eq(names_of(&plan, 2), "");
	ck_assert_uint_eq(plan.checks[0].timeout_ms, 1000);
	ck_assert_uint_eq(plan.checks[0].interval_ms, 2000);
	ck_assert_uint_eq(plan.checks[0].rise, 3);
	ck_assert_uint_eq(plan.checks[0].fall, 3);
	ck_assert_uint_eq(plan.tables[0].limits.max_unhealthy_percent, 50);
	ck_assert_uint_eq(plan.tables[0].limits.max_changes_per_minute, 0);
	ck_assert_uint_eq(plan.tables[0].limits.flap_limit, 6);
	ck_assert_uint_eq(plan.tables[0].limits.flap_window_s, 600);
	health_plan_free(&plan);
}
END_TEST

START_TEST(a_table_s_checks_are_those_of_backends_without_their_own)
{
	struct health_plan plan = parse_good(
		ONE("'healthchecks':{'tcp':80,'interval_ms':5000,'fall':5},",
		    PROXY("1", "") "," CHECKED("2", "'http':8080,'interval_ms':3000") "," CHECKED(
			    "3", "") ","
				     "{'ip':'10.0.0.4','state':'inactive','healthy':true}"));

	ck_assert_str_eq(names_of(&plan, 0), "tcp 10.0.0.1:80");
	ck_assert_uint_eq(plan.checks[0].interval_ms, 5000);
	ck_assert_uint_eq(plan.checks[0].fall, 5);
	ck_assert_str_eq(names_of(&plan, 1), "http 10.0.0.2:8080 /");
	ck_assert_uint_eq(plan.checks[1].interval_ms, 3000);
	ck_assert_uint_eq(plan.checks[1].fall, 5);
	ck_assert_str_eq(names_of(&plan, 2), "");
	ck_assert_str_eq(names_of(&plan, 3), "");
	ck_assert_int_eq(plan.backends[3].state, GLB_INACTIVE);
	health_plan_free(&plan);
}
END_TEST

START_TEST(limits_of_a_table_go_before_those_of_the_file)
{
	struct health_plan plan = parse_good(
		"{'healthchecks':{'max_unhealthy_percent':30,'max_changes_per_minute':9,"
		"'flap_limit':4,'flap_window_s':60},'tables':[" TABLE(
			"", BIND,
			BACKEND
			"," OTHER) ",{" ITS_KEYS
				   ",'healthchecks':{'max_unhealthy_percent':100,'flap_limit':0},"
				   "'binds':[{'ip':'192.0.2.2','proto':'tcp','port':80}],'backends'"
				   ":[" BACKEND "," OTHER "]}]}");
	const struct health_limits *one = &plan.tables[0].limits;
	const struct health_limits *other = &plan.tables[1].limits;

	ck_assert_uint_eq(one->max_unhealthy_percent, 30);
	ck_assert_uint_eq(one->max_changes_per_minute, 9);
	ck_assert_uint_eq(one->flap_limit, 4);
	ck_assert_uint_eq(one->flap_window_s, 60);
	ck_assert_uint_eq(one->notice_ms, 0);
	ck_assert_uint_eq(other->max_unhealthy_percent, 100);
	ck_assert_uint_eq(other->max_changes_per_minute, 9);
	ck_assert_uint_eq(other->flap_limit, 0);
	ck_assert_uint_eq(other->flap_window_s, 60);
	ck_assert_uint_eq(plan.tables[1].first_backend, 2);
	ck_assert_uint_eq(plan.backends[3].table, 1);
	ck_assert_uint_eq(plan.backends[3].index, 1);
	health_plan_free(&plan);
}
END_TEST

/* Two tables with the same proxy, checked every 2 s in the first. */
#define TWICE(more)                                                                                \
	"{'tables':[\n" TABLE("'healthchecks':{'tcp':80},", BIND,                                  \
			      BACKEND "," OTHER) ",\n{" ITS_KEYS ",'healthchecks':{'tcp':80" more  \
						 "},"                                              \
						 "'binds':[{'ip':'192.0.2.2','proto':'tcp','port'" \
						 ":80}],'backends':[\n" BACKEND "]}]}"

START_TEST(a_check_of_two_tables_is_one)
{
	struct health_plan plan;

	ck_assert_int_eq(parse(&plan, TWICE("")), 0);
	ck_assert_uint_eq(plan.check_count, 2);
	ck_assert_uint_eq(plan.backends[2].checks[0], plan.backends[0].checks[0]);
	health_plan_free(&plan);

	ck_assert_int_eq(parse(&plan, TWICE(",'interval_ms':3000")), 0);
	ck_assert_ptr_nonnull(strstr(
		told, "warning 4:1: $.tables[1].backends[0]: its check \"tcp 10.0.0.1:80\" is "
		      "another backend's, too, whose timeout_ms, interval_ms, rise and fall it "
		      "has, as that is listed first"));
	ck_assert_uint_eq(plan.check_count, 2);
	ck_assert_uint_eq(plan.checks[0].interval_ms, 2000);
	health_plan_free(&plan);
}
END_TEST

START_TEST(as_many_checks_as_a_large_fleet_has_are_found_again)
{
	static char json[DOCUMENT_LEN_MAX];
	size_t at = (size_t)snprintf(json, sizeof(json),
				     "{'tables':[{" KEYS ",'binds':[" BIND
				     "],'healthchecks':{'tcp':[1,2,1,3]},'backends':[");
	struct health_plan plan;

	for (unsigned int i = 0; i < 900; i++)
		at += (size_t)snprintf(json + at, sizeof(json) - at,
				       "%s{'ip':'10.1.%u.%u','state':'active','healthy':true}",
				       i ? "," : "", i / 256, i % 256);
	(void)snprintf(json + at, sizeof(json) - at, "]}]}");
	plan = parse_good(json);
	ck_assert_uint_eq(plan.check_count, 2700);
	ck_assert_str_eq(names_of(&plan, 899),
			 "tcp 10.1.3.131:1\ntcp 10.1.3.131:2\ntcp 10.1.3.131:3");
	health_plan_free(&plan);
}
END_TEST

/* 16 checks to each of 32 binds are 512 of each backend, and 512 of those have the most. */
START_TEST(too_many_checks_are_refused_once)
{
	static char json[DOCUMENT_LEN_MAX];
	struct health_plan plan;

	for (unsigned int count = 512; count <= 514; count += 2) {
		size_t at = (size_t)snprintf(json, sizeof(json), "{'tables':[{" KEYS ",'binds':[");

		for (unsigned int i = 0; i < 32; i++)
			at += (size_t)snprintf(json + at, sizeof(json) - at,
					       "%s{'ip':'192.0.2.1','proto':'tcp','port':%u}",
					       i ? "," : "", i + 1);
		at += (size_t)snprintf(json + at, sizeof(json) - at,
				       "],'healthchecks':{'tunnel':[true");
		for (unsigned int i = 1; i < 16; i++)
			at += (size_t)snprintf(json + at, sizeof(json) - at, ",true");
		at += (size_t)snprintf(json + at, sizeof(json) - at, "]},'backends':[");
		for (unsigned int i = 0; i < count; i++)
			at += (size_t)snprintf(
				json + at, sizeof(json) - at,
				"%s{'ip':'10.1.%u.%u','state':'active','healthy':true}",
				i ? "," : "", i / 256, i % 256);
		(void)snprintf(json + at, sizeof(json) - at, "]}]}");
		ck_assert_int_eq(parse(&plan, json), count == 512 ? 0 : -EINVAL);
		if (count == 512) {
			ck_assert_uint_eq(plan.check_count, 512 * 32);
			health_plan_free(&plan);
		}
	}
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 1);
	ck_assert_ptr_nonnull(strstr(told, "$.tables[0].backends[512]: its checks are more than "
					   "the 262144 that there may be"));
}
END_TEST

static const struct {
	const char *json;
	const char *why;
} refused[] = {
	/* the tables themselves */
	{"{'tables':[]}", "1:11: $.tables: empty, there is nothing to serve"},
	/* times */
	{"{'healthchecks':{'timeout_ms':2000},'tables':[" TABLE("", BIND, BACKEND "," OTHER) "]}",
	 "1:31: $.healthchecks.timeout_ms: 2000 is not less than interval_ms, which is 2000"},
	{"{'healthchecks':{'interval_ms':1000},'tables':[" TABLE("", BIND, BACKEND "," OTHER) "]}",
	 "1:32: $.healthchecks.interval_ms: 1000 is not more than timeout_ms, which is 1000"},
	{"{'healthchecks':{'interval_ms':10,'timeout_ms':10},'tables':[" TABLE(
		 "", BIND, BACKEND "," OTHER) "]}",
	 "1:48: $.healthchecks.timeout_ms: 10 is not less than interval_ms, which is 10"},
	{ONE("", "\n" CHECKED("1", "'tcp':{'port':80,'timeout_ms':2500}") "," OTHER),
	 "2:96: $.tables[0].backends[0].healthchecks.tcp.timeout_ms: 2500 is not less than "
	 "interval_ms, which is 2000"},
	{ONE("\n'healthchecks':{'trigger':256,'fall':-1},", BACKEND "," OTHER),
	 "2:27: $.tables[0].healthchecks.trigger: 256 is not from 0 to 255\n"
	 "2:38: $.tables[0].healthchecks.fall: -1 is not from 0 to 255"},
	/* limits */
	{"{'healthchecks':{'max_unhealthy_percent':101,'max_changes_per_minute':16385,"
	 "'flap_limit':17,\n'flap_window_s':86401},'tables':[" TABLE("", BIND,
								     BACKEND "," OTHER) "]}",
	 "1:42: $.healthchecks.max_unhealthy_percent: 101 is not from 0 to 100\n"
	 "1:71: $.healthchecks.max_changes_per_minute: 16385 is not from 0 to 16384\n"
	 "1:90: $.healthchecks.flap_limit: 17 is not from 0 to 16\n"
	 "2:17: $.healthchecks.flap_window_s: 86401 is not from 0 to 86400"},
	/* where checks stand */
	{"{'healthchecks':{'http':80},'tables':[" TABLE("", BIND, BACKEND "," OTHER) "]}",
	 "1:25: $.healthchecks.http: belongs in the \"healthchecks\" of a table or of a backend"},
	{ONE("", "\n" PROXY("1", ",'healthchecks':[]") "," OTHER),
	 "2:65: $.tables[0].backends[0].healthchecks: is an array, expected an object"},
	/* ports */
	{ONE("", "\n" CHECKED("1", "'http':65536") "," OTHER),
	 "2:73: $.tables[0].backends[0].healthchecks.http: 65536 is not from 0 to 65535"},
	{ONE("", "\n" CHECKED("1", "'tcp':'80'") "," OTHER),
	 "2:72: $.tables[0].backends[0].healthchecks.tcp: is a string, expected an integer from 0 "
	 "to 65535"},
	{ONE("", "\n" CHECKED("1", "'tcp':{}") "," OTHER),
	 "2:72: $.tables[0].backends[0].healthchecks.tcp.port: is missing"},
	{ONE("", "\n" CHECKED("1", "'tcp':[]") "," OTHER),
	 "2:72: $.tables[0].backends[0].healthchecks.tcp: 0 checks, expected from 1 to 16"},
	/* a typo in a check would be one of what is tested */
	{ONE("", "\n" CHECKED("1", "'tcp':{'prot':80}") "," OTHER),
	 "2:80: $.tables[0].backends[0].healthchecks.tcp.prot: unknown key; did you mean "
	 "\"port\"?"},
	/* the original's path */
	{ONE("", "\n" CHECKED("1", "'http':80,'http_uri':'up'") "," OTHER),
	 "2:87: $.tables[0].backends[0].healthchecks.http_uri: is not a path: expected \"/\" first "
	 "and at most 1023 visible ASCII characters without \"#\""},
	{ONE("", "\n" CHECKED("1", "'http':{'port':80},'http_uri':'/up'") "," OTHER),
	 "2:96: $.tables[0].backends[0].healthchecks.http_uri: is for a port alone; here it is "
	 "\"path\" in \"http\""},
	/* all of it in one run */
	{ONE("", "\n" CHECKED("1", "'tcp':-1") ",\n" CHECKED("1", "'gue':-1")),
	 "2:72: $.tables[0].backends[0].healthchecks.tcp: -1 is not from 0 to 65535\n"
	 "3:7: $.tables[0].backends[1].ip: duplicate backend 10.0.0.1, first listed as "
	 "backends[0]\n"
	 "3:72: $.tables[0].backends[1].healthchecks.gue: -1 is not from 0 to 65535"},
};

START_TEST(a_mistake_is_refused_with_its_place)
{
	struct health_plan plan = {.table_count = 99};

	ck_assert_int_eq(parse(&plan, refused[_i].json), -EINVAL);
	ck_assert_str_eq(told, refused[_i].why);
	ck_assert_uint_eq(plan.table_count, 99);
}
END_TEST

static const struct {
	const char *json;
	const char *why;
} warned[] = {
	{ONE("", "\n" CHECKED("1", "'htpp':80") "," OTHER),
	 "warning 2:73: $.tables[0].backends[0].healthchecks.htpp: unknown key, ignored; did you "
	 "mean \"http\"?"},
	{ONE("", "\n" CHECKED("1", "'http_uri':'/'") "," OTHER),
	 "warning 2:77: $.tables[0].backends[0].healthchecks.http_uri: has no effect without "
	 "\"http\""},
	{ONE("'healthchecks':{'tcp':80},", "\n" CHECKED("1", "'interval_ms':3000") "," OTHER),
	 "warning 2:65: $.tables[0].backends[0].healthchecks: has no check and replaces the "
	 "table's: nothing is checked"},
};

START_TEST(what_has_no_effect_is_warned_about)
{
	struct health_plan plan;

	ck_assert_int_eq(parse(&plan, warned[_i].json), 0);
	ck_assert_str_eq(told, warned[_i].why);
	health_plan_free(&plan);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("health_plan");
	TCase *tcase = tcase_create("health_plan");

	tcase_add_test(tcase, the_original_s_keys_have_their_meaning);
	tcase_add_test(tcase, nothing_is_as_the_original_s_0_and_null);
	tcase_add_test(tcase, a_table_s_checks_are_those_of_backends_without_their_own);
	tcase_add_test(tcase, limits_of_a_table_go_before_those_of_the_file);
	tcase_add_test(tcase, a_check_of_two_tables_is_one);
	tcase_add_test(tcase, as_many_checks_as_a_large_fleet_has_are_found_again);
	tcase_add_test(tcase, too_many_checks_are_refused_once);
	tcase_add_loop_test(tcase, a_mistake_is_refused_with_its_place, 0, COUNT_OF(refused));
	tcase_add_loop_test(tcase, what_has_no_effect_is_warned_about, 0, COUNT_OF(warned));
	suite_add_tcase(suite, tcase);
	return suite;
}
