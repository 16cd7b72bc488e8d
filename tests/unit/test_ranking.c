/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds for the rows of every table. ROUNDS in the environment: how many random ones. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <glb/rendezvous.h>

#include "fleet.h"
#include "naive.h"
#include "suite.h"

enum {
	SMALL = 12,	     /* backends of a fleet, mostly: many specs rather than large ones */
	ROWS_COMPARED = 128, /* with the slow way */
	DEVIATIONS = 6,	     /* beyond which chance is no excuse: 1 in 500 million */
};

static unsigned int rounds;
static struct glb_row rows[GLB_ROWS];
static struct glb_row ranked[GLB_ROWS];
static struct glb_row before[GLB_ROWS];
static struct fleet fleet;

static void read_rounds(void)
{
	const char *text = getenv("ROUNDS");

	rounds = text ? (unsigned int)atoi(text) : 4;
}

static void rank(struct glb_row *out, const struct glb_table_spec *spec)
{
	memset(out, 0xff, sizeof(rows));
	ck_assert_int_eq(glb_rank_rows(out, spec), 0);
}

static bool same_row(struct glb_row a, struct glb_row b)
{
	return !memcmp(&a, &b, sizeof(a));
}

static bool names(const struct glb_table_spec *spec, struct glb_row row, unsigned int backend)
{
	for (unsigned int hop = 0; hop < naive_hop_count(spec); hop++)
		if (row.hops[hop] == backend)
			return true;
	return false;
}

static unsigned int usable_count(const struct glb_table_spec *spec)
{
	unsigned int usable = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		usable += spec->backends[i].state != GLB_INACTIVE;
	return usable;
}

START_TEST(rows_are_those_of_a_plain_sort_of_all_backends)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, round, round % 7 ? SMALL : FLEET_MAX, round % FLEET_KINDS);
		rank(ranked, &fleet.spec);
		glb_order_rows(rows, ranked, &fleet.spec);
		ck_assert_uint_eq(glb_row_hop_count(&fleet.spec), naive_hop_count(&fleet.spec));
		for (unsigned int i = 0; i < ROWS_COMPARED; i++) {
			uint32_t row = i < 2 ? i * GLB_ROW_MASK : fleet_pick(&fleet, GLB_ROWS);

			ENSURE(same_row(ranked[row], naive_ranking(&fleet.spec, row)),
			       "round %u: ranking of row %u", round, row);
			ENSURE(same_row(rows[row], naive_row(&fleet.spec, row)),
			       "round %u: order of row %u", round, row);
		}
	}
}
END_TEST

static void check_row_is_possible(const struct glb_table_spec *spec, struct glb_row row)
{
	unsigned int hops = naive_hop_count(spec);

	for (unsigned int hop = 0; hop < hops; hop++) {
		ENSURE(row.hops[hop] < spec->backend_count, "nobody's index");
		ENSURE(spec->backends[row.hops[hop]].state != GLB_INACTIVE, "not usable");
		for (unsigned int other = 0; other < hop && usable_count(spec) > 1; other++)
			ENSURE(row.hops[hop] != row.hops[other], "named twice");
	}
	for (unsigned int hop = hops; hop < GLB_HOPS_MAX; hop++)
		ENSURE(!row.hops[hop], "something behind the last hop");
}

START_TEST(a_row_names_usable_backends_each_at_most_once_and_nothing_behind_them)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 1000000 + round, SMALL, round % FLEET_KINDS);
		rank(ranked, &fleet.spec);
		glb_order_rows(rows, ranked, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row += 7) {
			check_row_is_possible(&fleet.spec, ranked[row]);
			check_row_is_possible(&fleet.spec, rows[row]);
			for (unsigned int hop = 0; hop < naive_hop_count(&fleet.spec); hop++)
				ENSURE(names(&fleet.spec, rows[row], ranked[row].hops[hop]),
				       "round %u, row %u: ordering lost a hop", round, row);
		}
	}
}
END_TEST

