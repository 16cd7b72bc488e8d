/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets had which fate?
 */
#ifndef DIRECTOR_STATS_H
#define DIRECTOR_STATS_H

#include <stdio.h>

#include "director/worker.h"

/*
 * Writes the sum over all workers, what the ports counted and what went to tables and backends, if
 * that is counted: a `NAME VALUE` line each.
 */
void stats_print(FILE *out, const struct workers *all);

/* Logs the same lines. */
void stats_log(const struct workers *all);

#endif
