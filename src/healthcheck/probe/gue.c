/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gue and fou: the original's checks, as described in echo.h.
 *
 * Each probe sends its request from its own UDP socket, which also receives ICMP errors when
 * nothing listens on the port. Replies are addressed to this host rather than to a socket: one raw
 * socket per IP version receives all of them, and a reply counts if it comes from the backend and
 * returns the bytes that were sent. Raw sockets are the only privilege of these checks
 * (CAP_NET_RAW).
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gue.h"
#include "healthcheck/echo.h"
#include "socket.h"
#include "sys/log.h"

enum {
	BUCKETS = 256,
	REPLIES_PER_TURN = 64,
	REPLY_LEN_MAX = 128,	 /* of a relevant reply, with IPv4 options */
	REPLIES_BYTES = 4 << 20, /* enough for some thousands, in case all backends reply at once */
	PREFIX_BE32 = 0x676c6268, /* "glbh" */
};

enum family { IPV4, IPV6, FAMILIES };

struct gue_probe {
	struct probe *probe;
	struct gue_probe *next; /* in its hash bucket */
	struct echo_id id;
	int fd;
	struct event *failing;
};

struct gue_shared {
	int raw[FAMILIES]; /* -1: none */
	struct event *replying[FAMILIES];
	struct gue_probe *buckets[BUCKETS];
};

static struct gue_probe **bucket_of(struct gue_shared *shared, const struct echo_id *id)
{
	uint32_t random = glb_load32(id->text + ECHO_ID_LEN - 4);

	return &shared->buckets[(random ^ random >> 8 ^ random >> 13 ^ random >> 24) % BUCKETS];
}

/* The probe that a reply from a backend belongs to; NULL: there is none for this backend. */
static struct gue_probe *gue_probe_find(struct gue_shared *shared, const struct echo_id *id,
					const struct glb_addr *src)
{
	for (struct gue_probe *one = *bucket_of(shared, id); one; one = one->next)
		if (!memcmp(one->id.text, id->text, ECHO_ID_LEN) &&
		    glb_addr_equal(&one->probe->check->backend, src))
			return one;
	return NULL;
}

static void take_reply(struct gue_shared *shared, const struct sockaddr_storage *from,
		       const uint8_t *bytes, size_t len)
{
	struct glb_addr src = probe_addr_of(from);
	struct echo_id id;
	struct gue_probe *found;

	if (!echo_reply_read(&id, src.version, bytes, len))
		return;
	found = gue_probe_find(shared, &id, &src);
	if (!found)
		return;
	probe_step(found->probe, "echo reply after %u us", probe_elapsed_us(found->probe));
	probe_end(found->probe, PROBE_NONE, "%s", "");
}

static void on_replies(evutil_socket_t fd, short events, void *arg)
{
	(void)events;
	for (unsigned int i = 0; i < REPLIES_PER_TURN; i++) {
		uint8_t bytes[REPLY_LEN_MAX];
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t len =
			recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);

		if (len < 0)
			return;
		take_reply(arg, &from, bytes, (size_t)len);
	}
}

/*
 * Attaches a filter to a raw socket that drops everything but replies to requests like ours, so
 * that a flood of other ICMP costs neither time nor buffer space. Returns 0 or -errno.
 */
