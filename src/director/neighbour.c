/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "conf/addr.h"
#include "director/neighbour.h"
#include "director/rtnl.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

enum {
	READS_MAX = 256, /* a storm of changes must not block the control thread */
	LIST_TIMEOUT_MS = 1000,
};

/* Sequence numbers match replies to requests: routes by port, lists in order. */
enum { SEQ_ROUTE = 1, SEQ_LIST = SEQ_ROUTE + GLB_PORTS_MAX };

static void log_gateway(const struct neighbours *neighbours, unsigned int port,
			enum gateway_event event, const uint8_t old_mac[GLB_MAC_LEN])
{
	static const char *const events[] = {
		[GATEWAY_SAME] = "",
		[GATEWAY_FOUND] = "gateway_found",
		[GATEWAY_BACK] = "gateway_found",
		[GATEWAY_MOVED] = "gateway_moved",
		[GATEWAY_LOST] = "gateway_lost",
		[GATEWAY_GIVEN_UP] = "gateway_given_up",
	};
	const struct gateway *gateway = &neighbours->gateways[port];
	struct log_pairs pairs;
	char addr[ADDR_TEXT_LEN];
	char mac[MAC_TEXT_LEN];
	char old[MAC_TEXT_LEN];

	(void)addr_text(addr, &gateway->addr);
	(void)mac_text(mac, gateway->mac);
	(void)mac_text(old, old_mac);
	pairs = log_pairs_of(events[event]);
	log_pair(&pairs, "port", gateway->port);
	log_pair(&pairs, "gateway", addr);
	log_pair(&pairs, "mac", mac);
	switch (event) {
	case GATEWAY_SAME:
		break;
	case GATEWAY_FOUND:
	case GATEWAY_BACK:
		log_event(LOG_LEVEL_INFO, &pairs, "port %s: gateway %s is at %s", gateway->port,
			  addr, mac);
		break;
	case GATEWAY_MOVED:
		log_event(LOG_LEVEL_INFO, &pairs, "port %s: gateway %s moved from %s to %s",
			  gateway->port, addr, old, mac);
		break;
	case GATEWAY_LOST:
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "port %s: gateway %s does not answer; its address %s is kept for %d s",
			  gateway->port, addr, mac, GATEWAY_HOLD_MS / 1000);
		break;
	case GATEWAY_GIVEN_UP:
		log_event(LOG_LEVEL_ERROR, &pairs,
			  "port %s: gateway %s has not answered for %d s; packets are dropped "
			  "until it does",
			  gateway->port, addr, GATEWAY_HOLD_MS / 1000);
		break;
	}
}

/* A gateway cannot be resolved on an interface that does not exist. */
static void warn_without_interface(const struct gateway *gateway)
{
	char addr[ADDR_TEXT_LEN];

	log_warning("port %s: there is no interface \"%s\", on which gateway %s is to be looked up",
		    gateway->port, gateway->interface, addr_text(addr, &gateway->addr));
}

void neighbours_warn_unknown(const struct neighbours *neighbours)
{
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++) {
		const struct gateway *gateway = &neighbours->gateways[port];
		char addr[ADDR_TEXT_LEN];

		if (gateway->addr.version && !gateway_has_mac(gateway))
			log_warning("port %s: gateway %s is not known yet; packets are dropped "
				    "until it is",
				    gateway->port, addr_text(addr, &gateway->addr));
		if (gateway->addr.version && *gateway->interface && !gateway->ifindex)
			warn_without_interface(gateway);
	}
}

/* Handles a change of a port's gateway, or its absence. */
static void neighbour_note(struct neighbours *neighbours, unsigned int port,
			   enum gateway_event event, const uint8_t old_mac[GLB_MAC_LEN])
{
	if (event == GATEWAY_SAME)
		return;
	/* another interface may have the address that was lost on this one */
	if (event == GATEWAY_LOST && !*neighbours->gateways[port].interface)
		neighbours->list_again = true;
	/* packet loss is always logged: it is detected after half a minute at the earliest */
	if (event == GATEWAY_GIVEN_UP ||
	    sparing_allows(&neighbours->lines[port], neighbours->now_ms))
		log_gateway(neighbours, port, event, old_mac);
}

