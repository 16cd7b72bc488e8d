/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "director/fib.h"
#include "director/rtnl.h"
#include "sys/clock.h"

enum { BUFFER_LEN = 32768 };

int fib_open(struct fib *out)
{
	struct fib fib = {.until_ms = clock_ms() + FIB_TIMEOUT_MS};
	int err = rtnl_open(&fib.socket, 0);

	if (!err)
		*out = fib;
	return err;
}

/* Receives the next datagram. Returns its length, or -errno. */
static ssize_t fib_receive(const struct fib *fib, char *buffer)
{
	for (;;) {
		struct pollfd ready = {mnl_socket_get_fd(fib->socket), POLLIN, 0};
		uint64_t now = clock_ms();
		ssize_t got = mnl_socket_recvfrom(fib->socket, buffer, BUFFER_LEN);

		if (got >= 0)
			return got;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (now >= fib->until_ms)
			return -ETIMEDOUT;
		(void)poll(&ready, 1, (int)(fib->until_ms - now));
	}
}

/* Reads a reply as a route. The kernel reports rejecting routes as errors. */
static void read_route_reply(struct fib_route *out, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	*out = (struct fib_route){.kind = COPY_NO_ROUTE};
	if (message->nlmsg_type == RTM_NEWROUTE)
		rtnl_read_match(out, message);
	else if (mnl_nlmsg_get_payload_len(message) >= sizeof(*error))
		out->kind = error->error == -EINVAL ? COPY_BLACKHOLE : COPY_NO_ROUTE;
}

int fib_lookup(struct fib_route *out, struct fib *fib, const struct glb_addr *addr)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN];
	int err = rtnl_ask_for_match(fib->socket, addr, ++fib->seq);

	while (!err) {
		ssize_t got = fib_receive(fib, buffer);
		const struct nlmsghdr *message = (const void *)buffer;

		if (got < 0)
			return (int)got;
		if (!mnl_nlmsg_ok(message, (int)got) || message->nlmsg_seq != fib->seq)
			continue;
		read_route_reply(out, message);
		return 0;
	}
	return err;
}

/* Searches the messages of a datagram for a gateway. False: continue with the next datagram. */
static bool ends_search(bool *found, const char *buffer, int left)
{
	for (const struct nlmsghdr *message = (const void *)buffer; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type == RTM_NEWROUTE && rtnl_has_gateway(message))
			*found = true;
		if (*found || message->nlmsg_type != RTM_NEWROUTE)
			return true;
	}
	return false;
}

bool fib_has_gateway6(struct fib *fib)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN];
	bool found = false;
	ssize_t got;

	if (rtnl_ask_for_routes6(fib->socket, ++fib->seq))
		return false;
	do
		got = fib_receive(fib, buffer);
	while (got > 0 && !ends_search(&found, buffer, (int)got));
	return found;
}

void fib_close(struct fib *fib)
{
	(void)mnl_socket_close(fib->socket);
	*fib = (struct fib){0};
}
