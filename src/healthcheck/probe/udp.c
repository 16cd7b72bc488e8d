/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * udp: does a datagram get the expected response?
 *
 * A response is required: silence looks the same whether the backend is fine or gone. Without
 * "send" the datagram is empty, for services that respond to anything, such as echo, daytime and
 * time (RFC 862, 867, 868). It is sent once: "fall" makes up for losses.
 *
 * The socket is connected, so it receives responses from the backend's port only, as well as ICMP
 * errors: a closed port is detected without waiting for the deadline.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket.h"
#include "udp.h"

enum {
	DATAGRAM_MAX = 65536,
	QUOTE_LEN = 40, /* of a response, in the detail */
};

struct udp_probe {
	int fd;
	struct event *answering;
};

static void udp_probe_free_state(struct udp_probe *state)
{
	if (state->answering)
		event_free(state->answering);
	if (state->fd >= 0)
		(void)close(state->fd);
	free(state);
}

static void udp_stop(struct probe *probe)
{
	udp_probe_free_state(probe->state);
}

static void udp_probe_judge(struct probe *probe, const char *answer, size_t len)
{
	const struct health_check *check = probe->check;
	int quote_len = len < QUOTE_LEN ? (int)len : QUOTE_LEN;

	probe_step(probe, "answer of %zu bytes after %u us", len, probe_elapsed_us(probe));
	if (!check->expect ||
	    (len >= check->expect_len && !memcmp(answer, check->expect, check->expect_len)))
		probe_end(probe, PROBE_NONE, "%s", "");
	else
		probe_end(probe, PROBE_BODY, "the answer begins with \"%.*s\"", quote_len, answer);
}

static void on_answer(evutil_socket_t fd, short events, void *arg)
{
	struct probe *probe = arg;
	char answer[DATAGRAM_MAX];
	ssize_t len = recv(fd, answer, sizeof(answer), 0);

	(void)events;
	if (len >= 0)
		udp_probe_judge(probe, answer, (size_t)len);
	else if (errno != EAGAIN && errno != EINTR) /* a bad checksum is detected only now */
		probe_end_errno(probe, errno);
}

/* Returns 0 or -errno. */
static int udp_probe_ask(struct udp_probe *state, const struct health_check *check)
{
	state->fd = probe_udp_socket(&check->backend, check->port);
	if (state->fd < 0)
		return state->fd;
	return send(state->fd, check->send, check->send_len, 0) < 0 ? -errno : 0;
}

static int udp_start(struct probe *probe)
{
	struct udp_probe *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	state->fd = -1;
	err = udp_probe_ask(state, probe->check);
	if (!err) {
		state->answering = event_new(probe->probes->base, state->fd, EV_READ | EV_PERSIST,
					     on_answer, probe);
		err = state->answering && !event_add(state->answering, NULL) ? 0 : -ENOMEM;
	}
	if (err) {
		udp_probe_free_state(state);
		return err;
	}
	probe->state = state;
	probe->awaited = "answer";
	return 0;
}

const struct probe_type probe_udp = {.start = udp_start, .stop = udp_stop};
