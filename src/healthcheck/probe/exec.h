/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the verdict of a program supplied by the operator?
 */
#ifndef HEALTHCHECK_PROBE_EXEC_H
#define HEALTHCHECK_PROBE_EXEC_H

#include "type.h"

extern const struct probe_type probe_exec;

#endif
