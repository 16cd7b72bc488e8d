/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Would a client be served, if a director sent it to this proxy?
 *
 * A probe connects to the VIP as a client does, and its packets travel as a director sends them
 * (tunnel.h). Two connections are opened at the same time:
 *
 *   the first   as TCP makes it; with is_http a request follows
 *   the other   with full_size: its SYN is as long as a full packet of a client, by data that
 *               listeners ignore
 *
 * The kernel of the proxy answers both, no matter what listens, so that no application gets to see
 * bytes that it does not understand. A listener that takes data of a SYN without a cookie (TCP fast
 * open with net.ipv4.tcp_fastopen & 0x200) is the exception: there full_size has to be 0.
 *
 * Reasons of a failure: those of a connection and of HTTP; MTU when the first connection is good
 * and the SYN of the other is not answered in time; LOCAL also when no packet has left by the
 * tunnel.
 */
#ifndef HEALTHCHECK_PROBE_TUNNEL_H
#define HEALTHCHECK_PROBE_TUNNEL_H

#include "probe_type.h"

extern const struct probe_type probe_tunnel;

#endif
