/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/director.h. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/hash.h>

#include "conf_director.h"
#include "suite.h"

/* As a program does that is about to serve by it. */
static int parse_to_serve(struct director_conf *conf, const char *json)
{
	size_t len = document(text, json);

	report_init(&report);
	report.serving = true;

	int err = director_conf_parse(conf, "d.json", text, len, &report);

	(void)problems(told, &report, "d.json");
	return err;
}

START_TEST(two_keys_are_enough_and_the_rest_has_its_defaults)
{
	static const uint8_t no_mac[GLB_MAC_LEN];
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, "{" REQUIRED "}"), 0);
	ck_assert_mem_eq(conf.defaults.port.gateway_mac, "\2\0\0\0\0\1", 6);
	ck_assert_mem_eq(conf.settings.src_addr.bytes, "\xc0\0\2\1", 4);
	ck_assert_uint_eq(conf.settings.hash_fields, GLB_HASH_SRC_ADDR);
	ck_assert_uint_eq(conf.settings.alt_hash_fields, 0);
	ck_assert_int_eq(conf.settings.echo, GLB_ECHO_FORWARD);
	ck_assert(conf.rx_drop_en);
	ck_assert(conf.backend_counters);
	ck_assert_str_eq(conf.live_device, "");
	ck_assert_str_eq(conf.state_directory, "");
	ck_assert(conf.turn_times);
	ck_assert_uint_eq(conf.stall_ms, 10);
	ck_assert(conf.keeps_state);
	ck_assert_uint_eq(conf.live_stall_ms, 1000);
	ck_assert_uint_eq(conf.live_leave_ms, 1000);
	ck_assert(conf.punt_unmatched);
	ck_assert_str_eq(conf.punt_port, "");
	ck_assert_uint_eq(conf.idle_sleep_us, 100);
	for (unsigned int p = 0; p < GLB_PORTS_MAX; p++)
		ck_assert_mem_eq(conf.settings.ports[p].mac, no_mac, sizeof(no_mac));

	/* what the original has no key for is as the original does it */
	struct glb_settings original = {
		.src_addr = conf.settings.src_addr,
		.hash_fields = GLB_HASH_SRC_ADDR,
		.answers_per_second = 1000,
		.errors_per_second = 1000,
		.punt_interval_ns = 20000,
	};

	ck_assert_mem_eq(&conf.settings, &original, sizeof(original));
	ck_assert_uint_eq(conf.defaults.port.vlan, GLB_VLAN_KEEP);
	ck_assert_uint_eq(conf.defaults.port.mtu, 0);
	ck_assert(!conf.defaults.gateway_auto);
	ck_assert_uint_eq(conf.port_count, 0);
}
END_TEST

START_TEST(every_key_has_its_effect)
{
	struct director_conf conf;

	ck_assert_int_eq(
		parse(&conf,
		      "{'outbound_gateway_mac':'0200:00AB:cdef # "
		      "router','outbound_src_ip':'10.0.0.255',"
		      "'hash_fields':{'dst_addr':true,'src_port':true,'src_addr':false},"
		      "'alt_hash_fields':{'src_addr':true,'dst_port':true},"
		      "'forward_icmp_ping_responses':false,'rx_drop_en':false,"
		      "'backend_counters':false,'control_socket':'/a/b.sock',"
		      "'idle_sleep_us':0,'punts_per_second':1000,'unmatched':'drop','punt_port':'"
		      "net_tap0','live_device':'glb-live','turn_times':false,'stall_ms':7,'state_"
		      "directory':'/"
		      "x','live_stall_ms':20,'live_leave_ms':0}"),
		0);
	ck_assert_mem_eq(conf.defaults.port.gateway_mac, "\2\0\0\xab\xcd\xef", 6);
	ck_assert_mem_eq(conf.settings.src_addr.bytes, "\x0a\0\0\xff", 4);
	ck_assert_uint_eq(conf.settings.hash_fields, GLB_HASH_DST_ADDR | GLB_HASH_SRC_PORT);
	ck_assert_uint_eq(conf.settings.alt_hash_fields, GLB_HASH_SRC_ADDR | GLB_HASH_DST_PORT);
	ck_assert_int_eq(conf.settings.echo, GLB_ECHO_PUNT);
	ck_assert(!conf.rx_drop_en);
	ck_assert(!conf.backend_counters);
	ck_assert(conf.has_control_socket);
	ck_assert_str_eq(conf.control_socket, "/a/b.sock");
	ck_assert(!conf.punt_unmatched);
	ck_assert_str_eq(conf.punt_port, "net_tap0");
	ck_assert_uint_eq(conf.idle_sleep_us, 0);
	ck_assert_str_eq(conf.live_device, "glb-live");
	ck_assert_str_eq(conf.state_directory, "/x");
	ck_assert(!conf.turn_times);
	ck_assert_uint_eq(conf.stall_ms, 7);
	ck_assert(conf.keeps_state);
	ck_assert_uint_eq(conf.live_stall_ms, 20);
	ck_assert_uint_eq(conf.live_leave_ms, 0);
	ck_assert_uint_eq(conf.settings.punt_interval_ns, 1000000);
}
END_TEST

