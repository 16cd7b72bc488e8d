/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about conf/director.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glb/hash.h>

#include "conf/director.h"
#include "document.h"
#include "suite.h"

#define REQUIRED "'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':'192.0.2.1'"
#define WITH(x)	 "{" REQUIRED "," x "}"

static char text[DOCUMENT_LEN_MAX];

static int parse(struct director_conf *conf, const char *json, struct glb_diag *diag)
{
	size_t len = document(text, json);

	return director_conf_parse(conf, "d.json", text, len, diag);
}

START_TEST(two_keys_are_enough_and_the_rest_has_its_defaults)
{
	static const uint8_t no_mac[GLB_MAC_LEN];
	struct director_conf conf;

	ck_assert_int_eq(parse(&conf, "{" REQUIRED "}", NULL), 0);
	ck_assert_mem_eq(conf.settings.gateway_mac, "\2\0\0\0\0\1", 6);
	ck_assert_mem_eq(conf.settings.src_addr, "\xc0\0\2\1", 4);
	ck_assert_uint_eq(conf.settings.hash_fields, GLB_HASH_SRC_ADDR);
	ck_assert_uint_eq(conf.settings.alt_hash_fields, 0);
	ck_assert(conf.settings.forward_echo);
	ck_assert(conf.rx_drop_en);
	ck_assert(conf.punt_unmatched);
	ck_assert_str_eq(conf.punt_port, "");
	ck_assert_uint_eq(conf.idle_sleep_us, 100);
	for (unsigned int p = 0; p < GLB_PORTS_MAX; p++)
		ck_assert_mem_eq(conf.settings.port_macs[p], no_mac, sizeof(no_mac));
}
END_TEST

START_TEST(every_key_has_its_effect)
{
	struct director_conf conf;

	ck_assert_int_eq(
		parse(&conf,
		      "{'outbound_gateway_mac':'0200:00AB:cdef','outbound_src_ip':'10.0.0.255',"
		      "'hash_fields':{'dst_addr':true,'src_port':true,'src_addr':false},"
		      "'alt_hash_fields':{'src_addr':true,'dst_port':true},"
		      "'forward_icmp_ping_responses':false,'rx_drop_en':false,"
		      "'idle_sleep_us':0,'unmatched':'drop','punt_port':'net_tap0'}",
		      NULL),
		0);
	ck_assert_mem_eq(conf.settings.gateway_mac, "\2\0\0\xab\xcd\xef", 6);
	ck_assert_mem_eq(conf.settings.src_addr, "\x0a\0\0\xff", 4);
	ck_assert_uint_eq(conf.settings.hash_fields, GLB_HASH_DST_ADDR | GLB_HASH_SRC_PORT);
	ck_assert_uint_eq(conf.settings.alt_hash_fields, GLB_HASH_SRC_ADDR | GLB_HASH_DST_PORT);
	ck_assert(!conf.settings.forward_echo);
	ck_assert(!conf.rx_drop_en);
	ck_assert(!conf.punt_unmatched);
	ck_assert_str_eq(conf.punt_port, "net_tap0");
	ck_assert_uint_eq(conf.idle_sleep_us, 0);
}
END_TEST

