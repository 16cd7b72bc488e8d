/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <glb/bind.h>

#include "core/bind/segments.h"
#include "suite.h"

enum { PORTS = 65536, TABLES = 2 };

/* What segments are about: the first rule of the list that holds a port. NULL: there is none. */
static const struct rule *walk(const struct rule *rules, uint32_t count, uint16_t port)
{
	for (uint32_t i = 0; i < count; i++)
		if (port >= rules[i].port_first && port <= rules[i].port_last)
			return &rules[i];
	return NULL;
}

/* Sorted, apart from each other, and as few as can be. */
static void check_order(const struct segment *segments, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct segment *at = &segments[i];

		ENSURE(at->first <= at->last, "segment %u ends before it begins", i);
		if (i == 0)
			continue;
		ENSURE(at[-1].last < at->first, "segment %u begins in the one before", i);
		ENSURE(at[-1].last + 1 < at->first || at[-1].rule != at->rule,
		       "segment %u goes on with the one before", i);
	}
}

/* Every step-th port. */
static void check(const struct rule *rules, uint32_t count, uint32_t step)
{
	/* exactly the room there must be, so that writing on is noticed */
	struct segment *out = calloc(SEGMENTS_PER_RULE * (size_t)count, sizeof(*out));
	uint32_t segments = segments_of(out, rules, count);

	ck_assert_uint_ge(segments, 1);
	ck_assert_uint_le(segments, SEGMENTS_PER_RULE * count);
	check_order(out, segments);
	for (uint32_t port = 0; port < PORTS; port += step) {
		const struct segment *is = segments_find(out, segments, (uint16_t)port);
		const struct rule *want = walk(rules, count, (uint16_t)port);

		ENSURE((is ? &rules[is->rule] : NULL) == want,
		       "of %u rules, port %u: rule %ld, expected %ld", count, port,
		       is ? (long)is->rule : -1L, want ? (long)(want - rules) : -1L);
	}
	free(out);
}

static struct rule ports(unsigned int first, unsigned int last)
{
	return (struct rule){.port_first = (uint16_t)first, .port_last = (uint16_t)last};
}

static uint32_t below(uint64_t *random, uint32_t limit)
{
	return (uint32_t)((next_random(random) >> 32) * limit >> 32);
}

/* A range of its own, or one that has to do with the one before. */
static struct rule random_rule(uint64_t *random, const struct rule *before)
{
	uint32_t first = below(random, PORTS);
	uint32_t low = before->port_first;
	uint32_t high = before->port_last;

	switch (below(random, 9)) {
	case 0:
		return ports(first, first);
	case 1:
		return ports(0, first);
	case 2:
		return ports(first, PORTS - 1);
	case 3: /* the next ports */
		return high == PORTS - 1
			       ? ports(0, high)
			       : ports(high + 1, high + 1 + below(random, PORTS - 1 - high));
	case 4: /* the ports before */
		return low == 0 ? ports(low, high) : ports(below(random, low), low - 1);
	case 5: /* some of its ports */
		first = low + below(random, high - low + 1);
		return ports(first, first + below(random, high - first + 1));
	case 6: /* all of its ports and some more */
		return ports(below(random, low + 1), high + below(random, PORTS - high));
	case 7:
		return *before;
	default:
		return ports(first, first + below(random, (PORTS - first) / 64 + 1));
	}
}

static int compare_widths(const void *left, const void *right)
{
	const struct rule *a = left;
	const struct rule *b = right;
	int width = (a->port_last - a->port_first) - (b->port_last - b->port_first);

	return width ? width : (int)a->order - (int)b->order;
}

START_TEST(any_rules_serve_the_ports_that_a_walk_along_them_says)
{
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 100; round++) {
		struct rule rules[40] = {ports(below(&random, PORTS), PORTS - 1)};
		uint32_t count = 1 + below(&random, COUNT_OF(rules));

		for (uint32_t i = 1; i < count; i++) {
			rules[i] = random_rule(&random, &rules[i - 1]);
			rules[i].order = i;
		}
		check(rules, count, 1);
		qsort(rules, count, sizeof(*rules), compare_widths);
		check(rules, count, 1);
	}
}
END_TEST

START_TEST(the_first_and_last_port_and_all_of_them_can_be_served)
{
	const struct rule lists[][3] = {
		{ports(0, 0), ports(65535, 65535), ports(0, 65535)},
		{ports(0, 65535), ports(0, 0), ports(65535, 65535)},
		{ports(65535, 65535), ports(65534, 65535), ports(65533, 65534)},
		{ports(0, 0), ports(0, 1), ports(1, 2)},
		{ports(0, 9), ports(10, 10), ports(11, 65535)},
		{ports(20, 30), ports(20, 30), ports(19, 31)},
	};

	for (unsigned int i = 0; i < COUNT_OF(lists); i++)
		for (uint32_t count = 1; count <= COUNT_OF(lists[i]); count++)
			check(lists[i], count, 1);
}
END_TEST

