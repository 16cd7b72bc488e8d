/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probed.h"
#include "suite.h"

static struct probed probed;

static void set_up(void)
{
	probed_open(&probed);
}

static void tear_down(void)
{
	probed_close(&probed);
}

static void expect(const struct probe_result *result, enum probe_reason reason, const char *detail)
{
	ck_assert_str_eq(probe_reason_word(result->reason), probe_reason_word(reason));
	ck_assert_str_eq(result->detail, detail);
}

/* A port at which nothing listens. */
static uint16_t closed_port(int type)
{
	uint16_t port;

	(void)close(probed_socket(type, &port));
	return port;
}

/* --- Of all types --- */

START_TEST(a_deadline_is_kept_and_says_what_did_not_come)
{
	struct health_check check = probed_check(HEALTH_UDP, 0);
	int fd = probed_socket(SOCK_DGRAM, &check.port);

	check.timeout_ms = 60;
	/* on a machine that is busy for 250 ms it is the checker that was late */
	while (probed_once(&probed, &check)->reason == PROBE_LOCAL)
		;
	expect(&probed.result, PROBE_TIMEOUT, "no answer within 60 ms");
	ck_assert_uint_ge(probed.result.total_us, 50000); /* the loop's clock is a coarse one */
	ck_assert_uint_eq(probed.result.connect_us, 0);
	(void)close(fd);
}
END_TEST

START_TEST(a_probe_that_is_cancelled_reports_nothing)
{
	struct health_check silent = probed_check(HEALTH_UDP, 0);
	int fd = probed_socket(SOCK_DGRAM, &silent.port);
	struct health_check refused = probed_check(HEALTH_UDP, closed_port(SOCK_DGRAM));
	struct probe *one;
	struct probe *other;

	silent.timeout_ms = 20;
	refused.timeout_ms = 20;
	one = probed_start(&probed, &silent);
	other = probed_start(&probed, &refused); /* it has an error already */
	probe_cancel(one);
	probe_cancel(other);
	silent.timeout_ms = 60;
	(void)probed_once(&probed, &silent);
	ck_assert_uint_eq(probed.results, 1);
	(void)close(fd);
}
END_TEST

/* Nothing was read for half a second: a backend's answer may have been there all the time. */
START_TEST(a_checker_that_stood_still_does_not_blame_the_backend)
{
	const struct timespec half = {.tv_nsec = 500000000};
	struct health_check check = probed_check(HEALTH_UDP, 0);
	int fd = probed_socket(SOCK_DGRAM, &check.port);

	check.timeout_ms = 100;
	(void)probed_start(&probed, &check);
	(void)nanosleep(&half, NULL);
	probed_wait(&probed, 1);
	ck_assert_str_eq(probe_reason_word(probed.result.reason), "local");
	ck_assert_ptr_nonnull(strstr(probed.result.detail, "stood still"));
	(void)close(fd);
}
END_TEST

/* An answer that has come counts even if it is read after the deadline. */
START_TEST(an_answer_goes_before_a_deadline_that_is_over_as_well)
{
	const struct timespec half = {.tv_nsec = 500000000};
	struct health_check check = probed_check(HEALTH_TCP, 0);
	int fd = probed_socket(SOCK_STREAM, &check.port);

	check.timeout_ms = 100;
	(void)probed_start(&probed, &check);
	(void)nanosleep(&half, NULL);
	probed_wait(&probed, 1);
	expect(&probed.result, PROBE_NONE, "");
	(void)close(fd);
}
END_TEST

START_TEST(a_lack_of_descriptors_is_local)
{
	static char *command[] = {"/bin/true", NULL};
	static const enum health_check_type types[] = {HEALTH_TCP, HEALTH_UDP, HEALTH_EXEC};
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned int i = 0; i < COUNT_OF(types); i++) {
		struct health_check check = probed_check(types[i], 1);

		check.command = command;
		expect(probed_once(&probed, &check), PROBE_LOCAL, "Too many open files");
	}
	limit.rlim_cur = limit.rlim_max; /* what looks for leaks needs some, too */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

/* --- tcp --- */

