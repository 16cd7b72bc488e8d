/* SPDX-License-Identifier: BSD-3-Clause */
#include "second.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/util.h>
#include <glb/gue.h>

#include "conf/addr.h"
#include "healthcheck/second_packet.h"
#include "socket.h"
#include "sys/log.h"

enum {
	DATAGRAM_LEN_MAX =
		2048, /* larger than our packets; longer datagrams are truncated and do not match */
	DATAGRAMS_A_TURN = 64,
	EPHEMERAL_FIRST = 49152, /* RFC 6335 */
};

/* The state of a probe. */
struct waiting {
	struct waiting *next;
	struct waiting **link; /* the pointer that points to this one */
	struct probe *probe;
	struct second_packet sent;
};

/* The socket for proxies of one IP version. */
struct second_socket {
	struct glb_addr own;
	struct event *event;
	struct waiting *waiting;
	int fd;	 /* -1: none */
	int err; /* -errno that explains why there is none */
};

struct second {
	struct second_socket v4, v6;
};

static struct second_socket *socket_for(const struct probe *probe)
{
	struct second *second = probe->probes->shared[HEALTH_SECOND_CHANCE];

	return probe->check->backend.version == 4 ? &second->v4 : &second->v6;
}

/* --- Receiving --- */

static void end_with(struct waiting *waiting, enum second_fate fate)
{
	if (fate == SECOND_HANDED_ON)
		probe_end(waiting->probe, PROBE_NONE, "%s", "");
	else if (fate == SECOND_CHANGED)
		probe_end(waiting->probe, PROBE_PROTOCOL,
			  "the packet came back with another GUE header than the next hop needs");
}

/* Handles a datagram, which may be from anyone. */
static void take_datagram(struct second_socket *second, const struct sockaddr_storage *from,
			  const uint8_t *bytes, size_t len)
{
	struct sockaddr_storage proxy;

	for (struct waiting *each = second->waiting; each; each = each->next) {
		socklen_t proxy_len =
			probe_sockaddr(&proxy, &each->probe->check->backend, GLB_GUE_PORT);

		if (!memcmp(&proxy, from, proxy_len))
			end_with(each, second_packet_fate(&each->sent, bytes, len));
	}
}

/* Handles an error for a datagram sent to a proxy. */
static void take_error(struct second_socket *second, const struct sockaddr_storage *to, int err)
{
	struct sockaddr_storage proxy;

	for (struct waiting *each = second->waiting; each; each = each->next) {
		socklen_t len = probe_sockaddr(&proxy, &each->probe->check->backend, GLB_GUE_PORT);

		if (!memcmp(&proxy, to, len))
			probe_end_errno(each->probe, err);
	}
}

/* Reads one error from the socket's queue, IP_RECVERR in ip(7); false: it is empty. */
static bool second_probe_read_error(struct second_socket *second)
{
	_Alignas(struct cmsghdr) uint8_t control[512];
	struct sockaddr_storage to = {0};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct sock_extended_err error;

	if (recvmsg(second->fd, &message, MSG_ERRQUEUE) < 0)
		return false;
	for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each;
	     each = CMSG_NXTHDR(&message, each)) {
		if ((each->cmsg_level != IPPROTO_IP || each->cmsg_type != IP_RECVERR) &&
		    (each->cmsg_level != IPPROTO_IPV6 || each->cmsg_type != IPV6_RECVERR))
			continue;
		memcpy(&error, CMSG_DATA(each), sizeof(error));
		take_error(second, &to, (int)error.ee_errno);
	}
	return true;
}

static bool second_probe_read_datagram(struct second_socket *second)
{
	uint8_t bytes[DATAGRAM_LEN_MAX];
	struct sockaddr_storage from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t len =
		recvfrom(second->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);

	if (len < 0) /* the error is in the queue as well; continue */
		return errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF;
	take_datagram(second, &from, bytes, (size_t)len);
	return true;
}

static void read_socket(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	for (int i = 0; i < DATAGRAMS_A_TURN && second_probe_read_error(arg); i++)
		;
	for (int i = 0; i < DATAGRAMS_A_TURN && second_probe_read_datagram(arg); i++)
		;
}

/* --- Sockets --- */

static int bind_socket(struct second_socket *second)
{
	const bool v4 = second->own.version == 4;
	const int on = 1;
	struct sockaddr_storage own;
	socklen_t len = probe_sockaddr(&own, &second->own, GLB_GUE_PORT);

	second->fd = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (second->fd < 0)
		return -errno;
	if (setsockopt(second->fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR,
		       &on, sizeof(on)))
		return -errno;
	return bind(second->fd, (const struct sockaddr *)&own, len) ? -errno : 0;
}

static void close_socket(struct second_socket *second)
{
	if (second->event)
		event_free(second->event);
	if (second->fd >= 0)
		(void)close(second->fd);
	second->event = NULL;
	second->fd = -1;
}

