/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do dashboards that were made for the original get?
 *
 * Its own metrics, by statsd with the tags of Datadog: every STATSD_PERIOD_MS a datagram for each,
 * `glb_director_ng.NAME:CHANGE|c|#TAGS`, to `statsd_host` and `statsd_port`. docs/migration.md says
 * which counters they are. Nobody waits for whoever is to get them.
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_STATSD_H
#define DIRECTOR_STATSD_H

#include <glb/spec.h>

enum { STATSD_PERIOD_MS = 10000 };

struct control;
struct statsd;

/*
 * Sends from now on, on control->loop, as long and where the configuration in force says so, and
 * sets control->statsd. 0 or -ENOMEM.
 */
GLB_NODISCARD int statsd_open(struct control *control);

/* After the loop's last call. Does nothing when nothing was opened. */
void statsd_close(struct control *control);

#endif
