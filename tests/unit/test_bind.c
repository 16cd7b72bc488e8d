/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/bind.h>

#include "core/bind/binds.h"
#include "frame.h"
#include "suite.h"

enum { TABLES = 4, BINDS_PER_TABLE = 6 };

/* Tables that have nothing but binds: table t has binds[t][0 .. count[t]). */
struct bound {
	struct glb_bind binds[TABLES][GLB_BINDS_MAX];
	unsigned int counts[TABLES];
	struct glb_table *table_at[TABLES];
	struct glb_tables tables;
	struct glb_binds *index;
};

static void build(struct bound *bound)
{
	bound->tables = (struct glb_tables){bound->table_at, TABLES};
	for (unsigned int t = 0; t < TABLES; t++) {
		bound->table_at[t] = calloc(1, sizeof(struct glb_table));
		bound->table_at[t]->spec.binds = bound->binds[t];
		bound->table_at[t]->spec.bind_count = bound->counts[t];
	}
	ck_assert_int_eq(glb_binds_build(&bound->index, &bound->tables), 0);
	for (unsigned int t = 0; t < TABLES; t++)
		free(bound->table_at[t]); /* read only during the call */
}

static void release(struct bound *bound)
{
	glb_binds_free(bound->index);
	*bound = (struct bound){0};
}

static void add(struct bound *bound, unsigned int table, struct glb_bind bind, const char *addr)
{
	bind.addr.version = strchr(addr, ':') ? 6 : 4;
	frame_addr(bind.addr.bytes, addr);
	bound->binds[table][bound->counts[table]++] = bind;
}

static struct glb_bind rule(uint8_t prefix_len, uint8_t proto, uint16_t first, uint16_t last)
{
	return (struct glb_bind){
		.prefix_len = prefix_len, .proto = proto, .port_first = first, .port_last = last};
}

static struct glb_flow flow_to(const char *dst, enum glb_flow_kind kind, uint8_t proto,
			       uint16_t port)
{
	struct glb_flow flow = {.kind = (uint8_t)kind,
				.proto = proto,
				.dst_port = port,
				.version = strchr(dst, ':') ? 6 : 4};

	frame_addr(flow.dst, dst);
	return flow;
}

static int tcp_to(const struct bound *bound, const char *dst, uint16_t port)
{
	struct glb_flow flow = flow_to(dst, GLB_FLOW_PORTS, GLB_PROTO_TCP, port);

	return glb_binds_match(bound->index, &flow, NULL).table;
}

static int echo_to(const struct bound *bound, const char *dst)
{
	struct glb_flow flow = flow_to(dst, GLB_FLOW_ECHO, GLB_PROTO_ICMP, 0);

	return glb_binds_match(bound->index, &flow, NULL).table;
}

/* An error to `outer` about a packet that came from port 80 of `vip`. */
static int error_about(const struct bound *bound, const char *vip, const char *outer, uint8_t proto)
{
	struct glb_flow flow = flow_to(vip, GLB_FLOW_QUOTED, proto, 80);
	uint8_t addr[16];

	frame_addr(addr, outer);

	uint8_t *exact = frame_exact(addr, flow.version == 4 ? 4 : 16);
	int table = glb_binds_match(bound->index, &flow, exact).table;

	free(exact);
	return table;
}

static struct bound bound;

START_TEST(the_longest_prefix_wins_whatever_its_ports_or_place)
{
	add(&bound, 0, rule(0, GLB_PROTO_TCP, 80, 80), "0.0.0.0");
	add(&bound, 1, rule(32, GLB_PROTO_TCP, 0, 65535), "10.1.2.3");
	add(&bound, 2, rule(8, GLB_PROTO_TCP, 80, 80), "10.9.9.9"); /* host bits do not matter */
	add(&bound, 3, rule(31, GLB_PROTO_TCP, 80, 90), "10.1.2.2");
	build(&bound);
	ck_assert_int_eq(tcp_to(&bound, "10.1.2.3", 80), 1);
	ck_assert_int_eq(tcp_to(&bound, "10.1.2.2", 80), 3);
	ck_assert_int_eq(tcp_to(&bound, "10.1.2.2", 79), -1);
	ck_assert_int_eq(tcp_to(&bound, "10.1.2.4", 80), 2);
	ck_assert_int_eq(tcp_to(&bound, "11.0.0.0", 80), 0);
	ck_assert_int_eq(tcp_to(&bound, "11.0.0.0", 81), -1);
	release(&bound);
}
END_TEST

