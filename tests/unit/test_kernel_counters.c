/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "redirect/host/kernel_counters.h"
#include "suite.h"

/* As the kernel writes it, with fewer names. */
static const char netstat[] =
	"TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPReqQFullDoCookies "
	"TCPReqQFullDrop TCPRetransFail\n"
	"TcpExt: 1 7 9 3 18446744073709551615 4\n"
	"IpExt: InNoRoutes InTruncatedPkts\n"
	"IpExt: 0 0\n";
static const char sockstat[] = "sockets: used 20\n"
			       "TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 40\n"
			       "UDP: inuse 2 mem 3\n";

START_TEST(counters_are_found_by_their_names)
{
	uint64_t values[KERNEL_COUNTER_COUNT];

	ck_assert_int_eq(kernel_counters_parse(values, netstat), 0);
	ck_assert_uint_eq(values[KERNEL_LISTEN_OVERFLOWS], 7);
	ck_assert_uint_eq(values[KERNEL_LISTEN_DROPS], 9);
	ck_assert_uint_eq(values[KERNEL_SYN_COOKIES], 3);
	ck_assert_uint_eq(values[KERNEL_SYN_DROPS], UINT64_MAX);
}
END_TEST

START_TEST(their_order_and_place_do_not_matter)
{
	uint64_t values[KERNEL_COUNTER_COUNT];
	static const char other[] = "IpExt: ListenDrops\nIpExt: 5\n"
				    "TcpExt: TCPReqQFullDrop TCPReqQFullDoCookies ListenDrops "
				    "ListenOverflows\n"
				    "TcpExt: 4 3 2 1";

	ck_assert_int_eq(kernel_counters_parse(values, other), 0);
	for (unsigned int i = 0; i < KERNEL_COUNTER_COUNT; i++)
		ck_assert_uint_eq(values[i], i + 1);
}
END_TEST

START_TEST(a_counter_that_is_missing_or_no_number_is_an_error)
{
	static const char *const cases[] = {
		"",
		"TcpExt:",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n"
		"TcpExt: 1 2 3\n",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies\nTcpExt: 1 2 3 4\n",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n"
		"TcpExt: 1 -2 3 4\n",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n"
		"TcpExt: 1 2 3 18446744073709551616\n",
		"TcpExt: ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n"
		"IpExt: 1 2 3 4\n",
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		uint64_t values[KERNEL_COUNTER_COUNT] = {42, 42, 42, 42};

		ck_assert_int_eq(kernel_counters_parse(values, cases[i]), -EINVAL);
		for (unsigned int k = 0; k < KERNEL_COUNTER_COUNT; k++)
			ck_assert_uint_eq(values[k], 42);
	}
}
END_TEST

START_TEST(memory_is_that_of_tcp)
{
	struct kernel_memory memory;

	ck_assert_int_eq(kernel_memory_parse(&memory, sockstat, "188418\t251225\t376836\n"), 0);
	ck_assert_uint_eq(memory.used, 40);
	ck_assert_uint_eq(memory.pressure, 251225);
	ck_assert_uint_eq(memory.most, 376836);
}
END_TEST

START_TEST(memory_that_is_missing_or_no_number_is_an_error)
{
	static const struct {
		const char *sockstat;
		const char *tcp_mem;
	} cases[] = {
		{"", "1 2 3"},
		{"UDP: inuse 2 mem 3\n", "1 2 3"},
		{"TCP: inuse 5 mem\n", "1 2 3"},
		{"TCP: inuse 5 mem x\n", "1 2 3"},
		{"TCP: inuse 5\nUDP: mem 4\n", "1 2 3"},
		{sockstat, ""},
		{sockstat, "1 2"},
		{sockstat, "1 2 x"},
		{sockstat, "1 2 0"},
	};

	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		struct kernel_memory memory = {.used = 42};

		ck_assert_int_eq(kernel_memory_parse(&memory, cases[i].sockstat, cases[i].tcp_mem),
				 -EINVAL);
		ck_assert_uint_eq(memory.used, 42);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("kernel_counters");
	TCase *all = tcase_create("kernel_counters");

	tcase_add_test(all, counters_are_found_by_their_names);
	tcase_add_test(all, their_order_and_place_do_not_matter);
	tcase_add_test(all, a_counter_that_is_missing_or_no_number_is_an_error);
	tcase_add_test(all, memory_is_that_of_tcp);
	tcase_add_test(all, memory_that_is_missing_or_no_number_is_an_error);
	suite_add_tcase(suite, all);
	return suite;
}
