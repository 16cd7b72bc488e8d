/* SPDX-License-Identifier: BSD-3-Clause */
#include "clsact.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asks for all filters behind one parent of a device, rtnetlink(7). */
static bool ask_for_filters(int fd, int ifindex, uint32_t parent)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg filters;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETTFILTER,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.filters.tcm_family = AF_UNSPEC,
		.filters.tcm_ifindex = ifindex,
		.filters.tcm_parent = parent,
	};

	return send(fd, &request, sizeof(request), 0) == sizeof(request);
}

/* True when the answer ends without having named a filter. */
static bool answer_is_empty(int fd)
{
	_Alignas(struct nlmsghdr) char answer[32768];

	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);

		if (len <= 0)
			return false;
		for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, len);
		     message = NLMSG_NEXT(message, len)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return true;
			if (message->nlmsg_type != NLMSG_NOOP)
				return false;
		}
	}
}

static bool has_no_filters(int ifindex, uint32_t parent)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return false;

	bool empty = ask_for_filters(fd, ifindex, parent) && answer_is_empty(fd);

	close(fd);
	return empty;
}

bool clsact_is_empty(int ifindex)
{
	return has_no_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) &&
	       has_no_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
}
