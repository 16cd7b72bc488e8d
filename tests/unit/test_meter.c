/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <glb/meter.h>

#include "addrs.h"
#include "chance.h"
#include "suite.h"

enum { THREADS = 4, ROUNDS = 20000, RULES_MAX = 200 };

static const uint64_t second = 1000000000;
static const uint64_t start = 123456789;

static struct glb_meters *make(const struct glb_meter_rule *rules, uint32_t count,
			       const struct glb_meters *before)
{
	struct glb_meters *meters;

	ck_assert_int_eq(glb_meters_make(&meters, rules, count, before), 0);
	ck_assert_uint_eq(meters->count, count);
	return meters;
}

/* A set with one meter. */
static struct glb_meters *make_one(uint32_t packets_per_second, uint32_t burst)
{
	const struct glb_meter_rule rule = {addr4(0xc0000201), 32, packets_per_second, burst};

	return make(&rule, 1, NULL);
}

static uint32_t find(const struct glb_meters *meters, const struct glb_addr *addr)
{
	const uint64_t vip[2] = {glb_load_le64(addr->bytes), glb_load_le64(addr->bytes + 8)};

	return glb_meters_find(meters, vip, addr->version);
}

/* --- Tokens --- */

START_TEST(a_burst_passes_and_then_the_rate)
{
	struct glb_meters *meters = make_one(1000, 10);
	const struct glb_meter *meter = meters->meters;

	ck_assert_uint_eq(glb_meter_take(meter, 7, start), 7);
	ck_assert(!glb_meter_is_exhausted(meter, start));
	ck_assert_uint_eq(glb_meter_take(meter, 7, start), 3);
	ck_assert(glb_meter_is_exhausted(meter, start + 999999));
	ck_assert(!glb_meter_is_exhausted(meter, start + 1000000));
	ck_assert_uint_eq(glb_meter_take(meter, 1, start), 0);
	ck_assert_uint_eq(glb_meter_take(meter, 1, start + 999999), 0);
	ck_assert_uint_eq(glb_meter_take(meter, 1, start + 1000000), 1);
	ck_assert_uint_eq(glb_meter_take(meter, 64, start + 3000000), 2);
	ck_assert_uint_eq(glb_meter_take(meter, 64, start + 60 * second), 10);
	ck_assert_uint_eq(glb_meter_passed(meter), 23);
	ck_assert_uint_eq(glb_meter_dropped(meter), 4 + 1 + 1 + 62 + 54);
	glb_meters_free(meters);
}
END_TEST

/* Every rate, asked twice as fast as it allows, for as long as it takes to see. */
START_TEST(what_passes_in_the_long_run_is_the_rate)
{
	static const uint32_t rates[] = {1, 3, 7, 999, 1000, 12345, 1000003, GLB_METER_RATE_MAX};
	static const uint32_t bursts[] = {1, 2, 63, 1000, GLB_METER_BURST_MAX};

	for (unsigned int r = 0; r < COUNT_OF(rates); r++)
		for (unsigned int b = 0; b < COUNT_OF(bursts); b++) {
			struct glb_meters *meters = make_one(rates[r], bursts[b]);
			const uint64_t step = second / rates[r] * 32;
			uint64_t now = start;
			uint64_t left = bursts[b], passed, want;

			for (; left >= 64; left -= 64)
				ck_assert_uint_eq(glb_meter_take(meters->meters, 64, now), 64);
			ck_assert_uint_eq(glb_meter_take(meters->meters, (uint32_t)left, now),
					  left);
			for (unsigned int i = 0; i < 2000; i++)
				(void)glb_meter_take(meters->meters, 64, now += step);
			passed = glb_meter_passed(meters->meters) - bursts[b];
			want = (uint64_t)((__extension__(unsigned __int128)(now - start)) *
					  rates[r] / second);
			if (bursts[b] < 32) /* a bucket holds no more than that */
				want = 2000ULL * bursts[b];
			ck_assert_msg(passed <= want && passed + 2 + want / 2000 >= want,
				      "%u a second, burst %u: %lu for %lu", rates[r], bursts[b],
				      (unsigned long)passed, (unsigned long)want);
			glb_meters_free(meters);
		}
}
END_TEST

START_TEST(a_clock_that_is_behind_another_gets_nothing_more)
{
	struct glb_meters *meters = make_one(1000, 10);

	ck_assert_uint_eq(glb_meter_take(meters->meters, 10, start), 10);
	for (uint64_t behind = 1; behind < second; behind = behind * 3 + 1)
		ck_assert_uint_eq(glb_meter_take(meters->meters, 5, start - behind), 0);
	ck_assert_uint_eq(glb_meter_take(meters->meters, 5, start + 2000000), 2);
	glb_meters_free(meters);
}
END_TEST

