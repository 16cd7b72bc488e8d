/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a port open?
 */
#ifndef HEALTHCHECK_PROBE_TCP_H
#define HEALTHCHECK_PROBE_TCP_H

#include "type.h"

extern const struct probe_type probe_tcp;

#endif
