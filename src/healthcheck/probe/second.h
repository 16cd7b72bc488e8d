/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a proxy forward packets of flows that it does not know to the next hop?
 *
 * If it does not, connections break whenever a table changes, and nothing else reveals it. So a
 * probe sends the proxy a packet of a flow unknown to everyone (second_packet.h) and waits for it
 * to come back: on one UDP socket, bound to the port that glb-redirect forwards to, with the outer
 * source address of directors. That requires no privilege, but the address must be local and the
 * port free.
 *
 * Reasons of failure: REFUSED if the proxy's kernel reports that nothing receives GUE there,
 * UNREACHABLE, NOT_PASSED_ON, PROTOCOL if the packet comes back in a form that the next hop could
 * not use, and LOCAL.
 */
#ifndef HEALTHCHECK_PROBE_SECOND_H
#define HEALTHCHECK_PROBE_SECOND_H

#include "type.h"

extern const struct probe_type probe_second;

#endif
