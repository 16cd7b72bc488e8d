/* SPDX-License-Identifier: BSD-3-Clause */
/* What does the reader of conf/tables.h say about documents that are wrong, or probably so? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tables.h"
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

static const struct {
	const char *json;
	const char *why; /* all problems, see document.h */
} refusals[] = {
	/* not JSON */
	{"", "1:1: '[' or '{' expected near end of file"},
	{"{'tables':[}", "1:12: unexpected token near '}'"},
	{"{'tables':[]\n,}", "2:2: string or '}' expected near '}'"},
	{"{'tables':[]} x", "1:15: end of file expected near 'x'"},
	{"{'tables':[],'tables':[]}", "1:14: duplicate object key near '\"tables\"'"},
	{"{'tables':[", "1:12: ']' expected near end of file"},
	{"{'tables':[],'x':'\xff'}", "1:18: unable to decode byte 0xff near '\"'"},
	/* the document */
	{"[]", "1:1: $: is an array, expected an object"},
	{"{}", "1:1: $.tables: is missing"},
	{"{'outbound_gateway_mac':7,'hash_fields':{},'unmatched':'punt','x':0}",
	 "1:1: $: has the keys of a director.json, and no \"tables\": were two files swapped?"},
	{"GLBD", " is a binary image of tables, where JSON is wanted: name its source"},
	{"{'tables':{}}", "1:11: $.tables: is an object, expected an array"},
	{"{'tables':null}", "1:11: $.tables: is null, expected an array"},
	{"{'tables':[7]}", "1:12: $.tables[0]: is a number, expected an object"},
	/* a table */
	{"{'tables':[{}]}", "1:12: $.tables[0].hash_key: is missing\n"
			    "1:12: $.tables[0].seed: is missing\n"
			    "1:12: $.tables[0].binds: is missing\n"
			    "1:12: $.tables[0].backends: is missing"},
	{"{'tables':[{'name':7}]}", "1:12: $.tables[0].hash_key: is missing\n"
				    "1:12: $.tables[0].seed: is missing\n"
				    "1:12: $.tables[0].binds: is missing\n"
				    "1:12: $.tables[0].backends: is missing\n"
				    "1:20: $.tables[0].name: is a number, expected a string"},
	{"{'tables':[{'hash_key':true}]}",
	 "1:12: $.tables[0].seed: is missing\n"
	 "1:12: $.tables[0].binds: is missing\n"
	 "1:12: $.tables[0].backends: is missing\n"
	 "1:24: $.tables[0].hash_key: is a boolean, expected a string"},
	{"{'tables':[{'hash_key':'00'}]}",
	 "1:12: $.tables[0].seed: is missing\n"
	 "1:12: $.tables[0].binds: is missing\n"
	 "1:12: $.tables[0].backends: is missing\n"
	 "1:24: $.tables[0].hash_key: is not 32 hexadecimal digits"},
	{"{'tables':[{'hash_key':'" KEY "'}]}", "1:12: $.tables[0].seed: is missing\n"
						"1:12: $.tables[0].binds: is missing\n"
						"1:12: $.tables[0].backends: is missing"},
	{"{'tables':[{'hash_key':'" KEY "','seed':'" KEY "0'}]}",
	 "1:12: $.tables[0].binds: is missing\n"
	 "1:12: $.tables[0].backends: is missing\n"
	 "1:66: $.tables[0].seed: is not 32 hexadecimal digits"},
	{"{'tables':[{" KEYS "}]}", "1:12: $.tables[0].binds: is missing\n"
				    "1:12: $.tables[0].backends: is missing"},
	{"{'tables':[{" KEYS ",'binds':''}]}",
	 "1:12: $.tables[0].backends: is missing\n"
	 "1:109: $.tables[0].binds: is a string, expected an array"},
	{"{'tables':[{" KEYS ",'binds':[]}]}",
	 "1:12: $.tables[0].backends: is missing\n"
	 "1:109: $.tables[0].binds: empty, no packet would ever match"},
	{"{'tables':[{" KEYS ",'binds':[],'backends':1.5}]}",
	 "1:109: $.tables[0].binds: empty, no packet would ever match\n"
	 "1:123: $.tables[0].backends: is a number, expected an array"},
	/* a bind */
	{BINDS("0"), "1:223: $.tables[0].binds[0]: is a number, expected an object"},
	{BINDS("{}"), "1:223: $.tables[0].binds[0].ip: is missing\n"
		      "1:223: $.tables[0].binds[0].proto: is missing\n"
		      "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end"},
	{BINDS("{'ip':1}"),
	 "1:223: $.tables[0].binds[0].proto: is missing\n"
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end\n"
	 "1:229: $.tables[0].binds[0].ip: is a number, expected a string"},
	{BINDS("{'ip':'192.0.2.1/33'}"),
	 "1:223: $.tables[0].binds[0].proto: is missing\n"
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end\n"
	 "1:229: $.tables[0].binds[0].ip: \"192.0.2.1/33\" is not an IPv4 or IPv6 address or "
	 "prefix"},
	{BINDS("{'ip':'192.0.2.1/24x'}"),
	 "1:223: $.tables[0].binds[0].proto: is missing\n"
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end\n"
	 "1:229: $.tables[0].binds[0].ip: \"192.0.2.1/24x\" is not an IPv4 or IPv6 address or "
	 "prefix"},
	{BINDS("{'ip':'::'}"),
	 "1:223: $.tables[0].binds[0].proto: is missing\n"
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end"},
	{BINDS("{'ip':'::','proto':6}"),
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end\n"
	 "1:242: $.tables[0].binds[0].proto: is a number, expected a string"},
	{BINDS("{'ip':'::','proto':'TCP'}"),
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end\n"
	 "1:242: $.tables[0].binds[0].proto: \"TCP\" is not tcp or udp"},
	{BINDS("{'ip':'::','proto':'tcp'}"),
	 "1:223: $.tables[0].binds[0]: has neither port nor port_start and port_end"},
	{BINDS(BIND ",{'ip':'::','proto':'tcp','port':70000}"),
	 "1:298: $.tables[0].binds[1].port: 70000 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':-1}"),
	 "1:255: $.tables[0].binds[0].port: -1 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':4294967376}"),
	 "1:255: $.tables[0].binds[0].port: 4294967376 is not from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':80.0}"),
	 "1:255: $.tables[0].binds[0].port: is a fraction, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':'80'}"),
	 "1:255: $.tables[0].binds[0].port: is a string, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port':null}"),
	 "1:255: $.tables[0].binds[0].port: is null, expected an integer from 0 to 65535"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':80}"),
	 "1:223: $.tables[0].binds[0].port_end: is missing"},
	{BINDS("{'ip':'::','proto':'tcp','port_end':80}"),
	 "1:223: $.tables[0].binds[0].port_start: is missing"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':81,'port_end':80}"),
	 "1:223: $.tables[0].binds[0]: port_start 81 is above port_end 80"},
	{BINDS("{'ip':'::','proto':'tcp','port_start':0,'port_end':65536}"),
	 "1:274: $.tables[0].binds[0].port_end: 65536 is not from 0 to 65535"},
	/* a backend */
	{BACKS("[]"), "1:166: $.tables[0].backends[0]: is an array, expected an object"},
	{BACKS("{}"),
	 "1:166: $.tables[0].backends[0].ip: is missing\n"
	 "1:166: $.tables[0].backends[0].state: is missing\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false"},
	{BACKS("{'ip':'10.0.0.256'}"),
	 "1:166: $.tables[0].backends[0].state: is missing\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "1:172: $.tables[0].backends[0].ip: \"10.0.0.256\" is not an IPv4 or IPv6 address"},
	{BACKS("{'ip':'10.0.0.1/32'}"),
	 "1:166: $.tables[0].backends[0].state: is missing\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "1:172: $.tables[0].backends[0].ip: \"10.0.0.1/32\" is not an IPv4 or IPv6 address"},
	{BACKS("{'ip':'10.0.0.1'}"),
	 "1:166: $.tables[0].backends[0].state: is missing\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false"},
	{BACKS("{'ip':'10.0.0.1','state':1}"),
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "1:191: $.tables[0].backends[0].state: is a number, expected a string"},
	{BACKS("{'ip':'10.0.0.1','state':'Active'}"),
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "1:191: $.tables[0].backends[0].state: \"Active\" is not filling, active, draining or "
	 "inactive"},
	{BACKS("{'ip':'10.0.0.1','state':'active','healthy':1}"),
	 "1:210: $.tables[0].backends[0].healthy: is a number, expected true or false"},
	{BACKS(BACKEND ",{'ip':'10.0.0.2','state':'active'},{'ip':'10.0.0.1','state':'inactive'}"),
	 "warning 1:216: $.tables[0].backends[1].healthy: is missing: counts as false\n"
	 "warning 1:251: $.tables[0].backends[2].healthy: is missing: counts as false\n"
	 "1:257: $.tables[0].backends[2].ip: duplicate backend 10.0.0.1, first listed as "
	 "backends[0]"},
	{BACKS("{'ip':'fd00::1','state':'active'},{'ip':'FD00:0::1','state':'active'}"),
	 "warning 1:165: $.tables[0].backends: none of the 2 usable ones is healthy\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "warning 1:200: $.tables[0].backends[1].healthy: is missing: counts as false\n"
	 "1:206: $.tables[0].backends[1].ip: duplicate backend fd00::1, first listed as "
	 "backends[0]"},
	/* what a document says must not break out of its line */
	{BACKS("{'ip':'10.0.0.1\\nglb: \\u001b[31m'}"),
	 "1:166: $.tables[0].backends[0].state: is missing\n"
	 "warning 1:166: $.tables[0].backends[0].healthy: is missing: counts as false\n"
	 "1:172: $.tables[0].backends[0].ip: \"10.0.0.1\nglb: \x1b[31m\" is not an IPv4 or IPv6 "
	 "address"},
	/* nor must a syntax error show a key */
	{"{'tables':[{'seed' '" KEY "'}]}", "1:20: ':' expected"},
	/* what is usable */
	{BACKS(""), "1:165: $.tables[0].backends: not one usable (0 listed, all inactive)"},
	{BACKS("{'ip':'10.0.0.1','state':'inactive','healthy':true},{'ip':'10.0.0.2','state':'"
	       "inactive','healthy':true}"),
	 "1:165: $.tables[0].backends: not one usable (2 listed, all inactive)"},
	{"{'tables':[]}", "1:11: $.tables: empty, there is nothing to serve"},
	/* everything at once, in the order of its place */
	{"{\n 'colour': 1,\n 'tables': [{\n  'hash_key': '7',\n  'seed': null,\n  'binds': [\n"
	 "   {'ip': '192.0.2.300', 'proto': 'TCP', 'port': 80},\n   {'proto': 'tcp', 'port': -1}\n "
	 " ],\n"
	 "  'backends': [\n   {'ip': '10.0.0.1', 'state': 'up', 'healthy': 'yes'},\n   7\n  ]\n "
	 "}]\n}",
	 "warning 2:12: $.colour: unknown key, ignored\n"
	 "4:15: $.tables[0].hash_key: is not 32 hexadecimal digits\n"
	 "5:11: $.tables[0].seed: is null, expected a string\n"
	 "7:11: $.tables[0].binds[0].ip: \"192.0.2.300\" is not an IPv4 or IPv6 address or prefix\n"
	 "7:35: $.tables[0].binds[0].proto: \"TCP\" is not tcp or udp\n"
	 "8:4: $.tables[0].binds[1].ip: is missing\n"
	 "8:29: $.tables[0].binds[1].port: -1 is not from 0 to 65535\n"
	 "11:32: $.tables[0].backends[0].state: \"up\" is not filling, active, draining or "
	 "inactive\n"
	 "11:49: $.tables[0].backends[0].healthy: is a string, expected true or false\n"
	 "12:4: $.tables[0].backends[1]: is a number, expected an object"},
	/* columns count characters, and escapes in keys hide nothing */
	{"{'\xc3\xa4\xe2\x82\xac':'\xc3\xbc','t\\u0061bles':{}}",
	 "warning 1:7: $[\"ä€\"]: unknown key, ignored\n"
	 "1:25: $.tables: is an object, expected an array"},
	/* options */
	{HOPS("1", BACKEND "," OTHER), "1:108: $.tables[0].hops: 1 is not from 2 to 4"},
	{HOPS("5", BACKEND "," OTHER), "1:108: $.tables[0].hops: 5 is not from 2 to 4"},
	{HOPS("'3'", BACKEND "," OTHER),
	 "1:108: $.tables[0].hops: is a string, expected an integer from 2 to 4"},
	{HOPS("null", BACKEND "," OTHER),
	 "1:108: $.tables[0].hops: is null, expected an integer from 2 to 4"},
	{HOPS("3,'max_load':100", BACKEND "," OTHER),
	 "1:121: $.tables[0].max_load: 100 is not from 101 to 200"},
	{HOPS("3,'max_load':201", BACKEND "," OTHER),
	 "1:121: $.tables[0].max_load: 201 is not from 101 to 200"},
	{HOPS("3,'max_load':1.05", BACKEND "," OTHER),
	 "1:121: $.tables[0].max_load: is a fraction, expected an integer from 101 to 200"},
	{HOPS("3,'max_load':true", BACKEND "," OTHER),
	 "1:121: $.tables[0].max_load: is a boolean, expected an integer from 101 to 200"},
	{HOPS("2,'max_load':105", BACKEND "," OTHER),
	 "1:121: $.tables[0].max_load: needs \"hops\": 3 or 4 in its table"},
	{HOPS("4,'max_load':105", "{'ip':'10.0.0.1','state':'active','healthy':true,'zone':'a'},"
				  "{'ip':'10.0.0.2','state':'active','healthy':true,'zone':'a'}"),
	 "1:121: $.tables[0].max_load: cannot be had together with the zones of backends"},
	{HOPS("2", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'weight':0}"),
	 "1:283: $.tables[0].backends[1].weight: 0 is not from 1 to 65535"},
	{HOPS("2", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'weight':65536}"),
	 "1:283: $.tables[0].backends[1].weight: 65536 is not from 1 to 65535"},
	{HOPS("2", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'weight':1.5}"),
	 "1:283: $.tables[0].backends[1].weight: is a fraction, expected an integer from 1 to "
	 "65535"},
	/* QUIC */
	{SERVERS("{'ip':'192.0.2.1','proto':'tcp','port':443,'quic':true}", SERVER("1")),
	 "1:160: $.tables[0].binds[0].quic: needs \"proto\": \"udp\""},
	{SERVERS("{'ip':'192.0.2.1','proto':'udp','port':443,'quic':1}", THIRD),
	 "1:160: $.tables[0].binds[0].quic: is a number, expected true or false"},
	{SERVERS("{'ip':'192.0.2.1','proto':'udp','port':'443','quic':true}", SERVER("1")),
	 "1:149: $.tables[0].binds[0].port: is a string, expected an integer from 0 to 65535"},
	{SERVERS(QUIC, SERVER("65536")),
	 "1:240: $.tables[0].backends[0].server_id: 65536 is not from 0 to 65535"},
	{SERVERS(QUIC, SERVER("-1")),
	 "1:240: $.tables[0].backends[0].server_id: -1 is not from 0 to 65535"},
	{SERVERS(QUIC, SERVER("'1'")), "1:240: $.tables[0].backends[0].server_id: is a string, "
				       "expected an integer from 0 to 65535"},
	{SERVERS(QUIC, SERVER("null")),
	 "1:240: $.tables[0].backends[0].server_id: is null, expected an integer from 0 to 65535"},
	{SERVERS(QUIC,
		 SERVER("7") ",\n{'ip':'10.0.0.4','state':'inactive','healthy':true,"
			     "'server_id':7},\n{'server_id':7,'ip':'10.0.0.5','state':'active',"
			     "'healthy':true}"),
	 "2:64: $.tables[0].backends[1].server_id: duplicate server_id 7, first given to "
	 "backends[0]\n"
	 "3:14: $.tables[0].backends[2].server_id: duplicate server_id 7, first given to "
	 "backends[0]"},
	/* options */
	{HOPS("3", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'zone':''}"),
	 "1:281: $.tables[0].backends[1].zone: is empty"},
	{HOPS("3", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'zone':7}"),
	 "1:281: $.tables[0].backends[1].zone: is a number, expected a string"},
	{HOPS("3", OTHER ",{'ip':'10.0.0.1','state':'active','healthy':true,'zone':'a'}"),
	 "1:175: $.tables[0].backends[0].zone: is missing, but other backends of the table have "
	 "one"},
	{HOPS("2", "{'ip':'10.0.0.1','state':'active','healthy':true,'zone':'a'},{'ip':'10.0.0.2','"
		   "state':'active','healthy':true,'zone':'b'}"),
	 "1:231: $.tables[0].backends[0].zone: needs \"hops\": 3 or 4 in its table\n"
	 "1:292: $.tables[0].backends[1].zone: needs \"hops\": 3 or 4 in its table"},
	{HOPS("7", "{'ip':'10.0.0.1','state':'active','healthy':true,'zone':'a'},{'ip':'10.0.0.2','"
		   "state':'active','healthy':true,'zone':'b'}"),
	 "1:108: $.tables[0].hops: 7 is not from 2 to 4"},
};

