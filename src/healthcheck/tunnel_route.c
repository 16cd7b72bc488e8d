/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_LEN_MAX = 4096 };

int tunnel_route_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static int tunnel_route_ask(int fd, const struct glb_addr *addr)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t dst[16];
	} request = {
		.header.nlmsg_type = RTM_GETROUTE,
		.header.nlmsg_flags = NLM_F_REQUEST,
		.route.rtm_family = addr->version == 4 ? AF_INET : AF_INET6,
		.route.rtm_dst_len = addr->version == 4 ? 32 : 128,
		.attribute.rta_type = RTA_DST,
		.attribute.rta_len = RTA_LENGTH(addr->version == 4 ? 4 : 16),
	};
	size_t len = NLMSG_LENGTH(sizeof(request.route)) + request.attribute.rta_len;

	request.header.nlmsg_len = (uint32_t)len;
	memcpy(request.dst, addr->bytes, sizeof(request.dst));
	return send(fd, &request, len, 0) == (ssize_t)len ? 0 : -errno;
}

/* Parses a route; its attributes follow the fixed header. */
static int read_route(struct tunnel_route *out, const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const uint8_t *at = (const uint8_t *)RTM_RTA(route);
	int left = (int)RTM_PAYLOAD(message);

	*out = (struct tunnel_route){.is_local = route->rtm_type == RTN_LOCAL};
	while (RTA_OK((const struct rtattr *)at, left)) {
		const struct rtattr *each = (const struct rtattr *)at;
		uint32_t len = RTA_ALIGN(each->rta_len);

		if (each->rta_type == RTA_OIF && RTA_PAYLOAD(each) == sizeof(out->ifindex))
			memcpy(&out->ifindex, RTA_DATA(each), sizeof(out->ifindex));
		at += len;
		left -= (int)len;
	}
	return 0;
}

static int tunnel_route_read_answer(struct tunnel_route *out, const struct nlmsghdr *message,
				    size_t len)
{
	const struct nlmsgerr *failed;

	if (!NLMSG_OK(message, len))
		return -EPROTO;
	if (message->nlmsg_type == RTM_NEWROUTE &&
	    message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)))
		return read_route(out, message);
	if (message->nlmsg_type != NLMSG_ERROR ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*failed)))
		return -EPROTO;
	failed = NLMSG_DATA(message);
	return failed->error ? failed->error : -EPROTO;
}

int tunnel_route_find(struct tunnel_route *out, int fd, const struct glb_addr *addr)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_LEN_MAX];
	int err = tunnel_route_ask(fd, addr);
	ssize_t len;

	if (err)
		return err;
	len = recv(fd, answer, sizeof(answer), 0);
	if (len < 0)
		return -errno;
	return tunnel_route_read_answer(out, (const struct nlmsghdr *)answer, (size_t)len);
}
