/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What accompanies a generation that workers are about to serve?
 *
 * The counters of its backends (director/backend_stats.h), and replicas on their NUMA nodes
 * (director/numa.h). All functions must be called on the control thread.
 */
#ifndef DIRECTOR_DEPLOY_H
#define DIRECTOR_DEPLOY_H

#include "director/worker.h"

/*
 * Makes the first generation current, before workers are created. Returns 0, to be released with
 * deploy_stop(); or -errno after logging why, and the generation is released.
 */
GLB_NODISCARD int deploy_first(struct workers *workers, struct glb_generation *gen,
			       bool backend_counters);

/*
 * Serves a generation from the next burst on. `built` is as in publish_replace(). Returns 0; or
 * -errno after logging why, and the generation is released.
 */
GLB_NODISCARD int deploy_next(struct workers *workers, struct glb_generation *gen,
			      const struct served *built);

/* Called after the last worker has ended. */
void deploy_stop(struct workers *workers);

#endif