static const struct {
	const char *json;
	const char *why; /* NULL: accepted */
} cases[] = {
	{"[]", "d.json: $: is an array, expected an object"},
	{"{", "d.json:1:1: string or '}' expected near end of file"},
	{"{}", "d.json: $.outbound_gateway_mac: is missing"},
	{"{'outbound_gateway_mac':1}",
	 "d.json: $.outbound_gateway_mac: is a number, expected a string"},
	{"{'outbound_gateway_mac':'gateway'}",
	 "d.json: $.outbound_gateway_mac: \"gateway\" is not a MAC address"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01'}", "d.json: $.outbound_src_ip: is missing"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':7}",
	 "d.json: $.outbound_src_ip: is a number, expected a string"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':'192.0.2'}",
	 "d.json: $.outbound_src_ip: \"192.0.2\" is not an IPv4 or IPv6 address"},
	{"{'outbound_gateway_mac':'02:00:00:00:00:01','outbound_src_ip':'fd00::1'}",
	 "d.json: $.outbound_src_ip: the outer packet is IPv4, so must be its source"},
	{WITH("'hash_fields':null"), "d.json: $.hash_fields: is null, expected an object"},
	{WITH("'hash_fields':['src_addr']"),
	 "d.json: $.hash_fields: is an array, expected an object"},
	{WITH("'hash_fields':{}"), "d.json: $.hash_fields: names no field to hash"},
	{WITH("'hash_fields':{'src_addr':false}"), "d.json: $.hash_fields: names no field to hash"},
	{WITH("'hash_fields':{'src_port':1}"),
	 "d.json: $.hash_fields.src_port: is a number, expected true or false"},
	{WITH("'hash_fields':{'src_addr':true,'new_field':true}"),
	 "d.json: $.hash_fields.new_field: unknown key"},
	{WITH("'alt_hash_fields':{}"), "d.json: $.alt_hash_fields: names no field to hash"},
	{WITH("'alt_hash_fields':{'dst_addr':'yes'}"),
	 "d.json: $.alt_hash_fields.dst_addr: is a string, expected true or false"},
	{WITH("'forward_icmp_ping_responses':0"),
	 "d.json: $.forward_icmp_ping_responses: is a number, expected true or false"},
	{WITH("'rx_drop_en':null"), "d.json: $.rx_drop_en: is null, expected true or false"},
	{WITH("'idle_sleep_us':10000"), NULL},
	{WITH("'idle_sleep_us':10001"), "d.json: $.idle_sleep_us: 10001 is not from 0 to 10000"},
	{WITH("'idle_sleep_us':-1"), "d.json: $.idle_sleep_us: -1 is not from 0 to 10000"},
	{WITH("'idle_sleep_us':1.0"),
	 "d.json: $.idle_sleep_us: is a fraction, expected an integer from 0 to 10000"},
	{WITH("'idle_sleep_us':false"),
	 "d.json: $.idle_sleep_us: is a boolean, expected an integer from 0 to 10000"},
	{WITH("'unmatched':'punt'"), NULL},
	{WITH("'unmatched':'pun'"), "d.json: $.unmatched: \"pun\" is not punt or drop"},
	{WITH("'unmatched':true"), "d.json: $.unmatched: is a boolean, expected a string"},
	{WITH("'punt_port':''"), "d.json: $.punt_port: \"\" is no device name"},
	{WITH("'punt_port':{}"), "d.json: $.punt_port: is an object, expected a string"},
	{WITH("'punt_port':'012345678901234567890123456789012345678901234567890123456789012'"),
	 NULL},
	{WITH("'punt_port':'0123456789012345678901234567890123456789012345678901234567890123'"),
	 "d.json: $.punt_port: "
	 "\"0123456789012345678901234567890123456789012345678901234567890123\" is no device name"},
	{WITH("'unmatched':'drop','unmatched':'punt'"),
	 "d.json:1:104: duplicate object key near '\"unmatched\"'"},
	/* keys of the original that have no effect, whatever they hold, and keys of nobody */
	{WITH("'flow_paths':[{'rx_port':0}],'lcores':{'lcore-1':{'rx':true}}"), NULL},
	{WITH("'num_worker_queues':'x','statsd_port':70000,'kni_ip':null"), NULL},
	{WITH("'new':1"), NULL},
};

START_TEST(a_document_is_taken_or_refused_with_the_place_and_the_reason)
{
	struct director_conf conf = {.idle_sleep_us = 99};
	struct glb_diag diag = {{0}};
	int err = parse(&conf, cases[_i].json, &diag);

	if (cases[_i].why) {
		ck_assert_int_eq(err, -EINVAL);
		ck_assert_str_eq(diag.text, cases[_i].why);
		ck_assert_uint_eq(conf.idle_sleep_us, 99);
	} else {
		ck_assert_msg(!err, "%s", diag.text);
		ck_assert_uint_ne(conf.idle_sleep_us, 99);
	}
}
END_TEST

START_TEST(keys_without_effect_are_warned_about)
{
	static char logged[4096];
	struct director_conf conf;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(parse(&conf, WITH("'lcores':{},'colour':1"), NULL), 0);

	ssize_t len = read(fds[0], logged, sizeof(logged) - 1);

	ck_assert_int_gt(len, 0);
	ck_assert_ptr_nonnull(strstr(logged, "warning: d.json: $.colour: unknown key, ignored\n"));
	ck_assert_ptr_nonnull(
		strstr(logged, "warning: d.json: $.lcores: accepted without effect: "));
	ck_assert_ptr_null(strstr(logged, "outbound"));
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
	struct director_conf conf;
	struct glb_diag diag;

	ck_assert_int_eq(director_conf_load(&conf, "/nonexistent/d.json", &diag), -ENOENT);
	ck_assert_str_eq(diag.text, "/nonexistent/d.json: No such file or directory");
	ck_assert_int_eq(director_conf_load(&conf, "/", &diag), -EISDIR);
	ck_assert_str_eq(diag.text, "/: Is a directory");
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

	int err = director_conf_load(&conf, path, NULL);

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
	tcase_add_loop_test(director, a_document_is_taken_or_refused_with_the_place_and_the_reason,
			    0, COUNT_OF(cases));
	tcase_add_test(director, keys_without_effect_are_warned_about);
	tcase_add_test(director, a_file_that_cannot_be_read_is_named);
	tcase_add_test(director, a_file_is_read_like_its_bytes);
	suite_add_tcase(suite, director);
	return suite;
}
