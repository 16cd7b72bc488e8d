/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the checker publish over HTTP?
 *
 *   /health      the reply to the verb "health"; the original's has an empty body
 *   /debug/vars  totals, in the original's format
 *
 * and the pages of sys/http_pages.h, with its metrics (healthcheck/figures.h). It is ready once
 * every check has a result.
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
