/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a backend decapsulate, tested as the original does? For HEALTH_GUE and HEALTH_FOU.
 */
#ifndef HEALTHCHECK_PROBE_GUE_H
#define HEALTHCHECK_PROBE_GUE_H

#include "type.h"

extern const struct probe_type probe_gue;

#endif