START_TEST(every_choice_has_its_effect)
{
	static const struct {
		const char *json;
		size_t at; /* in the settings, a byte */
		uint8_t want;
	} choices[] = {
#define CASE(field, json, want) {json, offsetof(struct glb_settings, field), want}
		CASE(all_icmp_errors, "'icmp_errors':'compatible'", false),
		CASE(all_icmp_errors, "'icmp_errors':'all'", true),
		CASE(echo, "'echo':'forward'", GLB_ECHO_FORWARD),
		CASE(echo, "'echo':'answer'", GLB_ECHO_ANSWER),
		CASE(echo, "'echo':'punt'", GLB_ECHO_PUNT),
		CASE(echo, "'echo':'drop'", GLB_ECHO_DROP),
		CASE(echo, "'forward_icmp_ping_responses':true,'echo':'forward'", GLB_ECHO_FORWARD),
		CASE(echo, "'forward_icmp_ping_responses':false,'echo':'punt'", GLB_ECHO_PUNT),
		CASE(forward_fragments, "'fragments':'drop'", false),
		CASE(forward_fragments, "'fragments':'address'", true),
		CASE(verify_ip_checksum, "'verify_ip_checksum':true", true),
		CASE(min_ttl, "'min_ttl':255", 255),
		CASE(trim_padding, "'padding':'keep'", false),
		CASE(trim_padding, "'padding':'trim'", true),
		CASE(too_big, "'too_big':'forward'", GLB_TOO_BIG_FORWARD),
		CASE(too_big, "'too_big':'answer'", GLB_TOO_BIG_ANSWER),
		CASE(too_big, "'too_big':'drop'", GLB_TOO_BIG_DROP),
		CASE(clamp_mss, "'clamp_mss':true", true),
		CASE(outer_dscp, "'outer_dscp':0", 0),
		CASE(outer_dscp, "'outer_dscp':63", 63),
		CASE(outer_dscp, "'outer_dscp':'copy'", GLB_DSCP_COPY),
		CASE(copy_ecn, "'outer_ecn':'zero'", false),
		CASE(copy_ecn, "'outer_ecn':'copy'", true),
		CASE(relay_outer_errors, "'outer_errors':'punt'", false),
		CASE(relay_outer_errors, "'outer_errors':'relay'", true),
		CASE(udp_checksum, "'udp_checksum':'full'", GLB_UDP_FULL),
		CASE(udp_checksum, "'udp_checksum':'inner'", GLB_UDP_INNER),
		CASE(udp_checksum, "'udp_checksum':'offload'", GLB_UDP_OFFLOAD),
		CASE(udp_checksum, "'udp_checksum':'zero'", GLB_UDP_ZERO),
		CASE(unique_hops, "'unique_hops':true", true),
		CASE(isa, "'instruction_set':'best'", GLB_ISA_BEST),
		CASE(isa, "'instruction_set':'generic'", GLB_ISA_GENERIC),
		CASE(isa, "'instruction_set':'avx2'", GLB_ISA_AVX2),
		CASE(isa, "'instruction_set':'avx512'", GLB_ISA_AVX512),
#undef CASE
	};

	for (unsigned int i = 0; i < COUNT_OF(choices); i++) {
		struct director_conf plain;
		struct director_conf conf;
		char json[256];

		(void)snprintf(json, sizeof(json), WITH("%s"), choices[i].json);
		ck_assert_int_eq(parse(&conf, json), 0);
		ck_assert_str_eq(told, "");
		ck_assert_int_eq(parse(&plain, "{" REQUIRED "}"), 0);
		((uint8_t *)&plain.settings)[choices[i].at] = choices[i].want;
		ck_assert_msg(!memcmp(&conf.settings, &plain.settings, sizeof(plain.settings)),
			      "%s", choices[i].json);
	}
}
END_TEST