START_TEST(among_equal_prefixes_the_narrower_port_range_wins_then_the_earlier_bind)
{
	add(&bound, 0, rule(24, GLB_PROTO_TCP, 0, 65535), "10.0.0.0");
	add(&bound, 1, rule(24, GLB_PROTO_TCP, 80, 90), "10.0.0.1");
	add(&bound, 2, rule(24, GLB_PROTO_TCP, 85, 95), "10.0.0.2");
	add(&bound, 3, rule(24, GLB_PROTO_TCP, 90, 90), "10.0.0.3");
	build(&bound);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 79), 0);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 80), 1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 85), 1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 90), 3);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 91), 2);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.9", 96), 0);
	release(&bound);
}
END_TEST

START_TEST(a_match_says_whether_its_bind_is_for_quic)
{
	struct glb_flow flow = flow_to("10.0.0.1", GLB_FLOW_PORTS, GLB_PROTO_UDP, 443);
	struct glb_bind quic = rule(32, GLB_PROTO_UDP, 443, 443);

	quic.quic = true;
	add(&bound, 2, rule(32, GLB_PROTO_UDP, 1, 65535), "10.0.0.1");
	add(&bound, 2, quic, "10.0.0.1");
	build(&bound);
	ck_assert(glb_binds_match(bound.index, &flow, NULL).quic);
	ck_assert_int_eq(glb_binds_match(bound.index, &flow, NULL).table, 2);
	flow.dst_port = 444;
	ck_assert(!glb_binds_match(bound.index, &flow, NULL).quic);
	ck_assert_int_eq(glb_binds_match(bound.index, &flow, NULL).table, 2);
	flow.dst_port = 0;
	ck_assert(!glb_binds_match(bound.index, &flow, NULL).quic);
	release(&bound);
}
END_TEST

START_TEST(a_range_holds_both_its_ends)
{
	add(&bound, 0, rule(32, GLB_PROTO_TCP, 0, 0), "10.0.0.1");
	add(&bound, 1, rule(32, GLB_PROTO_TCP, 100, 200), "10.0.0.1");
	add(&bound, 2, rule(32, GLB_PROTO_TCP, 65535, 65535), "10.0.0.1");
	build(&bound);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 0), 0);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 99), -1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 100), 1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 200), 1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 201), -1);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 65535), 2);
	release(&bound);
}
END_TEST