/* Whatever the clock does, a meter must not drop for long. */
START_TEST(a_clock_that_jumps_finds_the_bucket_full)
{
	static const uint64_t jumps[] = {3, 3600, 86400 * 365};

	for (unsigned int i = 0; i < COUNT_OF(jumps); i++) {
		const uint64_t from = start + jumps[i] * second;
		struct glb_meters *meters = make_one(1000, 10);

		ck_assert_uint_eq(glb_meter_take(meters->meters, 64, from), 10);
		ck_assert_uint_eq(glb_meter_take(meters->meters, 64, start), 10);
		ck_assert_uint_eq(glb_meter_take(meters->meters, 64, from), 10);
		glb_meters_free(meters);
	}
}
END_TEST

START_TEST(the_time_may_wrap)
{
	struct glb_meters *meters = make_one(1000, 10);
	const uint64_t end = UINT64_MAX / GLB_METER_TICKS_PER_NS + 1;

	(void)glb_meter_take(meters->meters, 1, end - 3600 * second);
	ck_assert_uint_eq(glb_meter_take(meters->meters, 64, end - 5000000), 10);
	ck_assert_uint_eq(glb_meter_take(meters->meters, 64, end - 1000000), 4);
	ck_assert_uint_eq(glb_meter_take(meters->meters, 64, end), 1);
	ck_assert_uint_eq(glb_meter_take(meters->meters, 64, 3000000), 3);
	glb_meters_free(meters);
}
END_TEST

static void *take_often(void *arg)
{
	const struct glb_meter *meter = arg;
	uint64_t passed = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		passed += glb_meter_take(meter, 1 + i % 3, start);
	return (void *)(uintptr_t)passed;
}

START_TEST(workers_share_a_bucket_and_get_no_token_twice)
{
	struct glb_meters *meters = make_one(1, ROUNDS);
	pthread_t threads[THREADS];
	uint64_t passed = 0;

	for (unsigned int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_often, meters->meters), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		void *part;

		ck_assert_int_eq(pthread_join(threads[i], &part), 0);
		passed += (uintptr_t)part;
	}
	ck_assert_uint_eq(passed, ROUNDS);
	ck_assert_uint_eq(glb_meter_passed(meters->meters), passed);
	ck_assert_uint_eq(glb_meter_dropped(meters->meters), THREADS * (2 * ROUNDS - 1) - ROUNDS);
	glb_meters_free(meters);
}
END_TEST

/* --- Sets --- */

