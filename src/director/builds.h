/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the files that a build has read?
 *
 * They are served from the next burst on, or refused, and whoever asked for them hears which. What
 * is served is kept for a start whose tables file is no good (director/last_good.h). All functions
 * are for the control thread.
 */
#ifndef DIRECTOR_BUILDS_H
#define DIRECTOR_BUILDS_H

#include "director/control.h"

/* What the next build starts from. */
struct build builds_basis(const struct control *control);

/* A build goes on: looks after it, and asks the service manager for patience while that is due. */
void builds_watch(struct control *control);

/*
 * Makes the first generation of control->first, with ports as they are and gateways looked up. 0
 * and *out, or -errno after logging why.
 */
GLB_NODISCARD int builds_make_first(struct glb_generation **out, struct control *control);

/* It is served: says so everywhere. */
void builds_serve_first(struct control *control, const struct glb_generation *gen);

/* Serves what a build has come to, if one has ended, and starts the next, if one was asked for. */
void builds_follow(struct control *control);

/*
 * Serves a generation from the next burst on. 0; or -ENOMEM, and it is freed.
 *
 * built  as of publish_replace()
 */
GLB_NODISCARD int builds_publish(struct control *control, struct glb_generation *gen,
				 const struct served *built);

#endif
