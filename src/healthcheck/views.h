/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the checker publish over HTTP?
 *
 *   /metrics     its metrics (healthcheck/figures.h)
 *   /health      the reply to the verb "health"; the original's has an empty body
 *   /debug/vars  totals, in the original's format
 *   /healthz     200 as long as the loop runs
 *   /readyz      200 once every check has a result, otherwise 503 with the reason
 *
 * All functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_VIEWS_H
#define HEALTHCHECK_VIEWS_H

#include "healthcheck/checker.h"

struct http;

/*
 * Serves at the configured address and logs it. Returns 0 and sets *out, to be released with
 * http_close(), or to NULL if disabled; or -errno after logging why the address cannot be served.
 * If the default address cannot be served, for example beside the original, a warning says why and
 * the checker runs without.
 */
GLB_NODISCARD int views_open(struct http **out, const struct checker *checker);

#endif