START_TEST(ranking_from_a_known_ranking_gives_the_rows_of_ranking_from_scratch)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 2000000 + round, SMALL, round % FLEET_KINDS);
		rank(before, &fleet.spec);
		for (unsigned int step = 0; step < 6; step++) {
			struct fleet was;
			unsigned int changes = 1 + fleet_pick(&fleet, 3);

			fleet_copy(&was, &fleet);
			while (changes--)
				fleet_change(&fleet, fleet_pick(&fleet, FLEET_CHANGES));
			memset(rows, 0xff, sizeof(rows));
			ck_assert_int_eq(glb_rank_rows_from(rows, &fleet.spec, before, &was.spec),
					 0);
			rank(ranked, &fleet.spec);
			ENSURE(!memcmp(rows, ranked, sizeof(rows)), "round %u, step %u", round,
			       step);
			memcpy(before, rows, sizeof(rows));
		}
	}
}
END_TEST

/* Fleets large enough that one change is worth an update. */
START_TEST(one_change_of_a_large_fleet_gives_the_rows_of_ranking_from_scratch)
{
	for (unsigned int round = 0; round < (rounds + 3) / 4 * FLEET_CHANGES; round++) {
		struct fleet was;

		fleet_make(&fleet, 3000000 + round, 4, round / FLEET_CHANGES % FLEET_KINDS);
		while (fleet.spec.backend_count < 20)
			fleet_change(&fleet, FLEET_ADD);
		rank(before, &fleet.spec);
		fleet_copy(&was, &fleet);
		fleet_change(&fleet, round % FLEET_CHANGES);
		if (round % 2)
			fleet_change(&fleet, FLEET_REORDER);
		ck_assert_int_eq(glb_rank_rows_from(rows, &fleet.spec, before, &was.spec), 0);
		rank(ranked, &fleet.spec);
		ENSURE(!memcmp(rows, ranked, sizeof(rows)), "round %u", round);
	}
}
END_TEST

/* So many that they are hashed in groups, so few that most rows are not theirs. */
START_TEST(many_added_to_a_large_fleet_give_the_rows_of_ranking_from_scratch)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct fleet was;

		fleet_make(&fleet, 3500000 + round, 4, round % FLEET_KINDS);
		while (fleet.spec.backend_count < FLEET_MAX - 10)
			fleet_change(&fleet, FLEET_ADD);
		rank(before, &fleet.spec);
		fleet_copy(&was, &fleet);
		for (unsigned int added = 0; added < 6 + round % 5; added++)
			fleet_change(&fleet, FLEET_ADD);
		if (round % 3 == 2)
			fleet_change(&fleet, FLEET_REMOVE);
		ck_assert_int_eq(glb_rank_rows_from(rows, &fleet.spec, before, &was.spec), 0);
		rank(ranked, &fleet.spec);
		ENSURE(!memcmp(rows, ranked, sizeof(rows)), "round %u", round);
	}
}
END_TEST

START_TEST(a_ranking_under_another_seed_is_no_help_and_does_no_harm)
{
	struct fleet was;

	fleet_make(&fleet, 1, SMALL, FLEET_PLAIN);
	rank(before, &fleet.spec);
	fleet_copy(&was, &fleet);
	fleet.spec.seed[15] ^= 1;
	ck_assert_int_eq(glb_rank_rows_from(rows, &fleet.spec, before, &was.spec), 0);
	rank(ranked, &fleet.spec);
	ck_assert_mem_eq(rows, ranked, sizeof(rows));
}
END_TEST

/* The place of a backend among those of another spec, by address; -1 if it is not the same there.
 */
static int twin_of(const struct glb_table_spec *spec, const struct glb_backend *backend)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_addr_equal(&spec->backends[i].addr, &backend->addr))
			return spec->backends[i].state != GLB_INACTIVE &&
					       spec->backends[i].weight == backend->weight
				       ? (int)i
				       : -1;
	return -1;
}

