/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What did the checker know before it was started?
 *
 * Of each table the best there is: what its own state says (state.h); else what an older checked
 * file says; else "healthy" of the source. So a start takes no backend away that was healthy, and
 * gives no flows to one that was not, before there are results.
 */
#ifndef HEALTHCHECK_KNOWN_H
#define HEALTHCHECK_KNOWN_H

#include "healthcheck/monitor.h"

/*
 * What is known goes to the monitor, which has just begun to follow the source. `state` is the path
 * of the state; NULL: there is none. Waits for disks: for the start of the program.
 */
void known_restore(struct monitor *monitor, const struct health_conf *conf, const char *state);

#endif