START_TEST(a_bad_document_is_refused_with_every_place_and_reason)
{
	struct glb_spec spec = {.table_count = 99};

	ck_assert_int_eq(parse(&spec, refusals[_i].json), -EINVAL);
	ck_assert_str_eq(told, refusals[_i].why);
	ck_assert_uint_eq(spec.table_count, 99);
}
END_TEST

static const struct {
	const char *json;
	const char *why; /* of errors, when the report is strict */
} warnings[] = {
	{"{'colour':1," TABLES(BIND, BACKEND "," OTHER) "}",
	 "1:11: $.colour: unknown key, ignored"},
	{"{" TABLES(BIND, BACKEND "," OTHER ",{'ip':'10.0.0.3','state':'active'}") "}",
	 "1:266: $.tables[0].backends[2].healthy: is missing: counts as false"},
	/* every level */
	{"{'tables':[{'colour':1," KEYS
	 ",'binds':[{'new':[],'ip':'::','proto':'tcp','port':1}],'backends':[{'new':null,"
	 "'ip':'10.0.0.1','state':'active','healthy':true}," OTHER "]}]}",
	 "1:22: $.tables[0].colour: unknown key, ignored\n"
	 "1:128: $.tables[0].binds[0].new: unknown key, ignored\n"
	 "1:185: $.tables[0].backends[0].new: unknown key, ignored"},
	/* binds */
	{BINDS("{'ip':'192.0.2.1/24','proto':'tcp','port':80}"),
	 "1:229: $.tables[0].binds[0].ip: \"192.0.2.1/24\" has host bits: it means 192.0.2.0/24"},
	{BINDS("{'ip':'2001:DB8::1/64','proto':'tcp','port':80}"),
	 "1:229: $.tables[0].binds[0].ip: \"2001:DB8::1/64\" has host bits: it means "
	 "2001:db8::/64"},
	{BINDS("{'ip':'192.0.2.1','proto':'tcp','port':80,'port_start':'x','port_end':7}"),
	 "1:278: $.tables[0].binds[0].port_start: is ignored, because there is a port\n"
	 "1:293: $.tables[0].binds[0].port_end: is ignored, because there is a port"},
	{BINDS(BIND ",{'ip':'192.0.2.1','proto':'udp','port':80},\n" BIND),
	 "2:1: $.tables[0].binds[2]: is never reached: the same as $.tables[0].binds[0] in line 1"},
	/* backends */
	{BACKS(BACKEND),
	 "1:165: $.tables[0].backends: only one is usable: it is the only choice in every row"},
	{BACKS(BACKEND ",{'ip':'10.0.0.2','state':'inactive','healthy':true}"),
	 "1:165: $.tables[0].backends: only one is usable: it is the only choice in every row"},
	{BACKS(DOWN("1", "active") "," DOWN("2", "filling")),
	 "1:165: $.tables[0].backends: none of the 2 usable ones is healthy"},
	{BACKS(OTHER ",{'ip':'224.0.0.1','state':'active','healthy':true}"),
	 "1:222: $.tables[0].backends[1].ip: is not the address of a single host"},
	/* QUIC: one without the other */
	{SERVERS(QUIC "," BIND, THIRD), "1:160: $.tables[0].binds[0].quic: has no effect: no "
					"backend of the table has a server_id"},
	{SERVERS(BIND, SERVER("7") ",\n{'server_id':0,'ip':'10.0.0.4','state':'active','healthy':"
				   "true}"),
	 "1:227: $.tables[0].backends[0].server_id: has no effect without a bind with \"quic\" in "
	 "its table\n"
	 "2:14: $.tables[0].backends[1].server_id: has no effect without a bind with \"quic\" in "
	 "its table"},
	{SERVERS("{'ip':'192.0.2.1','proto':'udp','port':443,'quic':false}", SERVER("7")),
	 "1:241: $.tables[0].backends[0].server_id: has no effect without a bind with \"quic\" in "
	 "its table"},
	/* options where they are not known: the original's rules */
	{"{'tables':[{" KEYS ",'max_load':'none','binds':[" BIND "],'backends':[" BACKEND "," OTHER
	 "]}]}",
	 "1:112: $.tables[0].max_load: has no effect without \"hops\" in its table"},
	{BACKS("{'ip':'10.0.0.1','state':'active','healthy':true,'zone':'','weight':3},{'ip':'10.0."
	       "0.2','state':'active','healthy':true,'weight':'heavy'}"),
	 "1:222: $.tables[0].backends[0].zone: has no effect without \"hops\" in its table\n"
	 "1:234: $.tables[0].backends[0].weight: has no effect without \"hops\" in its table\n"
	 "1:295: $.tables[0].backends[1].weight: has no effect without \"hops\" in its table"},
};