/* Where on a row a backend is; one behind the last place if it is not. */
static unsigned int place_on(const struct glb_table_spec *spec, struct glb_row row, int backend)
{
	unsigned int hop = 0;

	while (hop < naive_hop_count(spec) && row.hops[hop] != backend)
		hop++;
	return hop;
}

/* For any two on the old row that survived: the first is not behind the second on the new row. */
static bool keeps_order(const struct glb_table_spec *new, struct glb_row row,
			const struct glb_table_spec *old, struct glb_row was)
{
	for (unsigned int first = 0; first < naive_hop_count(old); first++)
		for (unsigned int next = first + 1; next < naive_hop_count(old); next++) {
			int a = twin_of(new, &old->backends[was.hops[first]]);
			int b = twin_of(new, &old->backends[was.hops[next]]);

			if (a >= 0 && b >= 0 && place_on(new, row, a) > place_on(new, row, b))
				return false;
		}
	return true;
}

START_TEST(the_relative_order_of_survivors_never_changes)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct fleet was;
		enum fleet_kind kind = round % 2 ? FLEET_WEIGHTED : FLEET_PLAIN;

		fleet_make(&fleet, 4000000 + round, SMALL, kind);
		rank(before, &fleet.spec);
		fleet_copy(&was, &fleet);
		for (unsigned int changes = 1 + fleet_pick(&fleet, 4); changes--;)
			fleet_change(&fleet, fleet_pick(&fleet, FLEET_REWEIGH + 1));
		rank(ranked, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			ENSURE(keeps_order(&fleet.spec, ranked[row], &was.spec, before[row]),
			       "round %u, row %u", round, row);
			ENSURE(keeps_order(&was.spec, before[row], &fleet.spec, ranked[row]),
			       "round %u, row %u, the other way", round, row);
		}
	}
}
END_TEST

/* Is n within what chance makes of `total` trials with probability p? */
static bool is_likely(uint32_t n, uint32_t total, double p)
{
	return fabs(n - total * p) <= DEVIATIONS * sqrt(total * p * (1 - p)) + 0.5;
}

static double weight_of(const struct glb_backend *backend)
{
	if (backend->state == GLB_INACTIVE)
		return 0;
	return backend->weight ? backend->weight : GLB_WEIGHT_DEFAULT;
}

static double share_of(const struct glb_table_spec *spec, unsigned int backend)
{
	double sum = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		sum += weight_of(&spec->backends[i]);
	return weight_of(&spec->backends[backend]) / sum;
}

START_TEST(a_backend_comes_first_in_its_share_of_rows)
{
	for (unsigned int round = 0; round < rounds; round++) {
		uint32_t won[FLEET_MAX] = {0};

		fleet_make(&fleet, 5000000 + round, round % 3 ? SMALL : FLEET_MAX,
			   round % FLEET_KINDS);
		rank(ranked, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++)
			won[ranked[row].hops[0]]++;
		for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
			ENSURE(is_likely(won[i], GLB_ROWS, share_of(&fleet.spec, i)),
			       "round %u: backend %u comes first in %u rows, not in %.0f", round, i,
			       won[i], GLB_ROWS * share_of(&fleet.spec, i));
	}
}
END_TEST

/* Makes rows of a fleet with and without its last backend, in `ranked` and `before`. */
static void rank_with_and_without_the_last(unsigned int seed, enum fleet_kind kind)
{
	unsigned int last;

	do
		fleet_make(&fleet, seed, SMALL, kind);
	while (fleet.spec.backend_count < 2 && (seed += 1000000));
	last = fleet.spec.backend_count - 1;
	fleet.backends[last].state = GLB_FILLING;
	fleet.backends[0].state = GLB_ACTIVE;
	rank(ranked, &fleet.spec);
	fleet.backends[last].state = GLB_INACTIVE;
	rank(before, &fleet.spec);
	fleet.backends[last].state = GLB_FILLING;
}

