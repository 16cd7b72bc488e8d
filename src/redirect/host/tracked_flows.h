/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows of clients does connection tracking have that no socket of this host shows?
 *
 * Those are flows whose destination NAT changes, or whose VIP is routed to a container, and those
 * of UDP, whose sockets show clients only if the server connects them. The program knows them by
 * their entries, too (tracked.h): while there is one, packets of the flow find this host.
 */
#ifndef GLB_REDIRECT_HOST_TRACKED_FLOWS_H
#define GLB_REDIRECT_HOST_TRACKED_FLOWS_H

#include "redirect/vip.h"

struct host_addresses;

/* Called for a flow whose client sends to this address; `found` is the caller's. */
typedef void tracked_flow_see(void *found, const struct vip *to);

/*
 * Calls see() for every such flow of this network namespace that the host has replied to: of TCP
 * until it is in TIME_WAIT or closed, of UDP until its entry times out. Flows that this host began
 * are left out; those that others began and it only forwards are not, whatever their destination.
 *
 * True if it was all; false if the kernel has no connection tracking, does not list its entries, or
 * some may be missing.
 */
GLB_NODISCARD bool tracked_flows_read(const struct host_addresses *host, tracked_flow_see *see,
				      void *found);

#endif