static int filter_replies(int fd, enum family family)
{
	struct sock_filter v4[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X = length of the IPv4 header */
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GLB_ICMP_ECHO_REPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, GLB_ICMP_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PREFIX_BE32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GLB_ICMPV6_ECHO_REPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, GLB_ICMP_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PREFIX_BE32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {
		.len = family == IPV4 ? sizeof(v4) / sizeof(v4[0]) : sizeof(v6) / sizeof(v6[0]),
		.filter = family == IPV4 ? v4 : v6,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ? -errno : 0;
}

/* Returns a raw socket for replies, or -errno. */
static int raw_socket(enum family family)
{
	const int bytes = REPLIES_BYTES;
	int fd =
		family == IPV4
			? socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP)
			: socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int err;

	if (fd < 0)
		return -errno;
	err = filter_replies(fd, family);
	if (err) {
		(void)close(fd);
		return err;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

/* Returns 0 or -errno. */
static int open_family(struct probes *probes, struct gue_shared *shared, enum family family)
{
	int fd = raw_socket(family);

	if (fd < 0)
		return fd;
	shared->raw[family] = fd;
	shared->replying[family] =
		event_new(probes->base, fd, EV_READ | EV_PERSIST, on_replies, shared);
	return shared->replying[family] && !event_add(shared->replying[family], NULL) ? 0 : -ENOMEM;
}

static void close_family(struct gue_shared *shared, enum family family)
{
	if (shared->replying[family])
		event_free(shared->replying[family]);
	if (shared->raw[family] >= 0)
		(void)close(shared->raw[family]);
	shared->replying[family] = NULL;
	shared->raw[family] = -1;
}

static void gue_close(struct probes *probes)
{
	struct gue_shared *shared = probes->shared[HEALTH_GUE];

	close_family(shared, IPV4);
	close_family(shared, IPV6);
	free(shared);
}

static bool gue_open(struct probes *probes)
{
	struct gue_shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return false;
	probes->shared[HEALTH_GUE] = shared;
	for (enum family family = IPV4; family < FAMILIES; family++) {
		shared->raw[family] = -1;

		int err = open_family(probes, shared, family);

		if (!err)
			continue;
		log_info("no checks of type gue and fou of IPv%d backends: no raw socket: %s",
			 family == IPV4 ? 4 : 6, strerror(-err));
		close_family(shared, family);
	}
	return true;
}

static void on_failure(evutil_socket_t fd, short events, void *arg)
{
	uint8_t byte;

	(void)events;
	/* datagrams to this port are not replies: discard */
	if (recv(fd, &byte, sizeof(byte), 0) < 0 && errno != EAGAIN && errno != EINTR)
		probe_end_errno(arg, errno);
}

/* Sends the request. Returns 0 or -errno. */
static int gue_probe_ask(struct gue_probe *state, const struct health_check *check)
{
	enum echo_tunnel tunnel = check->type == HEALTH_FOU ? ECHO_GRE : ECHO_GUE;
	uint8_t random[ECHO_RANDOM_LEN];
	uint8_t request[ECHO_DATAGRAM_MAX];
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	state->id = echo_id_of(random);
	state->fd = probe_udp_socket(&check->backend, check->port);
	if (state->fd < 0)
		return state->fd;
	if (getsockname(state->fd, (struct sockaddr *)&name, &len))
		return -errno;

	const struct glb_addr src = probe_addr_of(&name);

	len = echo_request(request, tunnel, &src, &check->backend, &state->id);
	return send(state->fd, request, len, 0) < 0 ? -errno : 0;
}

static void free_state(struct gue_probe *state)
{
	if (state->failing)
		event_free(state->failing);
	if (state->fd >= 0)
		(void)close(state->fd);
	free(state);
}

static void gue_stop(struct probe *probe)
{
	struct gue_probe *state = probe->state;
	struct gue_probe **at = bucket_of(probe->probes->shared[HEALTH_GUE], &state->id);

	while (*at != state)
		at = &(*at)->next;
	*at = state->next;
	free_state(state);
}

/* Returns 0 or -errno. */
static int gue_probe_prepare(struct gue_probe *state)
{
	struct probe *probe = state->probe;
	int err = gue_probe_ask(state, probe->check);

	if (err)
		return err;
	state->failing =
		event_new(probe->probes->base, state->fd, EV_READ | EV_PERSIST, on_failure, probe);
	return state->failing && !event_add(state->failing, NULL) ? 0 : -ENOMEM;
}

static int gue_start(struct probe *probe)
{
	struct gue_shared *shared = probe->probes->shared[HEALTH_GUE];
	struct gue_probe *state;
	struct gue_probe **bucket;
	int err;

	if (shared->raw[probe->check->backend.version == 4 ? IPV4 : IPV6] < 0)
		return -EPERM;
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	state->probe = probe;
	state->fd = -1;
	err = gue_probe_prepare(state);
	if (err) {
		free_state(state);
		return err;
	}
	bucket = bucket_of(shared, &state->id);
	state->next = *bucket;
	*bucket = state;
	probe->state = state;
	probe->awaited = "echo reply";
	return 0;
}

const struct probe_type probe_gue = {
	.open = gue_open,
	.close = gue_close,
	.start = gue_start,
	.stop = gue_stop,
};