START_TEST(a_backend_added_or_removed_moves_its_expected_share_of_primaries_and_no_other)
{
	for (unsigned int round = 0; round < rounds; round++) {
		rank_with_and_without_the_last(100000000 + round, round % FLEET_KINDS);

		unsigned int last = fleet.spec.backend_count - 1;
		uint32_t moved = 0;

		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			if (ranked[row].hops[0] == before[row].hops[0])
				continue;
			ENSURE(ranked[row].hops[0] == last, "round %u, row %u", round, row);
			moved++;
		}
		ENSURE(is_likely(moved, GLB_ROWS, share_of(&fleet.spec, last)),
		       "round %u: %u primaries moved", round, moved);
	}
}
END_TEST

START_TEST(a_row_that_does_not_name_a_backend_is_the_same_without_it)
{
	for (unsigned int round = 0; round < rounds; round++) {
		rank_with_and_without_the_last(200000000 + round, round % FLEET_KINDS);

		struct glb_table_spec without = fleet.spec;

		without.backend_count--;
		for (uint32_t row = 0; row < GLB_ROWS; row++)
			if (!names(&fleet.spec, ranked[row], fleet.spec.backend_count - 1) &&
			    naive_hop_count(&without) == naive_hop_count(&fleet.spec))
				ENSURE(same_row(ranked[row], before[row]), "round %u, row %u",
				       round, row);
	}
}
END_TEST

static bool has_another_zone(const struct glb_table_spec *spec, uint16_t zone)
{
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (spec->backends[i].state != GLB_INACTIVE && spec->backends[i].zone != zone)
			return true;
	return false;
}

START_TEST(the_second_place_is_in_another_zone_than_the_first_if_there_is_one)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 6000000 + round, SMALL, FLEET_ZONED | round % 2);
		rank(ranked, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++) {
			uint16_t first = fleet.backends[ranked[row].hops[0]].zone;
			uint16_t second = fleet.backends[ranked[row].hops[1]].zone;

			ENSURE(first != second || !has_another_zone(&fleet.spec, first),
			       "round %u, row %u", round, row);
		}
	}
}
END_TEST

START_TEST(zones_do_not_move_primaries)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 7000000 + round, SMALL, FLEET_ZONED | round % 2);
		rank(ranked, &fleet.spec);
		for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
			fleet.backends[i].zone = 0;
		rank(before, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++)
			ENSURE(ranked[row].hops[0] == before[row].hops[0], "round %u, row %u",
			       round, row);
	}
}
END_TEST

static unsigned int class_of(const struct glb_backend *backend)
{
	if (!backend->healthy)
		return 2;
	return backend->state == GLB_DRAINING;
}

START_TEST(hops_are_tried_by_class_and_within_a_class_by_rank)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 8000000 + round, SMALL, round % FLEET_KINDS);
		fleet.spec.hops = (uint8_t)(2 + round % 3);
		rank(ranked, &fleet.spec);
		glb_order_rows(rows, ranked, &fleet.spec);
		for (uint32_t row = 0; row < GLB_ROWS; row++)
			for (unsigned int hop = 1; hop < naive_hop_count(&fleet.spec); hop++) {
				uint16_t left = rows[row].hops[hop - 1];
				uint16_t right = rows[row].hops[hop];
				unsigned int earlier = class_of(&fleet.backends[left]);
				unsigned int later = class_of(&fleet.backends[right]);

				ENSURE(earlier <= later, "round %u, row %u", round, row);
				ENSURE(earlier < later ||
					       place_on(&fleet.spec, ranked[row], left) <=
						       place_on(&fleet.spec, ranked[row], right),
				       "round %u, row %u", round, row);
			}
	}
}
END_TEST

START_TEST(rows_may_be_ordered_where_they_are)
{
	fleet_make(&fleet, 9, SMALL, FLEET_PLAIN);
	fleet.spec.hops = 4;
	rank(ranked, &fleet.spec);
	glb_order_rows(rows, ranked, &fleet.spec);
	glb_order_rows(ranked, ranked, &fleet.spec);
	ck_assert_mem_eq(rows, ranked, sizeof(rows));
}
END_TEST

