/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/mman.h>

#include "director/turns.h"
#include "suite.h"

static struct turns turns;
static struct turn_orders orders;
static uint64_t ns_of_tick;

static void start(void)
{
	memset(&turns, 0, sizeof(turns));
	turn_order(&orders, true, 0, 0);
	ns_of_tick = 1;
}

static void stop(void)
{
}

static void spin(uint64_t ticks)
{
	uint64_t begin = rte_rdtsc();

	while (rte_rdtsc() - begin < ticks)
		;
}

static struct turn_end begin(uint32_t packets_before)
{
	turns.packets = packets_before;
	return turn_begin(&turns, &orders, ns_of_tick << 32);
}

static uint64_t sum(const uint64_t *counts, unsigned int n)
{
	uint64_t all = 0;

	while (n--)
		all += counts[n];
	return all;
}

START_TEST(classes_are_powers_of_two_and_the_last_is_open)
{
	ck_assert_uint_eq(turn_class(0, TURN_TIMES), 0);
	ck_assert_uint_eq(turn_class(1, TURN_TIMES), 1);
	ck_assert_uint_eq(turn_class(2, TURN_TIMES), 2);
	ck_assert_uint_eq(turn_class(3, TURN_TIMES), 2);
	ck_assert_uint_eq(turn_class(4, TURN_TIMES), 3);
	ck_assert_uint_eq(turn_class(((uint64_t)1 << 34) - 1, TURN_TIMES), 34);
	ck_assert_uint_eq(turn_class((uint64_t)1 << 34, TURN_TIMES), 35);
	ck_assert_uint_eq(turn_class(UINT64_MAX, TURN_TIMES), 35);
	ck_assert_uint_eq(turn_class(32, TURN_BURSTS), 6);
	ck_assert_uint_eq(turn_class(UINT32_MAX, TURN_BURSTS), 15);
}
END_TEST

START_TEST(every_turn_is_put_down_once_with_its_time_and_its_packets)
{
	struct turn_times times;
	uint64_t first;

	ck_assert_uint_eq(begin(7).ns, 0); /* no turn was before it */
	first = turns.began;
	for (unsigned int i = 1; i <= 300; i++) {
		uint64_t before = turns.began;
		struct turn_end end;

		spin(i * 10);
		end = begin(i % 3 ? 32 : 0);
		ck_assert_uint_eq(end.ns, turns.began - before);
		ck_assert_uint_ge(end.ns, i * 10);
		ck_assert(!end.is_stall);
	}
	turn_copy(&times, &turns);
	ck_assert_uint_eq(sum(times.counts[TURN_BUSY], TURN_TIMES), 200);
	ck_assert_uint_eq(sum(times.counts[TURN_IDLE], TURN_TIMES), 100);
	ck_assert_uint_eq(times.ns[TURN_BUSY] + times.ns[TURN_IDLE], turns.began - first);
	ck_assert_uint_eq(times.bursts[0], 100);
	ck_assert_uint_eq(times.bursts[6], 200);
	ck_assert_uint_eq(sum(times.bursts, TURN_BURSTS), 300);
	ck_assert_uint_eq(sum(times.counts[TURN_IDLE], 4), 0);
}
END_TEST

START_TEST(turns_that_are_not_to_be_measured_leave_no_trace)
{
	(void)begin(1);
	turn_order(&orders, false, 1, 0);
	spin(5000000);
	ck_assert_uint_eq(begin(1).ns, 0);
	ck_assert(!turns.began);
	turn_order(&orders, true, 1, 0);
	ck_assert(!begin(1).is_stall);
	(void)begin(1);
	ck_assert_uint_eq(sum(turns.times.counts[TURN_BUSY], TURN_TIMES), 1);
}
END_TEST

/* The turn under way began so long ago. */
static void pass(uint64_t seconds)
{
	turns.began = rte_rdtsc() - seconds * 1000000000 / ns_of_tick;
}

START_TEST(a_turn_that_takes_too_long_is_a_stall_later_where_workers_sleep)
{
	/*
	 * Hundreds of seconds, for machines that are slow; of long ticks, for those whose TSC has
	 * not counted for that long.
	 */
	ns_of_tick = 20;
	turn_order(&orders, true, 1000000, 1000000000);
	(void)begin(1);
	pass(500);
	ck_assert(!begin(1).is_stall);
	pass(1001);
	ck_assert(begin(1).is_stall);
	pass(1500);
	ck_assert(!begin(0).is_stall);
	pass(2001);
	ck_assert(begin(0).is_stall);
	turn_order(&orders, true, 0, 0);
	pass(2001);
	ck_assert(!begin(0).is_stall);
}
END_TEST

START_TEST(a_stall_has_what_the_kernel_did_since_the_last_sample)
{
	enum { PAGES = 20, PAGE_LEN = 4096 };
	struct turn_stall stall;
	uint8_t *memory = mmap(NULL, PAGES * PAGE_LEN, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	(void)madvise(memory, PAGES * PAGE_LEN, MADV_NOHUGEPAGE);
	orders.sample++;
	ck_assert(begin(0).is_due);
	turn_sample(&turns, &orders);
	ck_assert(!begin(9).is_due);
	for (unsigned int i = 0; i < PAGES; i++)
		*(volatile uint8_t *)(memory + i * PAGE_LEN) = 1;
	turn_add_stall(&turns, 20000000, 5);
	turn_add_stall(&turns, 30000000, TURN_UNKNOWN);
	ck_assert_uint_eq(turns.times.stalls, 2);
	ck_assert(turn_get_stall(&stall, &turns, 0));
	ck_assert_uint_eq(stall.ns, 20000000);
	ck_assert_uint_eq(stall.packets, 9);
	ck_assert_uint_eq(stall.waiting, 5);
	ck_assert_uint_eq(stall.end_ticks, turns.began);
	ck_assert_uint_ge(stall.within.minor_faults, PAGES);
	ck_assert(turn_get_stall(&stall, &turns, 1));
	ck_assert_uint_lt(stall.within.minor_faults, PAGES);
	ck_assert_int_eq(munmap(memory, PAGES * PAGE_LEN), 0);
}
END_TEST

START_TEST(stalls_that_were_overwritten_are_not_to_be_had)
{
	struct turn_stall stall;

	for (unsigned int i = 0; i < TURN_STALLS + 8; i++)
		turn_add_stall(&turns, i, 0);
	for (unsigned int i = 0; i < TURN_STALLS + 8; i++) {
		/* nor the one whose place comes next: the worker may be writing it */
		ck_assert_int_eq(turn_get_stall(&stall, &turns, i), i > 8);
		if (i > 8)
			ck_assert_uint_eq(stall.ns, i);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("turns");
	TCase *tests = tcase_create("turns");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, classes_are_powers_of_two_and_the_last_is_open);
	tcase_add_test(tests, every_turn_is_put_down_once_with_its_time_and_its_packets);
	tcase_add_test(tests, turns_that_are_not_to_be_measured_leave_no_trace);
	tcase_add_test(tests, a_turn_that_takes_too_long_is_a_stall_later_where_workers_sleep);
	tcase_add_test(tests, a_stall_has_what_the_kernel_did_since_the_last_sample);
	tcase_add_test(tests, stalls_that_were_overwritten_are_not_to_be_had);
	suite_add_tcase(suite, tests);
	return suite;
}
