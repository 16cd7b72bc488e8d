/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the checker answer those who ask?
 *
 * On two Unix sockets (conf/sockets.h), and by HTTP (healthcheck/views.h). docs/health.md says what
 * is said there. All functions are for the thread of the loop.
 */
#ifndef HEALTHCHECK_SHOW_H
#define HEALTHCHECK_SHOW_H

#include "healthcheck/checker.h"

/*
 * Serves where the configuration says, on the loop of a checker whose other parts are open. 0 and
 * *out, to be given up with show_close(); or -errno after logging why a place that was given cannot
 * be served. Where a default cannot be served, a warning says why, and it is done without.
 */
GLB_NODISCARD int show_open(struct show **out, const struct checker *checker);

/* While the other parts are open, when the loop has ended. NULL is fine. */
void show_close(struct show *show);

#endif