START_TEST(an_open_port_is_good_and_its_owner_never_hears_of_it)
{
	struct health_check check = probed_check(HEALTH_TCP, 0);
	int fd = probed_socket(SOCK_STREAM, &check.port);
	int fd_of_one;

	/* on a machine that is busy for 0.2 s the handshake is completed nevertheless */
	while (probed_once(&probed, &check)->total_us > 100000)
		while ((fd_of_one = accept(fd, NULL, NULL)) >= 0)
			(void)close(fd_of_one);
	expect(&probed.result, PROBE_NONE, "");
	ck_assert_uint_gt(probed.result.connect_us, 0);
	ck_assert_uint_ge(probed.result.total_us, probed.result.connect_us);
	ck_assert_ptr_nonnull(strstr(probed.steps, "connected after "));
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	ck_assert_int_eq(errno, EAGAIN);
	(void)close(fd);
}
END_TEST

START_TEST(a_closed_port_is_refused)
{
	struct health_check check = probed_check(HEALTH_TCP, closed_port(SOCK_STREAM));

	expect(probed_once(&probed, &check), PROBE_REFUSED, "Connection refused");
	ck_assert_uint_eq(probed.result.connect_us, 0);
	check.type = HEALTH_UDP;
	check.port = closed_port(SOCK_DGRAM);
	expect(probed_once(&probed, &check), PROBE_REFUSED, "Connection refused");
}
END_TEST

/* --- udp --- */

struct answerer {
	int fd;
	const char *answer;
	char asked[64];
	ssize_t asked_len;
};

static void answer(void *arg)
{
	struct answerer *answerer = arg;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);

	answerer->asked_len = recvfrom(answerer->fd, answerer->asked, sizeof(answerer->asked), 0,
				       (struct sockaddr *)&from, &len);
	ck_assert_int_ge(sendto(answerer->fd, answerer->answer, strlen(answerer->answer), 0,
				(struct sockaddr *)&from, len),
			 0);
}

START_TEST(an_answer_has_to_begin_as_expected)
{
	static const struct {
		const char *answer;
		char *expect; /* NULL: any */
		enum probe_reason reason;
		const char *detail;
	} cases[] = {
		{"+PONG\r\n", "+PONG", PROBE_NONE, ""},
		{"+PONG", NULL, PROBE_NONE, ""},
		{"", NULL, PROBE_NONE, ""},
		{"", "+PONG", PROBE_BODY, "the answer begins with \"\""},
		{"+PON", "+PONG", PROBE_BODY, "the answer begins with \"+PON\""},
		{"-ERR \x1b[31m\nno", "+PONG", PROBE_BODY,
		 "the answer begins with \"-ERR \\x1b[31m\\nno\""},
		{"0123456789012345678901234567890123456789more", "x", PROBE_BODY,
		 "the answer begins with \"0123456789012345678901234567890123456789\""},
	};
	struct answerer answerer = {0};
	struct health_check check = probed_check(HEALTH_UDP, 0);

	answerer.fd = probed_socket(SOCK_DGRAM, &check.port);
	ck_assert_int_eq(loop_watch(probed.loop, answerer.fd, answer, &answerer), 0);
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		answerer.answer = cases[i].answer;
		check.expect = cases[i].expect;
		check.expect_len = check.expect ? strlen(check.expect) : 0;
		expect(probed_once(&probed, &check), cases[i].reason, cases[i].detail);
		ck_assert_int_eq(answerer.asked_len, 0); /* an empty datagram */
	}
	check.send = "PING\n";
	check.send_len = 5;
	(void)probed_once(&probed, &check);
	ck_assert_int_eq(answerer.asked_len, 5);
	ck_assert_mem_eq(answerer.asked, "PING\n", 5);
	(void)close(answerer.fd);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("probe");
	TCase *cases = tcase_create("probe");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, a_deadline_is_kept_and_says_what_did_not_come);
	tcase_add_test(cases, a_probe_that_is_cancelled_reports_nothing);
	tcase_add_test(cases, a_checker_that_stood_still_does_not_blame_the_backend);
	tcase_add_test(cases, an_answer_goes_before_a_deadline_that_is_over_as_well);
	tcase_add_test(cases, a_lack_of_descriptors_is_local);
	tcase_add_test(cases, an_open_port_is_good_and_its_owner_never_hears_of_it);
	tcase_add_test(cases, a_closed_port_is_refused);
	tcase_add_test(cases, an_answer_has_to_begin_as_expected);
	suite_add_tcase(suite, cases);
	return suite;
}
