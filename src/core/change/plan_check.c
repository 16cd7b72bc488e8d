/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <glb/diff.h>

#include "plan_check.h"

int plan_check_hashes(const struct glb_table_spec *old, const struct glb_table_spec *new,
		      struct glb_diag *diag)
{
	if (!memcmp(old->seed, new->seed, sizeof(old->seed)) &&
	    !memcmp(old->hash_key, new->hash_key, sizeof(old->hash_key)))
		return 0;
	glb_diag(diag, "the seed or hash_key differs: every flow would be on another row");
	return -EPERM;
}

int plan_check_lasting(const struct glb_table_spec *old, const struct glb_table_spec *new,
		       struct glb_diag *diag)
{
	for (unsigned int i = 0; i < old->bind_count; i++)
		if (!glb_diff_keeps_bind(new, &old->binds[i], i)) {
			glb_diag(diag, "binds[%u] goes, with all its flows", i);
			return -EPERM;
		}
	for (unsigned int i = 0; i < old->backend_count && glb_uses_server_ids(old); i++) {
		const struct glb_backend *backend = &old->backends[i];
		const struct glb_backend *wanted = plan_backend(new, &backend->addr);

		/* one that leaves, or gets another weight or zone, is drained before */
		if (!backend->has_server_id || plan_is_out(backend) || plan_is_out(wanted) ||
		    !plan_same_options(backend, wanted) ||
		    (wanted->has_server_id && wanted->server_id == backend->server_id))
			continue;
		glb_diag(diag,
			 "server_id %u of backends[%u] goes, with the connections that name it",
			 backend->server_id, i);
		return -EPERM;
	}
	return 0;
}
