/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the checker reply to clients?
 *
 * On two Unix sockets (conf/sockets.h) and over HTTP (healthcheck/views.h), as docs/health.md
 * describes. All functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_SHOW_H
#define HEALTHCHECK_SHOW_H

#include "healthcheck/checker.h"

/*
 * Serves at the configured paths, on the loop of a checker whose other parts are open. Returns 0
 * and sets *out, to be released with show_close(); or -errno after logging why a configured path
 * cannot be served. If a default path cannot be served, a warning says why and the checker runs
 * without.
 */
GLB_NODISCARD int show_open(struct show **out, const struct checker *checker);

/* Called after the loop has ended, while the other parts are still open. NULL is fine. */
void show_close(struct show *show);

#endif
