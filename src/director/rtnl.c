/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "director/rtnl.h"

enum {
	REQUEST_LEN = 128,
	BUFFER_LEN = 32768, /* the kernel fills as much as it can */
};

int rtnl_open(struct mnl_socket **out, unsigned int groups)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID)) {
		int err = -errno;

		(void)mnl_socket_close(socket);
		return err;
	}
	*out = socket;
	return 0;
}

int rtnl_read(const struct mnl_socket *socket, rtnl_hear_fn *hear, void *arg)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_LEN];
	ssize_t got;
	int left;

	do
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	left = (int)got;
	for (const struct nlmsghdr *message = (void *)buffer; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		hear(arg, message);
	return 0;
}

static bool rtnl_read_addr(struct glb_addr *out, uint8_t family, const struct nlattr *attr)
{
	uint16_t len = family == AF_INET ? 4 : 16;

	if (!attr || mnl_attr_get_payload_len(attr) != len)
		return false;
	*out = (struct glb_addr){.version = family == AF_INET ? 4 : 6};
	memcpy(out->bytes, mnl_attr_get_payload(attr), len);
	return true;
}

static enum neighbour_state state_of(const struct nlmsghdr *message, const struct ndmsg *entry)
{
	if (message->nlmsg_type == RTM_DELNEIGH)
		return NEIGHBOUR_LOST;
	if (entry->ndm_state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP))
		return NEIGHBOUR_SURE;
	return entry->ndm_state & (NUD_STALE | NUD_DELAY | NUD_PROBE) ? NEIGHBOUR_STALE
								      : NEIGHBOUR_LOST;
}

bool rtnl_read_neighbour(struct neighbour *out, const struct nlmsghdr *message)
{
	static const uint8_t no_mac[GLB_MAC_LEN];
	const struct ndmsg *entry = mnl_nlmsg_get_payload(message);
	const struct nlattr *dst = NULL;
	const struct nlattr *mac = NULL;
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*entry) ||
	    (entry->ndm_family != AF_INET && entry->ndm_family != AF_INET6) ||
	    entry->ndm_flags & NTF_PROXY)
		return false;
	mnl_attr_for_each(attr, message, sizeof(*entry))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			dst = attr;
		else if (mnl_attr_get_type(attr) == NDA_LLADDR)
			mac = attr;
	}

	struct neighbour read = {
		.ifindex = (uint32_t)entry->ndm_ifindex,
		.state = (uint8_t)state_of(message, entry),
	};

	if (!rtnl_read_addr(&read.addr, entry->ndm_family, dst))
		return false;
	if (mac && mnl_attr_get_payload_len(mac) == GLB_MAC_LEN)
		memcpy(read.mac, mnl_attr_get_payload(mac), GLB_MAC_LEN);
	if (!memcmp(read.mac, no_mac, GLB_MAC_LEN))
		read.state = NEIGHBOUR_LOST; /* an interface that is not Ethernet */
	*out = read;
	return true;
}

uint32_t rtnl_read_route(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	uint32_t ifindex = 0;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route) || route->rtm_type != RTN_UNICAST)
		return 0;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_GATEWAY || type == RTA_VIA)
			return 0;
		if (type == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(ifindex))
			ifindex = mnl_attr_get_u32(attr);
	}
	return ifindex;
}

