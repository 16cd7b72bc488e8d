/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "director/claim.h"
#include "director/ethdev.h"
#include "director/link.h"
#include "director/link_log.h"
#include "director/rtnl.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/words.h"

enum {
	READS_MAX = 256, /* a storm of changes must not block the control thread */
	LIST_TIMEOUT_MS = 1000,
};

#define GROUP(number) (1U << ((number)-1))

/* Netlink groups: devices, and what src/director/host.h checks. */
static const unsigned int REPORTED = GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV4_IFADDR) |
				     GROUP(RTNLGRP_IPV6_IFADDR) | GROUP(RTNLGRP_IPV4_NETCONF) |
				     GROUP(RTNLGRP_IPV6_NETCONF);

int links_open(struct links *links, struct glb_diag *diag)
{
	int err = 0;

	/* includes devices that are owned by another one, such as a bond */
	for (uint16_t id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS && !err;
	     id = rte_eth_find_next(id + 1)) {
		err = netdev_check(id, diag);
		if (!err)
			err = claim_port(&links->claims[id], id, diag);
	}
	return err;
}

/* The state of the device under a port was reported. */
static void hear_state(struct links *links, uint16_t id, const struct device_state *state)
{
	struct link *link = &links->list[id];
	unsigned int changes;

	if (link->is_new && state->ifindex) {
		device_start(&link->device, state, links->now_ms);
		link->is_new = false;
		return;
	}
	changes = device_hear(&link->device, state);
	if (!changes)
		return;
	if (changes & (DEVICE_GONE | DEVICE_BACK) && !link->is_dead) {
		link->is_dead = true;
		link->dead_at_ms = links->now_ms;
		link->reminded_at_ms = links->now_ms;
	}
	if (device_may_log(&link->device))
		link_log_changes(link, id, changes);
}

/* A link is matched by interface index, or by name after it was created again. */
static bool is_about(const struct link *link, const struct rtnl_link *news)
{
	if (!link->is_followed || link->is_elsewhere || !*link->netdev.name)
		return false;
	return link->device.now.ifindex
		       ? link->device.now.ifindex == news->ifindex
		       : news->state.ifindex && !strcmp(link->netdev.name, news->name);
}

/* The driver's file descriptor of a tap moves with it: the port is unaffected. */
static void leave_namespace(struct link *link, uint16_t id)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	link->is_elsewhere = true;
	log_info("port %s: %s is in another network namespace now, and is not monitored",
		 netdev_port(id, name), link_device(link));
}

static void hear_link(struct links *links, const struct rtnl_link *news)
{
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		struct link *link = &links->list[id];

		if (!is_about(link, news))
			continue;
		link->is_listed = true;
		if (news->is_moved && link->netdev.is_own)
			leave_namespace(link, id);
		else
			hear_state(links, id, &news->state);
	}
}

static int request_list(struct links *links)
{
	int err = rtnl_ask_for_links(links->socket, ++links->lists);

	if (err)
		return err;
	links->is_listing = true;
	links->list_again = false;
	for (unsigned int id = 0; id < RTE_MAX_ETHPORTS; id++)
		links->list[id].is_listed = false;
	return 0;
}

/* A device missing from the list is gone; a new one of its name will be in the next list. */
static void finish_list(struct links *links)
{
	static const struct device_state gone = {.ifindex = 0};

	links->is_listing = false;
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		struct link *link = &links->list[id];

		if (!link->is_followed || link->is_elsewhere || !*link->netdev.name ||
		    link->is_listed || !link->device.now.ifindex)
			continue;
		hear_state(links, id, &gone);
		links->list_again = true;
	}
}

static void hear_report(void *arg, const struct nlmsghdr *message)
{
	struct links *links = arg;
	struct rtnl_link news;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		links->list_again = true;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		links->is_listing = false;
		links->list_again = true;
		break;
	case NLMSG_DONE:
		if (message->nlmsg_seq == links->lists)
			finish_list(links);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (rtnl_read_link(&news, message))
			hear_link(links, &news);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWNETCONF:
		if (!links->host_changed_at_ms)
			links->host_changed_at_ms = links->now_ms;
		break;
	}
}

/* Reads all reports, up to a limit. */
static void read_reports(struct links *links)
{
	int err = 0;

	for (unsigned int i = 0; i < READS_MAX && err != -EAGAIN; i++) {
		err = rtnl_read(links->socket, hear_report, links);
		if (err && err != -EAGAIN) { /* the end of a list may have been lost */
			links->is_listing = false;
			links->list_again = true;
		}
	}
	if (links->list_again && !links->is_listing)
		(void)request_list(links);
}