START_TEST(a_bind_of_one_protocol_or_family_says_nothing_about_another)
{
	struct glb_flow udp = flow_to("10.0.0.1", GLB_FLOW_PORTS, GLB_PROTO_UDP, 80);
	struct glb_flow other = flow_to("10.0.0.1", GLB_FLOW_OTHER, GLB_PROTO_TCP, 80);

	add(&bound, 0, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.1");
	add(&bound, 1, rule(0, GLB_PROTO_TCP, 80, 80), "::");
	build(&bound);
	ck_assert_int_eq(tcp_to(&bound, "10.0.0.1", 80), 0);
	ck_assert_int_eq(tcp_to(&bound, "a00:1::", 80), 1);
	ck_assert_int_eq(glb_binds_match(bound.index, &udp, NULL).table, -1);
	ck_assert_int_eq(glb_binds_match(bound.index, &other, NULL).table, -1);
	release(&bound);
}
END_TEST

START_TEST(a_flow_without_ports_matches_by_address_alone)
{
	struct glb_flow fragment = flow_to("10.0.0.1", GLB_FLOW_FRAGMENT, GLB_PROTO_TCP, 0);

	add(&bound, 2, rule(24, GLB_PROTO_TCP, 1, 65535), "10.0.0.0");
	add(&bound, 3, rule(32, GLB_PROTO_UDP, 53, 53), "10.0.0.1");
	add(&bound, 3, rule(128, GLB_PROTO_UDP, 53, 53), "fd00::1");
	build(&bound);
	ck_assert_int_eq(echo_to(&bound, "10.0.0.1"), 3);
	ck_assert_int_eq(glb_binds_match(bound.index, &fragment, NULL).table, 3);
	ck_assert_int_eq(echo_to(&bound, "10.0.0.2"), 2);
	ck_assert_int_eq(echo_to(&bound, "10.0.1.0"), -1);
	ck_assert_int_eq(echo_to(&bound, "fd00::1"), 3);
	release(&bound);
}
END_TEST

START_TEST(an_error_must_be_sent_to_the_bind_it_is_about)
{
	add(&bound, 0, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.1");
	add(&bound, 1, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.2");
	add(&bound, 2, rule(16, GLB_PROTO_TCP, 80, 80), "10.1.0.0");
	add(&bound, 3, rule(64, GLB_PROTO_TCP, 80, 80), "fd00::");
	build(&bound);
	ck_assert_int_eq(error_about(&bound, "10.0.0.1", "10.0.0.1", GLB_PROTO_TCP), 0);
	ck_assert_int_eq(error_about(&bound, "10.0.0.1", "10.0.0.2", GLB_PROTO_TCP), -1);
	ck_assert_int_eq(error_about(&bound, "10.1.0.1", "10.1.9.9", GLB_PROTO_TCP), 2);
	ck_assert_int_eq(error_about(&bound, "fd00::1", "fd00::2", GLB_PROTO_TCP), 3);
	ck_assert_int_eq(error_about(&bound, "fd00::1", "fd00:0:0:1::1", GLB_PROTO_TCP), -1);
	release(&bound);
}
END_TEST

START_TEST(an_error_follows_the_quoted_protocol_or_else_any_bind)
{
	add(&bound, 0, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.1");
	add(&bound, 1, rule(32, GLB_PROTO_UDP, 80, 80), "10.0.0.1");
	add(&bound, 2, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.2");
	add(&bound, 3, rule(32, GLB_PROTO_UDP, 80, 80), "10.0.0.3");
	build(&bound);
	ck_assert_int_eq(error_about(&bound, "10.0.0.1", "10.0.0.1", GLB_PROTO_TCP), 0);
	ck_assert_int_eq(error_about(&bound, "10.0.0.1", "10.0.0.1", GLB_PROTO_UDP), 1);
	ck_assert_int_eq(error_about(&bound, "10.0.0.2", "10.0.0.2", GLB_PROTO_UDP), 2);
	ck_assert_int_eq(error_about(&bound, "10.0.0.3", "10.0.0.3", GLB_PROTO_TCP), 3);
	for (unsigned int proto = 0; proto <= 255; proto++)
		ck_assert_int_ge(error_about(&bound, "10.0.0.1", "10.0.0.1", (uint8_t)proto), 0);
	release(&bound);
}
END_TEST

START_TEST(an_error_without_a_bind_of_its_protocol_still_prefers_the_longest_prefix)
{
	add(&bound, 0, rule(24, GLB_PROTO_TCP, 80, 80), "10.0.0.0");
	add(&bound, 1, rule(32, GLB_PROTO_UDP, 80, 80), "10.0.0.1");
	add(&bound, 2, rule(32, GLB_PROTO_TCP, 80, 90), "10.0.0.2");
	add(&bound, 3, rule(32, GLB_PROTO_UDP, 80, 89), "10.0.0.2");
	build(&bound);
	ck_assert_int_eq(error_about(&bound, "10.0.0.1", "10.0.0.1", 132), 1);
	ck_assert_int_eq(error_about(&bound, "10.0.0.2", "10.0.0.2", 132), 3);
	ck_assert_int_eq(error_about(&bound, "10.0.0.3", "10.0.0.3", 132), 0);
	release(&bound);
}
END_TEST

START_TEST(the_ends_of_the_address_space_and_every_prefix_length_work)
{
	add(&bound, 0, rule(128, GLB_PROTO_TCP, 1, 1), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	add(&bound, 1, rule(32, GLB_PROTO_TCP, 1, 1), "255.255.255.255");
	for (unsigned int len = 1; len < 128; len++)
		add(&bound, 2, rule((uint8_t)len, GLB_PROTO_TCP, 1, 1), "::");
	for (unsigned int len = 1; len < 32; len++)
		add(&bound, 3, rule((uint8_t)len, GLB_PROTO_TCP, 1, 1), "0.0.0.0");
	build(&bound);
	ck_assert_int_eq(tcp_to(&bound, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1), 0);
	ck_assert_int_eq(tcp_to(&bound, "255.255.255.255", 1), 1);
	ck_assert_int_eq(tcp_to(&bound, "7fff::", 1), 2);
	ck_assert_int_eq(tcp_to(&bound, "8000::", 1), -1);
	ck_assert_int_eq(tcp_to(&bound, "127.0.0.1", 1), 3);
	ck_assert_int_eq(tcp_to(&bound, "128.0.0.1", 1), -1);
	release(&bound);
}
END_TEST

/* --- A second opinion: the words of bind.h as one loop over all binds --- */

static bool inside(const struct glb_bind *bind, uint8_t version, const uint8_t *addr)
{
	if (bind->addr.version != version)
		return false;
	for (unsigned int bit = 0; bit < bind->prefix_len; bit++)
		if ((bind->addr.bytes[bit / 8] ^ addr[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool takes_ports(const struct glb_bind *bind, const struct glb_flow *flow, int proto)
{
	return (proto < 0 || bind->proto == proto) && flow->dst_port >= bind->port_first &&
	       flow->dst_port <= bind->port_last;
}

static bool better(const struct glb_bind *bind, const struct glb_bind *best, bool ports)
{
	if (!best || bind->prefix_len != best->prefix_len)
		return !best || bind->prefix_len > best->prefix_len;
	return ports && bind->port_last - bind->port_first < best->port_last - best->port_first;
}

/* proto -1: any. also: a second address to be in the same bind, or NULL. */
static int best_of(const struct bound *b, const struct glb_flow *flow, int proto,
		   const uint8_t *also)
{
	bool ports = flow->kind == GLB_FLOW_PORTS || flow->kind == GLB_FLOW_QUOTED;
	const struct glb_bind *best = NULL;
	int table = -1;

	for (unsigned int t = 0; t < TABLES; t++)
		for (unsigned int i = 0; i < b->counts[t]; i++) {
			const struct glb_bind *bind = &b->binds[t][i];

			if (!inside(bind, flow->version, flow->dst) ||
			    (ports && !takes_ports(bind, flow, proto)) ||
			    !better(bind, best, ports))
				continue;
			best = bind;
			table = (int)t;
		}
	if (best && also && !inside(best, flow->version, also))
		return -1;
	return table;
}

static int plain_match(const struct bound *b, const struct glb_flow *flow, const uint8_t *outer_dst)
{
	int table;

	if (flow->kind == GLB_FLOW_OTHER)
		return -1;
	if (flow->kind != GLB_FLOW_QUOTED)
		return best_of(b, flow, flow->proto, NULL);
	table = best_of(b, flow, flow->proto, outer_dst);
	return table >= 0 ? table : best_of(b, flow, -1, outer_dst);
}

/* Few addresses and ports, so that binds overlap and flows hit them. */
static void random_addr(uint8_t addr[16], uint8_t version, uint64_t *random)
{
	memset(addr, 0, 16);
	addr[0] = next_random(random) >> 63 ? 10 : 0x8a;
	addr[1] = (uint8_t)(next_random(random) >> 63);
	addr[version == 4 ? 3 : 15] = (uint8_t)(next_random(random) >> 62);
}

static struct glb_bind random_bind(uint64_t *random)
{
	static const uint8_t lens[] = {0, 1, 8, 9, 15, 16, 24, 30, 31, 32, 64, 127, 128};
	struct glb_bind bind = {.addr.version = next_random(random) >> 63 ? 4 : 6};
	uint8_t max = bind.addr.version == 4 ? 32 : 128;

	do
		bind.prefix_len = lens[(next_random(random) >> 32) % COUNT_OF(lens)];
	while (bind.prefix_len > max);
	random_addr(bind.addr.bytes, bind.addr.version, random);
	bind.proto = next_random(random) >> 63 ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	bind.port_first = (uint16_t)(next_random(random) >> 61);
	bind.port_last = (uint16_t)(bind.port_first + (next_random(random) >> 62));
	return bind;
}

static struct glb_flow random_flow(uint64_t *random)
{
	static const uint8_t protos[] = {GLB_PROTO_TCP, GLB_PROTO_UDP, 132, 254, 255, 0};
	struct glb_flow flow = {
		.version = next_random(random) >> 63 ? 4 : 6,
		.kind = (uint8_t)((next_random(random) >> 32) % 6),
		.dst_port = (uint16_t)(next_random(random) >> 60),
	};
	unsigned int any = flow.kind == GLB_FLOW_QUOTED ? COUNT_OF(protos) : 2;

	flow.proto = protos[(next_random(random) >> 32) % any];
	random_addr(flow.dst, flow.version, random);
	return flow;
}

START_TEST(any_binds_and_flow_agree_with_a_plain_loop_over_all_binds)
{
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int t = 0; t < TABLES; t++)
			for (unsigned int i = 0; i < BINDS_PER_TABLE; i++)
				bound.binds[t][bound.counts[t]++] = random_bind(&random);
		build(&bound);
		for (unsigned int i = 0; i < 2000; i++) {
			struct glb_flow flow = random_flow(&random);
			uint8_t outer[16];

			random_addr(outer, flow.version, &random);

			int is = glb_binds_match(bound.index, &flow, outer).table;
			int want = plain_match(&bound, &flow, outer);

			if (is != want)
				ck_abort_msg("round %u, flow %u: table %d, expected %d", round, i,
					     is, want);
		}
		release(&bound);
	}
}
END_TEST

/* Do all binds that hold an address belong to one table? */
static bool plain_one_table(const struct bound *b, const struct glb_flow *flow)
{
	int table = -1;

	for (unsigned int t = 0; t < TABLES; t++)
		for (unsigned int i = 0; i < b->counts[t]; i++) {
			if (!inside(&b->binds[t][i], flow->version, flow->dst))
				continue;
			if (table >= 0 && table != (int)t)
				return false;
			table = (int)t;
		}
	return table >= 0;
}

START_TEST(whether_an_address_leads_to_one_table_agrees_with_a_plain_loop)
{
	uint64_t random = 1 + (uint64_t)_i;
	unsigned int yes = 0;

	for (unsigned int round = 0; round < 100; round++) {
		for (unsigned int t = 0; t < TABLES; t++)
			for (unsigned int i = 0; i < 1 + round % 3; i++)
				bound.binds[t][bound.counts[t]++] = random_bind(&random);
		build(&bound);
		for (unsigned int i = 0; i < 200; i++) {
			struct glb_flow flow = random_flow(&random);
			bool want = plain_one_table(&bound, &flow);

			if (glb_binds_lead_to_one_table(bound.index, &flow) != want)
				ck_abort_msg("round %u, flow %u: not %d", round, i, want);
			yes += want;
		}
		release(&bound);
	}
	ck_assert_uint_gt(yes, 500);
}
END_TEST

START_TEST(an_address_leads_to_one_table_if_no_bind_of_it_leads_elsewhere)
{
	struct glb_flow flow = flow_to("10.0.0.1", GLB_FLOW_FRAGMENT, GLB_PROTO_TCP, 0);

	add(&bound, 2, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.1");
	add(&bound, 2, rule(32, GLB_PROTO_UDP, 53, 53), "10.0.0.1");
	add(&bound, 2, rule(8, GLB_PROTO_TCP, 0, 65535), "10.0.0.0");
	add(&bound, 3, rule(128, GLB_PROTO_TCP, 80, 80), "a00:1::");
	build(&bound);
	ck_assert(glb_binds_lead_to_one_table(bound.index, &flow));
	release(&bound);

	add(&bound, 2, rule(32, GLB_PROTO_TCP, 80, 80), "10.0.0.1");
	add(&bound, 3, rule(0, GLB_PROTO_UDP, 53, 53), "0.0.0.0");
	build(&bound);
	ck_assert(!glb_binds_lead_to_one_table(bound.index, &flow));
	frame_addr(flow.dst, "11.0.0.1");
	ck_assert(glb_binds_lead_to_one_table(bound.index, &flow));
	release(&bound);
}
END_TEST

START_TEST(full_tables_of_single_addresses_are_all_found)
{
	for (unsigned int t = 0; t < TABLES; t++)
		for (unsigned int i = 0; i < GLB_BINDS_MAX; i++) {
			char addr[20];

			(void)snprintf(addr, sizeof(addr), "10.%u.%u.%u", t, i / 256, i % 256);
			add(&bound, t, rule(32, GLB_PROTO_TCP, 80, 80), addr);
		}
	build(&bound);
	for (unsigned int t = 0; t < TABLES; t++)
		for (unsigned int i = 0; i < GLB_BINDS_MAX; i++) {
			char addr[20];

			(void)snprintf(addr, sizeof(addr), "10.%u.%u.%u", t, i / 256, i % 256);
			ck_assert_int_eq(tcp_to(&bound, addr, 80), (int)t);
			ck_assert_int_eq(tcp_to(&bound, addr, 81), -1);
		}
	ck_assert_int_eq(tcp_to(&bound, "10.4.0.0", 80), -1);
	release(&bound);
}
END_TEST

START_TEST(more_binds_than_their_index_can_number_are_refused)
{
	struct glb_table *table = calloc(1, sizeof(*table));
	struct glb_tables tables = {&table, 1};
	struct glb_binds *binds;

	table->spec.bind_count = GLB_ALL_BINDS_MAX + 1; /* nothing is read of them */
	ck_assert_int_eq(glb_binds_build(&binds, &tables), -E2BIG);
	table->spec.bind_count = 400000000; /* slots for their rules are not numbered in 32 bits */
	ck_assert_int_eq(glb_binds_build(&binds, &tables), -E2BIG);
	ck_assert_uint_gt(binds_len(&tables), 400000000ULL * 100);
	free(table);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bind");
	TCase *bind = tcase_create("bind");

	tcase_add_test(bind, the_longest_prefix_wins_whatever_its_ports_or_place);
	tcase_add_test(bind,
		       among_equal_prefixes_the_narrower_port_range_wins_then_the_earlier_bind);
	tcase_add_test(bind, a_match_says_whether_its_bind_is_for_quic);
	tcase_add_test(bind, a_range_holds_both_its_ends);
	tcase_add_test(bind, a_bind_of_one_protocol_or_family_says_nothing_about_another);
	tcase_add_test(bind, a_flow_without_ports_matches_by_address_alone);
	tcase_add_test(bind, an_error_must_be_sent_to_the_bind_it_is_about);
	tcase_add_test(bind, an_error_follows_the_quoted_protocol_or_else_any_bind);
	tcase_add_test(bind,
		       an_error_without_a_bind_of_its_protocol_still_prefers_the_longest_prefix);
	tcase_add_test(bind, the_ends_of_the_address_space_and_every_prefix_length_work);
	tcase_add_loop_test(bind, any_binds_and_flow_agree_with_a_plain_loop_over_all_binds, 0, 5);
	tcase_add_loop_test(bind, whether_an_address_leads_to_one_table_agrees_with_a_plain_loop, 0,
			    5);
	tcase_add_test(bind, an_address_leads_to_one_table_if_no_bind_of_it_leads_elsewhere);
	tcase_add_test(bind, full_tables_of_single_addresses_are_all_found);
	tcase_add_test(bind, more_binds_than_their_index_can_number_are_refused);
	suite_add_tcase(suite, bind);
	return suite;
}