/* Logs how many changes were withheld. */
static void log_others(struct neighbours *neighbours, unsigned int port)
{
	const struct gateway *gateway = &neighbours->gateways[port];
	uint32_t withheld = sparing_take(&neighbours->lines[port], neighbours->now_ms);
	char addr[ADDR_TEXT_LEN];
	char mac[MAC_TEXT_LEN];

	if (withheld)
		log_warning("port %s: gateway %s changed %u more time%s in the last minute; it is "
			    "at %s now: does another host answer for it?",
			    gateway->port, addr_text(addr, &gateway->addr), withheld,
			    plural(withheld), mac_text(mac, gateway->mac));
}

static void neighbour_hear(struct neighbours *neighbours, const struct neighbour *neighbour)
{
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++) {
		struct gateway *gateway = &neighbours->gateways[port];
		uint8_t old_mac[GLB_MAC_LEN];

		memcpy(old_mac, gateway->mac, GLB_MAC_LEN);
		neighbour_note(neighbours, port,
			       gateway_hear(gateway, neighbour, neighbours->now_ms), old_mac);
	}
}

static int ask_for_list(struct neighbours *neighbours)
{
	int err = rtnl_ask_for_list(neighbours->socket, SEQ_LIST + ++neighbours->lists);

	if (err)
		return err;
	neighbours->listing = true;
	neighbours->list_again = false;
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++)
		gateway_list_starts(&neighbours->gateways[port]);
	return 0;
}

/* Failures need no handling here: the gateway stays unresolved, and is requested again. */
static void neighbour_ask(struct neighbours *neighbours, unsigned int port)
{
	struct gateway *gateway = &neighbours->gateways[port];

	if (*gateway->interface ? gateway->ifindex != 0 : gateway->state != NEIGHBOUR_LOST)
		(void)rtnl_ask_for_mac(neighbours->socket, &gateway->addr, gateway->ifindex);
	else if (!*gateway->interface)
		(void)rtnl_ask_for_route(neighbours->socket, &gateway->addr, SEQ_ROUTE + port);
}

static void ask_where_due(struct neighbours *neighbours)
{
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++)
		if (gateway_is_due(&neighbours->gateways[port], neighbours->now_ms))
			neighbour_ask(neighbours, port);
}

static void end_list(struct neighbours *neighbours)
{
	neighbours->listing = false;
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++) {
		struct gateway *gateway = &neighbours->gateways[port];

		neighbour_note(neighbours, port, gateway_list_ends(gateway, neighbours->now_ms),
			       gateway->mac);
	}
}

/* A request failed. A missing route or interface is expected; other errors are logged. */
static void hear_error(struct neighbours *neighbours, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return;
	if (message->nlmsg_seq == SEQ_LIST + neighbours->lists) {
		neighbours->listing = false;
		neighbours->list_again = true;
	} else if (error->error == -EPERM && !neighbours->cannot_ask) {
		log_warning("not permitted to have the kernel look up gateways: %s (CAP_NET_ADMIN)",
			    strerror(EPERM));
		neighbours->cannot_ask = true;
	}
}

static void hear_route(struct neighbours *neighbours, const struct nlmsghdr *message)
{
	uint32_t port = message->nlmsg_seq - SEQ_ROUTE;
	uint32_t ifindex = rtnl_read_route(message);

	if (message->nlmsg_seq >= SEQ_ROUTE && port < GLB_PORTS_MAX && ifindex &&
	    neighbours->gateways[port].addr.version)
		(void)rtnl_ask_for_mac(neighbours->socket, &neighbours->gateways[port].addr,
				       ifindex);
}

static void hear_message(void *arg, const struct nlmsghdr *message)
{
	struct neighbours *neighbours = arg;
	struct neighbour neighbour;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		neighbours->list_again = true;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		hear_error(neighbours, message);
		break;
	case NLMSG_DONE:
		if (message->nlmsg_seq == SEQ_LIST + neighbours->lists)
			end_list(neighbours);
		break;
	case RTM_NEWROUTE:
		hear_route(neighbours, message);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (rtnl_read_neighbour(&neighbour, message))
			neighbour_hear(neighbours, &neighbour);
		break;
	}
}

