/* SPDX-License-Identifier: BSD-3-Clause */
#include "default_route.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

struct route_search {
	struct default_route best;
	bool found;
};

static uint32_t route_number(const struct netlink_attribute *attribute)
{
	uint32_t number = 0;

	if (attribute->len == sizeof(number))
		memcpy(&number, attribute->value, sizeof(number));
	return number;
}

static void route_add_way(struct default_route *route, int ifindex)
{
	if (route->device_count < DEFAULT_ROUTE_WAYS)
		route->devices[route->device_count++] = ifindex;
}

static void route_add_ways(struct default_route *route, const struct netlink_attribute *multipath)
{
	const uint8_t *at = multipath->value;
	size_t left = multipath->len;
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		memcpy(&hop, at, sizeof(hop));

		size_t step = RTNH_ALIGN(hop.rtnh_len);

		if (hop.rtnh_len < sizeof(hop) || step > left)
			return;
		route_add_way(route, hop.rtnh_ifindex);
		at += step;
		left -= step;
	}
}

static void note_metrics(struct default_route *route, struct netlink_attributes metrics)
{
	struct netlink_attribute one;

	while (netlink_next(&metrics, &one)) {
		if (one.type == RTAX_MTU)
			route->mtu = route_number(&one);
		else if (one.type == RTAX_ADVMSS)
			route->advmss = route_number(&one);
	}
}

static void see_route(void *found, const struct nlmsghdr *message)
{
	struct route_search *search = found;
	struct netlink_attributes left = netlink_attributes_of(message, sizeof(struct rtmsg));
	struct default_route route = {.metric = 0};
	struct netlink_attribute one;
	struct rtmsg head;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(head)))
		return;
	memcpy(&head, NLMSG_DATA(message), sizeof(head));
	if (head.rtm_dst_len || head.rtm_table != RT_TABLE_MAIN || head.rtm_type != RTN_UNICAST)
		return;
	while (netlink_next(&left, &one)) {
		if (one.type == RTA_OIF)
			route_add_way(&route, (int)route_number(&one));
		else if (one.type == RTA_MULTIPATH)
			route_add_ways(&route, &one);
		else if (one.type == RTA_PRIORITY)
			route.metric = route_number(&one);
		else if (one.type == RTA_METRICS)
			note_metrics(&route, netlink_nested(&one));
	}
	if (search->found && search->best.metric <= route.metric)
		return;
	search->best = route;
	search->found = true;
}

bool default_route_read(struct default_route *out, uint8_t version)
{
	struct route_search search = {.found = false};
	struct {
		struct nlmsghdr header;
		struct rtmsg about;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETROUTE,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.about.rtm_family = version == 4 ? AF_INET : AF_INET6,
	};

	if (!netlink_dump(NETLINK_ROUTE, &request.header, see_route, &search) || !search.found)
		return false;
	*out = search.best;
	return true;
}

bool default_route_leaves_by(const struct default_route *route, int ifindex)
{
	for (unsigned int i = 0; i < route->device_count; i++)
		if (route->devices[i] == ifindex)
			return true;
	return false;
}