START_TEST(answers_and_both_sources_have_their_effect)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'echo':'answer','answers_per_second':1000000,"
					   "'outbound_src_ip6':'fd00::b'")),
			 0);
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(conf.settings.answers_per_second, 1000000);
	ck_assert_uint_eq(conf.settings.errors_per_second, 1000000);
	ck_assert_uint_eq(conf.settings.src_addr.version, 4);
	ck_assert_uint_eq(conf.settings.src_addr6.version, 6);
	ck_assert_uint_eq(conf.settings.src_addr6.bytes[15], 0xb);

	ck_assert_int_eq(parse(&conf, "{" GATEWAY ",'outbound_src_ip6':'fd00::b'}"), 0);
	ck_assert_uint_eq(conf.settings.src_addr.version, 0);
	ck_assert_uint_eq(conf.settings.src_addr6.version, 6);
}
END_TEST

START_TEST(errors_have_the_limit_of_answers_or_their_own)
{
	static const struct {
		const char *json;
		uint32_t answers, errors;
	} limits[] = {
		{WITH("'too_big':'answer'"), 1000, 1000},
		{WITH("'too_big':'answer','answers_per_second':8"), 8, 8},
		{WITH("'outer_errors':'relay','answers_per_second':8"), 8, 8},
		{WITH("'outer_errors':'relay','errors_per_second':7"), 1000, 7},
		{WITH("'too_big':'answer','errors_per_second':7"), 1000, 7},
		{WITH("'too_big':'answer','echo':'answer','errors_per_second':7,"
		      "'answers_per_second':8"),
		 8, 7},
	};

	for (unsigned int i = 0; i < COUNT_OF(limits); i++) {
		struct director_conf conf;

		ck_assert_int_eq(parse(&conf, limits[i].json), 0);
		ck_assert_str_eq(told, "");
		ck_assert_uint_eq(conf.settings.answers_per_second, limits[i].answers);
		ck_assert_uint_eq(conf.settings.errors_per_second, limits[i].errors);
	}
}
END_TEST

START_TEST(fragments_may_follow_hashes_of_addresses)
{
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, WITH("'fragments':'address','hash_fields':{'src_addr':true,"
					   "'dst_addr':true,'src_port':false},"
					   "'alt_hash_fields':{'src_addr':true}")),
			 0);
	ck_assert(conf.settings.forward_fragments);
}
END_TEST

