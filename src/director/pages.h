/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director show by HTTP?
 *
 *   /             a page for people (director/page.h), which asks for
 *   /status.json  what the verb "top" answers (director/show.h)
 *   /metrics      its metrics (director/metrics.h)
 *   /healthz      200 as long as the control thread answers
 *   /readyz       200 while it is ready (director/ready.h), else 503, with a sentence why
 *
 * All functions are for the control thread.
 */
#ifndef DIRECTOR_PAGES_H
#define DIRECTOR_PAGES_H

#include "director/control.h"

/*
 * Serves where the configuration in force says, on control->loop, and sets control->http. 0; or
 * -errno after logging why an address that was given cannot be served. Where none was given and the
 * default cannot be served, a warning says why, and nothing is shown.
 */
GLB_NODISCARD int pages_open(struct control *control);

/* Does nothing when there are none. */
void pages_close(struct control *control);

#endif
