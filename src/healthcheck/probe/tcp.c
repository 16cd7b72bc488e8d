/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp: is the port open?
 *
 * SYN, SYN-ACK, RST. The connection involves only the backend's kernel and never reaches its proxy:
 * without TCP_QUICKACK the ACK of the handshake is delayed, by up to 0.2 s, to be sent with data,
 * and closing without lingering sends a reset instead. So the connection is aborted before it takes
 * a slot in the accept queue of a busy HAProxy; its logs do not show clients that left without a
 * request; and neither side keeps a socket in TIME-WAIT, of which 1,000 backends would cost 30,000
 * here. A full accept queue is still detected, as the kernel drops SYNs then.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket.h"
#include "tcp.h"

struct tcp_probe {
	int fd;
	struct event *connecting;
};

static void tcp_probe_free_state(struct tcp_probe *state)
{
	if (state->connecting)
		event_free(state->connecting);
	if (state->fd >= 0)
		(void)close(state->fd);
	free(state);
}

static void tcp_stop(struct probe *probe)
{
	tcp_probe_free_state(probe->state);
}

static void on_connected(evutil_socket_t fd, short events, void *arg)
{
	struct probe *probe = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		probe_end_errno(probe, err);
		return;
	}
	probe_connected(probe);
	probe_end(probe, PROBE_NONE, "%s", "");
}

/* Returns 0 or -errno. */
static int tcp_probe_connect_to(struct tcp_probe *state, const struct health_check *check)
{
	const struct linger none = {.l_onoff = 1};
	const int off = 0;
	struct sockaddr_storage to;
	socklen_t len = probe_sockaddr(&to, &check->backend, check->port);

	state->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (state->fd < 0)
		return -errno;
	(void)setsockopt(state->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)setsockopt(state->fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	if (connect(state->fd, (const struct sockaddr *)&to, len) && errno != EINPROGRESS)
		return -errno;
	return 0;
}

static int tcp_start(struct probe *probe)
{
	struct tcp_probe *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	state->fd = -1;
	err = tcp_probe_connect_to(state, probe->check);
	if (!err) {
		state->connecting =
			event_new(probe->probes->base, state->fd, EV_WRITE, on_connected, probe);
		err = state->connecting && !event_add(state->connecting, NULL) ? 0 : -ENOMEM;
	}
	if (err) {
		tcp_probe_free_state(state);
		return err;
	}
	probe->state = state;
	probe->awaited = "connection";
	return 0;
}

const struct probe_type probe_tcp = {.start = tcp_start, .stop = tcp_stop};
