/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks about glb/check.h and glb/finding.h. */
#include <errno.h>
#include <string.h>

#include <glb/check.h>
#include <glb/hash.h>

#include "suite.h"

enum { FOUND_MAX = 8, BINDS = 3, BACKENDS = 4 };

static struct glb_bind binds[BINDS];
static struct glb_backend backends[BACKENDS];
static struct glb_table_spec spec;
static struct glb_settings settings;

static struct glb_finding heard[FOUND_MAX];
static unsigned int heard_count;

static void hear(void *arg, const struct glb_finding *finding)
{
	ENSURE(arg == heard && heard_count < FOUND_MAX, "a finding too many");
	heard[heard_count++] = *finding;
}

static const struct glb_check check = {hear, heard, 7};

/* A table and settings in which nothing is wrong. */
static void make_good(void)
{
	for (unsigned int i = 0; i < BINDS; i++)
		binds[i] = (struct glb_bind){.addr = {{192, 0, 2, 1}, 4},
					     .prefix_len = 32,
					     .proto = GLB_PROTO_UDP,
					     .port_first = (uint16_t)(80 + i),
					     .port_last = (uint16_t)(80 + i),
					     .quic = i == 1};
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i] = (struct glb_backend){.addr = {{10, 0, 0, (uint8_t)(1 + i)}, 4},
						   .state = GLB_ACTIVE,
						   .has_server_id = true,
						   .server_id = (uint16_t)(40 + i)};
	spec = (struct glb_table_spec){.hops = 3,
				       .binds = binds,
				       .bind_count = BINDS,
				       .backends = backends,
				       .backend_count = BACKENDS};
	settings = (struct glb_settings){.src_addr = {.version = 4}, .src_addr6 = {.version = 6}};
	heard_count = 0;
}

/* The ways to be wrong, each with what is found then. */
struct way {
	void (*spoil)(void);
	unsigned int count;
	struct glb_finding findings[3]; /* without the table */
	int err;
	const char *words; /* of the first */
};

static void no_binds(void)
{
	spec.bind_count = 0;
}
static void many_binds(void)
{
	spec.bind_count = GLB_BINDS_MAX + 1; /* which are not looked at */
}
static void many_backends(void)
{
	spec.backend_count = GLB_BACKENDS_MAX + 1;
}
static void no_backends(void)
{
	spec.backend_count = 0;
}
static void all_inactive(void)
{
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i].state = GLB_INACTIVE;
}
static void one_hop(void)
{
	spec.hops = 1;
}
static void five_hops(void)
{
	spec.hops = 5;
}
static void low_load(void)
{
	spec.max_load = 100;
}
static void high_load(void)
{
	spec.max_load = 201;
}
static void load_of_two_hops(void)
{
	spec.max_load = 101;
	spec.hops = 2;
}
static void load_of_the_original(void)
{
	spec.max_load = 200;
	spec.hops = 0;
}
static void load_and_zones(void)
{
	spec.max_load = 150;
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i].zone = 1;
}
static void bind_of_no_family(void)
{
	binds[2].addr.version = 5;
}
static void long_prefix(void)
{
	binds[2].prefix_len = 33;
}
static void long_prefix6(void)
{
	binds[2].addr.version = 6;
	binds[2].prefix_len = 129;
}
static void unknown_proto(void)
{
	binds[0].proto = 1;
}
static void reversed_ports(void)
{
	binds[0].port_first = 81;
}
static void quic_over_tcp(void)
{
	binds[1].proto = GLB_PROTO_TCP;
}
static void backend_of_no_family(void)
{
	backends[1].addr = backends[2].addr = (struct glb_addr){{0}, 0};
}
static void another_family(void)
{
	backends[0].state = GLB_INACTIVE;
	backends[0].addr.version = 6;
	backends[2].addr.version = 6;
	backends[3].addr.version = 6;
}
static void one_address(void)
{
	backends[3].addr = backends[1].addr = backends[0].addr;
}
static void one_server_id(void)
{
	backends[1].has_server_id = false;
	backends[1].server_id = 40;
	backends[2].server_id = 40;
	backends[3].server_id = 40;
}
static void two_without_a_zone(void)
{
	backends[0].zone = 1;
	backends[3].zone = 2;
}
static void zones_of_two_hops(void)
{
	spec.hops = 2;
	for (unsigned int i = 0; i < 3; i++)
		backends[i].zone = 1;
}

