/* SPDX-License-Identifier: BSD-3-Clause */
#include "listeners.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <glb/net.h>

#include "conf/addr.h"
#include "sock_diag.h"

static const uint8_t any[16];

static void listeners_add(struct listeners *listeners, const struct listener *listener)
{
	if (listeners->count == listeners->room) {
		size_t room = listeners->room ? 2 * listeners->room : 64;
		struct listener *more = realloc(listeners->list, room * sizeof(*more));

		listeners->failed |= !more;
		if (!more)
			return;
		listeners->list = more;
		listeners->room = room;
	}
	listeners->list[listeners->count++] = *listener;
}

static bool is_v6_only(const struct nlmsghdr *message)
{
	struct netlink_attributes left =
		netlink_attributes_of(message, sizeof(struct inet_diag_msg));
	struct netlink_attribute one;

	while (netlink_next(&left, &one))
		if (one.type == INET_DIAG_SKV6ONLY && one.len)
			return *(const uint8_t *)one.value;
	return false;
}

/* Where a dump stores what it sees. */
struct listeners_dump {
	struct listeners *listeners;
	uint8_t proto;
};

static void see_socket(void *found, const struct nlmsghdr *message)
{
	const struct listeners_dump *dump = found;
	struct inet_diag_msg seen;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(seen)))
		return;
	memcpy(&seen, NLMSG_DATA(message), sizeof(seen));

	bool v4 = seen.idiag_family == AF_INET;
	struct listener listener = {
		.address.version = v4 ? 4 : 6,
		.port = glb_load_be16((const uint8_t *)&seen.id.idiag_sport),
		.proto = dump->proto,
		.v6_only = !v4 && is_v6_only(message),
		.waiting = seen.idiag_rqueue,
		.backlog = seen.idiag_wqueue,
	};

	memcpy(listener.address.bytes, seen.id.idiag_src, v4 ? 4 : 16);
	listeners_add(dump->listeners, &listener);
}

static bool listeners_ask(struct listeners_dump *dump, uint8_t family)
{
	uint32_t state = dump->proto == GLB_PROTO_TCP ? SOCK_DIAG_LISTEN : SOCK_DIAG_CLOSE;

	return sock_diag_dump(family, dump->proto, 1U << state, see_socket, dump);
}

int listeners_read(struct listeners *out, uint8_t proto)
{
	struct listeners listeners = {0};
	struct listeners_dump dump = {&listeners, proto};
	bool complete = listeners_ask(&dump, AF_INET);

	(void)listeners_ask(&dump, AF_INET6); /* a kernel may be without IPv6 */
	if (complete && !listeners.failed) {
		*out = listeners;
		return 0;
	}
	listeners_free(&listeners);
	return complete ? -ENOMEM : -ENOTSUP;
}

void listeners_free(struct listeners *listeners)
{
	free(listeners->list);
	*listeners = (struct listeners){0};
}

bool listener_serves(const struct listener *listener, const struct glb_addr *address)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const uint8_t *bytes = listener->address.bytes;

	if (listener->address.version == address->version)
		return !memcmp(bytes, any, sizeof(any)) ||
		       !memcmp(bytes, address->bytes, address->version == 4 ? 4 : 16);
	if (listener->address.version == 4 || listener->v6_only)
		return false;
	return !memcmp(bytes, any, sizeof(any)) ||
	       (!memcmp(bytes, mapped, sizeof(mapped)) && !memcmp(bytes + 12, address->bytes, 4));
}

uint32_t listener_fill(const struct listener *listener)
{
	uint64_t percent = (uint64_t)listener->waiting * 100 / ((uint64_t)listener->backlog + 1);

	return percent < 100 ? (uint32_t)percent : 100;
}

const char *listener_text(char out[LISTENER_TEXT_LEN], const struct listener *listener)
{
	bool v6 = listener->address.version == 6;
	char text[ADDR_TEXT_LEN];

	(void)snprintf(out, LISTENER_TEXT_LEN, "%s%s%s:%u", v6 ? "[" : "",
		       addr_text(text, &listener->address), v6 ? "]" : "", listener->port);
	return out;
}