/* A cut at each port, so that numbers of pieces need all bits that they have. */
START_TEST(every_port_can_have_a_rule_of_its_own)
{
	static struct rule rules[PORTS + 1];

	for (uint32_t i = 0; i < PORTS; i++)
		rules[i] = ports(i * 40503 % PORTS, i * 40503 % PORTS); /* odd: every port once */
	rules[PORTS] = ports(0, PORTS - 1);
	check(rules, PORTS + 1, 97);
	rules[0] = rules[PORTS];
	check(rules, PORTS, 97);
}
END_TEST

START_TEST(as_many_rules_as_a_table_may_have_serve_their_ports)
{
	static struct rule rules[GLB_BINDS_MAX] = {{.port_last = 10}};
	uint64_t random = 1 + (uint64_t)_i;

	for (uint32_t i = 1; i < COUNT_OF(rules); i++) {
		rules[i] = random_rule(&random, &rules[i - 1]);
		rules[i].order = i;
	}
	qsort(rules, COUNT_OF(rules), sizeof(*rules), compare_widths);
	check(rules, COUNT_OF(rules), 61);
}
END_TEST

/* --- The same of the index as a whole: which bind serves a port of a VIP --- */

struct vip {
	struct glb_bind binds[TABLES][24]; /* of UDP */
	struct glb_binds *index;
};

static void build_vip(struct vip *vip, uint64_t *random)
{
	struct glb_table *table_at[TABLES];
	struct glb_tables tables = {table_at, TABLES};
	struct rule before = ports(0, 100);

	for (unsigned int t = 0; t < TABLES; t++) {
		table_at[t] = calloc(1, sizeof(*table_at[t]));
		table_at[t]->spec.binds = vip->binds[t];
		table_at[t]->spec.bind_count = COUNT_OF(vip->binds[t]);
		for (unsigned int b = 0; b < COUNT_OF(vip->binds[t]); b++) {
			before = random_rule(random, &before);
			vip->binds[t][b] = (struct glb_bind){.addr = {{10, 1}, 4},
							     .prefix_len = 32,
							     .proto = GLB_PROTO_UDP,
							     .port_first = before.port_first,
							     .port_last = before.port_last};
		}
	}
	ck_assert_int_eq(glb_binds_build(&vip->index, &tables), 0);
	for (unsigned int t = 0; t < TABLES; t++)
		free(table_at[t]);
}

/* The narrowest range, and of such the first. NULL: there is none. */
static const struct glb_bind *narrowest(const struct vip *vip, uint16_t port)
{
	const struct glb_bind *best = NULL;

	for (unsigned int t = 0; t < TABLES; t++)
		for (unsigned int b = 0; b < COUNT_OF(vip->binds[t]); b++) {
			const struct glb_bind *bind = &vip->binds[t][b];

			if (port < bind->port_first || port > bind->port_last)
				continue;
			if (!best ||
			    bind->port_last - bind->port_first < best->port_last - best->port_first)
				best = bind;
		}
	return best;
}

static const struct glb_bind *find(const struct vip *vip, const struct glb_flow *flow)
{
	unsigned int bind = 0;
	int table = glb_binds_find(&bind, vip->index, flow, flow->dst);

	return table < 0 ? NULL : &vip->binds[table][bind];
}

START_TEST(packets_and_errors_find_the_narrowest_bind_and_of_such_the_first)
{
	static struct vip vip;
	uint64_t random = 1 + (uint64_t)_i;

	for (unsigned int round = 0; round < 10; round++) {
		build_vip(&vip, &random);
		for (uint32_t port = 0; port < PORTS; port += 1 + port % 3) {
			struct glb_flow flow = {.version = 4,
						.kind = GLB_FLOW_PORTS,
						.proto = GLB_PROTO_UDP,
						.dst = {10, 1},
						.dst_port = (uint16_t)port};
			const struct glb_bind *want = narrowest(&vip, (uint16_t)port);

			ENSURE(find(&vip, &flow) == want, "another bind serves port %u", port);
			flow.kind = GLB_FLOW_QUOTED;
			flow.proto = GLB_PROTO_TCP; /* which no bind has */
			ENSURE(find(&vip, &flow) == want, "another bind has errors of %u", port);
		}
		glb_binds_free(vip.index);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("segments");
	TCase *rules = tcase_create("rules");
	TCase *binds = tcase_create("binds");

	tcase_add_loop_test(rules, any_rules_serve_the_ports_that_a_walk_along_them_says, 0, 4);
	tcase_add_test(rules, the_first_and_last_port_and_all_of_them_can_be_served);
	tcase_add_test(rules, every_port_can_have_a_rule_of_its_own);
	tcase_add_loop_test(rules, as_many_rules_as_a_table_may_have_serve_their_ports, 0, 2);
	suite_add_tcase(suite, rules);
	tcase_add_loop_test(binds, packets_and_errors_find_the_narrowest_bind_and_of_such_the_first,
			    0, 2);
	suite_add_tcase(suite, binds);
	return suite;
}