static const struct {
	const char *json;
	const char *why; /* all problems, see document.h; NULL: none */
} cases[] = {
	{"[]", "1:1: $: is an array, expected an object"},
	{"{", "1:2: string or '}' expected near end of file"},
	{"{}", "1:1: $.outbound_src_ip: is missing, as is outbound_src_ip6: give one or both\n"
	       "1:1: $.outbound_gateway_mac: is missing"},
	{"{'outbound_gateway_mac':1}",
	 "1:1: $.outbound_src_ip: is missing, as is outbound_src_ip6: give one or both\n"
	 "1:25: $.outbound_gateway_mac: is a number, expected a string"},
	{"{'outbound_gateway_mac':'gateway'}",
	 "1:1: $.outbound_src_ip: is missing, as is outbound_src_ip6: give one or both\n"
	 "1:25: $.outbound_gateway_mac: \"gateway\" is neither a MAC address nor auto"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01'}",
	 "1:1: $.outbound_src_ip: is missing, as is outbound_src_ip6: give one or both"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':7}",
	 "1:63: $.outbound_src_ip: is a number, expected a string"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':'192.0.2'}",
	 "1:63: $.outbound_src_ip: \"192.0.2\" is not an IPv4 or IPv6 address"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':'fd00::1'}",
	 "1:63: $.outbound_src_ip: is an IPv6 address, which belongs in outbound_src_ip6"},
	{WITH("'hash_fields':null"), "1:89: $.hash_fields: is null, expected an object"},
	{WITH("'hash_fields':['src_addr']"),
	 "1:89: $.hash_fields: is an array, expected an object"},
	{WITH("'hash_fields':{}"), "1:89: $.hash_fields: names no field to hash"},
	{WITH("'hash_fields':{'src_addr':false}"), "1:89: $.hash_fields: names no field to hash"},
	{WITH("'hash_fields':{'src_port':1}"),
	 "1:101: $.hash_fields.src_port: is a number, expected true or false"},
	{WITH("'hash_fields':{'src_addr':true,'new_field':true}"),
	 "1:118: $.hash_fields.new_field: unknown key"},
	{WITH("'alt_hash_fields':{}"), "1:93: $.alt_hash_fields: names no field to hash"},
	{WITH("'alt_hash_fields':{'dst_addr':'yes'}"),
	 "1:105: $.alt_hash_fields.dst_addr: is a string, expected true or false"},
	{WITH("'alt_hash_fields':{'src_addr':true}"),
	 "warning 1:93: $.alt_hash_fields: lists the same hops as hash_fields"},
	{WITH("'alt_hash_fields':{'dst_addr':true}"), NULL},
	{"{" GATEWAY ",'outbound_src_ip':'127.0.0.1','outbound_src_ip6':'::1'}",
	 "warning 1:63: $.outbound_src_ip: is not the address of a single host\n"
	 "warning 1:94: $.outbound_src_ip6: is not the address of a single host"},
	{WITH("'forward_icmp_ping_responses':0"),
	 "1:105: $.forward_icmp_ping_responses: is a number, expected true or false"},
	{WITH("'rx_drop_en':null"), "1:88: $.rx_drop_en: is null, expected true or false"},
	{WITH("'backend_counters':1"),
	 "1:94: $.backend_counters: is a number, expected true or false"},
	{WITH("'control_socket':''"), NULL},
	{WITH("'control_socket':'glb.sock'"),
	 "1:92: $.control_socket: \"glb.sock\" is not an absolute path"},
	{WITH("'idle_sleep_us':10000"), NULL},
	{WITH("'idle_sleep_us':10001"), "1:91: $.idle_sleep_us: 10001 is not from 0 to 10000"},
	{WITH("'idle_sleep_us':-1"), "1:91: $.idle_sleep_us: -1 is not from 0 to 10000"},
	{WITH("'idle_sleep_us':1.0"),
	 "1:91: $.idle_sleep_us: is a fraction, expected an integer from 0 to 10000"},
	{WITH("'idle_sleep_us':false"),
	 "1:91: $.idle_sleep_us: is a boolean, expected an integer from 0 to 10000"},
	{WITH("'punts_per_second':0"), NULL},
	{WITH("'punts_per_second':1000000"), NULL},
	{WITH("'punts_per_second':1000001"),
	 "1:94: $.punts_per_second: 1000001 is not from 0 to 1000000"},
	{WITH("'meters':[]"), NULL},
	{WITH("'meters':[{'vip':'192.0.2.1','packets_per_second':1},"
	      "{'vip':'192.0.2.0/24','packets_per_second':100000000,'burst':10000000},"
	      "{'vip':'::1','packets_per_second':5,'burst':1}]"),
	 NULL},
	{WITH("'meters':{}"), "1:84: $.meters: is an object, expected an array"},
	{WITH("'meters':[7,{}]"), "1:85: $.meters[0]: is a number, expected an object\n"
				  "1:87: $.meters[1].vip: is missing\n"
				  "1:87: $.meters[1].packets_per_second: is missing"},
	{WITH("'meters':[{'vip':'www','packets_per_second':0,'burst':0}]"),
	 "1:92: $.meters[0].vip: \"www\" is not an IPv4 or IPv6 address or prefix\n"
	 "1:119: $.meters[0].packets_per_second: 0 is not from 1 to 100000000\n"
	 "1:129: $.meters[0].burst: 0 is not from 1 to 10000000"},
	{WITH("'meters':[{'vip':'::','packets_per_second':100000001,'burst':10000001}]"),
	 "1:118: $.meters[0].packets_per_second: 100000001 is not from 1 to 100000000\n"
	 "1:136: $.meters[0].burst: 10000001 is not from 1 to 10000000"},
	{WITH("'meters':[{'vip':'10.0.0.1','packets_per_second':9,'brust':1}]"),
	 "1:134: $.meters[0].brust: unknown key; did you mean \"burst\"?"},
	{WITH("'meters':[{'vip':'10.0.0.1/8','packets_per_second':9},"
	      "{'vip':'10.0.0.0/9','packets_per_second':9},"
	      "{'vip':'10.0.0.0/8','packets_per_second':8}]"),
	 "warning 1:92: $.meters[0].vip: \"10.0.0.1/8\" has host bits: it means 10.0.0.0/8\n"
	 "1:173: $.meters[2]: 10.0.0.0/8 has a meter already, in line 1"},
	{WITH("'live_device':'123456789012345'"), NULL},
	{WITH("'live_device':'1234567890123456'"),
	 "1:89: $.live_device: \"1234567890123456\" is no interface name"},
	{WITH("'live_device':''"), "1:89: $.live_device: \"\" is no interface name"},
	{WITH("'stall_ms':60001"), "1:86: $.stall_ms: 60001 is not from 0 to 60000"},
	{WITH("'turn_times':1"), "1:88: $.turn_times: is a number, expected true or false"},
	{WITH("'state_directory':''"), NULL},
	{WITH("'state_directory':false"),
	 "1:93: $.state_directory: is a boolean, expected a string"},
	{WITH("'live_stall_ms':60001"), "1:91: $.live_stall_ms: 60001 is not from 0 to 60000"},
	{WITH("'live_leave_ms':-1"), "1:91: $.live_leave_ms: -1 is not from 0 to 60000"},
	{WITH("'unmatched':'punt'"), NULL},
	{"{'tables':[{'name':'x','seed':7}],'x':0}",
	 "1:1: $: has the \"tables\" of a tables file, and no key of a director.json: were two "
	 "files swapped?"},
	{"GLBD", " is a binary image of tables, where JSON is wanted: name its source"},
	{WITH("'unmatched':'pun'"), "1:87: $.unmatched: \"pun\" is not punt or drop"},
	{WITH("'unmatched':true"), "1:87: $.unmatched: is a boolean, expected a string"},
	{WITH("'punt_port':''"), "1:87: $.punt_port: \"\" is no device name"},
	{WITH("'punt_port':{}"), "1:87: $.punt_port: is an object, expected a string"},
	{WITH("'punt_port':'012345678901234567890123456789012345678901234567890123456789012'"),
	 NULL},
	{WITH("'punt_port':'0123456789012345678901234567890123456789012345678901234567890123'"),
	 "1:87: $.punt_port: \"0123456789012345678901234567890123456789012345678901234567890123\" "
	 "is no device name"},
	{WITH("'unmatched':'drop','unmatched':'punt'"),
	 "1:94: duplicate object key near '\"unmatched\"'"},
	/* keys of the original that have no effect, whatever they hold, and unknown keys */
	{WITH("'flow_paths':[{'rx_port':0}],'lcores':{'lcore-1':{'rx':true}}"),
	 "warning 1:88: $.flow_paths: only the ports have an effect: queues are assigned "
	 "automatically\n"
	 "warning 1:113: $.lcores: accepted without effect: workers and queues are assigned "
	 "automatically"},
	{WITH("'statsd_host':'::1','statsd_port':28125"), NULL},
	{WITH("'statsd_port':70000"), "1:89: $.statsd_port: 70000 is not from 0 to 65535"},
	{WITH("'num_worker_queues':'x','kni_ip':null"),
	 "warning 1:95: $.num_worker_queues: accepted without effect: workers and queues are "
	 "assigned automatically\n"
	 "warning 1:108: $.kni_ip: accepted without effect: there is no KNI; see punt_port"},
	{WITH("'lcores':{'lcore-1':{'kni':true},'lcore-127':{'kni':true}}"),
	 "warning 1:84: $.lcores: accepted without effect: workers and queues are assigned "
	 "automatically\n"
	 "warning 1:102: $.lcores[\"lcore-1\"].kni: there is no KNI: without punt_port, what is "
	 "not for "
	 "a VIP gets to the kernel only where the device sees to it itself"},
	{WITH("'lcores':{'lcore-1':{'kni':true}},'punt_port':'net_tap0'"),
	 "warning 1:84: $.lcores: accepted without effect: workers and queues are assigned "
	 "automatically"},
	{WITH("'lcores':{'lcore-1':{'kni':true}},'ports':[{'name':'p','punt_port':'net_tap0'}]"),
	 "warning 1:84: $.lcores: accepted without effect: workers and queues are assigned "
	 "automatically"},
	{WITH("'lcores':{'lcore-128':{'kni':true},'lcore-1':{'kni':1},'lcore-2':3}"),
	 "warning 1:84: $.lcores: accepted without effect: workers and queues are assigned "
	 "automatically"},
	{WITH("'new':1"), "warning 1:81: $.new: unknown key, ignored"},
	{WITH("'hash_feilds':1"), "warning 1:89: $.hash_feilds: unknown key, ignored; did you mean "
				  "\"hash_fields\"?"},
	{WITH("'hash_fields':{'scr_addr':true}"), "1:101: $.hash_fields.scr_addr: unknown key; did "
						  "you mean \"src_addr\"?"},
	/* the source */
	{"{" GATEWAY ",'outbound_src_ip6':'10.0.0.1'}",
	 "1:64: $.outbound_src_ip6: is an IPv4 address, which belongs in outbound_src_ip"},
	{"{" GATEWAY ",'outbound_src_ip6':'fd00::1','outbound_src_ip':'x'}",
	 "1:92: $.outbound_src_ip: \"x\" is not an IPv4 or IPv6 address"},
	/* words, flags and numbers */
	{WITH("'icmp_errors':'some','echo':'reply','fragments':'keep','padding':'cut'"),
	 "1:89: $.icmp_errors: \"some\" is not compatible or all\n"
	 "1:103: $.echo: \"reply\" is not forward, answer, punt or drop\n"
	 "1:123: $.fragments: \"keep\" is not drop or address\n"
	 "1:140: $.padding: \"cut\" is not keep or trim"},
	{WITH("'too_big':'ignore','outer_ecn':'keep','udp_checksum':'none'"),
	 "1:85: $.too_big: \"ignore\" is not forward, answer or drop\n"
	 "1:106: $.outer_ecn: \"keep\" is not zero or copy\n"
	 "1:128: $.udp_checksum: \"none\" is not full, inner, offload or zero"},
	{WITH("'instruction_set':'sse2'"),
	 "1:93: $.instruction_set: \"sse2\" is not best, generic, avx2 or avx512"},
	{WITH("'too_big':false,'verify_ip_checksum':1,'clamp_mss':'yes','unique_hops':null"),
	 "1:85: $.too_big: is a boolean, expected a string\n"
	 "1:112: $.verify_ip_checksum: is a number, expected true or false\n"
	 "1:126: $.clamp_mss: is a string, expected true or false\n"
	 "1:146: $.unique_hops: is null, expected true or false"},
	{WITH("'min_ttl':256"), "1:85: $.min_ttl: 256 is not from 0 to 255"},
	{WITH("'min_ttl':-1"), "1:85: $.min_ttl: -1 is not from 0 to 255"},
	{WITH("'outer_dscp':64"), "1:88: $.outer_dscp: 64 is not from 0 to 63"},
	{WITH("'outer_dscp':'zero'"),
	 "1:88: $.outer_dscp: \"zero\" is not copy, nor an integer from 0 to 63"},
	{WITH("'outer_dscp':[]"),
	 "1:88: $.outer_dscp: is an array, expected an integer from 0 to 63"},
	{WITH("'echo':'answer','answers_per_second':0"),
	 "1:112: $.answers_per_second: 0 is not from 1 to 1000000"},
	{WITH("'too_big':'answer','answers_per_second':1000001"),
	 "1:115: $.answers_per_second: 1000001 is not from 1 to 1000000"},
	{WITH("'answers_per_second':1"),
	 "warning 1:96: $.answers_per_second: has no effect: neither echo nor too_big is "
	 "\"answer\", nor outer_errors \"relay\""},
	{WITH("'too_big':'answer','errors_per_second':0"),
	 "1:114: $.errors_per_second: 0 is not from 1 to 1000000"},
	{WITH("'too_big':'answer','errors_per_second':1,'answers_per_second':1"),
	 "warning 1:137: $.answers_per_second: has no effect: echo is not \"answer\""},
	{WITH("'echo':'answer','errors_per_second':1,'answers_per_second':1"),
	 "warning 1:111: $.errors_per_second: has no effect: too_big is not \"answer\", nor "
	 "outer_errors \"relay\""},
	{WITH("'outer_errors':'answer'"), "1:90: $.outer_errors: \"answer\" is not punt or relay"},
	/* what contradicts something else */
	{WITH("'echo':'answer','forward_icmp_ping_responses':true"),
	 "1:82: $.echo: contradicts forward_icmp_ping_responses: true is \"forward\""},
	{WITH("'echo':'forward','forward_icmp_ping_responses':false"),
	 "1:82: $.echo: contradicts forward_icmp_ping_responses: false is \"punt\""},
	{WITH("'echo':'drop','forward_icmp_ping_responses':7"),
	 "1:119: $.forward_icmp_ping_responses: is a number, expected true or false"},
	{WITH("'fragments':'address','hash_fields':{'src_addr':true,'dst_port':true}"),
	 "1:87: $.fragments: \"address\" is impossible: hash_fields has a port, and later "
	 "fragments have none"},
	{WITH("'fragments':'address','alt_hash_fields':{'src_port':true}"),
	 "1:87: $.fragments: \"address\" is impossible: alt_hash_fields has a port, and later "
	 "fragments have none"},
	/* all at once */
	{"{'outbound_src_ip':7,'hash_fields':{'src_addr':1,'colour':true},\n'alt_hash_fields':{'"
	 "dst_port':false},'idle_sleep_us':-1,\n'unmatched':'keep','punt_port':''}",
	 "1:1: $.outbound_gateway_mac: is missing\n"
	 "1:20: $.outbound_src_ip: is a number, expected a string\n"
	 "1:48: $.hash_fields.src_addr: is a number, expected true or false\n"
	 "1:59: $.hash_fields.colour: unknown key\n"
	 "2:19: $.alt_hash_fields: names no field to hash\n"
	 "2:54: $.idle_sleep_us: -1 is not from 0 to 10000\n"
	 "3:13: $.unmatched: \"keep\" is not punt or drop\n"
	 "3:32: $.punt_port: \"\" is no device name"},
};