START_TEST(what_is_probably_wrong_is_taken_with_a_warning_unless_strict)
{
	struct glb_spec spec = {.table_count = 99};
	size_t len;

	ck_assert_int_eq(parse(&spec, warnings[_i].json), 0);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 0);
	for (uint32_t i = 0; i < report.count; i++)
		report.problems[i].severity = SEVERITY_ERROR;
	ck_assert_str_eq(problems(told, &report, "t.json"), warnings[_i].why);
	glb_spec_free(&spec);

	spec.table_count = 99;
	len = document(text, warnings[_i].json);
	report_init(&report);
	report.strict = true;
	ck_assert_int_eq(spec_parse(&spec, "t.json", text, len, &report), -EINVAL);
	ck_assert_str_eq(problems(told, &report, "t.json"), warnings[_i].why);
	ck_assert_uint_eq(spec.table_count, 99);
}
END_TEST

START_TEST(a_good_document_gives_no_warning)
{
	struct glb_spec spec;

	ck_assert_int_eq(parse(&spec, GOOD), 0);
	ck_assert_str_eq(told, "");
	glb_spec_free(&spec);
	ck_assert_int_eq(parse(&spec, SERVERS(BIND "," QUIC, SERVER("65535"))), 0);
	ck_assert_str_eq(told, "");
	glb_spec_free(&spec);
	ck_assert_int_eq(parse(&spec, BINDS("{'ip':'192.0.2.1','proto':'tcp','port':443,'quic':"
					    "false}")),
			 0);
	ck_assert_str_eq(told, "");
	glb_spec_free(&spec);
}
END_TEST

