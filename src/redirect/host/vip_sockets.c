/* SPDX-License-Identifier: BSD-3-Clause */
#include "vip_sockets.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addresses.h"
#include "redirect/vips.h"
#include "sock_diag.h"

/* The address of one end of a socket. IPv6 sockets have IPv4 connections, too. */
static struct glb_addr read_end(uint8_t family, const uint32_t words[4])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct glb_addr end = {.version = 4};

	if (family == AF_INET)
		memcpy(end.bytes, &words[0], 4);
	else if (!memcmp(words, mapped, sizeof(mapped)))
		memcpy(end.bytes, &words[3], 4);
	else {
		end.version = 6;
		memcpy(end.bytes, words, 16);
	}
	return end;
}

/* --- The list --- */

/* The index at which an address is, or belongs. */
static size_t index_of_vip(const struct vip_socket_list *sockets, const struct vip *vip)
{
	size_t low = 0;
	size_t high = sockets->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (redirect_compare_vips(&sockets->list[middle].vip, vip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Makes room for one more. */
static bool grow_sockets(struct vip_socket_list *sockets)
{
	size_t room = sockets->room ? 2 * sockets->room : 64;
	struct vip_sockets *more;

	if (sockets->count < sockets->room)
		return true;
	more = reallocarray(sockets->list, room, sizeof(*more));
	sockets->failed |= !more;
	if (!more)
		return false;
	sockets->list = more;
	sockets->room = room;
	return true;
}

/* The entry of an address, made if there is none; NULL if there is no memory. */
static struct vip_sockets *sockets_of(struct vip_socket_list *sockets, const struct vip *vip)
{
	size_t at = index_of_vip(sockets, vip);

	if (at < sockets->count && !redirect_compare_vips(&sockets->list[at].vip, vip))
		return &sockets->list[at];
	if (!grow_sockets(sockets))
		return NULL;
	memmove(&sockets->list[at + 1], &sockets->list[at],
		(sockets->count - at) * sizeof(*sockets->list));
	sockets->list[at] = (struct vip_sockets){.vip = *vip};
	sockets->count++;
	return &sockets->list[at];
}

/* --- The dump --- */

struct socket_dump {
	struct vip_socket_list sockets;
	const struct host_addresses *host;
	uint8_t proto;
};

static void see_connection(void *found, const struct nlmsghdr *message)
{
	struct socket_dump *dump = found;
	struct inet_diag_msg seen;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(seen)))
		return;
	memcpy(&seen, NLMSG_DATA(message), sizeof(seen));

	struct glb_addr local = read_end(seen.idiag_family, seen.id.idiag_src);
	struct glb_addr remote = read_end(seen.idiag_family, seen.id.idiag_dst);

	if (!host_can_be_vip(&local) || host_addresses_find(dump->host, &remote) ||
	    glb_addr_equal(&local, &remote))
		return;

	struct vip vip = redirect_vip_of(&local);
	struct vip_sockets *sockets = sockets_of(&dump->sockets, &vip);

	if (!sockets)
		return;
	if (dump->proto == IPPROTO_UDP)
		sockets->udp++;
	else if (seen.idiag_state == SOCK_DIAG_TIME_WAIT)
		sockets->time_wait++;
	else
		sockets->tcp++;
}

/* Lists the connections of one protocol and address family; false if some may be missing. */
static bool dump_sockets(struct socket_dump *dump, uint8_t family, uint8_t proto)
{
	const uint32_t all = (1U << SOCK_DIAG_STATES) - 1; /* a half-open one counts as SYN_RECV */
	const uint32_t tcp = all & ~(1U << SOCK_DIAG_LISTEN | 1U << SOCK_DIAG_CLOSE);

	dump->proto = proto;
	return sock_diag_dump(family, proto,
			      proto == IPPROTO_TCP ? tcp : 1U << SOCK_DIAG_ESTABLISHED,
			      see_connection, dump);
}

/* Can this kernel have sockets of IPv6? */
static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	(void)close(fd);
	return true;
}

int vip_sockets_read(struct vip_socket_list *out, const struct host_addresses *host)
{
	struct socket_dump dump = {.host = host};
	bool complete = dump_sockets(&dump, AF_INET, IPPROTO_TCP) &&
			dump_sockets(&dump, AF_INET, IPPROTO_UDP);

	if (complete && has_ipv6())
		complete = dump_sockets(&dump, AF_INET6, IPPROTO_TCP) &&
			   dump_sockets(&dump, AF_INET6, IPPROTO_UDP);
	if (complete && !dump.sockets.failed) {
		*out = dump.sockets;
		return 0;
	}

	int error = complete ? -ENOMEM : -EPROTONOSUPPORT;

	vip_sockets_free(&dump.sockets);
	return error;
}

void vip_sockets_free(struct vip_socket_list *sockets)
{
	free(sockets->list);
	*sockets = (struct vip_socket_list){0};
}
