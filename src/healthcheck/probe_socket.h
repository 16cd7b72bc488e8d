/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a socket of a probe lead, and what does its error say about the other side?
 */
#ifndef HEALTHCHECK_PROBE_SOCKET_H
#define HEALTHCHECK_PROBE_SOCKET_H

#include <sys/socket.h>

#include "probe.h"

/* Fills in an address for the system's calls. Returns its length. */
socklen_t probe_sockaddr(struct sockaddr_storage *out, const struct glb_addr *addr, uint16_t port);

/* The address in one that the system's calls have filled in; of IPv4 or IPv6. */
struct glb_addr probe_addr_of(const struct sockaddr_storage *in);

/*
 * A UDP socket for this address alone, nonblocking, which also reports what ICMP says of it. The
 * descriptor, or -errno.
 */
GLB_NODISCARD int probe_udp_socket(const struct glb_addr *addr, uint16_t port);

/*
 * Has this host a route to an address? Nothing is sent. True and *own, the address that packets
 * come from; all zeros: it cannot be asked.
 */
bool probe_has_route(struct glb_addr *own, const struct glb_addr *addr);

/* Has the link whose address this is a carrier? True, if that cannot be found out. Takes 0.1 ms. */
bool probe_has_carrier(const struct glb_addr *own);

/*
 * What `err`, an errno of a socket to this address, says about the host there. PROBE_LOCAL:
 * nothing.
 *
 * "No way to it" speaks against the host when a router says so, or when it does not answer ARP or
 * neighbour discovery: a router that has lost the route to a dead proxy sends "network
 * unreachable". The same errors come from this host's own table of routes, as when its link is
 * down or its routing daemon has lost its neighbours, and say nothing then; nor does silence, when
 * nothing was sent. So for these errors, ETIMEDOUT included, this host has to have a route, and its
 * link a carrier.
 */
enum probe_reason probe_reason_of(const struct glb_addr *addr, int err);

#endif
