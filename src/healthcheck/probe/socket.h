/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where does a probe's socket lead, and what does an error say about the other side?
 */
#ifndef HEALTHCHECK_PROBE_SOCKET_H
#define HEALTHCHECK_PROBE_SOCKET_H

#include <sys/socket.h>

#include "probe.h"

/* Converts an address for system calls. Returns its length. */
socklen_t probe_sockaddr(struct sockaddr_storage *out, const struct glb_addr *addr, uint16_t port);

/* Converts an IPv4 or IPv6 address from a system call. */
struct glb_addr probe_addr_of(const struct sockaddr_storage *in);

/*
 * Returns a non-blocking UDP socket connected to this address, which reports ICMP errors; or
 * -errno.
 */
GLB_NODISCARD int probe_udp_socket(const struct glb_addr *addr, uint16_t port);

/*
 * Does this host have a route to an address? Sends nothing. Returns true and sets *own to the
 * source address that would be used; all zeros: unknown.
 */
bool probe_has_route(struct glb_addr *own, const struct glb_addr *addr);

/* Does the link with this address have a carrier? True if that cannot be determined. Takes 0.1
 * ms. */
bool probe_has_carrier(const struct glb_addr *own);

/*
 * What an errno of a socket to this address says about the host there. PROBE_LOCAL: nothing.
 *
 * "Unreachable" counts against the host if a router reports it, or if the host does not respond to
 * ARP or neighbour discovery: a router that has lost the route to a dead proxy sends "network
 * unreachable". But the same errors are caused by this host's own routing table, for example when
 * its link is down or its routing daemon has lost its neighbours, and then say nothing, nor does
 * silence, as nothing was sent. So for these errors, including ETIMEDOUT, this host must have a
 * route and its link a carrier.
 */
enum probe_reason probe_reason_of(const struct glb_addr *addr, int err);

#endif
