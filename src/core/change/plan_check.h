/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cannot be preserved by any order of steps from one version of a table to another?
 */
#ifndef CORE_PLAN_CHECK_H
#define CORE_PLAN_CHECK_H

#include <glb/diag.h>
#include <glb/spec.h>

/* Is it on no row? `backend` may be NULL. */
static inline bool plan_is_out(const struct glb_backend *backend)
{
	return !backend || !glb_backend_usable(backend);
}

/* Does it have the same weight and zone? If not, it is drained and filled again. */
static inline bool plan_same_options(const struct glb_backend *a, const struct glb_backend *b)
{
	return a->weight == b->weight && a->zone == b->zone;
}

/* Checks seed and hash_key, which determine the rows. Returns 0, or -EPERM with a diag. */
GLB_NODISCARD int plan_check_hashes(const struct glb_table_spec *old,
				    const struct glb_table_spec *new, struct glb_diag *diag);

/*
 * Checks for removed binds, and for server IDs of remaining, usable backends. Zones must be
 * numbered alike in both. Returns 0, or -EPERM with a diag that names the first.
 */
GLB_NODISCARD int plan_check_lasting(const struct glb_table_spec *old,
				     const struct glb_table_spec *new, struct glb_diag *diag);

#endif
