/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets had which fate?
 */
#ifndef DIRECTOR_STATS_H
#define DIRECTOR_STATS_H

#include "director/worker.h"

/* The sum over all workers, with what the thread of the twins counted. Its `generation` is
 * meaningless. */
struct worker_counters stats_sum(const struct workers *all);

/* Losses of the ports, including those from before they were reopened. */
struct port_losses stats_losses(const struct ports *ports);

/*
 * Writes the sums over all workers, the counters of the ports and, if counted, of tables and
 * backends to standard output, as lines of `NAME VALUE`. Gives up, and logs that, if they are not
 * read within STATS_PATIENCE_MS.
 */
void stats_print(const struct workers *all);

enum { STATS_PATIENCE_MS = 2000 };

/* Logs the same lines. */
void stats_log(const struct workers *all);

#endif
