/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are dashboards made for the original supplied?
 *
 * With the original's metrics, by statsd with Datadog's tags: every STATSD_PERIOD_MS a datagram for
 * each, `glb_director_ng.NAME:CHANGE|c|#TAGS`, to `statsd_host` and `statsd_port`.
 * docs/migration.md says which counters they are. Never blocks on the receiver.
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_STATSD_H
#define DIRECTOR_STATSD_H

#include <glb/spec.h>

enum { STATSD_PERIOD_MS = 10000 };

struct control;
struct statsd;

/*
 * Sends from now on, on control->loop, while and where the configuration in force says so, and sets
 * control->statsd. Returns 0 or -ENOMEM.
 */
GLB_NODISCARD int statsd_open(struct control *control);

/* Called after the loop has ended. No-op if it was not opened. */
void statsd_close(struct control *control);

#endif
