/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a datagram get the expected response?
 */
#ifndef HEALTHCHECK_PROBE_UDP_H
#define HEALTHCHECK_PROBE_UDP_H

#include "type.h"

extern const struct probe_type probe_udp;

#endif
