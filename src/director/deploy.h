/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes and goes with a generation that workers are to serve?
 *
 * Where they count what goes to backends (director/backend_stats.h), and replicas on their NUMA
 * nodes (director/numa.h). All functions are for the control thread.
 */
#ifndef DIRECTOR_DEPLOY_H
#define DIRECTOR_DEPLOY_H

#include "director/worker.h"

/*
 * Makes the first generation current, before workers are made. 0, and it is to be given up with
 * deploy_stop(); or -errno after logging why, and it is freed.
 */
GLB_NODISCARD int deploy_first(struct workers *workers, struct glb_generation *gen,
			       bool backend_counters);

/*
 * Serves a generation from the next burst on. `built` as of publish_replace(). 0; or -errno after
 * logging why, and the generation is freed.
 */
GLB_NODISCARD int deploy_next(struct workers *workers, struct glb_generation *gen,
			      const struct served *built);

/* After the last worker has left. */
void deploy_stop(struct workers *workers);

#endif
