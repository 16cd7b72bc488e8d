/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/loops.h and conf/keys.h, by way of the documents they are used for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/director.h"
#include "conf/tables.h"
#include "parts.h"
#include "suite.h"

static struct report report;
static char told[DOCUMENT_LEN_MAX];

#define BIND_OF(ip, proto, first, last)                                                            \
	"{'ip':'" ip "','proto':'" proto "','port_start':" first ",'port_end':" last "}"
#define WITH(binds, backends)                                                                      \
	"{'tables':[{" KEYS ",\n'binds':[\n" binds "],\n'backends':[\n" backends "]}]}"
#define AT(ip)	     "{'ip':'" ip "','state':'active','healthy':true}"
#define INACTIVE(ip) "{'ip':'" ip "','state':'inactive','healthy':true}"
#define B	     "warning 3:1: $.tables[0].binds[0]: "

static const struct {
	const char *json;
	const char *why;
} cases[] = {
	{WITH(BIND_OF("192.0.2.1", "udp", "0", "65535"), AT("10.0.0.1") "," AT("10.0.0.2")), ""},
	/* what is encapsulated matches again */
	{WITH(BIND_OF("10.0.0.0/24", "udp", "1", "65535"),
	      AT("10.1.0.1") ",\n" AT("10.0.0.21") ",\n" AT("10.0.0.22")),
	 B "matches what is encapsulated to backend 10.0.0.21, $.tables[0].backends[1] in line 6 "
	   "(and 1 more): UDP to port 19523"},
	{WITH(BIND_OF("10.0.0.0/24", "udp", "19523", "19523"), AT("10.1.0.1") "," AT("10.0.0.255")),
	 B "matches what is encapsulated to backend 10.0.0.255, $.tables[0].backends[1] in line 5: "
	   "UDP to port 19523"},
	{WITH(BIND_OF("0.0.0.0/0", "udp", "0", "19523"), AT("10.0.0.1") "," AT("10.0.0.2")),
	 B "matches what is encapsulated to backend 10.0.0.1, $.tables[0].backends[0] in line 5 "
	   "(and 1 more): UDP to port 19523"},
	{WITH(BIND_OF("::/0", "udp", "19523", "65535"), AT("fd00::1") "," AT("fd00::2")),
	 B "matches what is encapsulated to backend fd00::1, $.tables[0].backends[0] in line 5 "
	   "(and 1 more): UDP to port 19523"},
	{WITH(BIND_OF("::/0", "udp", "0", "65535"), AT("10.0.0.1") "," AT("10.0.0.2")), ""},
	{WITH(BIND_OF("10.0.0.1", "udp", "0", "19522") "," BIND_OF("10.0.0.1", "tcp", "1", "2"),
	      AT("10.0.0.1") "," AT("10.0.0.2")),
	 B "has backend 10.0.0.1, $.tables[0].backends[0] in line 5 inside: what is sent there "
	   "goes to directors"},
	{WITH(BIND_OF("10.0.0.1", "udp", "19524", "65535") ",\n" BIND_OF("10.0.0.1", "udp", "0",
									 "65535"),
	      AT("10.0.0.1") "," AT("10.0.0.2")),
	 B "has backend 10.0.0.1, $.tables[0].backends[0] in line 6 inside: what is sent there "
	   "goes to directors\n"
	   "warning 4:1: $.tables[0].binds[1]: overlaps $.tables[0].binds[0] in line 3, which wins "
	   "where both match\n"
	   "warning 4:1: $.tables[0].binds[1]: matches what is encapsulated to backend 10.0.0.1, "
	   "$.tables[0].backends[0] in line 6: UDP to port 19523"},
	/* just outside, and never sent to */
	{WITH(BIND_OF("10.0.0.0/24", "udp", "0", "65535"),
	      AT("10.0.1.0") "," AT("9.255.255.255") "," INACTIVE("10.0.0.7")),
	 ""},
	{WITH(BIND_OF("fd00::/127", "tcp", "1", "2"), AT("fd00::2") "," AT("fd00::3")), ""},
};

static void parse(const char *json, size_t len)
{
	struct glb_spec spec;
	int err = spec_parse(&spec, "t.json", json, len, &report);

	(void)problems(told, &report, "t.json");
	ck_assert_msg(!err, "%s", told);
	glb_spec_free(&spec);
}