START_TEST(weights_that_are_equal_change_nothing)
{
	for (unsigned int round = 0; round < rounds; round++) {
		static const uint16_t weights[] = {1, 3, 99, 100, 65535};
		uint16_t weight = weights[round % COUNT_OF(weights)];

		fleet_make(&fleet, 10000000 + round, SMALL, FLEET_PLAIN);
		rank(before, &fleet.spec);
		for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
			fleet.backends[i].weight = weight;
		rank(ranked, &fleet.spec);
		ck_assert_mem_eq(ranked, before, sizeof(ranked));
	}
}
END_TEST

START_TEST(zones_that_are_equal_change_nothing)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct fleet was;

		fleet_make(&fleet, 14000000 + round, SMALL,
			   round % 4 ? FLEET_WEIGHTED : FLEET_PLAIN);
		rank(before, &fleet.spec);
		for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
			fleet.backends[i].zone = 7;
		rank(ranked, &fleet.spec);
		ck_assert_mem_eq(ranked, before, sizeof(ranked));

		/* nor when one more comes */
		while (fleet.spec.backend_count < SMALL)
			fleet_change(&fleet, FLEET_ADD);
		for (unsigned int i = 0; i < fleet.spec.backend_count; i++)
			fleet.backends[i].zone = 7;
		fleet.backends[SMALL - 1].state = GLB_INACTIVE;
		fleet.backends[0].state = GLB_ACTIVE;
		rank(before, &fleet.spec);
		fleet_copy(&was, &fleet);
		fleet.backends[SMALL - 1].state = GLB_ACTIVE;
		ck_assert_int_eq(glb_rank_rows_from(rows, &fleet.spec, before, &was.spec), 0);
		rank(ranked, &fleet.spec);
		ck_assert_mem_eq(ranked, rows, sizeof(ranked));
	}
}
END_TEST

START_TEST(every_instruction_set_gives_the_rows_of_the_slow_way)
{
	const struct glb_ranking how = {.isa = (enum glb_isa)_i};
	bool here = glb_isa_here(how.isa) != GLB_ISA_COUNT;

	for (unsigned int round = 0; here && round < rounds; round++) {
		fleet_make(&fleet, 11000000 + round, round % 5 ? SMALL : FLEET_MAX,
			   round % FLEET_KINDS);
		ck_assert_int_eq(glb_rank_rows_how(rows, &fleet.spec, &how), 0);
		for (unsigned int i = 0; i < ROWS_COMPARED / 2; i++) {
			uint32_t row = fleet_pick(&fleet, GLB_ROWS);

			ENSURE(same_row(rows[row], naive_ranking(&fleet.spec, row)),
			       "round %u, row %u", round, row);
		}
	}
}
END_TEST

static bool weights_differ(const struct glb_table_spec *spec)
{
	double weight = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++) {
		double other = weight_of(&spec->backends[i]);

		if (weight != 0 && other != 0 && weight != other)
			return true;
		weight = other != 0 ? other : weight;
	}
	return false;
}

START_TEST(a_row_can_be_explained_by_the_rank_and_cost_of_every_backend)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct glb_rating ratings[FLEET_MAX];
		bool seen[FLEET_MAX] = {0};
		uint32_t row;
		int count;

		fleet_make(&fleet, 13000000 + round, FLEET_MAX, round % 2);
		row = fleet_pick(&fleet, GLB_ROWS);
		count = glb_rate_row(ratings, &fleet.spec, row);
		ck_assert_int_eq(count, (int)usable_count(&fleet.spec));
		for (int i = 0; i < count; i++) {
			const struct glb_backend *backend = &fleet.backends[ratings[i].backend];
			uint64_t rank = naive_rank(&fleet.spec, row, ratings[i].backend);
			uint64_t cost = naive_cost(rank, (uint32_t)weight_of(backend));

			ENSURE(backend->state != GLB_INACTIVE && !seen[ratings[i].backend],
			       "round %u: backend %u", round, ratings[i].backend);
			seen[ratings[i].backend] = true;
			ENSURE(ratings[i].rank == rank, "round %u: rank", round);
			ENSURE(ratings[i].cost == (weights_differ(&fleet.spec) ? cost : rank),
			       "round %u: cost", round);
			ENSURE(i == 0 || ratings[i - 1].cost <= ratings[i].cost, "round %u: order",
			       round);
		}
	}
}
END_TEST

