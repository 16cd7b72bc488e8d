/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in the kernel's messages about devices, neighbours and routes, and how are they
 * requested?
 *
 * Messages of rtnetlink(7), read and written with libmnl. A reply has the sequence number of its
 * request. Requests return 0, or -errno of sending them.
 */
#ifndef DIRECTOR_RTNL_H
#define DIRECTOR_RTNL_H

#include "director/device.h"
#include "director/fib.h"
#include "director/gateway.h"

struct mnl_socket;
struct nlmsghdr;

typedef void rtnl_hear_fn(void *arg, const struct nlmsghdr *message);

/*
 * Opens a non-blocking socket that receives events of these groups: a set of 1 << (RTNLGRP_... -
 * 1). Returns 0, or -errno if netlink is not available.
 */
GLB_NODISCARD int rtnl_open(struct mnl_socket **out, unsigned int groups);

/*
 * Reads a datagram and passes every message in it to hear(). Returns 0, or -errno:
 *   -EAGAIN   there is none
 *   other     messages were lost, such as -ENOBUFS: more events than the socket has room for
 */
GLB_NODISCARD int rtnl_read(const struct mnl_socket *socket, rtnl_hear_fn *hear, void *arg);

/* A kernel network device. */
struct rtnl_link {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	struct device_state state; /* ifindex 0: it has left this network namespace, */
	bool is_moved;		   /* for another one */
};

/*
 * Parses an RTM_NEWNEIGH or RTM_DELNEIGH message, of which nlmsg_len bytes, rounded up to 4, must
 * be readable. False, with *out untouched, if it is not an ARP or ND entry.
 */
bool rtnl_read_neighbour(struct neighbour *out, const struct nlmsghdr *message);

/* Parses RTM_NEWROUTE in the same way. Returns the interface on which the destination is a
 * neighbour, or 0. */
uint32_t rtnl_read_route(const struct nlmsghdr *message);

/* Requests all neighbours: RTM_NEWNEIGH messages, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_list(const struct mnl_socket *socket, uint32_t seq);

/*
 * Makes the kernel send ARP or ND requests as if it had a packet for that address. The only reply
 * is the change of the entry.
 */
int rtnl_ask_for_mac(const struct mnl_socket *socket, const struct glb_addr *addr,
		     uint32_t ifindex);

/* Requests the route for an address: one RTM_NEWROUTE message. */
int rtnl_ask_for_route(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t seq);

/*
 * Parses an RTM_NEWLINK or RTM_DELLINK message, bounded in the same way. False, with *out
 * untouched, if it concerns the device's role in a bridge rather than the device.
 */
bool rtnl_read_link(struct rtnl_link *out, const struct nlmsghdr *message);

/* Requests all devices: RTM_NEWLINK messages, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_links(const struct mnl_socket *socket, uint32_t seq);

/* Requests the entry that an address matches: one RTM_NEWROUTE message, or an error. */
GLB_NODISCARD int rtnl_ask_for_match(const struct mnl_socket *socket, const struct glb_addr *addr,
				     uint32_t seq);

/*
 * Parses the route in an RTM_NEWROUTE message, bounded in the same way: what the kernel does with
 * packets that match it. COPY_NO_ROUTE if it has none.
 */
void rtnl_read_match(struct fib_route *out, const struct nlmsghdr *message);

/* Requests all IPv6 routes: RTM_NEWROUTE messages, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_routes6(const struct mnl_socket *socket, uint32_t seq);

/* Does an RTM_NEWROUTE message contain a gateway? */
bool rtnl_has_gateway(const struct nlmsghdr *message);

#endif
