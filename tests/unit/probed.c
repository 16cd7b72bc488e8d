/* SPDX-License-Identifier: BSD-3-Clause */
#include "probed.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void probed_open(struct probed *probed)
{
	static const struct health_conf conf;

	*probed = (struct probed){.loop = NULL};
	ck_assert_int_eq(loop_open(&probed->loop), 0);
	ck_assert_int_eq(probes_open(&probed->probes, probed->loop, &conf), 0);
}

void probed_close(struct probed *probed)
{
	probes_close(probed->probes);
	loop_close(probed->loop);
}

static void on_done(void *arg, const struct probe_result *result)
{
	struct probed *probed = arg;

	probed->result = *result;
	probed->results++;
	if (probed->results == probed->wanted)
		loop_end(probed->loop);
}

static void on_step(void *arg, const char *text)
{
	struct probed *probed = arg;
	size_t len = strlen(probed->steps);

	(void)snprintf(probed->steps + len, sizeof(probed->steps) - len, "%s. ", text);
}

struct probe *probed_start(struct probed *probed, const struct health_check *check)
{
	const struct probe_listener listener = {.done = on_done, .step = on_step, .arg = probed};
	struct probe *probe = probe_start(probed->probes, check, &listener);

	ck_assert_ptr_nonnull(probe);
	return probe;
}

static void give_up(void *arg)
{
	ck_abort_msg("%u results", ((struct probed *)arg)->results);
}

void probed_wait(struct probed *probed, unsigned int count)
{
	enum { PATIENCE_MS = 60000 };

	probed->wanted = probed->results + count;
	ck_assert_int_eq(loop_after(probed->loop, PATIENCE_MS, give_up, probed), 0);
	loop_run(probed->loop);
	ck_assert_uint_eq(probed->results, probed->wanted);
}

const struct probe_result *probed_once(struct probed *probed, const struct health_check *check)
{
	unsigned int before = probed->results;

	(void)probed_start(probed, check);
	ck_assert_uint_eq(probed->results, before); /* never from within */
	probed_wait(probed, 1);
	return &probed->result;
}

struct health_check probed_check(enum health_check_type type, uint16_t port)
{
	static char name[] = "a check";

	return (struct health_check){
		.name = name,
		.type = type,
		.backend = {.version = 4, .bytes = {127, 0, 0, 1}},
		.port = port,
		.timeout_ms = 10000,
	};
}

int probed_socket(int type, uint16_t *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 16), 0);
	*port = ntohs(addr.sin_port);
	return fd;
}