START_TEST(a_backend_inside_a_bind_is_warned_about_once_with_both_places)
{
	static char text[DOCUMENT_LEN_MAX];

	report_init(&report);
	parse(text, document(text, cases[_i].json));
	ck_assert_str_eq(told, cases[_i].why);
}
END_TEST

#define D "{'outbound_gateway_mac':'auto',"
#define D_END                                                                                      \
	"'outbound_src_ip':'198.18.0.1',\n'outbound_src_ip6':'fd00::1',\n"                         \
	"'outbound_gateway_ip':'10.0.0.1',\n'ports':[{'name':'a','outbound_gateway_ip':'10.1.0.1'" \
	"}]}"

static const struct {
	const char *director;
	const char *tables;
	const char *why; /* about the tables, behind what is said of the director */
} together[] = {
	{D D_END, WITH(BIND_OF("192.0.2.1", "tcp", "1", "2"), AT("10.0.0.7") "," AT("10.0.0.8")),
	 ""},
	{D D_END,
	 WITH(BIND_OF("198.18.0.0/15", "tcp", "1", "2"), AT("10.0.0.7") "," AT("10.0.0.8")),
	 B "has $.outbound_src_ip of d.json, line 1, inside: answers to the director go to any "
	   "director"},
	{D D_END,
	 WITH(BIND_OF("fd00::1", "tcp", "1", "2") "," BIND_OF("fd00::1", "udp", "1", "2"),
	      AT("10.0.0.7") "," AT("10.0.0.8")),
	 B "has $.outbound_src_ip6 of d.json, line 2, inside: answers to the director go to any "
	   "director"},
	{D D_END, WITH(BIND_OF("10.1.0.0/16", "udp", "1", "2"), AT("10.0.0.7") "," AT("10.0.0.8")),
	 B
	 "has $.ports[0].outbound_gateway_ip of d.json, line 4, inside: a gateway cannot be a VIP"},
	{D D_END, WITH(BIND_OF("192.0.2.1", "tcp", "1", "2"), AT("10.0.0.7") "," AT("198.18.0.1")),
	 "warning 5:51: $.tables[0].backends[1]: is $.outbound_src_ip of d.json, line 1, too: a "
	 "host drops what seems to come from itself"},
	/* a proxy may be the router */
	{D D_END, WITH(BIND_OF("192.0.2.1", "tcp", "1", "2"), AT("10.0.0.1") "," AT("10.1.0.1")),
	 ""},
	{D "'outbound_src_ip':'198.18.0.1','outbound_gateway_ip':'198.18.0.1'}",
	 WITH(BIND_OF("192.0.2.1", "tcp", "1", "2"), AT("10.0.0.7") "," AT("10.0.0.8")),
	 "warning d.json:1:85: $.outbound_gateway_ip: is $.outbound_src_ip in line 1, too: an "
	 "address cannot be its own gateway"},
};

START_TEST(what_two_files_say_together_is_warned_about_with_both_places)
{
	static char text[DOCUMENT_LEN_MAX];
	struct director_conf conf;

	report_init(&report);
	ck_assert_int_eq(director_conf_parse(&conf, "d.json", text,
					     document(text, together[_i].director), &report),
			 0);
	report.own = &conf.own;
	parse(text, document(text, together[_i].tables));
	ck_assert_str_eq(told, together[_i].why);
}
END_TEST

#define KEYS_OF(hash_key, seed)                                                                    \
	"{'hash_key':'" hash_key "',\n'seed':'" seed "','binds':[" BIND                            \
	"],'backends':[" AT("10.0.0.1") "," AT("10.0.0.2") "]}"
#define NEXT_OF(hash_key, seed)                                                                    \
	"{'hash_key':'" hash_key "',\n'seed':'" seed "','binds':[{'ip':'192.0.2.2','proto':'tcp'," \
	"'port':1}],'backends':[" AT("10.0.0.1") "," AT("10.0.0.2") "]}"