/* Reads one list to its end, within a time limit. */
static void await_list(struct links *links)
{
	uint64_t until_ms = clock_ms() + LIST_TIMEOUT_MS;
	uint64_t now_ms;

	links->list_again = true;
	do {
		struct pollfd ready = {mnl_socket_get_fd(links->socket), POLLIN, 0};

		read_reports(links);
		now_ms = clock_ms();
		if (links->is_listing && now_ms < until_ms)
			(void)poll(&ready, 1, (int)(until_ms - now_ms));
	} while (links->is_listing && now_ms < until_ms);
}

/* A bond needs one member only. Members that are lost stay lost. */
static bool has_lost_members(const struct links *links, uint16_t id)
{
	uint16_t members[RTE_MAX_ETHPORTS];
	unsigned int count = ports_members(members, id);

	for (unsigned int i = 0; i < count; i++)
		if (!links->list[members[i]].is_dead)
			return false;
	return count;
}

/* DPDK's link state of a port without a kernel device. */
static struct device_state own_state(const struct links *links, uint16_t id)
{
	bool is_gone = rte_eth_dev_is_removed(id) || has_lost_members(links, id);
	struct device_state state = {.ifindex = is_gone ? 0 : 1};
	struct rte_eth_link link = {.link_status = RTE_ETH_LINK_UP};

	if (state.ifindex)
		state.is_up =
			rte_eth_link_get_nowait(id, &link) || link.link_status == RTE_ETH_LINK_UP;
	return state;
}

/* Starts with the current state of a device. */
static void start_link(struct links *links, const struct ports *ports, uint16_t id)
{
	struct link *link = &links->list[id];
	struct device_state state = {.ifindex = 0};
	uint16_t members[RTE_MAX_ETHPORTS];

	*link = (struct link){.is_followed = true, .is_new = true};
	link->is_bond = ports_members(members, id) > 0;
	if (netdev_of(&link->netdev, id)) {
		link->is_mended = link->netdev.is_named && ports_has(ports, id);
		state.ifindex = link->netdev.ifindex;
	} else {
		state = own_state(links, id);
		link->is_new = false;
	}
	device_start(&link->device, &state, links->now_ms);
}

static void warn_down(const struct links *links)
{
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		const struct link *link = &links->list[id];
		char name[RTE_DEV_NAME_MAX_LEN];

		if (link->is_followed && link->device.now.ifindex && !link->device.now.is_up)
			log_warning(
				"port %s: the link of %s is down; the port is served when it is "
				"up",
				netdev_port(id, name), link_device(link));
	}
}

int links_follow(struct links *links, const struct ports *ports, struct glb_diag *diag)
{
	int err = rtnl_open(&links->socket, REPORTED);

	if (err) {
		glb_diag(diag, "cannot follow devices of the kernel: %s", strerror(-err));
		return err;
	}
	links->now_ms = clock_ms();
	for (uint16_t id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS;
	     id = rte_eth_find_next(id + 1))
		start_link(links, ports, id);
	await_list(links);
	warn_down(links);
	return 0;
}

/* Polls the link state of ports without a kernel device. */
static void poll_own(struct links *links)
{
	if (links->now_ms - links->polled_at_ms < LINK_POLL_MS)
		return;
	links->polled_at_ms = links->now_ms;
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		const struct link *link = &links->list[id];

		if (!link->is_followed || *link->netdev.name || link->is_dead)
			continue;

		struct device_state state = own_state(links, id);

		hear_state(links, id, &state);
	}
}

static void remind(struct links *links, uint16_t id)
{
	struct link *link = &links->list[id];
	char name[RTE_DEV_NAME_MAX_LEN];
	unsigned int withheld = device_tick(&link->device, links->now_ms);

	if (withheld)
		log_warning("port %s: %u more change%s of %s within a minute; its link is %s now",
			    netdev_port(id, name), withheld, plural(withheld), link_device(link),
			    link->device.now.is_up ? "up" : "down");
	if (link->is_dead && links->now_ms - link->reminded_at_ms >= LINK_REMIND_MS) {
		link->reminded_at_ms = links->now_ms;
		log_error("port %s: %s has been gone for %u s; %s", netdev_port(id, name),
			  link_gone_device(link),
			  (unsigned int)((links->now_ms - link->dead_at_ms) / 1000),
			  link->is_mended ? "the director waits for it"
					  : "only a restart opens it again");
	}
}