static const struct way ways[] = {
	{no_binds,
	 1,
	 {{.kind = GLB_FOUND_NO_BINDS}},
	 -EINVAL,
	 "$.tables[7].binds: empty, no packet would ever match"},
	{many_binds,
	 1,
	 {{.kind = GLB_FOUND_MANY_BINDS, .value = 16385, .other = 16384}},
	 -E2BIG,
	 "$.tables[7].binds: 16385 binds, at most 16384 fit a table"},
	{many_backends,
	 1,
	 {{.kind = GLB_FOUND_MANY_BACKENDS, .value = 16385, .other = 16384}},
	 -E2BIG,
	 "$.tables[7].backends: 16385 backends, at most 16384 fit a table"},
	{no_backends,
	 1,
	 {{.kind = GLB_FOUND_NONE_USABLE}},
	 -EINVAL,
	 "$.tables[7].backends: not one usable (0 listed, all inactive)"},
	{all_inactive,
	 1,
	 {{.kind = GLB_FOUND_NONE_USABLE, .value = BACKENDS}},
	 -EINVAL,
	 "$.tables[7].backends: not one usable (4 listed, all inactive)"},
	{one_hop,
	 1,
	 {{.kind = GLB_FOUND_HOPS, .value = 1}},
	 -EINVAL,
	 "$.tables[7].hops: 1 is not from 2 to 4"},
	{five_hops,
	 1,
	 {{.kind = GLB_FOUND_HOPS, .value = 5}},
	 -EINVAL,
	 "$.tables[7].hops: 5 is not from 2 to 4"},
	{low_load,
	 1,
	 {{.kind = GLB_FOUND_MAX_LOAD, .value = 100}},
	 -EINVAL,
	 "$.tables[7].max_load: 100 is not from 101 to 200"},
	{high_load,
	 1,
	 {{.kind = GLB_FOUND_MAX_LOAD, .value = 201}},
	 -EINVAL,
	 "$.tables[7].max_load: 201 is not from 101 to 200"},
	{load_of_two_hops,
	 1,
	 {{.kind = GLB_FOUND_MAX_LOAD_HOPS}},
	 -EINVAL,
	 "$.tables[7].max_load: needs \"hops\": 3 or 4 in its table"},
	{load_of_the_original,
	 1,
	 {{.kind = GLB_FOUND_MAX_LOAD_HOPS}},
	 -EINVAL,
	 "$.tables[7].max_load: needs \"hops\": 3 or 4 in its table"},
	{load_and_zones,
	 1,
	 {{.kind = GLB_FOUND_MAX_LOAD_ZONES}},
	 -EINVAL,
	 "$.tables[7].max_load: cannot be had together with the zones of backends"},
	{bind_of_no_family,
	 1,
	 {{.kind = GLB_FOUND_BIND_FAMILY, .index = 2, .value = 5}},
	 -EINVAL,
	 "$.tables[7].binds[2].ip: IPv5 is neither IPv4 nor IPv6"},
	{long_prefix,
	 1,
	 {{.kind = GLB_FOUND_BIND_PREFIX, .index = 2, .value = 33, .other = 32}},
	 -EINVAL,
	 "$.tables[7].binds[2].ip: a prefix of 33 bits, an address has 32"},
	{long_prefix6,
	 1,
	 {{.kind = GLB_FOUND_BIND_PREFIX, .index = 2, .value = 129, .other = 128}},
	 -EINVAL,
	 "$.tables[7].binds[2].ip: a prefix of 129 bits, an address has 128"},
	{unknown_proto,
	 1,
	 {{.kind = GLB_FOUND_BIND_PROTO, .value = 1}},
	 -EINVAL,
	 "$.tables[7].binds[0].proto: protocol 1 is neither TCP nor UDP"},
	{reversed_ports,
	 1,
	 {{.kind = GLB_FOUND_BIND_PORTS, .value = 81, .other = 80}},
	 -EINVAL,
	 "$.tables[7].binds[0]: port_start 81 is above port_end 80"},
	{quic_over_tcp,
	 1,
	 {{.kind = GLB_FOUND_BIND_QUIC, .index = 1}},
	 -EINVAL,
	 "$.tables[7].binds[1].quic: needs \"proto\": \"udp\""},
	{backend_of_no_family,
	 2,
	 {{.kind = GLB_FOUND_FAMILY, .index = 1}, {.kind = GLB_FOUND_FAMILY, .index = 2}},
	 -EINVAL,
	 "$.tables[7].backends[1].ip: IPv0 is neither IPv4 nor IPv6"},
	{another_family,
	 1,
	 {{.kind = GLB_FOUND_MIXED, .index = 2, .value = 6, .other = 4}},
	 -ENOTSUP,
	 "$.tables[7].backends[2].ip: an IPv6 backend in a table whose others are IPv4: one hop "
	 "list cannot have both"},
	{one_address,
	 2,
	 {{.kind = GLB_FOUND_SAME_ADDRESS, .index = 1},
	  {.kind = GLB_FOUND_SAME_ADDRESS, .index = 3}},
	 -EINVAL,
	 "$.tables[7].backends[1].ip: duplicate backend, first listed as backends[0]"},
	{one_server_id,
	 2,
	 {{.kind = GLB_FOUND_SAME_SERVER, .index = 2, .other = 40},
	  {.kind = GLB_FOUND_SAME_SERVER, .index = 3, .other = 40}},
	 -EINVAL,
	 "$.tables[7].backends[2].server_id: duplicate server_id 40, first given to backends[0]"},
	{two_without_a_zone,
	 2,
	 {{.kind = GLB_FOUND_ZONE_MISSING, .index = 1},
	  {.kind = GLB_FOUND_ZONE_MISSING, .index = 2}},
	 -EINVAL,
	 "$.tables[7].backends[1].zone: is missing, but other backends of the table have one"},
	{zones_of_two_hops,
	 4,
	 {{.kind = GLB_FOUND_ZONE_HOPS, .index = 0},
	  {.kind = GLB_FOUND_ZONE_HOPS, .index = 1},
	  {.kind = GLB_FOUND_ZONE_HOPS, .index = 2}}, /* and the fourth lacks a zone */
	 -EINVAL,
	 "$.tables[7].backends[0].zone: needs \"hops\": 3 or 4 in its table"},
};

