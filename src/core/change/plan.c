/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/diff.h>
#include <glb/plan.h>

#include "plan_action.h"
#include "plan_check.h"

/* A plan being made. */
struct planner {
	struct glb_table_spec target; /* with zones numbered as in `now` */
	struct glb_table_spec now;    /* the version reached */
	struct glb_tables now_tables; /* its tables */
	struct glb_plan plan;
	struct glb_plan_step step; /* being assembled */
	unsigned int busy_max;	   /* backends that may be filling or draining at the same time */
};

static int plan_build(struct glb_tables *out, const struct glb_table_spec *spec,
		      const struct glb_tables *known, struct glb_diag *diag)
{
	struct glb_table_spec one = *spec;

	return glb_tables_build(out, &(struct glb_spec){&one, 1}, known, diag);
}

/* Does a backend occupy a hop in addition to those that serve? */
static bool is_busy(const struct glb_backend *backend)
{
	return backend && glb_backend_changing(backend);
}

static unsigned int busy_count(const struct glb_table_spec *spec)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		busy += is_busy(&spec->backends[i]);
	return busy;
}

/* Would going from the version reached to `next` lose flows? Returns 0 and sets *lost, or
 * -ENOMEM. */
static int find_lost(bool *lost, const struct planner *planner, const struct glb_tables *next,
		     bool settled)
{
	struct glb_diff diff;
	int err = glb_diff_totals(&diff, planner->now_tables.tables[0], next->tables[0], settled);

	if (!err)
		*lost = glb_diff_loses(&diff);
	return err;
}

