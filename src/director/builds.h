/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to the files that a build has read?
 *
 * They are served from the next burst on, or refused, and the requester is informed. What is served
 * is saved for a start with an invalid tables file (director/last_good.h). All functions must be
 * called on the control thread.
 */
#ifndef DIRECTOR_BUILDS_H
#define DIRECTOR_BUILDS_H

#include "director/control.h"

/* The state that the next build starts from. */
struct build builds_basis(const struct control *control);

/* Called while a build is in progress: monitors it, and asks the service manager to extend its
 * timeout when due. */
void builds_watch(struct control *control);

/*
 * Makes the first generation of control->first, with the current ports and looked-up gateways.
 * Returns 0 and sets *out, or -errno after logging why.
 */
GLB_NODISCARD int builds_make_first(struct glb_generation **out, struct control *control);

/* Reports in all places that it is being served. */
void builds_serve_first(struct control *control, const struct glb_generation *gen);

/* Serves the result of a build that has ended, and starts the next one if requested. */
void builds_follow(struct control *control);

/*
 * Serves a generation from the next burst on. Returns 0; or -ENOMEM, and it is released.
 *
 * built  as in publish_replace()
 */
GLB_NODISCARD int builds_publish(struct control *control, struct glb_generation *gen,
				 const struct served *built);

#endif