#define ZEROS "00000000000000000000000000000000"
#define ONES  "11111111111111111111111111111111"
#define TWOS  "22222222222222222222222222222222"
#define ZERO  "is all zeros, which is not a secret: head -c 16 /dev/urandom | xxd -p makes one"

static const struct {
	const char *json;
	const char *why;
} keys[] = {
	/* a hash_key may be shared */
	{"{'tables':[" KEYS_OF(ONES, TWOS) ",\n" NEXT_OF(ONES, SEED) "]}", ""},
	{"{'tables':[" KEYS_OF(ZEROS, ZEROS) ",\n" NEXT_OF(ZEROS, ZEROS) "]}",
	 "warning 1:24: $.tables[0].hash_key: " ZERO "\nwarning 2:8: $.tables[0].seed: " ZERO
	 "\nwarning 3:13: $.tables[1].hash_key: " ZERO "\nwarning 4:8: $.tables[1].seed: " ZERO},
	{"{'tables':[" KEYS_OF(ONES, ONES) "]}", "warning 1:24: $.tables[0].hash_key: is the same "
						 "as $.tables[0].seed in line 2: take one of "
						 "its own"},
	{"{'tables':[" KEYS_OF(ONES, SEED) ",\n" NEXT_OF(ONES, SEED) "]}",
	 "warning 4:8: $.tables[1].seed: is the same as $.tables[0].seed in line 2: take one of "
	 "its "
	 "own"},
	{"{'tables':[" KEYS_OF(TWOS, ONES) ",\n" NEXT_OF(ONES, SEED) "]}",
	 "warning 3:13: $.tables[1].hash_key: is the same as $.tables[0].seed in line 2: take one "
	 "of "
	 "its own"},
};

START_TEST(keys_that_are_no_secret_or_used_twice_are_warned_about)
{
	static char text[DOCUMENT_LEN_MAX];

	report_init(&report);
	parse(text, document(text, keys[_i].json));
	ck_assert_str_eq(told, keys[_i].why);
}
END_TEST

/* 16,384 of each; many prefixes with many backends inside. */
START_TEST(the_most_binds_and_backends_are_checked)
{
	size_t room = 4 << 20;
	char *text = malloc(room);
	struct glb_spec spec;
	size_t len;

	len = (size_t)snprintf(text, room,
			       "{\"tables\":[{\"hash_key\":\"" ONES "\",\"seed\":\"" TWOS
			       "\",\"binds\":[");
	for (unsigned int i = 0; i < GLB_BINDS_MAX; i++)
		len += (size_t)snprintf(
			text + len, room - len,
			"%s{\"ip\":\"10.%u.0.0/%u\",\"proto\":\"udp\",\"port_start\":%u,"
			"\"port_end\":%u}",
			i ? "," : "", i % 64, 8 + i % 16, 19000 + i % 523, 19523 + i);
	len += (size_t)snprintf(text + len, room - len, "],\"backends\":[");
	for (unsigned int i = 0; i < GLB_BACKENDS_MAX; i++)
		len += (size_t)snprintf(
			text + len, room - len,
			"%s{\"ip\":\"10.%u.%u.%u\",\"state\":\"active\",\"healthy\":true}",
			i ? "," : "", i % 64, i / 64 % 256, 1 + i / 16384);
	len += (size_t)snprintf(text + len, room - len, "]}]}");
	ck_assert_uint_lt(len, room);
	report_init(&report);
	ck_assert_int_eq(spec_parse(&spec, "t.json", text, len, &report), 0);
	ck_assert_uint_ge(report.totals[SEVERITY_WARNING], GLB_BINDS_MAX);
	glb_spec_free(&spec);
	free(text);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("loops");
	TCase *loops = tcase_create("loops");

	tcase_add_loop_test(loops, a_backend_inside_a_bind_is_warned_about_once_with_both_places, 0,
			    COUNT_OF(cases));
	tcase_add_loop_test(loops, what_two_files_say_together_is_warned_about_with_both_places, 0,
			    COUNT_OF(together));
	tcase_add_loop_test(loops, keys_that_are_no_secret_or_used_twice_are_warned_about, 0,
			    COUNT_OF(keys));
	tcase_add_test(loops, the_most_binds_and_backends_are_checked);
	suite_add_tcase(suite, loops);
	return suite;
}
