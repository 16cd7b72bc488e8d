/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets had which fate?
 */
#ifndef DIRECTOR_STATS_H
#define DIRECTOR_STATS_H

#include "director/worker.h"

/* The sum over all workers, with what the thread of the twins counted. Its `generation` says
 * nothing. */
struct worker_counters stats_sum(const struct workers *all);

/* What ports have lost, those that were opened again since included. */
struct port_losses stats_losses(const struct ports *ports);

/*
 * Writes the sum over all workers, what the ports counted and what went to tables and backends, if
 * that is counted, to standard output: a `NAME VALUE` line each. Gives up, and logs that, when they
 * are not read within STATS_PATIENCE_MS.
 */
void stats_print(const struct workers *all);

enum { STATS_PATIENCE_MS = 2000 };

/* Logs the same lines. */
void stats_log(const struct workers *all);

#endif