void links_poll(struct links *links, struct ports *ports)
{
	links->now_ms = clock_ms();
	read_reports(links);
	poll_own(links);
	ports->link_changes = 0;
	ports->link_downs = 0;
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (!links->list[id].is_followed)
			continue;
		remind(links, id);
		ports->link_changes += links->list[id].device.changes;
		ports->link_downs += links->list[id].device.downs;
	}
}

void links_describe(struct glb_port *out, const struct links *links)
{
	for (uint16_t id = 0; id < GLB_PORTS_MAX; id++) {
		const struct link *link = &links->list[id];

		if (link->is_followed && *link->netdev.name && !link->is_new)
			memcpy(out[id].mac, link->device.now.mac, GLB_MAC_LEN);
	}
}

bool links_take_host_change(struct links *links)
{
	if (!links->host_changed_at_ms || links->now_ms - links->host_changed_at_ms < LINK_POLL_MS)
		return false;
	links->host_changed_at_ms = 0;
	return true;
}

bool links_can_ask(const struct links *links, uint16_t id)
{
	return !links->list[id].is_dead && !links->list[id].is_elsewhere;
}

static bool is_due(const struct links *links, uint16_t id)
{
	const struct link *link = &links->list[id];

	return link->is_dead && link->is_mended &&
	       (link->netdev.is_own || link->device.now.ifindex) &&
	       (!link->netdev.needs_up || link->device.now.is_up) &&
	       links->now_ms - link->tried_at_ms >= LINK_POLL_MS;
}

bool links_take_due(struct links *links, const struct ports *ports, uint16_t *id)
{
	uint16_t one;

	for (unsigned int i = 0; ports_device(&one, ports, i); i++) {
		if (one == PORT_NONE || !is_due(links, one))
			continue;
		links->list[one].tried_at_ms = links->now_ms;
		*id = one;
		return true;
	}
	return false;
}

int links_reopened(struct links *links, uint16_t id, struct glb_diag *diag)
{
	struct link *link = &links->list[id];
	char name[RTE_DEV_NAME_MAX_LEN];
	int err;

	if (links->claims[id] > 0)
		(void)close(links->claims[id]);
	links->claims[id] = 0;
	err = netdev_check(id, diag);
	if (!err)
		err = claim_port(&links->claims[id], id, diag);
	if (err)
		return err;
	link->is_dead = false;
	if (netdev_of(&link->netdev, id))
		link->device.now.ifindex = link->netdev.ifindex;
	links->list_again = true;
	if (device_may_log(&link->device))
		log_info("port %s: %s is served again%s", netdev_port(id, name), link_device(link),
			 link->netdev.is_own ? ", as a new device without addresses and routes"
					     : "");
	return 0;
}

static bool is_down(const struct link *link)
{
	if (!link->is_followed || link->is_elsewhere || link->is_new)
		return false;
	return link->is_dead ||
	       (!link->device.now.is_up && (*link->netdev.name || link->device.downs));
}

bool links_are_down(const struct links *links, const struct ports *ports)
{
	for (unsigned int i = 0; i < ports->count; i++)
		if (!is_down(&links->list[ports->ids[i]]))
			return false;
	return ports->count;
}

static bool is_lost(const struct links *links, uint16_t id)
{
	const struct link *link = &links->list[id];

	return link->is_dead && links->now_ms - link->dead_at_ms >= LINK_WAIT_MS;
}

bool links_are_lost(const struct links *links, const struct ports *ports)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	for (unsigned int i = 0; i < ports->count; i++)
		if (!is_lost(links, ports->ids[i]))
			return false;
	for (unsigned int i = 0; i < ports->count; i++)
		log_error("port %s: %s has been gone for %d s, and no port is left; giving up",
			  netdev_port(ports->ids[i], name),
			  link_gone_device(&links->list[ports->ids[i]]), LINK_WAIT_MS / 1000);
	return true;
}

void links_close(struct links *links)
{
	for (unsigned int id = 0; id < RTE_MAX_ETHPORTS; id++)
		if (links->claims[id] > 0)
			(void)close(links->claims[id]);
	if (links->socket)
		(void)mnl_socket_close(links->socket);
	*links = (struct links){.socket = NULL};
}
