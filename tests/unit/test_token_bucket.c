/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/token_bucket.h>

#include "suite.h"

static const uint64_t second = 1000000000;

/* Everything of one client in one place. */
static const struct glb_shares alone = {.bucket = {1, 2, 3}};

static struct glb_token_buckets buckets;

static void start(void)
{
	memset(&buckets, 0, sizeof(buckets));
}

/* How many answers can be taken at one time? */
static unsigned int take_all(const struct glb_shares *shares, uint32_t rate, uint64_t now)
{
	unsigned int n = 0;

	while (n < 1000 && glb_token_buckets_take(&buckets, rate, shares, now))
		n++;
	return n;
}

START_TEST(a_burst_is_as_large_as_a_second_s_worth_but_at_most_a_hundred)
{
	static const struct {
		uint32_t rate;
		unsigned int burst;
	} cases[] = {{1, 1}, {2, 2}, {99, 99}, {100, 100}, {101, 100}, {1000, 100}, {1000000, 100}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		start();
		ck_assert_uint_eq(take_all(&alone, cases[i].rate, 0), cases[i].burst);
		start();
		ck_assert_uint_eq(take_all(&alone, cases[i].rate, 1ULL << 62), cases[i].burst);
	}
}
END_TEST

START_TEST(answers_flow_back_evenly_and_never_above_the_burst)
{
	static const struct {
		uint32_t rate;
		uint64_t wait; /* ns */
		unsigned int back;
	} cases[] = {
		{1, 999999999, 0},	    {1, 1000000000, 1},
		{1, 5000000000, 1},	    {1000, 999999, 0},
		{1000, 1000000, 1},	    {1000, 1999999, 1},
		{1000, 2000000, 2},	    {1000, 100000000, 100},
		{1000, 99999999, 99},	    {1000, 999999999, 100},
		{1000, 1000000001, 100},    {1000000, 999, 0},
		{1000000, 1000, 1},	    {1000000, 100000, 100},
		{1000000, 1ULL << 63, 100}, {1000000, UINT64_MAX - (1ULL << 40), 100},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint64_t now = 77 * second;

		start();
		(void)take_all(&alone, cases[i].rate, now);
		now += cases[i].wait;
		ck_assert_msg(take_all(&alone, cases[i].rate, now) == cases[i].back, "case %u", i);
	}
}
END_TEST

START_TEST(over_a_long_time_the_rate_is_kept_however_often_one_asks)
{
	static const uint32_t rates[] = {1, 7, 1000, 1000000};

	for (unsigned int i = 0; i < COUNT_OF(rates); i++) {
		uint64_t step = second / rates[i] / 3 + 1; /* three askers for one answer */
		uint64_t taken = 0;
		uint64_t now = 0;

		start();
		for (unsigned int n = 0; n < 300000; n++, now += step) {
			/* anywhere */
			struct glb_shares shares = {
				.bucket = {(uint8_t)n, (uint8_t)(n >> 3), (uint8_t)(n >> 5)}};

			taken += glb_token_buckets_take(&buckets, rates[i], &shares, now);
		}

		uint64_t due = now / (second / rates[i]);
		uint64_t burst = rates[i] < 100 ? rates[i] : 100;

		ck_assert_uint_ge(taken + 1, due);
		ck_assert_uint_le(taken, due + due / 1000 + burst + (burst + 1) / 2);
	}
}
END_TEST

START_TEST(a_rate_may_change_while_answers_are_owed)
{
	start();
	ck_assert_uint_eq(take_all(&alone, 1000, 0), 100);
	ck_assert_uint_eq(take_all(&alone, 1, 0), 0); /* still owes a hundred */
	ck_assert_uint_eq(take_all(&alone, 1000, second / 10), 100);
	ck_assert_uint_eq(take_all(&alone, 1000000, second / 10 + 100000), 100);
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing_and_takes_nothing)
{
	start();
	ck_assert_uint_eq(take_all(&alone, 1000, 5 * second), 100);
	ck_assert_uint_eq(take_all(&alone, 1000, 0), 0);
	ck_assert_uint_eq(take_all(&alone, 1000, 5 * second), 0);
	ck_assert_uint_eq(take_all(&alone, 1000, 5 * second + 1000000), 1);
}
END_TEST

/* Uses up what anybody may have, through buckets that no case below looks at. */
static void flood(uint32_t rate, uint64_t now)
{
	const struct glb_shares shares = {.bucket = {200, 200, 200}};

	ck_assert_uint_lt(take_all(&shares, rate, now), 1000);
}

START_TEST(what_a_flood_leaves_is_an_eighth_for_a_vip_and_a_half_for_a_table)
{
	static const struct {
		uint32_t rate;
		unsigned int client, vip, table;
	} cases[] = {{1, 1, 1, 1},
		     {8, 1, 1, 4},
		     {64, 2, 8, 32},
		     {1000, 3, 12, 50},
		     {1000000, 3, 12, 50}};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		unsigned int of_vip = 0;
		unsigned int of_table = 0;

		start();
		flood(cases[i].rate, second);
		ck_assert_uint_eq(take_all(&alone, cases[i].rate, second), cases[i].client);
		start();
		flood(cases[i].rate, second);
		for (uint8_t c = 0; c < 100; c++)
			of_vip += take_all(&(struct glb_shares){{1, 2, c}}, cases[i].rate, second);
		ck_assert_uint_eq(of_vip, cases[i].vip);
		start();
		flood(cases[i].rate, second);
		for (uint8_t c = 0; c < 100; c++)
			of_table +=
				take_all(&(struct glb_shares){{1, c, c}}, cases[i].rate, second);
		ck_assert_uint_eq(of_table, cases[i].table);
	}
}
END_TEST

