/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "plan_action.h"
#include "plan_check.h"

bool plan_next_verb(enum glb_plan_verb *out, const struct glb_backend *old,
		    const struct glb_backend *new)
{
	if (plan_is_out(old) && plan_is_out(new))
		return false;
	if (plan_is_out(old)) {
		*out = GLB_PLAN_ADD;
		return true;
	}
	if (plan_is_out(new) || !plan_same_options(old, new)) {
		bool free = !glb_backend_serves(old);

		*out = !free		  ? GLB_PLAN_DRAIN
		       : plan_is_out(new) ? GLB_PLAN_REMOVE
					  : GLB_PLAN_REWEIGH;
		return true;
	}
	if (old->state == new->state || new->state == GLB_FILLING)
		*out = GLB_PLAN_FILL;
	else if (new->state == GLB_DRAINING)
		*out = GLB_PLAN_DRAIN;
	else
		*out = old->state == GLB_DRAINING ? GLB_PLAN_FILL : GLB_PLAN_ACTIVATE;
	return old->state != new->state && !(old->state == GLB_ACTIVE && new->state == GLB_FILLING);
}

bool plan_occupies(enum glb_plan_verb verb)
{
	return verb == GLB_PLAN_ADD || verb == GLB_PLAN_DRAIN || verb == GLB_PLAN_FILL ||
	       verb == GLB_PLAN_REWEIGH;
}

static int plan_append(struct glb_table_spec *spec, const struct glb_backend *backend)
{
	struct glb_backend *more =
		realloc(spec->backends, (spec->backend_count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	spec->backends = more;
	spec->backends[spec->backend_count++] = *backend;
	return 0;
}

void plan_apply_zones(struct glb_table_spec *spec, const struct glb_table_spec *target)
{
	for (unsigned int i = 0; i < spec->backend_count; i++) {
		const struct glb_backend *wanted =
			glb_backend_find(target, &spec->backends[i].addr);

		spec->backends[i].zone = (wanted ? wanted : &target->backends[0])->zone;
	}
}

int plan_apply(struct glb_table_spec *spec, const struct glb_plan_action *action,
	       const struct glb_table_spec *target)
{
	struct glb_backend *backend = glb_backend_find(spec, &action->backend);
	const struct glb_backend *wanted = glb_backend_find(target, &action->backend);

	switch (action->verb) {
	case GLB_PLAN_ADD:
		if (!backend) {
			int err = plan_append(spec, wanted);

			backend = err ? NULL : &spec->backends[spec->backend_count - 1];
		}
		if (!backend)
			return -ENOMEM;
		*backend = *wanted;
		backend->state = GLB_FILLING;
		break;
	case GLB_PLAN_REWEIGH:
		*backend = *wanted;
		backend->state = GLB_FILLING;
		break;
	case GLB_PLAN_FILL:
		backend->state = GLB_FILLING;
		break;
	case GLB_PLAN_ACTIVATE:
		backend->state = GLB_ACTIVE;
		break;
	case GLB_PLAN_DRAIN:
		backend->state = GLB_DRAINING;
		break;
	case GLB_PLAN_REMOVE: /* its server ID may be reused from now on */
		backend->state = GLB_INACTIVE;
		backend->has_server_id = wanted && wanted->has_server_id;
		backend->server_id = backend->has_server_id ? wanted->server_id : 0;
		break;
	case GLB_PLAN_HOPS:
		spec->hops = target->hops;
		break;
	case GLB_PLAN_MAX_LOAD:
		spec->max_load = target->max_load;
		break;
	case GLB_PLAN_ZONES:
		plan_apply_zones(spec, target);
		break;
	case GLB_PLAN_FINISH:
		break;
	}
	return 0;
}