static void check_heard(const struct glb_finding *want, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ck_assert_int_eq(heard[i].kind, want[i].kind);
		ck_assert_uint_eq(heard[i].table, 7);
		ck_assert_uint_eq(heard[i].index, want[i].index);
		ck_assert_uint_eq(heard[i].value, want[i].value);
		ck_assert_uint_eq(heard[i].other, want[i].other);
	}
}

static void check_words(int err, const char *words)
{
	struct glb_diag diag;

	ck_assert_int_eq(glb_finding_refuse(&heard[0], &diag), err);
	ck_assert_str_eq(diag.text, words);
	ck_assert_int_eq(glb_finding_refuse(&heard[0], NULL), err);
	glb_finding_reason(&diag, &heard[0]);
	ck_assert_str_eq(diag.text, strstr(words, ": ") + 2);
}

START_TEST(a_table_that_may_be_served_has_no_findings)
{
	bool used[BACKENDS] = {false, true, true, true};

	make_good();
	ck_assert_int_eq(glb_check_table(&check, &spec), 0);
	spec.hops = 0;
	ck_assert_int_eq(glb_check_table(&check, &spec), 0);
	spec.hops = 4;
	spec.max_load = 200;
	ck_assert_int_eq(glb_check_table(&check, &spec), 0);
	spec.max_load = 0;
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i].zone = (uint16_t)(1 + i % 2);
	ck_assert_int_eq(glb_check_table(&check, &spec), 0);
	glb_check_table_count(&check, 1);
	glb_check_table_count(&check, GLB_TABLES_MAX);
	ck_assert(glb_check_bind_count(&check, GLB_BINDS_MAX));
	ck_assert(glb_check_backend_count(&check, GLB_BACKENDS_MAX));
	backends[0].addr.version = 6; /* no row names it */
	ck_assert_uint_eq(
		glb_check_underlay(&check, &spec,
				   &(struct glb_underlay){&settings, used, .row_hops = 4}),
		4);
	ck_assert_uint_eq(heard_count, 0);
}
END_TEST

START_TEST(every_rule_that_is_broken_is_found_with_its_place_and_numbers)
{
	const struct way *way = &ways[_i];

	make_good();
	way->spoil();
	ck_assert_int_eq(glb_check_table(&check, &spec), 0);
	ck_assert_uint_eq(heard_count, way->count);
	check_heard(way->findings, way->count < 3 ? way->count : 3);
	check_words(way->err, way->words);
}
END_TEST