START_TEST(proxies_of_both_families_in_a_table_are_an_error_only_where_served)
{
	static const char json[] =
		BACKS(BACKEND "," OTHER ",{'ip':'fd00::1','state':'active','healthy':true}");
	static const char inactive[] =
		BACKS(BACKEND "," OTHER ",{'ip':'fd00::1','state':'inactive','healthy':true}");
	static const char why[] = "1:272: $.tables[0].backends[2].ip: an IPv6 backend in a table "
				  "whose others are IPv4: one hop list cannot have both";
	struct glb_spec spec;

	ck_assert_int_eq(parse(&spec, json), 0);
	ck_assert_msg(!strncmp(told, "warning ", 8), "%s", told);
	ck_assert_str_eq(told + 8, why);
	glb_spec_free(&spec);
	ck_assert_int_eq(parse(&spec, inactive), 0);
	ck_assert_str_eq(told, "");
	glb_spec_free(&spec);

	report_init(&report);
	report.serving = true;
	ck_assert_int_eq(spec_parse(&spec, "t.json", text, document(text, json), &report), -EINVAL);
	ck_assert_str_eq(problems(told, &report, "t.json"), why);
}
END_TEST

START_TEST(proxies_of_one_family_give_no_warning)
{
	static const char json[] = BACKS("{'ip':'fd00::1','state':'active','healthy':true},"
					 "{'ip':'10.0.0.1','state':'inactive','healthy':true},"
					 "{'ip':'fd00::2','state':'active','healthy':true}");
	struct glb_spec spec;

	report_init(&report);
	report.serving = true;
	ck_assert_int_eq(spec_parse(&spec, "t.json", text, document(text, json), &report), 0);
	ck_assert_str_eq(problems(told, &report, "t.json"), "");
	glb_spec_free(&spec);
}
END_TEST

