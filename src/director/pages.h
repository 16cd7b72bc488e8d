/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director serve over HTTP?
 *
 *   /             a page for people (director/page.h), which requests
 *   /status.json  the reply to the verb "top" (director/show/show.h)
 *
 * and the pages of sys/http_pages.h, with its metrics (director/metrics/metrics.h) and its
 * readiness (director/ready.h).
 *
 * All functions must be called on the control thread.
 */
#ifndef DIRECTOR_PAGES_H
#define DIRECTOR_PAGES_H

#include "director/control.h"

/*
 * Serves at the address in the configuration in force, on control->loop, and sets control->http.
 * Returns 0; or -errno after logging why a configured address cannot be served. If none was
 * configured and the default cannot be served, a warning says why and nothing is served.
 */
GLB_NODISCARD int pages_open(struct control *control);

/* No-op if nothing is served. */
void pages_close(struct control *control);

#endif
