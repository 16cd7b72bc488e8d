/* SPDX-License-Identifier: BSD-3-Clause */
#include "clsact.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "redirect/host/netlink.h"

enum {
	HANDLE = 1,
	PRIORITY = 19523,
	INGRESS = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	EGRESS = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
};

static struct bpf_tc_hook clsact_ingress_of(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);

	return hook;
}

/* Lists the filters of one parent of a device, rtnetlink(7); false if some may be missing. */
static bool list_filters(int ifindex, uint32_t parent, netlink_see *see, void *found)
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

	return netlink_dump(NETLINK_ROUTE, &request.header, see, found);
}

/* --- The qdisc --- */

static void see_any(void *found, const struct nlmsghdr *message)
{
	(void)message;
	*(bool *)found = true;
}

/* True only if there certainly are no filters. */
static bool has_no_filters(int ifindex, uint32_t parent)
{
	bool found = false;

	return list_filters(ifindex, parent, see_any, &found) && !found;
}

/* Removes the qdisc unless it is, or may be, in use. */
static void tidy(struct bpf_tc_hook hook)
{
	if (!has_no_filters(hook.ifindex, INGRESS) || !has_no_filters(hook.ifindex, EGRESS))
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	(void)bpf_tc_hook_destroy(&hook);
}

/* --- Our place --- */

int clsact_find(int ifindex, uint32_t *program_id)
{
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY);
	struct bpf_tc_hook hook = clsact_ingress_of(ifindex);
	int error = bpf_tc_query(&hook, &place);

	if (error == -EINVAL) /* there is no clsact qdisc */
		return -ENOENT;
	if (error == -EOPNOTSUPP) /* its filters are in a shared block, where none can be ours */
		return -ENOENT;
	if (!error)
		*program_id = place.prog_id;
	return error;
}

int clsact_attach(int ifindex, int program_fd, bool replace)
{
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY,
		    .prog_fd = program_fd, .flags = replace ? BPF_TC_F_REPLACE : 0);
	struct bpf_tc_hook hook = clsact_ingress_of(ifindex);
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		return error;
	error = bpf_tc_attach(&hook, &place);
	if (error)
		tidy(hook);
	if (error == -EINVAL) /* our priority is used by another kind of filter */
		return -EEXIST;
	return error == -EOPNOTSUPP ? -EXDEV : error;
}

int clsact_detach(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_opts, place, .handle = HANDLE, .priority = PRIORITY);
	struct bpf_tc_hook hook = clsact_ingress_of(ifindex);
	int error = bpf_tc_detach(&hook, &place);

	if (!error)
		tidy(hook);
	return error;
}

/* --- What is in front of it --- */

struct before {
	struct clsact_filter *filters;
	unsigned int max;
	unsigned int count;
};

/* Can a filter for this protocol, in network byte order, match our packets? */
static bool sees_ip(uint16_t protocol)
{
	return protocol == htons(ETH_P_ALL) || protocol == htons(ETH_P_IP) ||
	       protocol == htons(ETH_P_IPV6);
}

/* Reads the kind and the chain (0: the first) of a filter. */
static void clsact_read_filter(const struct nlmsghdr *message, struct clsact_filter *filter,
			       uint32_t *chain)
{
	struct netlink_attributes left = netlink_attributes_of(message, sizeof(struct tcmsg));
	struct netlink_attribute attribute;

	while (netlink_next(&left, &attribute)) {
		if (attribute.type == TCA_KIND)
			(void)snprintf(filter->kind, sizeof(filter->kind), "%.*s",
				       (int)attribute.len, (const char *)attribute.value);
		else if (attribute.type == TCA_CHAIN && attribute.len == sizeof(*chain))
			memcpy(chain, attribute.value, sizeof(*chain));
	}
}

/* Records a filter that a packet passes before ours. Other chains than the first are entered from
 * filters. */
static void see_before(void *found, const struct nlmsghdr *message)
{
	const struct tcmsg *about = NLMSG_DATA(message);
	struct before *before = found;
	struct clsact_filter filter = {.priority = TC_H_MAJ(about->tcm_info) >> 16};
	uint32_t chain = 0;

	clsact_read_filter(message, &filter, &chain);
	if (chain || filter.priority > PRIORITY || !sees_ip((uint16_t)TC_H_MIN(about->tcm_info)) ||
	    (filter.priority == PRIORITY && about->tcm_handle <= HANDLE))
		return; /* handle 0 is the priority itself, not a filter */
	for (unsigned int i = 0; i < before->count && i < before->max; i++)
		if (before->filters[i].priority == filter.priority &&
		    !strcmp(before->filters[i].kind, filter.kind))
			return;
	if (before->count < before->max)
		before->filters[before->count] = filter;
	before->count++;
}

int clsact_before(int ifindex, struct clsact_filter *filters, unsigned int max, unsigned int *count)
{
	struct before before = {.filters = filters, .max = max};

	if (!list_filters(ifindex, INGRESS, see_before, &before))
		return -EIO;
	*count = before.count < max ? before.count : max;
	return 0;
}