START_TEST(who_stays_within_its_share_is_never_refused_while_a_flood_goes_on)
{
	/* a thousand a second: 31 for a client's network, 125 for a VIP */
	uint64_t step = second / 31;
	uint64_t now = second;

	start();
	for (unsigned int n = 0; n < 1000; n++, now += step) {
		flood(1000, now);
		ck_assert(glb_token_buckets_take(&buckets, 1000, &alone, now));
	}
}
END_TEST

START_TEST(what_is_refused_or_beyond_a_share_costs_no_other_share)
{
	const struct glb_shares other_client = {.bucket = {1, 2, 4}};

	start();
	flood(1000, 0);
	(void)take_all(&alone, 1000, 0); /* three, of twelve of the VIP */
	ck_assert_uint_eq(take_all(&other_client, 1000, 0), 3);
	start();
	ck_assert_uint_eq(take_all(&alone, 1000, 0), 100); /* most of them beyond its share */
	ck_assert_uint_eq(take_all(&other_client, 1000, 0), 3);
}
END_TEST

static struct glb_shares shares_of_flow(const struct glb_flow *flow, uint32_t table)
{
	return glb_shares_of(flow->src, flow->dst, flow->version, table);
}

START_TEST(clients_of_one_network_have_one_bucket_and_other_networks_others)
{
	struct glb_flow four = {.version = 4, .src = {198, 51, 100, 7}, .dst = {192, 0, 2, 10}};
	struct glb_flow six = {
		.version = 6, .src = {32, 1, 13, 184, 0, 1}, .dst = {32, 1, 13, 184}};
	struct glb_shares of4 = shares_of_flow(&four, 5);
	struct glb_shares of6 = shares_of_flow(&six, 5);

	four.src[3] = 200;
	four.src_port = 4;
	ck_assert_mem_eq(&(struct glb_shares[]){shares_of_flow(&four, 5)}, &of4, sizeof(of4));
	six.src[6] = six.src[15] = 200;
	ck_assert_mem_eq(&(struct glb_shares[]){shares_of_flow(&six, 5)}, &of6, sizeof(of6));
	for (unsigned int v = 0; v < 2; v++) {
		struct glb_flow *flow = v ? &six : &four;
		struct glb_shares was = v ? of6 : of4;

		flow->src[v ? 5 : 2] ^= 1;
		ck_assert_uint_ne(shares_of_flow(flow, 5).bucket[GLB_SHARE_CLIENT],
				  was.bucket[GLB_SHARE_CLIENT]);
		ck_assert_uint_eq(shares_of_flow(flow, 5).bucket[GLB_SHARE_VIP],
				  was.bucket[GLB_SHARE_VIP]);
		flow->dst[v ? 15 : 3] ^= 1;
		ck_assert_uint_ne(shares_of_flow(flow, 5).bucket[GLB_SHARE_VIP],
				  was.bucket[GLB_SHARE_VIP]);
		ck_assert_uint_ne(shares_of_flow(flow, 6).bucket[GLB_SHARE_TABLE],
				  was.bucket[GLB_SHARE_TABLE]);
	}
}
END_TEST

START_TEST(neighbouring_addresses_are_spread_over_the_buckets)
{
	struct glb_flow flow = {.version = 4, .dst = {192, 0, 2, 0}};
	unsigned int counts[GLB_SHARE_BUCKETS] = {0};
	unsigned int used = 0;

	for (unsigned int n = 0; n < 256; n++) {
		flow.dst[3] = (uint8_t)n;
		used += !counts[shares_of_flow(&flow, 0).bucket[GLB_SHARE_VIP]]++;
	}
	ck_assert_uint_gt(used, 140); /* of chance, 162 */
	for (unsigned int b = 0; b < GLB_SHARE_BUCKETS; b++)
		ck_assert_uint_lt(counts[b], 8);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("token_bucket");
	TCase *rate = tcase_create("rate");
	TCase *shares = tcase_create("shares");

	tcase_add_test(rate, a_burst_is_as_large_as_a_second_s_worth_but_at_most_a_hundred);
	tcase_add_test(rate, answers_flow_back_evenly_and_never_above_the_burst);
	tcase_add_test(rate, over_a_long_time_the_rate_is_kept_however_often_one_asks);
	tcase_add_test(rate, a_rate_may_change_while_answers_are_owed);
	tcase_add_test(rate, a_clock_that_goes_back_gives_nothing_and_takes_nothing);
	suite_add_tcase(suite, rate);
	tcase_add_test(shares, what_a_flood_leaves_is_an_eighth_for_a_vip_and_a_half_for_a_table);
	tcase_add_test(shares, who_stays_within_its_share_is_never_refused_while_a_flood_goes_on);
	tcase_add_test(shares, what_is_refused_or_beyond_a_share_costs_no_other_share);
	tcase_add_test(shares, clients_of_one_network_have_one_bucket_and_other_networks_others);
	tcase_add_test(shares, neighbouring_addresses_are_spread_over_the_buckets);
	suite_add_tcase(suite, shares);
	return suite;
}
