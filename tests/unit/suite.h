/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does every test program of the unit suite have in common?
 *
 * tests/unit/test_x.c asks about module x and defines one suite; main.c runs it. Check runs each
 * test in a process of its own, so a crash or a leak fails one test.
 */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>
#include <stdint.h>

/*
 * Check writes down every assertion that holds, to say after which one a test crashed. That takes
 * longer than most assertions, and sanitizers say where it was.
 */
#define _mark_point(file, line) ((void)0)

Suite *unit_suite(void);

/* ck_assert_msg() without its words about the condition. */
#define ENSURE(condition, ...)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg(__VA_ARGS__);                                                 \
	} while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* Numbers that look random and are the same in every run: xorshift64*, Vigna 2016. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

#endif
