/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the checker show by HTTP?
 *
 *   /metrics     its metrics (healthcheck/figures.h)
 *   /health      what the verb "health" answers; the original's has an empty body
 *   /debug/vars  sums of what was counted, as the original's
 *   /healthz     200 as long as the loop runs
 *   /readyz      200 once every check has a result, else 503, with a sentence why
 *
 * All functions are for the thread of the loop.
 */
#ifndef HEALTHCHECK_VIEWS_H
#define HEALTHCHECK_VIEWS_H

#include "healthcheck/checker.h"

struct http;

/*
 * Serves where the configuration says, and logs where. 0 and *out, to be given up with
 * http_close(), or NULL: nowhere; or -errno after logging why an address cannot be served. Where
 * the default cannot, as beside the original, a warning says why, and nothing is shown.
 */
GLB_NODISCARD int views_open(struct http **out, const struct checker *checker);

#endif