/* Reads all pending messages, up to a limit. */
static void neighbour_read_all(struct neighbours *neighbours)
{
	for (unsigned int i = 0; i < READS_MAX; i++) {
		int err = rtnl_read(neighbours->socket, hear_message, neighbours);

		if (err == -EAGAIN)
			return;
		if (err) { /* messages were lost, and possibly the end of a list */
			neighbours->listing = false;
			neighbours->list_again = true;
		}
	}
}

/* Interfaces may appear, disappear, and be created again under the same name. */
static void find_interfaces(struct neighbours *neighbours)
{
	neighbours->interfaces_at_ms = neighbours->now_ms;
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++) {
		struct gateway *gateway = &neighbours->gateways[port];

		if (!gateway->addr.version || !*gateway->interface)
			continue;

		uint32_t ifindex = if_nametoindex(gateway->interface);

		if (ifindex == gateway->ifindex)
			continue;
		if (!ifindex)
			warn_without_interface(gateway);
		gateway->ifindex = ifindex;
		neighbours->list_again = true;
	}
}

/* Waits for the next datagram. False on timeout. */
static bool wait_for_socket(const struct neighbours *neighbours, uint64_t until_ms)
{
	struct pollfd ready = {mnl_socket_get_fd(neighbours->socket), POLLIN, 0};
	uint64_t now_ms = clock_ms();

	return now_ms < until_ms && poll(&ready, 1, (int)(until_ms - now_ms)) > 0;
}

static bool follows_any(const struct neighbours *neighbours)
{
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++)
		if (neighbours->gateways[port].addr.version)
			return true;
	return false;
}

void neighbours_follow(struct neighbours *neighbours, unsigned int port,
		       const struct port_conf *conf, const uint8_t mac[GLB_MAC_LEN])
{
	struct gateway *gateway = &neighbours->gateways[port];

	if (!conf->gateway_auto)
		*gateway = (struct gateway){0};
	else if (!gateway_is_for(gateway, conf))
		gateway_start(gateway, conf, mac, clock_ms());
}

int neighbours_read(struct neighbours *neighbours, struct glb_diag *diag)
{
	if (!follows_any(neighbours))
		return 0;

	int err = neighbours->socket ? 0 : rtnl_open(&neighbours->socket, 1 << (RTNLGRP_NEIGH - 1));

	if (err) {
		glb_diag(diag, "cannot look up gateways in the kernel: %s", strerror(-err));
		return err;
	}
	neighbours->now_ms = clock_ms();
	neighbours->list_again = true;
	find_interfaces(neighbours);

	uint64_t until_ms = neighbours->now_ms + LIST_TIMEOUT_MS;

	do {
		neighbour_read_all(neighbours);
		if (neighbours->list_again && !neighbours->listing)
			(void)ask_for_list(neighbours);
	} while (neighbours->listing && wait_for_socket(neighbours, until_ms));
	ask_where_due(neighbours);
	return 0;
}

void neighbours_poll(struct neighbours *neighbours)
{
	if (!neighbours->socket)
		return;
	neighbours->now_ms = clock_ms();
	neighbour_read_all(neighbours);
	if (neighbours->now_ms - neighbours->interfaces_at_ms >= GATEWAY_ASK_MS)
		find_interfaces(neighbours);
	if (neighbours->list_again && !neighbours->listing)
		(void)ask_for_list(neighbours);
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++) {
		struct gateway *gateway = &neighbours->gateways[port];

		neighbour_note(neighbours, port, gateway_tick(gateway, neighbours->now_ms),
			       gateway->mac);
		log_others(neighbours, port);
	}
	ask_where_due(neighbours);
}

void neighbours_resume(struct neighbours *neighbours, const struct neighbours *copy)
{
	neighbours->socket = copy->socket;
	neighbours->listing = copy->listing;
	neighbours->lists = copy->lists;
	neighbours->list_again = true;
}

void neighbours_describe(struct glb_port *ports, const struct neighbours *neighbours)
{
	for (unsigned int port = 0; port < GLB_PORTS_MAX; port++)
		if (neighbours->gateways[port].addr.version)
			memcpy(ports[port].gateway_mac, neighbours->gateways[port].mac,
			       GLB_MAC_LEN);
}

void neighbours_close(struct neighbours *neighbours)
{
	if (neighbours->socket)
		(void)mnl_socket_close(neighbours->socket);
	*neighbours = (struct neighbours){0};
}
