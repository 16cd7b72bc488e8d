/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a proxy hand packets of flows that it does not know to the next hop?
 *
 * Without it, connections break whenever a table changes, and nothing else shows it. So a probe
 * sends the proxy a packet that no proxy knows (second_packet.h) and waits for it: from one UDP
 * socket, bound to the port that glb-redirect sends to, at the outer source address of directors.
 * That needs no privilege, but the address has to be one of this host, and the port to be free.
 *
 * Reasons of a failure: REFUSED when the proxy's kernel says that nothing takes GUE there,
 * UNREACHABLE, NOT_PASSED_ON, PROTOCOL when the packet comes back in another shape than the next
 * hop needs, and LOCAL.
 */
#ifndef HEALTHCHECK_PROBE_SECOND_H
#define HEALTHCHECK_PROBE_SECOND_H

#include "probe_type.h"

extern const struct probe_type probe_second;

#endif
