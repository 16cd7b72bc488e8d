/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Would a client be served if a director sent it to this proxy?
 *
 * A probe connects to the VIP like a client, and its packets are encapsulated like a director's
 * (tunnel.h). Two connections are opened at the same time:
 *
 *   the first   plain TCP; with is_http, followed by a request
 *   the second  with full_size: its SYN is padded to the length of a full-size packet with data
 *   that
 *               listeners ignore
 *
 * Both are answered by the proxy's kernel, whatever is listening, so no application receives bytes
 * that it does not understand. The exception is a listener that accepts data in a SYN without a
 * cookie (TCP fast open with net.ipv4.tcp_fastopen & 0x200): full_size must be 0 for these.
 *
 * Reasons of failure: those of a connection and of HTTP; MTU if the first connection succeeds and
 * the second SYN is not answered in time; LOCAL also if no packet has left through the tunnel.
 */
#ifndef HEALTHCHECK_PROBE_TUNNEL_H
#define HEALTHCHECK_PROBE_TUNNEL_H

#include "type.h"

extern const struct probe_type probe_tunnel;

#endif
