/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did the checker know before it was restarted?
 *
 * For each table the best source available: its own state (state.h); else an older checked file;
 * else "healthy" in the source. So before there are results, a restart neither takes away a healthy
 * backend nor gives flows to an unhealthy one.
 */
#ifndef HEALTHCHECK_KNOWN_H
#define HEALTHCHECK_KNOWN_H

#include "healthcheck/monitor.h"

/*
 * Passes what is known to the monitor, which has just begun to follow the source. `state` is the
 * path of the state file; NULL: none. Blocks on disks, so only for use at start.
 */
void known_restore(struct monitor *monitor, const struct health_conf *conf, const char *state);

#endif