static int add_action(struct glb_plan_step *step, const struct glb_plan_action *action)
{
	struct glb_plan_action *more =
		realloc(step->actions, (step->action_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	step->actions = more;
	step->actions[step->action_count++] = *action;
	return 0;
}

/*
 * Adds an action to the step if the step then loses nothing and, for a drain, has the intended
 * effect; otherwise returns -EPERM.
 */
static int try_action(struct planner *planner, const struct glb_plan_action *action, bool settled)
{
	struct glb_table_spec next;
	struct glb_tables tables = {0};
	bool lost = false;
	int err = glb_table_spec_copy(&next, &planner->step.spec);

	if (err)
		return err;
	err = plan_apply(&next, action, &planner->target);
	if (!err)
		err = plan_build(&tables, &next, &planner->now_tables, NULL) == -ENOMEM ? -ENOMEM
											: 0;
	if (!err && !tables.count)
		err = -EPERM; /* no usable backend would be left */
	if (!err)
		err = find_lost(&lost, planner, &tables, settled);
	if (!err && (lost || (action->verb == GLB_PLAN_DRAIN &&
			      glb_primary_rows(tables.tables[0], &action->backend))))
		err = -EPERM;
	if (!err)
		err = add_action(&planner->step, action);
	glb_tables_free(&tables);
	if (err) {
		glb_table_spec_clear(&next);
		return err;
	}
	glb_table_spec_clear(&planner->step.spec);
	planner->step.spec = next;
	return 0;
}

/* Tries the next action of one backend, if it is of the kind being looked for. */
static int consider(struct planner *planner, const struct glb_addr *addr, bool occupying,
		    bool settled)
{
	struct glb_plan_action action = {.backend = *addr};

	if (!plan_next_verb(&action.verb, glb_backend_find(&planner->now, addr),
			    glb_backend_find(&planner->target, addr)) ||
	    plan_occupies(action.verb) != occupying)
		return 0;
	if (occupying && !is_busy(glb_backend_find(&planner->step.spec, addr)) &&
	    busy_count(&planner->step.spec) >= planner->busy_max)
		return 0;

	int err = try_action(planner, &action, settled);

	return err == -EPERM ? 0 : err;
}

/* Assembles one step: first actions that free hops, then actions that occupy them. */
static int fill_step(struct planner *planner, bool settled)
{
	int err = glb_table_spec_copy(&planner->step.spec, &planner->now);

	for (int occupying = 0; occupying <= 1 && !err; occupying++) {
		for (unsigned int i = 0; i < planner->target.backend_count && !err; i++)
			err = consider(planner, &planner->target.backends[i].addr, occupying,
				       settled);
		for (unsigned int i = 0; i < planner->now.backend_count && !err; i++)
			if (!glb_backend_find(&planner->target, &planner->now.backends[i].addr))
				err = consider(planner, &planner->now.backends[i].addr, occupying,
					       settled);
	}
	return err;
}

static void clear_step(struct glb_plan_step *step)
{
	free(step->actions);
	glb_table_spec_clear(&step->spec);
	*step = (struct glb_plan_step){0};
}

/* Appends the step to the plan; its version becomes the one reached. */
static int take_step(struct planner *planner)
{
	struct glb_plan *plan = &planner->plan;
	struct glb_plan_step *more = realloc(plan->steps, (plan->step_count + 1) * sizeof(*more));
	struct glb_table_spec now;
	struct glb_tables tables;
	int err;

	if (!more)
		return -ENOMEM;
	plan->steps = more;
	err = glb_table_spec_copy(&now, &planner->step.spec);
	if (err)
		return err;
	err = plan_build(&tables, &now, &planner->now_tables, NULL);
	if (err) {
		glb_table_spec_clear(&now);
		return err;
	}
	plan->steps[plan->step_count++] = planner->step;
	planner->step = (struct glb_plan_step){0};
	glb_table_spec_clear(&planner->now);
	glb_tables_free(&planner->now_tables);
	planner->now = now;
	planner->now_tables = tables;
	return 0;
}

/* Is nothing left except FINISH, and options that may be changed at once? */
static bool only_finish_left(const struct planner *planner)
{
	const struct glb_table_spec *target = &planner->target;

	for (unsigned int i = 0; i < planner->now.backend_count; i++) {
		const struct glb_backend *old = &planner->now.backends[i];
		const struct glb_backend *new = glb_backend_find(target, &old->addr);

		if (plan_is_out(old) != plan_is_out(new))
			return false;
		/* none to take from active to filling, which changes no row that matters */
		if (!plan_is_out(old) && old->state != new->state &&
		    !(old->state == GLB_ACTIVE && new->state == GLB_FILLING))
			return false;
	}
	for (unsigned int i = 0; i < target->backend_count; i++)
		if (!plan_is_out(&target->backends[i]) &&
		    plan_is_out(glb_backend_find(&planner->now, &target->backends[i].addr)))
			return false;
	return true;
}

/* Goes to the target in one step if that loses nothing; otherwise returns -EPERM. */
static int try_finish(struct planner *planner, bool settled)
{
	const struct glb_plan_action finish = {.verb = GLB_PLAN_FINISH};
	struct glb_tables tables;
	bool lost;
	int err = plan_build(&tables, &planner->target, &planner->now_tables, NULL);

	if (err)
		return err;
	err = find_lost(&lost, planner, &tables, settled);
	glb_tables_free(&tables);
	if (!err && lost)
		err = -EPERM;
	if (!err)
		err = glb_table_spec_copy(&planner->step.spec, &planner->target);
	if (!err)
		err = add_action(&planner->step, &finish);
	return err ? err : take_step(planner);
}

/* A step with one action that does not concern a backend. */
static int take_general_step(struct planner *planner, enum glb_plan_verb verb)
{
	const struct glb_plan_action action = {.verb = verb};
	int err = glb_table_spec_copy(&planner->step.spec, &planner->now);

	if (!err)
		err = plan_apply(&planner->step.spec, &action, &planner->target);
	if (!err)
		err = add_action(&planner->step, &action);
	return err ? err : take_step(planner);
}

/*
 * Gives the table its first zones, or takes its last. Returns -EPERM if that would lose flows even
 * after the version in force has settled.
 */
static int take_zones_step(struct planner *planner)
{
	struct glb_table_spec next;
	struct glb_tables tables = {0};
	bool lost = false;
	int err = glb_table_spec_copy(&next, &planner->now);

	if (err)
		return err;
	plan_apply_zones(&next, &planner->target);
	err = plan_build(&tables, &next, &planner->now_tables, NULL);
	if (!err)
		err = find_lost(&lost, planner, &tables, planner->plan.step_count);
	if (!err && lost && !planner->plan.step_count) {
		planner->plan.wait_first = true;
		err = find_lost(&lost, planner, &tables, true);
	}
	glb_tables_free(&tables);
	glb_table_spec_clear(&next);
	if (!err && lost)
		err = -EPERM;
	return err ? err : take_general_step(planner, GLB_PLAN_ZONES);
}

/* What must precede everything else, and changes no primary except for a max_load. */
static int plan_prepare(struct planner *planner)
{
	const struct glb_table_spec *target = &planner->target;
	const bool at_once = only_finish_left(planner);
	int err = 0;

	if (target->hops > (planner->now.hops ? planner->now.hops : 2))
		err = take_general_step(planner, GLB_PLAN_HOPS);
	if (!err && planner->now.max_load &&
	    (glb_zones_differ(target) || (glb_has_zones(target) && !at_once)))
		err = take_general_step(planner, GLB_PLAN_MAX_LOAD);
	if (!err && glb_has_zones(&planner->now) != glb_has_zones(target) && !at_once)
		err = take_zones_step(planner);
	return err;
}

/* What stands in the way: a backend that does not hold its place as an active, healthy one. */
static int plan_refuse(const struct planner *planner, struct glb_diag *diag)
{
	for (unsigned int i = 0; i < planner->now.backend_count; i++) {
		const struct glb_backend *backend = &planner->now.backends[i];

		if (glb_backend_usable(backend) && !glb_backend_steady(backend)) {
			glb_diag(diag, "no step from here is safe while backends[%u] is %s", i,
				 backend->healthy ? glb_state_name(backend->state) : "unhealthy");
			return -EPERM;
		}
	}
	glb_diag(diag, "no step from here is safe: the rows name too few hops");
	return -EPERM;
}

/* Makes one more step; sets *done if it was the last. */
static int advance(struct planner *planner, bool settled, bool *done)
{
	int err = -EPERM;

	if (only_finish_left(planner)) {
		err = try_finish(planner, settled);
		*done = !err;
		if (err != -EPERM)
			return err;
	}
	err = fill_step(planner, settled);
	if (!err && !planner->step.action_count)
		err = -EPERM;
	return err ? err : take_step(planner);
}

/* One hop must be left for the serving backend, and one more if zones or the load determine the
 * order. */
static unsigned int busy_max_of(const struct planner *planner)
{
	bool chosen = planner->now.max_load || glb_zones_differ(&planner->now) ||
		      glb_zones_differ(&planner->target);
	unsigned int hops = planner->now_tables.tables[0]->hop_count;

	return hops > 2U + chosen ? hops - 1 - chosen : 1;
}

static int make_steps(struct planner *planner, struct glb_diag *diag)
{
	bool done = false;
	int err = plan_prepare(planner);

	planner->busy_max = busy_max_of(planner);
	while (!err && !done) {
		bool first = !planner->plan.step_count;

		err = advance(planner, !first, &done);
		if (err == -EPERM &&
		    first) { /* flows from before the old version may be in the way */
			clear_step(&planner->step);
			planner->plan.wait_first = true;
			err = advance(planner, true, &done);
		}
	}
	return err == -EPERM ? plan_refuse(planner, diag) : err;
}

static int planner_init(struct planner *planner, const struct glb_table_spec *old,
			const struct glb_table_spec *new, struct glb_diag *diag)
{
	struct glb_tables reachable;
	int err;

	*planner = (struct planner){.busy_max = 1};
	err = plan_build(&reachable, new, NULL, diag);
	if (err)
		return err;
	glb_tables_free(&reachable);
	err = glb_table_spec_copy(&planner->now, old);
	if (!err)
		err = glb_table_spec_copy(&planner->target, new);
	if (!err)
		err = glb_zones_renumber(&planner->target, &planner->now);
	if (err)
		return err;
	for (unsigned int i = 0; i < planner->now.backend_count; i++) {
		const struct glb_backend *wanted =
			glb_backend_find(&planner->target, &planner->now.backends[i].addr);

		if (wanted) /* health is not part of the plan */
			planner->now.backends[i].healthy = wanted->healthy;
	}
	return plan_build(&planner->now_tables, &planner->now, NULL, diag);
}

void glb_plan_free(struct glb_plan *plan)
{
	for (unsigned int i = 0; i < plan->step_count; i++)
		clear_step(&plan->steps[i]);
	free(plan->steps);
	*plan = (struct glb_plan){0};
}

int glb_plan_make(struct glb_plan *out, const struct glb_table_spec *old,
		  const struct glb_table_spec *new, struct glb_diag *diag)
{
	struct planner planner;
	int err = plan_check_hashes(old, new, diag);

	if (err)
		return err;
	err = planner_init(&planner, old, new, diag);
	if (!err)
		err = plan_check_lasting(&planner.now, &planner.target, diag);
	if (!err && !glb_table_spec_equal(old, &planner.target))
		err = make_steps(&planner, diag);
	glb_table_spec_clear(&planner.now);
	glb_table_spec_clear(&planner.target);
	glb_tables_free(&planner.now_tables);
	clear_step(&planner.step);
	if (err == -ENOMEM)
		glb_diag(diag, "out of memory");
	if (err)
		glb_plan_free(&planner.plan);
	else
		*out = planner.plan;
	return err;
}