START_TEST(there_may_be_neither_no_tables_nor_too_many)
{
	const struct glb_check all = {hear, heard, 0};

	heard_count = 0;
	glb_check_table_count(&all, 0);
	ck_assert_int_eq(heard[0].kind, GLB_FOUND_NO_TABLES);
	check_words(-EINVAL, "$.tables: empty, there is nothing to serve");
	heard_count = 0;
	glb_check_table_count(&all, GLB_TABLES_MAX + 1);
	ck_assert_int_eq(heard[0].kind, GLB_FOUND_MANY_TABLES);
	check_words(-E2BIG, "$.tables: 65536 tables, at most 65535 can be served");
	ck_assert_uint_eq(heard_count, 1);
	glb_check_all_binds(&all, GLB_ALL_BINDS_MAX);
	ck_assert_uint_eq(heard_count, 1);
}
END_TEST

START_TEST(rows_need_a_source_of_the_version_of_the_backends_they_name)
{
	static const bool used[BACKENDS] = {false, true, false, true};
	const struct glb_underlay underlay = {&settings, used, .row_hops = 3};

	make_good();
	settings.src_addr.version = 0;
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 4);
	ck_assert_uint_eq(heard_count, 1);
	check_heard(&(struct glb_finding){.kind = GLB_FOUND_NO_SOURCE, .index = 1, .value = 4}, 1);
	check_words(-ENOTSUP, "$.tables[7].backends[1].ip: an IPv4 backend cannot be reached "
			      "without outbound_src_ip in the director's configuration");

	make_good();
	backends[2].addr.version = 6; /* not in use */
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 4);
	ck_assert_uint_eq(heard_count, 0);
	backends[3].addr.version = 6;
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 4);
	ck_assert_uint_eq(heard_count, 1);
	check_heard(
		&(struct glb_finding){.kind = GLB_FOUND_MIXED, .index = 3, .value = 6, .other = 4},
		1);
}
END_TEST

START_TEST(as_many_hops_as_outer_headers_have_room_for_can_be_listed)
{
	static const bool used[BACKENDS] = {true, true, true, true};
	struct glb_underlay underlay = {&settings, used, .row_hops = 4};

	make_good();
	settings.alt_hash_fields = GLB_HASH_SRC_PORT;
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 4);
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i].addr.version = 6;
	underlay.row_hops = 2;
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 6);
	ck_assert_uint_eq(heard_count, 0);
	underlay.row_hops = 3;
	ck_assert_uint_eq(glb_check_underlay(&check, &spec, &underlay), 6);
	ck_assert_uint_eq(heard_count, 1);
	check_heard(&(struct glb_finding){.kind = GLB_FOUND_LONG_LIST, .value = 5, .other = 4}, 1);
	check_words(-ENOTSUP, "$.tables[7].hops: with IPv6 backends a packet can list 4 hops "
			      "behind the primary, not 5 (alt_hash_fields doubles the hops)");
}
END_TEST

START_TEST(the_first_finding_is_kept_and_refused)
{
	struct glb_first_finding first = {0};
	const struct glb_check keeping = {glb_keep_first, &first, 7};
	struct glb_diag diag = {"untouched"};

	make_good();
	ck_assert_int_eq(glb_check_table(&keeping, &spec), 0);
	ck_assert_int_eq(glb_refuse_first(&first, &diag), 0);
	ck_assert_str_eq(diag.text, "untouched");
	unknown_proto();
	reversed_ports();
	one_address();
	ck_assert_int_eq(glb_check_table(&keeping, &spec), 0);
	ck_assert_int_eq(glb_refuse_first(&first, &diag), -EINVAL);
	ck_assert_str_eq(diag.text,
			 "$.tables[7].binds[0].proto: protocol 1 is neither TCP nor UDP");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("check");
	TCase *cases = tcase_create("check");

	tcase_add_test(cases, a_table_that_may_be_served_has_no_findings);
	tcase_add_loop_test(cases, every_rule_that_is_broken_is_found_with_its_place_and_numbers, 0,
			    COUNT_OF(ways));
	tcase_add_test(cases, there_may_be_neither_no_tables_nor_too_many);
	tcase_add_test(cases, rows_need_a_source_of_the_version_of_the_backends_they_name);
	tcase_add_test(cases, as_many_hops_as_outer_headers_have_room_for_can_be_listed);
	tcase_add_test(cases, the_first_finding_is_kept_and_refused);
	suite_add_tcase(suite, cases);
	return suite;
}
