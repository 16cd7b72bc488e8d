/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a fleet get from one version of a table to another without losing a flow?
 *
 * A plan is a sequence of versions. Each must be in force on every director for the lifetime of the
 * longest flow before the next one. New backends are filled, then activated; backends to be removed
 * are drained first; backends that change their weight or zone are drained and filled again. As
 * many at a time as the hop lists permit: one less than a row has hops, two less if zones choose
 * the second or max_load the first, but at least one. A table gets its first zones, or loses its
 * last, in a step of its own, as no version has backends with zones beside others without.
 */
#ifndef GLB_PLAN_H
#define GLB_PLAN_H

#include <glb/diag.h>
#include <glb/spec.h>

enum glb_plan_verb {
	GLB_PLAN_ADD,	   /* list it as filling */
	GLB_PLAN_ACTIVATE, /* filling -> active */
	GLB_PLAN_DRAIN,	   /* active -> draining */
	GLB_PLAN_FILL,	   /* draining -> filling */
	GLB_PLAN_REWEIGH,  /* draining -> filling, with its new weight and zone */
	GLB_PLAN_REMOVE,   /* remove it from the rows: to inactive, or off the list */
	GLB_PLAN_HOPS,	   /* give the rows more hops */
	GLB_PLAN_MAX_LOAD, /* order the first hops by rank alone, as zones are added */
	GLB_PLAN_ZONES,	   /* put all backends into their zones, or out of them, at once */
	GLB_PLAN_FINISH,   /* everything else that differs: binds, name, order, fewer hops */
};

struct glb_plan_action {
	enum glb_plan_verb verb;
	struct glb_addr backend; /* unused for GLB_PLAN_HOPS and later ones */
};

struct glb_plan_step {
	struct glb_plan_action *actions;
	unsigned int action_count;
	struct glb_table_spec spec; /* the state after the actions */
};

struct glb_plan {
	bool wait_first; /* the old version may still serve flows from before it: wait once before
			    the first step */
	struct glb_plan_step *steps;
	unsigned int step_count;
};

/*
 * Plans the steps from one version of a table to another. The last step's spec equals `new`; equal
 * versions need no steps.
 *
 * Returns 0 and sets *out, to be released with glb_plan_free(); otherwise leaves *out alone:
 *   -EPERM    not possible without losing flows, by the rule of glb/diff.h; diag says why
 *   -EINVAL   one of the versions cannot be served
 *   -ENOMEM   out of memory
 */
GLB_NODISCARD int glb_plan_make(struct glb_plan *out, const struct glb_table_spec *old,
				const struct glb_table_spec *new, struct glb_diag *diag);

void glb_plan_free(struct glb_plan *plan);

#endif