START_TEST(a_meter_has_the_packets_of_a_tenth_of_a_second_or_a_few_more)
{
	static const uint32_t rates[][2] = {{1, 1},    {63, 63},    {64, 64},
					    {640, 64}, {1000, 100}, {GLB_METER_RATE_MAX, 10000000}};
	struct director_conf conf;

	for (unsigned int i = 0; i < COUNT_OF(rates); i++) {
		char json[400];

		(void)snprintf(json, sizeof(json),
			       WITH("'meters':[{'vip':'10.0.0.7/8','packets_per_second':%u}]"),
			       rates[i][0]);
		ck_assert_int_eq(parse(&conf, json), 0);
		ck_assert_uint_eq(conf.meter_count, 1);
		ck_assert_uint_eq(conf.meters[0].rule.burst, rates[i][1]);
		ck_assert_uint_eq(conf.meters[0].rule.vip.bytes[3], 0);
	}
	for (unsigned int over = 0; over < 2; over++) {
		char json[20000] = "";
		size_t len = (size_t)snprintf(json, sizeof(json), "%s", "{" GATEWAY ",'meters':[");

		for (unsigned int i = 0; i < GLB_METERS_MAX + over; i++)
			len += (size_t)snprintf(json + len, sizeof(json) - len,
						"%s{'vip':'10.0.%u.%u','packets_per_second':1}",
						i ? "," : "", i / 250, i % 250);
		(void)snprintf(json + len, sizeof(json) - len, "],'outbound_src_ip':'10.0.0.1'}");
		ck_assert_int_eq(parse(&conf, json), over ? -EINVAL : 0);
		ck_assert_uint_eq(over || conf.meter_count == GLB_METERS_MAX, true);
	}
}
END_TEST

