/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a program of the operator say?
 */
#ifndef HEALTHCHECK_PROBE_EXEC_H
#define HEALTHCHECK_PROBE_EXEC_H

#include "probe_type.h"

extern const struct probe_type probe_exec;

#endif