static int send_message(const struct mnl_socket *socket, const struct nlmsghdr *message)
{
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

/* Starts a request in a buffer of REQUEST_LEN bytes. */
static struct nlmsghdr *start_request(char *buffer, uint16_t type, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = seq;
	return message;
}

int rtnl_ask_for_list(const struct mnl_socket *socket, uint32_t seq)
{
	_Alignas(struct nlmsghdr) char buffer[REQUEST_LEN] = {0};
	struct nlmsghdr *message = start_request(buffer, RTM_GETNEIGH, NLM_F_DUMP, seq);
	struct ndmsg *entry = mnl_nlmsg_put_extra_header(message, sizeof(*entry));

	entry->ndm_family = AF_UNSPEC;
	return send_message(socket, message);
}

static void put_addr(struct nlmsghdr *message, uint16_t type, const struct glb_addr *addr)
{
	mnl_attr_put(message, type, addr->version == 4 ? 4 : 16, addr->bytes);
}

int rtnl_ask_for_mac(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t ifindex)
{
	_Alignas(struct nlmsghdr) char buffer[REQUEST_LEN] = {0};
	struct nlmsghdr *message = start_request(buffer, RTM_NEWNEIGH, NLM_F_CREATE, 0);
	struct ndmsg *entry = mnl_nlmsg_put_extra_header(message, sizeof(*entry));

	entry->ndm_family = addr->version == 4 ? AF_INET : AF_INET6;
	entry->ndm_ifindex = (int)ifindex;
	entry->ndm_flags = NTF_USE;
	put_addr(message, NDA_DST, addr);
	return send_message(socket, message);
}

static void read_link_attr(struct rtnl_link *out, const struct nlattr *attr)
{
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (len && len <= IF_NAMESIZE)
			memcpy(out->name, mnl_attr_get_payload(attr), len - 1);
		break;
	case IFLA_MTU:
		if (len == sizeof(uint32_t))
			out->state.mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (len == GLB_MAC_LEN)
			memcpy(out->state.mac, mnl_attr_get_payload(attr), GLB_MAC_LEN);
		break;
	case IFLA_NEW_NETNSID:
		out->is_moved = true;
		break;
	}
}

bool rtnl_read_link(struct rtnl_link *out, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct rtnl_link read = {.ifindex = 0};
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*link) || link->ifi_family != AF_UNSPEC)
		return false;
	read.ifindex = (uint32_t)link->ifi_index;
	mnl_attr_for_each(attr, message, sizeof(*link)) read_link_attr(&read, attr);
	read.state.is_up = (link->ifi_flags & IFF_UP) && (link->ifi_flags & IFF_RUNNING);
	read.state.ifindex = message->nlmsg_type == RTM_DELLINK ? 0 : read.ifindex;
	*out = read;
	return true;
}

int rtnl_ask_for_links(const struct mnl_socket *socket, uint32_t seq)
{
	_Alignas(struct nlmsghdr) char buffer[REQUEST_LEN] = {0};
	struct nlmsghdr *message = start_request(buffer, RTM_GETLINK, NLM_F_DUMP, seq);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	return send_message(socket, message);
}

static int request_route(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t seq,
			 uint32_t flags)
{
	_Alignas(struct nlmsghdr) char buffer[REQUEST_LEN] = {0};
	struct nlmsghdr *message = start_request(buffer, RTM_GETROUTE, 0, seq);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

	route->rtm_family = addr->version == 4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = addr->version == 4 ? 32 : 128;
	route->rtm_flags = flags;
	put_addr(message, RTA_DST, addr);
	return send_message(socket, message);
}

int rtnl_ask_for_route(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t seq)
{
	return request_route(socket, addr, seq, 0);
}

int rtnl_ask_for_match(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t seq)
{
	return request_route(socket, addr, seq, RTM_F_FIB_MATCH);
}

static enum copy_route kind_of(const struct rtmsg *route)
{
	switch (route->rtm_type) {
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return COPY_LOCAL;
	case RTN_UNICAST:
		return COPY_ELSEWHERE;
	case RTN_BLACKHOLE:
		return COPY_BLACKHOLE;
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return COPY_GROUP;
	}
	return COPY_NO_ROUTE;
}

void rtnl_read_match(struct fib_route *out, const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	struct fib_route read = {.kind = COPY_NO_ROUTE};

	*out = read;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route))
		return;
	read.kind = kind_of(route);
	read.prefix_len = route->rtm_dst_len;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_DST)
			(void)rtnl_read_addr(&read.dst, route->rtm_family, attr);
		else if (mnl_attr_get_type(attr) == RTA_OIF &&
			 mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			(void)if_indextoname(mnl_attr_get_u32(attr), read.device);
	}
	*out = read;
}

int rtnl_ask_for_routes6(const struct mnl_socket *socket, uint32_t seq)
{
	_Alignas(struct nlmsghdr) char buffer[REQUEST_LEN] = {0};
	struct nlmsghdr *message = start_request(buffer, RTM_GETROUTE, NLM_F_DUMP, seq);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

	route->rtm_family = AF_INET6;
	return send_message(socket, message);
}

bool rtnl_has_gateway(const struct nlmsghdr *message)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route))
		return false;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_GATEWAY || type == RTA_VIA || type == RTA_MULTIPATH ||
		    type == RTA_NH_ID)
			return true;
	}
	return false;
}
