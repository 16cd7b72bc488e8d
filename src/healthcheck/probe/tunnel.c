/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/addr.h"
#include "healthcheck/tunnel.h"
#include "http.h"
#include "socket.h"
#include "sys/log.h"

enum { COOKIES_MAX = 16 }; /* a request is redirected at most ten times */

/* A connection without a request: SYN, SYN-ACK, RST, for the reasons given in tcp.c. */
struct connection {
	struct tunnel_probe *of;
	struct event *event; /* NULL: not opened */
	int fd;		     /* -1: closed */
	bool is_up;
};

/* The state of a probe. */
struct tunnel_probe {
	struct probe *probe;
	struct http_request *request; /* replaces the first connection if is_http */
	struct connection first;
	struct connection full;	       /* if full_size */
	bool is_good;		       /* the first connection, or the request, has succeeded */
	uint64_t cookies[COOKIES_MAX]; /* of all its sockets */
	unsigned int cookie_count;
};

/* Shared by all probes of this type. */
struct tunnel_probes {
	struct tunnel *tunnel; /* NULL: not available */
	char why[TUNNEL_WHY_LEN];
};

static const struct tunnel_probes *shared_of(const struct probe *probe)
{
	return probe->probes->shared[HEALTH_TUNNEL];
}

static struct tunnel *tunnel_of(const struct probe *probe)
{
	return shared_of(probe)->tunnel;
}

static bool open_tunnel(struct probes *probes)
{
	struct tunnel_probes *shared = calloc(1, sizeof(*shared));

	if (!shared) {
		log_warning("no checks through the tunnel: out of memory");
		return false;
	}
	probes->shared[HEALTH_TUNNEL] = shared;
	if (!*probes->conf->tunnel_interface)
		(void)snprintf(shared->why, sizeof(shared->why),
			       "$.tunnel_interface names no device");
	else if (tunnel_open(&shared->tunnel, probes->conf, shared->why))
		log_warning("no checks through the tunnel: %s", shared->why);
	return true;
}

static void close_tunnel(struct probes *probes)
{
	struct tunnel_probes *shared = probes->shared[HEALTH_TUNNEL];

	tunnel_close(shared->tunnel);
	free(shared);
}

/* --- End --- */

/* Has every socket sent a packet? */
static bool tunnel_probe_has_left(const struct tunnel_probe *state)
{
	for (unsigned int i = 0; i < state->cookie_count; i++)
		if (!tunnel_packets(tunnel_of(state->probe), state->cookies[i]))
			return false;
	return state->cookie_count;
}

/*
 * A probe whose packets have not left through the tunnel says nothing about the proxy: the gateway
 * to the VIP may not respond, or the program may have been detached.
 */
static bool end_unsent(const struct tunnel_probe *state)
{
	if (tunnel_probe_has_left(state))
		return false;
	probe_end(state->probe, PROBE_LOCAL, "a packet for the VIP has not left by %s in GUE",
		  state->probe->probes->conf->tunnel_interface);
	return true;
}

static void end_if_done(struct tunnel_probe *state)
{
	bool is_full = state->full.is_up || !state->probe->check->full_size;

	if (state->is_good && is_full && !end_unsent(state))
		probe_end(state->probe, PROBE_NONE, "%s", "");
}

static void blame_full_size(struct probe *probe)
{
	struct tunnel_probe *state = probe->state;
	unsigned int len = probe->check->full_size;

	if (end_unsent(state) || !state->is_good)
		return;
	probe_end(probe, PROBE_MTU, "no answer to %u bytes (%u in GUE) within %u ms, but to fewer",
		  len, len + tunnel_overhead(&probe->check->backend), probe->check->timeout_ms);
}

/* --- Connections --- */

static int tunnel_probe_enter(struct tunnel_probe *state, int fd, uint16_t full_size)
{
	const struct health_check *check = state->probe->check;
	const struct tunnel_end end = {&check->vip, &check->backend, full_size};
	/* close with a reset, which leaves through the tunnel at once, and without further
	 * packets */
	const struct linger linger = {.l_onoff = 1};
	int err;

	if (state->cookie_count == COOKIES_MAX)
		return -E2BIG;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		return -errno;
	err = tunnel_enter(&state->cookies[state->cookie_count], tunnel_of(state->probe), fd, &end);
	if (!err)
		state->cookie_count++;
	return err;
}

static void tunnel_probe_close_socket(struct connection *connection)
{
	if (connection->fd >= 0)
		(void)close(connection->fd);
	connection->fd = -1;
}