/* Bit by bit. */
static bool has(const struct glb_meter_rule *rule, const struct glb_addr *addr)
{
	if (rule->vip.version != addr->version)
		return false;
	for (unsigned int bit = 0; bit < rule->prefix_len; bit++)
		if ((rule->vip.bytes[bit / 8] ^ addr->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static void ask(const struct glb_meters *meters, const struct glb_addr *addr)
{
	uint32_t want = 0;

	for (uint32_t i = 0; i < meters->count; i++) {
		const struct glb_meter_rule *rule = &meters->meters[i].rule;

		if (has(rule, addr) &&
		    (!want || rule->prefix_len > meters->meters[want - 1].rule.prefix_len))
			want = i + 1;
	}
	ck_assert_uint_eq(find(meters, addr), want);
}

static struct glb_addr near(const struct glb_addr *addr, struct chance *chance)
{
	struct glb_addr other = *addr;

	other.bytes[chance_below(chance, addr->version == 4 ? 4 : 16)] ^=
		(uint8_t)(1 << chance_below(chance, 8));
	return other;
}

static bool is_known(const struct glb_meter_rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (glb_meter_rules_equal(&rules[i], &rules[count]))
			return true;
	return false;
}

START_TEST(the_meter_of_an_address_is_that_with_the_longest_prefix)
{
	struct chance chance = {.state = (uint64_t)_i};
	struct glb_meter_rule rules[RULES_MAX];
	struct glb_meters *meters;
	uint32_t count = 0;

	for (uint32_t i = 0; i < 1 + (uint32_t)_i * 13 % RULES_MAX; i++) {
		struct glb_meter_rule *rule = &rules[count];

		*rule = (struct glb_meter_rule){addr4((uint32_t)chance_next(&chance)), 0, 1, 1};
		if (chance_once_in(&chance, 2))
			rule->vip = addr6(chance_next(&chance), chance_next(&chance));
		if (count && chance_once_in(&chance, 2))
			rule->vip = near(&rules[chance_below(&chance, count)].vip, &chance);
		rule->prefix_len =
			(uint8_t)chance_below(&chance, rule->vip.version == 4 ? 33 : 129);
		if (!is_known(rules, count))
			count++;
	}
	meters = make(rules, count, NULL);
	for (uint32_t i = 0; i < 20 * count; i++) {
		struct glb_addr addr = near(&rules[i % count].vip, &chance);

		ask(meters, &rules[i % count].vip);
		ask(meters, &addr);
	}
	glb_meters_free(meters);
}
END_TEST

START_TEST(without_rules_there_is_no_meter)
{
	struct glb_meters *meters = make(NULL, 0, NULL);
	struct glb_addr four = addr4(0);
	struct glb_addr six = addr6(0, 0);

	ck_assert_uint_eq(find(meters, &four), 0);
	ck_assert_uint_eq(find(meters, &six), 0);
	glb_meters_free(meters);
	glb_meters_free(NULL);
	ck_assert_ptr_null(glb_meters_share(NULL));
}
END_TEST

START_TEST(rules_are_about_the_same_prefix_whatever_their_host_bits)
{
	const struct glb_meter_rule net = {addr4(0x0a000000), 24, 1, 1};
	const struct glb_meter_rule host = {addr4(0x0a000007), 24, 9, 9};
	const struct glb_meter_rule next = {addr4(0x0a000100), 24, 1, 1};
	const struct glb_meter_rule part = {addr4(0x0a000000), 25, 1, 1};
	const struct glb_meter_rule six = {addr6(0x0a00000000000000, 0), 24, 1, 1};

	ck_assert(glb_meter_rules_equal(&net, &host));
	ck_assert(!glb_meter_rules_equal(&net, &next));
	ck_assert(!glb_meter_rules_equal(&net, &part));
	ck_assert(!glb_meter_rules_equal(&net, &six));
}
END_TEST

START_TEST(a_later_set_keeps_buckets_and_counters_of_the_same_prefixes)
{
	const struct glb_meter_rule rules[] = {{addr4(0xc0000201), 32, 1000, 10},
					       {addr4(0xc0000202), 32, 1000, 10}};
	const struct glb_meter_rule changed[] = {{addr4(0xc0000203), 32, 1000, 10},
						 {addr4(0xc0000201), 32, 2000, 20}};
	struct glb_meters *before = make(rules, 2, NULL);
	struct glb_meters *after;

	ck_assert_uint_eq(glb_meter_take(&before->meters[0], 64, start), 10);
	after = make(changed, 2, before);
	glb_meters_free(before);
	ck_assert_uint_eq(glb_meter_passed(&after->meters[0]), 0);
	ck_assert_uint_eq(glb_meter_passed(&after->meters[1]), 10);
	ck_assert_uint_eq(glb_meter_dropped(&after->meters[1]), 54);
	/* what was taken is a time: as many packets of twice the rate, and the new burst besides */
	ck_assert_uint_eq(glb_meter_take(&after->meters[1], 64, start), 0);
	ck_assert_uint_eq(glb_meter_take(&after->meters[1], 64, start + 1000000), 2);
	ck_assert_uint_eq(glb_meter_take(&after->meters[0], 64, start), 10);
	glb_meters_free(after);
}
END_TEST

START_TEST(a_shared_set_is_there_until_its_last_share_is_released)
{
	struct glb_meters *meters = make_one(1000, 10);
	struct glb_meters *share = glb_meters_share(meters);

	ck_assert_ptr_eq(share, meters);
	glb_meters_free(meters);
	ck_assert_uint_eq(glb_meter_take(share->meters, 1, start), 1);
	glb_meters_free(share);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("meter");
	TCase *tokens = tcase_create("tokens");
	TCase *sets = tcase_create("sets");

	tcase_set_timeout(tokens, 60);
	tcase_add_test(tokens, a_burst_passes_and_then_the_rate);
	tcase_add_test(tokens, what_passes_in_the_long_run_is_the_rate);
	tcase_add_test(tokens, a_clock_that_is_behind_another_gets_nothing_more);
	tcase_add_test(tokens, a_clock_that_jumps_finds_the_bucket_full);
	tcase_add_test(tokens, the_time_may_wrap);
	tcase_add_test(tokens, workers_share_a_bucket_and_get_no_token_twice);
	suite_add_tcase(suite, tokens);
	tcase_set_timeout(sets, 60);
	tcase_add_loop_test(sets, the_meter_of_an_address_is_that_with_the_longest_prefix, 0, 20);
	tcase_add_test(sets, without_rules_there_is_no_meter);
	tcase_add_test(sets, rules_are_about_the_same_prefix_whatever_their_host_bits);
	tcase_add_test(sets, a_later_set_keeps_buckets_and_counters_of_the_same_prefixes);
	tcase_add_test(sets, a_shared_set_is_there_until_its_last_share_is_released);
	suite_add_tcase(suite, sets);
	return suite;
}
