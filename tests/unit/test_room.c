/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "conf/json.h"
#include "conf/room.h"
#include "suite.h"
#include "sys/memory.h"

enum { COPIES = 20000 };

static struct report report;

/* `[` and so many copies of a part, and `0]`. To be released with free(). */
static char *repeat(const char *part)
{
	size_t len = strlen(part);
	char *text = malloc(len * COPIES + 4);

	ck_assert_ptr_nonnull(text);
	text[0] = '[';
	for (size_t i = 0; i < COPIES; i++)
		memcpy(text + 1 + i * len, part, len);
	strcpy(text + 1 + COPIES * len, "0]");
	return text;
}

START_TEST(what_json_takes_is_known_before_and_not_far_more_than_that)
{
	static const char *const parts[] = {
		"{},",
		"[],",
		"1,",
		"\"\",",
		"[[[[[[]]]]]],",
		"{\"a\":1},",
		"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1},",
		"{\"ip\":\"10.0.0.1\",\"state\":\"active\",\"healthy\":true},",
		"\"a long string that says nothing, again and again and again and again\",",
	};

	for (unsigned int i = 0; i < COUNT_OF(parts); i++) {
		char *text = repeat(parts[i]);
		uint64_t room = room_of_json(text, strlen(text));
		size_t before = mallinfo2().uordblks;
		struct conf_file file;

		report_init(&report);
		ck_assert_int_eq(conf_parse(&file, "f", text, strlen(text), &report), 0);

		size_t taken = mallinfo2().uordblks - before; /* 0 with sanitizers */

		ck_assert_msg(taken <= room, "%s takes %zu", parts[i], taken / COPIES);
		ck_assert_msg(!taken || room <= 4 * taken, "%s takes only %zu", parts[i],
			      taken / COPIES);
		conf_close(&file);
		free(text);
	}
}
END_TEST

static unsigned int allocations_left;

static void *allocate(size_t len)
{
	if (allocations_left && allocations_left--)
		return malloc(len);
	errno = ENOMEM; /* as malloc() does */
	return NULL;
}

START_TEST(memory_that_runs_out_while_json_is_parsed_is_not_bad_json)
{
	static const char text[] = "{\"tables\": [{\"name\": \"a\", \"hops\": 3}]}";
	unsigned int failures = 0;
	struct conf_file file;
	int err = -ENOMEM;

	json_set_alloc_funcs(allocate, free);
	for (unsigned int i = 0; err; i++) {
		allocations_left = i;
		report_init(&report);
		err = conf_parse(&file, "f", text, strlen(text), &report);
		if (!err)
			break;
		failures++;
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_str_eq(report.problems[0].reason, "out of memory");
		ck_assert_uint_eq(report.problems[0].line, 0);
	}
	ck_assert_uint_gt(failures, 10);
	conf_close(&file);
}
END_TEST

/* Bytes that count against RLIMIT_DATA: with sanitizers far more than the test itself takes. */
static rlim_t data_taken(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%*u %*u %*u %*u %*u %lu", &pages), 1);
	(void)fclose(statm);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

START_TEST(what_there_is_no_room_for_is_said_with_the_limit)
{
	struct memory_left left = memory_left();
	struct rlimit limit = {data_taken() + ((rlim_t)1 << 40), RLIM_INFINITY};
	struct glb_diag diag = {{0}};

	ck_assert_uint_gt(left.bytes, 1 << 20);
	ck_assert_int_eq(room_check(1 << 20, &diag), 0);
	ck_assert_int_eq(room_check(32 << 20, &diag), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	ck_assert_int_eq(room_check((uint64_t)1 << 50, &diag), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(diag.text, "needs about 1207959584 MiB of memory, and "));
	limit.rlim_cur = data_taken() + (24 << 20);
	ck_assert_int_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	ck_assert_int_eq(room_check(32 << 20, &diag), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(diag.text, " MiB are left by RLIMIT_DATA"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("room");
	TCase *cases = tcase_create("room");

	tcase_add_test(cases, what_json_takes_is_known_before_and_not_far_more_than_that);
	tcase_add_test(cases, memory_that_runs_out_while_json_is_parsed_is_not_bad_json);
	tcase_add_test(cases, what_there_is_no_room_for_is_said_with_the_limit);
	suite_add_tcase(suite, cases);
	return suite;
}