static void note_up(struct connection *connection)
{
	struct tunnel_probe *state = connection->of;
	struct probe *probe = state->probe;

	tunnel_probe_close_socket(connection);
	connection->is_up = true;
	if (connection == &state->first) {
		state->is_good = true;
		probe_connected(probe);
	} else {
		probe_step(probe, "a SYN of %u bytes was answered after %u us",
			   probe->check->full_size, probe_elapsed_us(probe));
	}
	end_if_done(state);
}

/* The connection is established, or has failed. */
static void tunnel_probe_decide(evutil_socket_t fd, short events, void *arg)
{
	struct connection *connection = arg;
	struct tunnel_probe *state = connection->of;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (!err)
		note_up(connection);
	else if (!end_unsent(state))
		probe_end_errno(state->probe, err);
}

static int tunnel_probe_open_connection(struct connection *connection, struct tunnel_probe *state,
					uint16_t full_size)
{
	struct probe *probe = state->probe;
	const int off = 0;
	struct sockaddr_storage to;
	socklen_t len = probe_sockaddr(&to, &probe->check->vip, probe->check->port);
	int err;

	connection->of = state;
	connection->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connection->fd < 0)
		return -errno;
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	err = tunnel_probe_enter(state, connection->fd, full_size);
	if (err)
		return err;
	connection->event = event_new(probe->probes->base, connection->fd, EV_WRITE,
				      tunnel_probe_decide, connection);
	if (!connection->event || event_add(connection->event, NULL))
		return -ENOMEM;
	return connect(connection->fd, (const struct sockaddr *)&to, len) && errno != EINPROGRESS
		       ? -errno
		       : 0;
}

static void close_connection(struct connection *connection)
{
	if (connection->event)
		event_free(connection->event);
	tunnel_probe_close_socket(connection);
}

/* --- Request --- */

static int prepare_request(void *arg, int fd)
{
	return tunnel_probe_enter(arg, fd, 0);
}

static void end_request(void *arg, enum probe_reason reason, const char *detail)
{
	struct tunnel_probe *state = arg;

	if (reason != PROBE_NONE) {
		if (!end_unsent(state))
			probe_end(state->probe, reason, "%s", detail);
		return;
	}
	state->is_good = true;
	end_if_done(state);
}

static int open_request(struct tunnel_probe *state)
{
	const struct health_check *check = state->probe->check;
	const struct http_order order = {
		.request = &check->request,
		.addr = check->vip,
		.port = check->port,
		.is_tls = check->is_tls,
		.prepare = prepare_request,
		.ended = end_request,
		.arg = state,
	};

	return http_start(&state->request, state->probe, &order);
}

/* --- Probe --- */

static void tunnel_probe_stop(struct probe *probe)
{
	struct tunnel_probe *state = probe->state;

	http_stop(state->request);
	close_connection(&state->first);
	close_connection(&state->full);
	for (unsigned int i = 0; i < state->cookie_count; i++)
		tunnel_leave(tunnel_of(probe), state->cookies[i]);
	free(state);
}

static int tunnel_probe_open_all(struct tunnel_probe *state)
{
	const struct health_check *check = state->probe->check;
	int err = check->is_http ? open_request(state)
				 : tunnel_probe_open_connection(&state->first, state, 0);

	if (!err && check->full_size)
		err = tunnel_probe_open_connection(&state->full, state, check->full_size);
	return err;
}

/* Can packets be directed there? If not, ends the probe with the reason. */
static bool tunnel_probe_has_way(struct probe *probe)
{
	const struct health_check *check = probe->check;
	const struct tunnel_end end = {&check->vip, &check->backend, check->full_size};
	char why[TUNNEL_WHY_LEN];

	if (!tunnel_of(probe)) {
		probe_end(probe, PROBE_LOCAL, "%s", shared_of(probe)->why);
		return false;
	}
	if (tunnel_check(tunnel_of(probe), &end, why)) {
		probe_end(probe, PROBE_LOCAL, "%s", why);
		return false;
	}
	return true;
}

static int tunnel_probe_start(struct probe *probe)
{
	char vip[ADDR_TEXT_LEN], backend[ADDR_TEXT_LEN];
	struct tunnel_probe *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	*state = (struct tunnel_probe){.probe = probe, .first.fd = -1, .full.fd = -1};
	probe->state = state;
	if (!tunnel_probe_has_way(probe))
		return 0;
	probe_step(probe, "packets for %s go to %s in GUE", addr_text(vip, &probe->check->vip),
		   addr_text(backend, &probe->check->backend));
	err = tunnel_probe_open_all(state);
	if (err)
		tunnel_probe_stop(probe);
	return err;
}

const struct probe_type probe_tunnel = {
	.open = open_tunnel,
	.close = close_tunnel,
	.start = tunnel_probe_start,
	.stop = tunnel_probe_stop,
	.late = blame_full_size,
};
