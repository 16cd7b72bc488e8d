/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which action of a plan does a backend need next, and what does an action change?
 */
#ifndef CORE_PLAN_ACTION_H
#define CORE_PLAN_ACTION_H

#include <glb/plan.h>

/* The next action for a backend; false if there is none. `old` or `new` may be NULL. */
bool plan_next_verb(enum glb_plan_verb *out, const struct glb_backend *old,
		    const struct glb_backend *new);

/* Does an action make a backend occupy a hop in addition to those that serve? */
bool plan_occupies(enum glb_plan_verb verb);

/*
 * Applies an action to a version on the way to `target`, with zones numbered alike. Returns 0, or
 * -ENOMEM with the version untouched.
 */
GLB_NODISCARD int plan_apply(struct glb_table_spec *spec, const struct glb_plan_action *action,
			     const struct glb_table_spec *target);

/* Gives all backends the zones of the target, those that leave it the zone of its first one. */
void plan_apply_zones(struct glb_table_spec *spec, const struct glb_table_spec *target);

#endif