START_TEST(a_document_is_taken_or_refused_with_every_place_and_reason)
{
	struct director_conf conf = {.idle_sleep_us = 99};
	int err = parse(&conf, cases[_i].json);

	ck_assert_str_eq(told, cases[_i].why ? cases[_i].why : "");
	ck_assert_int_eq(err, report.totals[SEVERITY_ERROR] ? -EINVAL : 0);
	if (err)
		ck_assert_uint_eq(conf.idle_sleep_us, 99);
	else
		ck_assert_uint_ne(conf.idle_sleep_us, 99);
}
END_TEST

START_TEST(strictness_is_about_unknown_keys_not_about_those_of_the_original)
{
	static const char unknown[] = WITH("'colour':1");
	static const char retired[] = WITH("'lcores':{}");
	struct director_conf conf;

	report_init(&report);
	report.strict = true;
	ck_assert_int_eq(
		director_conf_parse(&conf, "d.json", text, document(text, retired), &report), 0);
	ck_assert_uint_eq(report.totals[SEVERITY_WARNING], 1);
	ck_assert_int_eq(
		director_conf_parse(&conf, "d.json", text, document(text, unknown), &report),
		-EINVAL);
	ck_assert_uint_eq(report.totals[SEVERITY_ERROR], 1);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
	static const struct {
		const char *path;
		int want;
		const char *why;
	} files[] = {
		{"/nonexistent/d.json", -ENOENT, "/nonexistent/d.json: No such file or directory"},
		{"/", -EISDIR, "/: Is a directory"},
	};
	struct director_conf conf;
	char line[REPORT_LINE_LEN_MAX];

	for (unsigned int i = 0; i < COUNT_OF(files); i++) {
		report_init(&report);
		ck_assert_int_eq(director_conf_load(&conf, files[i].path, &report), files[i].want);
		ck_assert_uint_eq(report.count, 1);
		ck_assert_str_eq(report_line(line, &report.problems[0]), files[i].why);
	}
}
END_TEST

