/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <string.h>

#include "suite.h"
#include "sys/parallel.h"

enum { PARTS = 1000 };

static unsigned int runs[PARTS];

static void count_run(void *arg, unsigned int part)
{
	__atomic_fetch_add((unsigned int *)arg + part, 1, __ATOMIC_RELAXED);
}

static void check_each_once(unsigned int part_count)
{
	memset(runs, 0, sizeof(runs));
	parallel_run(count_run, runs, part_count);
	for (unsigned int i = 0; i < PARTS; i++)
		ck_assert_uint_eq(runs[i], i < part_count);
}

START_TEST(every_part_is_run_once)
{
	static const unsigned int counts[] = {0, 1, 2, 7, 64, PARTS};

	for (unsigned int i = 0; i < COUNT_OF(counts); i++)
		check_each_once(counts[i]);
}
END_TEST

static void note_processor(void *arg, unsigned int part)
{
	((int *)arg)[part] = sched_getcpu();
}

START_TEST(who_is_pinned_to_a_processor_stays_there)
{
	int processors[PARTS];
	cpu_set_t allowed;
	size_t last = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed))
			last = i;
	CPU_ZERO(&allowed);
	CPU_SET(last, &allowed);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	parallel_run(note_processor, processors, PARTS);
	for (unsigned int i = 0; i < PARTS; i++)
		ck_assert_int_eq(processors[i], (int)last);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("parallel");
	TCase *parallel = tcase_create("parallel");

	tcase_add_test(parallel, every_part_is_run_once);
	tcase_add_test(parallel, who_is_pinned_to_a_processor_stays_there);
	suite_add_tcase(suite, parallel);
	return suite;
}
