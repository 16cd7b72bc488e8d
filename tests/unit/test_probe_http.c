/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/addr.h"
#include "healthcheck/probe/http.h"
#include "probed.h"
#include "suite.h"

static struct probed probed;
static struct health_check check;
static int server_fd;
static int mute_fd;
static uint16_t mute_port;
static pthread_t server;

/* --- A server on a thread: "pong" for each connection; and a port without a listener --- */

static void serve_one(int client)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong";
	char request[4096];

	if (read(client, request, sizeof(request)) > 0)
		(void)!write(client, answer, strlen(answer));
	while (read(client, request, sizeof(request)) > 0)
		;
}

static void *serve(void *arg)
{
	int client;

	(void)arg;
	while ((client = accept(server_fd, NULL, NULL)) >= 0) {
		serve_one(client);
		(void)close(client);
	}
	return NULL;
}

static void start(void)
{
	static char get[] = "GET";
	static char root[] = "/";
	uint16_t port;

	server_fd = probed_socket(SOCK_STREAM, &port);
	mute_fd = probed_socket(SOCK_STREAM, &mute_port);
	ck_assert_int_eq(fcntl(server_fd, F_SETFL, 0), 0); /* accept() is to wait */
	ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
	probed_open(&probed);
	check = probed_check(HEALTH_HTTP, port);
	check.request = (struct health_request){
		.method = get,
		.path = root,
		.statuses = {{200, 200}},
		.status_count = 1,
	};
}

static void stop(void)
{
	probed_close(&probed);
	(void)shutdown(server_fd, SHUT_RDWR);
	ck_assert_int_eq(pthread_join(server, NULL), 0);
	(void)close(server_fd);
	(void)close(mute_fd);
}

static unsigned int descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	(void)closedir(directory);
	return count;
}

/* --- Probes --- */

static void try_refused(void)
{
	struct health_check one = check;

	one.port = 1;
	ck_assert_int_eq(probed_once(&probed, &one)->reason, PROBE_REFUSED);
}

static void try_another_status(void)
{
	struct health_check one = check;

	one.request.statuses[0] = (struct health_status_range){404, 404};
	ck_assert_int_eq(probed_once(&probed, &one)->reason, PROBE_STATUS);
}

static void try_mute(void)
{
	struct health_check one = check;

	one.port = mute_port;
	one.timeout_ms = 1;
	ck_assert_int_ne(probed_once(&probed, &one)->reason, PROBE_NONE);
}

static void try_cancelled(void)
{
	struct health_check one = check;

	one.port = mute_port;
	probe_cancel(probed_start(&probed, &one));
}

START_TEST(a_thousand_probes_leave_no_descriptor_open)
{
	unsigned int before;

	ck_assert_int_eq(probed_once(&probed, &check)->reason, PROBE_NONE);
	before = descriptors();
	for (unsigned int i = 0; i < 200; i++) {
		ck_assert_int_eq(probed_once(&probed, &check)->reason, PROBE_NONE);
		try_refused();
		try_another_status();
		try_mute();
		try_cancelled();
	}
	for (unsigned int i = 0; i < 1000 && descriptors() > before; i++)
		(void)usleep(10000); /* the server closes the last one */
	ck_assert_uint_le(descriptors(), before);
}
END_TEST

START_TEST(a_probe_that_is_cancelled_never_reports)
{
	struct health_check mute = check;
	struct probe *probe = probed_start(&probed, &check);

	mute.port = mute_port;
	probe_cancel(probe); /* before anything has happened */
	probe = probed_start(&probed, &mute);
	(void)probed_start(&probed, &check);
	probed_wait(&probed, 1);
	probe_cancel(probe); /* with its request sent */
	ck_assert_int_eq(probed_once(&probed, &check)->reason, PROBE_NONE);
	ck_assert_uint_eq(probed.results, 2);
}
END_TEST

/* --- Requests of other types of probes --- */

static struct probe asking;
static struct http_request *request;
static struct http_request *second;
static unsigned int prepare_count;
static int prepare_result;
static unsigned int end_count;
static enum probe_reason end_reason;

static int prepare(void *arg, int fd)
{
	const int on = 1;

	ck_assert_ptr_eq(arg, &asking);
	ck_assert_int_eq(
		connect(fd, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)),
		0); /* it is a socket that leads nowhere yet */
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), 0);
	prepare_count++;
	return prepare_result;
}

static void on_end(void *arg, enum probe_reason reason, const char *detail)
{
	ck_assert_ptr_eq(arg, &asking);
	ck_assert(reason == PROBE_NONE ? !*detail : *detail);
	end_count++;
	end_reason = reason;
	loop_end(probed.loop);
}

/* The check of the probe leads to a port without a listener, the order to the server. */
static struct http_order order_of_another(void)
{
	static struct health_check other;

	other = check;
	other.port = 1;
	asking = (struct probe){.probes = probed.probes, .check = &other};
	return (struct http_order){
		.request = &check.request,
		.addr = check.backend,
		.port = check.port,
		.prepare = prepare,
		.ended = on_end,
		.arg = &asking,
	};
}

START_TEST(a_request_goes_where_its_order_says_on_a_socket_that_was_prepared)
{
	const struct http_order order = order_of_another();

	ck_assert_int_eq(http_start(&request, &asking, &order), 0);
	ck_assert_uint_eq(prepare_count + end_count, 0);
	loop_run(probed.loop);
	ck_assert_uint_eq(prepare_count, 1);
	ck_assert_uint_eq(end_count, 1);
	ck_assert_int_eq(end_reason, PROBE_NONE);
	ck_assert_uint_gt(asking.result.connect_us, 0);
	ck_assert_ptr_null(asking.state);
	http_stop(request);
}
END_TEST

START_TEST(a_socket_that_cannot_be_prepared_is_our_own_fault)
{
	const struct http_order order = order_of_another();
	unsigned int before = descriptors();

	prepare_result = -EPERM;
	ck_assert_int_eq(http_start(&request, &asking, &order), 0);
	loop_run(probed.loop);
	ck_assert_int_eq(end_reason, PROBE_LOCAL);
	http_stop(request);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

static void on_end_again(void *arg, enum probe_reason reason, const char *detail)
{
	const struct http_order order = order_of_another();

	(void)arg;
	(void)detail;
	ck_assert_int_eq(reason, PROBE_NONE);
	http_stop(request);
	ck_assert_int_eq(http_start(&second, &asking, &order), 0);
}

START_TEST(at_its_end_a_request_may_be_given_up_and_another_one_started)
{
	struct http_order order = order_of_another();

	order.ended = on_end_again;
	ck_assert_int_eq(http_start(&request, &asking, &order), 0);
	loop_run(probed.loop);
	ck_assert_int_eq(end_reason, PROBE_NONE);
	ck_assert_uint_eq(prepare_count, 2);
	http_stop(second);
	http_stop(NULL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("probe_http");
	TCase *tcase = tcase_create("probes");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_thousand_probes_leave_no_descriptor_open);
	tcase_add_test(tcase, a_probe_that_is_cancelled_never_reports);
	tcase = tcase_create("requests");
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_request_goes_where_its_order_says_on_a_socket_that_was_prepared);
	tcase_add_test(tcase, a_socket_that_cannot_be_prepared_is_our_own_fault);
	tcase_add_test(tcase, at_its_end_a_request_may_be_given_up_and_another_one_started);
	return suite;
}