START_TEST(an_instruction_set_that_is_not_there_is_refused)
{
	fleet_make(&fleet, 1, SMALL, FLEET_PLAIN);
	ck_assert_int_eq(
		glb_rank_rows_how(rows, &fleet.spec, &(struct glb_ranking){.isa = GLB_ISA_COUNT}),
		-ENOTSUP);
}
END_TEST

/* Last part first. */
static void run_backwards(void (*task)(void *arg, unsigned int part), void *arg, unsigned int count)
{
	while (count--)
		task(arg, count);
}

START_TEST(parts_of_a_ranking_may_be_run_by_anybody_in_any_order)
{
	for (unsigned int round = 0; round < rounds; round++) {
		fleet_make(&fleet, 12000000 + round, FLEET_MAX, round % FLEET_KINDS);
		ck_assert_int_eq(glb_rank_rows_how(rows, &fleet.spec,
						   &(struct glb_ranking){.run = run_backwards}),
				 0);
		rank(ranked, &fleet.spec);
		ENSURE(!memcmp(rows, ranked, sizeof(rows)), "round %u", round);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ranking");
	TCase *ranking = tcase_create("ranking");

	read_rounds();
	tcase_set_timeout(ranking, 0); /* that of the program counts */
	tcase_add_test(ranking, rows_are_those_of_a_plain_sort_of_all_backends);
	tcase_add_test(ranking,
		       a_row_names_usable_backends_each_at_most_once_and_nothing_behind_them);
	tcase_add_test(ranking,
		       ranking_from_a_known_ranking_gives_the_rows_of_ranking_from_scratch);
	tcase_add_test(ranking, one_change_of_a_large_fleet_gives_the_rows_of_ranking_from_scratch);
	tcase_add_test(ranking, many_added_to_a_large_fleet_give_the_rows_of_ranking_from_scratch);
	tcase_add_test(ranking, a_ranking_under_another_seed_is_no_help_and_does_no_harm);
	tcase_add_test(ranking, the_relative_order_of_survivors_never_changes);
	tcase_add_test(ranking, a_backend_comes_first_in_its_share_of_rows);
	tcase_add_test(
		ranking,
		a_backend_added_or_removed_moves_its_expected_share_of_primaries_and_no_other);
	tcase_add_test(ranking, a_row_that_does_not_name_a_backend_is_the_same_without_it);
	tcase_add_test(ranking, the_second_place_is_in_another_zone_than_the_first_if_there_is_one);
	tcase_add_test(ranking, zones_do_not_move_primaries);
	tcase_add_test(ranking, hops_are_tried_by_class_and_within_a_class_by_rank);
	tcase_add_test(ranking, rows_may_be_ordered_where_they_are);
	tcase_add_test(ranking, weights_that_are_equal_change_nothing);
	tcase_add_test(ranking, zones_that_are_equal_change_nothing);
	tcase_add_loop_test(ranking, every_instruction_set_gives_the_rows_of_the_slow_way,
			    GLB_ISA_GENERIC, GLB_ISA_COUNT);
	tcase_add_test(ranking, a_row_can_be_explained_by_the_rank_and_cost_of_every_backend);
	tcase_add_test(ranking, an_instruction_set_that_is_not_there_is_refused);
	tcase_add_test(ranking, parts_of_a_ranking_may_be_run_by_anybody_in_any_order);
	suite_add_tcase(suite, ranking);
	return suite;
}