/* Two good backends and binds, and one of the lists filled up to `count`. */
static size_t long_document(char *out, const char *list, unsigned int count)
{
	bool backends = !strcmp(list, "backends");
	char *at = out;

	at += document(at, "{'tables':[{" KEYS ",");
	at += document(at, backends ? "'binds':[" BIND "],'backends':[" BACKEND "," OTHER
				    : "'backends':[" BACKEND "," OTHER "],'binds':[" BIND);
	for (unsigned int i = backends ? 2 : 1; i < count; i++)
		at += backends
			      ? sprintf(at,
					",{\"ip\":\"10.1.%u.%u\",\"state\":\"inactive\","
					"\"healthy\":true}",
					i / 256, i % 256)
			      : sprintf(at, ",{\"ip\":\"192.0.2.1\",\"proto\":\"udp\",\"port\":%u}",
					i);
	return (size_t)(at + sprintf(at, "]}]}") - out);
}

START_TEST(a_list_longer_than_a_table_holds_is_refused)
{
	static const struct {
		const char *list;
		const char *why;
	} cases[] = {
		{"backends",
		 "1:165: $.tables[0].backends: 16385 backends, at most 16384 fit a table"},
		{"binds", "1:222: $.tables[0].binds: 16385 binds, at most 16384 fit a table"},
	};
	char *json = malloc(GLB_BACKENDS_MAX * 64 + 1024);

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		size_t len = long_document(json, cases[i].list, GLB_BACKENDS_MAX + 1);
		struct glb_spec spec;

		report_init(&report);
		ck_assert_int_eq(spec_parse(&spec, "t.json", json, len, &report), -EINVAL);
		ck_assert_str_eq(problems(told, &report, "t.json"), cases[i].why);
		len = long_document(json, cases[i].list, GLB_BACKENDS_MAX);
		report_init(&report);
		ck_assert_int_eq(spec_parse(&spec, "t.json", json, len, &report), 0);
		ck_assert_str_eq(problems(told, &report, "t.json"), "");
		glb_spec_free(&spec);
	}
	free(json);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("messages");
	TCase *messages = tcase_create("messages");

	tcase_add_loop_test(messages, a_bad_document_is_refused_with_every_place_and_reason, 0,
			    COUNT_OF(refusals));
	tcase_add_loop_test(messages, what_is_probably_wrong_is_taken_with_a_warning_unless_strict,
			    0, COUNT_OF(warnings));
	tcase_add_test(messages, a_good_document_gives_no_warning);
	tcase_add_test(messages,
		       proxies_of_both_families_in_a_table_are_an_error_only_where_served);
	tcase_add_test(messages, proxies_of_one_family_give_no_warning);
	tcase_add_test(messages, a_list_longer_than_a_table_holds_is_refused);
	suite_add_tcase(suite, messages);
	return suite;
}
