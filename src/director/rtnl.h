/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the kernel's messages about devices, neighbours and routes say, and how is it asked for
 * them?
 *
 * Messages of rtnetlink(7), read and written with libmnl. Whose answer a message is shows its
 * sequence number: that of the request. Requests return 0 or -errno of sending them.
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
 * Opens a socket that never waits, and hears of what happens in these groups: a set of
 * 1 << (RTNLGRP_... - 1). 0, or -errno where there is no netlink for us.
 */
GLB_NODISCARD int rtnl_open(struct mnl_socket **out, unsigned int groups);

/*
 * Reads a datagram, and has every message in it heard. 0, or -errno:
 *   -EAGAIN   there is none
 *   other     messages were lost, such as -ENOBUFS: more happened than the socket has room for
 */
GLB_NODISCARD int rtnl_read(const struct mnl_socket *socket, rtnl_hear_fn *hear, void *arg);

/* A network device of the kernel. */
struct rtnl_link {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	struct device_state state; /* with ifindex 0: it is gone from this network namespace, */
	bool is_moved;		   /* to another one */
};

/*
 * Reads a message of RTM_NEWNEIGH or RTM_DELNEIGH, of which nlmsg_len bytes, rounded up to 4, can
 * be read. False, with *out untouched, when it is no entry of the tables of ARP and ND.
 */
bool rtnl_read_neighbour(struct neighbour *out, const struct nlmsghdr *message);

/* Likewise of RTM_NEWROUTE: the interface on which the destination is a neighbour, or 0. */
uint32_t rtnl_read_route(const struct nlmsghdr *message);

/* Asks for all neighbours: messages of RTM_NEWNEIGH, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_list(const struct mnl_socket *socket, uint32_t seq);

/*
 * Has the kernel send ARP or ND requests, as if it had a packet for that address itself. There is
 * no answer but the change of the entry.
 */
int rtnl_ask_for_mac(const struct mnl_socket *socket, const struct glb_addr *addr,
		     uint32_t ifindex);

/* Which way would packets to that address go? One message of RTM_NEWROUTE. */
int rtnl_ask_for_route(const struct mnl_socket *socket, const struct glb_addr *addr, uint32_t seq);

/*
 * Reads a message of RTM_NEWLINK or RTM_DELLINK, cut as above. False, with *out untouched, when it
 * is not about a device as such, but about its place in a bridge.
 */
bool rtnl_read_link(struct rtnl_link *out, const struct nlmsghdr *message);

/* Asks for all devices: messages of RTM_NEWLINK, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_links(const struct mnl_socket *socket, uint32_t seq);

/* Which of its routes does that address match? One message of RTM_NEWROUTE, or an error. */
GLB_NODISCARD int rtnl_ask_for_match(const struct mnl_socket *socket, const struct glb_addr *addr,
				     uint32_t seq);

/*
 * Reads the route in a message of RTM_NEWROUTE, cut as above: what the kernel does with packets
 * that match it. COPY_NO_ROUTE when there is none in it.
 */
void rtnl_read_match(struct fib_route *out, const struct nlmsghdr *message);

/* Asks for all IPv6 routes: messages of RTM_NEWROUTE, then NLMSG_DONE. */
GLB_NODISCARD int rtnl_ask_for_routes6(const struct mnl_socket *socket, uint32_t seq);

/* Does a message of RTM_NEWROUTE name a gateway? */
bool rtnl_has_gateway(const struct nlmsghdr *message);

#endif
