/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "core/rank/weight.h"
#include "naive.h"
#include "suite.h"

static const uint16_t weights[] = {1, 2, 3, 99, 100, 101, 32768, 65535};

static struct glb_weight_log table;

static void make_table(void)
{
	glb_weight_log_init(&table);
}

/* Ranks of every size, from both ends. */
static uint64_t rank_at(unsigned int i, uint64_t *random)
{
	uint64_t near = next_random(random) >> (i % 64);

	return i % 2 ? near : -near;
}

START_TEST(the_best_rank_costs_nothing_and_the_worst_the_logarithm_of_all_ranks)
{
	ck_assert_uint_eq(glb_weight_cost(&table, 0, 1), 0);
	ck_assert_uint_eq(glb_weight_cost(&table, UINT64_MAX, 1), (uint64_t)64 << 56);
	ck_assert_uint_eq(glb_weight_cost(&table, (uint64_t)1 << 63, 1), (uint64_t)1 << 56);
	ck_assert_uint_eq(glb_weight_cost(&table, (uint64_t)1 << 63, 4), (uint64_t)1 << 54);
	ck_assert_uint_eq(glb_weight_cost(&table, (uint64_t)3 << 62, 65535),
			  ((uint64_t)2 << 56) / 65535);
}
END_TEST

START_TEST(a_cost_is_that_of_the_slow_way)
{
	uint64_t random = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t rank = rank_at(i, &random);
		uint32_t weight = weights[i % COUNT_OF(weights)];
		uint64_t cost = glb_weight_cost(&table, rank, weight);

		ENSURE(cost == naive_cost(rank, weight), "rank %016llx, weight %u: %llx",
		       (unsigned long long)rank, weight, (unsigned long long)cost);
	}
}
END_TEST

START_TEST(a_cost_is_close_to_the_real_logarithm)
{
	uint64_t random = 2;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t rank = rank_at(i, &random);
		long double real = -log1pl(-(long double)rank / 0x1p64L) / logl(2);
		long double cost = (long double)glb_weight_cost(&table, rank, 1) / 0x1p56L;

		/* a line between points that are 1/4096 apart is off by 1/4096^2/8/ln 2 at most */
		ENSURE(fabsl(cost - real) < 0x1p-26L, "rank %016llx", (unsigned long long)rank);
		/* the best ranks decide: theirs has the right size, too, down to 2^-44 */
		ENSURE(rank >> 60 || fabsl(cost - real) <= real * 0x1p-12L + 0x1p-43L,
		       "rank %016llx", (unsigned long long)rank);
	}
}
END_TEST

START_TEST(a_cost_never_falls_when_the_rank_rises)
{
	uint64_t random = 3;

	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t rank = rank_at(i, &random);
		uint32_t weight = weights[i % COUNT_OF(weights)];

		if (i % 3 == 0) /* where one step of the table meets the next */
			rank &= ~(uint64_t)0 << 51;
		if (!rank)
			continue;
		ENSURE(glb_weight_cost(&table, rank - 1, weight) <=
			       glb_weight_cost(&table, rank, weight),
		       "rank %016llx", (unsigned long long)rank);
	}
}
END_TEST

START_TEST(no_rank_that_costs_as_little_is_beyond_the_reach_of_a_cost)
{
	uint64_t random = 4;

	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t rank = rank_at(i, &random);
		uint32_t weight = weights[i % COUNT_OF(weights)];
		uint64_t reach = glb_weight_reach(glb_weight_cost(&table, rank, weight));

		ENSURE(rank >> 32 <= reach * weight, "rank %016llx, weight %u",
		       (unsigned long long)rank, weight);
		ENSURE(reach <= UINT32_MAX, "more than everything");
	}
}
END_TEST

START_TEST(a_reach_is_not_much_longer_than_it_must_be)
{
	ck_assert_uint_le(glb_weight_reach(0), 2);
	/* a rank of one in 1024 */
	ck_assert_uint_le(glb_weight_reach(glb_weight_cost(&table, (uint64_t)1 << 54, 1)),
			  ((uint64_t)1 << 22) * 1001 / 1000);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("weight");
	TCase *weight = tcase_create("weight");

	tcase_add_unchecked_fixture(weight, make_table, NULL);
	tcase_add_test(weight,
		       the_best_rank_costs_nothing_and_the_worst_the_logarithm_of_all_ranks);
	tcase_add_test(weight, a_cost_is_that_of_the_slow_way);
	tcase_add_test(weight, a_cost_is_close_to_the_real_logarithm);
	tcase_add_test(weight, no_rank_that_costs_as_little_is_beyond_the_reach_of_a_cost);
	tcase_add_test(weight, a_reach_is_not_much_longer_than_it_must_be);
	tcase_add_test(weight, a_cost_never_falls_when_the_rank_rises);
	suite_add_tcase(suite, weight);
	return suite;
}