/* Explains an error of bind_socket(). */
static const char *second_probe_words_of(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "another program has the port";
	case -EADDRNOTAVAIL:
		return "it is not an address of this host";
	default:
		return strerror(-err);
	}
}

/* Opens the socket of one IP version if there is an address for it; logs why if it cannot. */
static void second_probe_open_socket(struct second_socket *second, struct event_base *base)
{
	char text[ADDR_TEXT_LEN];

	if (!second->own.version)
		return;
	second->err = bind_socket(second);
	if (!second->err) {
		second->event =
			event_new(base, second->fd, EV_READ | EV_PERSIST, read_socket, second);
		if (!second->event || event_add(second->event, NULL))
			second->err = -ENOMEM;
	}
	if (!second->err)
		return;
	close_socket(second);
	log_warning("no checks of the second chance from %s, UDP port %u: %s",
		    addr_text(text, &second->own), GLB_GUE_PORT,
		    second_probe_words_of(second->err));
}

static bool open_second(struct probes *probes)
{
	struct second *second = calloc(1, sizeof(*second));

	if (!second) {
		log_warning("no checks of the second chance: out of memory");
		return false;
	}
	second->v4 = (struct second_socket){.own = probes->conf->tunnel_src, .fd = -1};
	second->v6 = (struct second_socket){.own = probes->conf->tunnel_src6, .fd = -1};
	second_probe_open_socket(&second->v4, probes->base);
	second_probe_open_socket(&second->v6, probes->base);
	probes->shared[HEALTH_SECOND_CHANCE] = second;
	return true;
}

static void close_second(struct probes *probes)
{
	struct second *second = probes->shared[HEALTH_SECOND_CHANCE];

	close_socket(&second->v4);
	close_socket(&second->v6);
	free(second);
}

/* --- Probe --- */

static struct second_token new_token(void)
{
	struct second_token token;

	evutil_secure_rng_get_bytes(&token, sizeof(token));
	token.src_port |= EPHEMERAL_FIRST;
	return token;
}

static int send_packet(const struct second_socket *second, const struct waiting *waiting)
{
	struct sockaddr_storage to;
	socklen_t to_len = probe_sockaddr(&to, &waiting->probe->check->backend, GLB_GUE_PORT);
	int older;
	socklen_t len = sizeof(older);

	/* discards the error of an earlier packet, which is in the queue as well */
	(void)getsockopt(second->fd, SOL_SOCKET, SO_ERROR, &older, &len);
	return sendto(second->fd, waiting->sent.bytes, waiting->sent.len, 0,
		      (const struct sockaddr *)&to, to_len) < 0
		       ? -errno
		       : 0;
}

static void put_in(struct second_socket *second, struct waiting *waiting)
{
	waiting->next = second->waiting;
	waiting->link = &second->waiting;
	if (waiting->next)
		waiting->next->link = &waiting->next;
	second->waiting = waiting;
}

static void take_out(struct waiting *waiting)
{
	*waiting->link = waiting->next;
	if (waiting->next)
		waiting->next->link = waiting->link;
}

/* Ends a probe because there is no socket. */
static void end_without(struct probe *probe, const struct second_socket *second)
{
	char text[ADDR_TEXT_LEN];

	if (!second->own.version)
		probe_end(probe, PROBE_LOCAL, "there is no outer source address of IPv%u",
			  probe->check->backend.version);
	else
		probe_end(probe, PROBE_LOCAL, "no socket at %s, UDP port %u: %s",
			  addr_text(text, &second->own), GLB_GUE_PORT,
			  second_probe_words_of(second->err));
}

static int second_probe_start(struct probe *probe)
{
	const struct health_check *check = probe->check;
	const struct glb_addr *dst =
		check->vip.version == check->backend.version ? &check->vip : &check->backend;
	struct second_socket *second = socket_for(probe);
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	const struct second_token token = new_token();
	int err;

	if (!waiting)
		return -ENOMEM;
	probe->state = waiting;
	probe->late = PROBE_NOT_PASSED_ON;
	probe->awaited = "packet back from the proxy";
	waiting->probe = probe;
	put_in(second, waiting);
	if (second->fd < 0) {
		end_without(probe, second);
		return 0;
	}
	waiting->sent = second_packet_make(&token, &second->own, dst);
	err = send_packet(second, waiting);
	if (err)
		probe_end_errno(probe, -err);
	else
		probe_step(probe, "sent an ACK of no flow, with this host as the next hop");
	return 0;
}

static void second_probe_stop(struct probe *probe)
{
	take_out(probe->state);
	free(probe->state);
}

const struct probe_type probe_second = {
	.open = open_second,
	.close = close_second,
	.start = second_probe_start,
	.stop = second_probe_stop,
};