START_TEST(an_instruction_set_that_is_not_here_cannot_be_served)
{
	for (enum glb_isa isa = GLB_ISA_BEST; isa < GLB_ISA_COUNT; isa++) {
		bool here = glb_isa_here(isa) != GLB_ISA_COUNT;
		struct director_conf conf;
		char json[128];
		char why[128] = "";

		(void)snprintf(json, sizeof(json), WITH("'instruction_set':'%s'"),
			       glb_isa_name(isa));
		if (!here)
			(void)snprintf(why, sizeof(why),
				       "1:93: $.instruction_set: this processor lacks %s, the best "
				       "it has is %s",
				       glb_isa_name(isa), glb_isa_name(glb_isa_here(GLB_ISA_BEST)));
		ck_assert_int_eq(parse(&conf, json), 0); /* it may be served elsewhere */
		ck_assert_int_eq(parse_to_serve(&conf, json), here ? 0 : -EINVAL);
		ck_assert_str_eq(told, why);
	}
}
END_TEST

START_TEST(a_file_is_read_like_its_bytes)
{
	char path[] = "/tmp/glb-unit-XXXXXX";
	int fd = mkstemp(path);
	size_t len = document(text, "{" REQUIRED ",'idle_sleep_us':7}");
	struct director_conf conf;

	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
	report_init(&report);

	int err = director_conf_load(&conf, path, &report);

	(void)unlink(path);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(conf.idle_sleep_us, 7);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("director");
	TCase *director = tcase_create("director");

	tcase_add_test(director, two_keys_are_enough_and_the_rest_has_its_defaults);
	tcase_add_test(director, every_key_has_its_effect);
	tcase_add_test(director, every_choice_has_its_effect);
	tcase_add_test(director, answers_and_both_sources_have_their_effect);
	tcase_add_test(director, errors_have_the_limit_of_answers_or_their_own);
	tcase_add_test(director, fragments_may_follow_hashes_of_addresses);
	tcase_add_test(director, an_instruction_set_that_is_not_here_cannot_be_served);
	tcase_add_loop_test(director, a_document_is_taken_or_refused_with_every_place_and_reason, 0,
			    COUNT_OF(cases));
	tcase_add_test(director, a_meter_has_the_packets_of_a_tenth_of_a_second_or_a_few_more);
	tcase_add_test(director, strictness_is_about_unknown_keys_not_about_those_of_the_original);
	tcase_add_test(director, a_file_that_cannot_be_read_is_named);
	tcase_add_test(director, a_file_is_read_like_its_bytes);
	suite_add_tcase(suite, director);
	return suite;
}
