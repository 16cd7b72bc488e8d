/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can no order of steps from one state of a table to another keep?
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

/* Has it the same weight and zone? If not, it is drained and filled anew. */
static inline bool plan_same_options(const struct glb_backend *a, const struct glb_backend *b)
{
	return a->weight == b->weight && a->zone == b->zone;
}

/* Rows, which seed and hash_key choose. 0, or -EPERM with a diag. */
GLB_NODISCARD int plan_check_hashes(const struct glb_table_spec *old,
				    const struct glb_table_spec *new, struct glb_diag *diag);

/*
 * Binds that go, and server IDs of backends that stay and serve. The zones of both are numbered
 * alike. 0, or -EPERM with a diag that names the first.
 */
GLB_NODISCARD int plan_check_lasting(const struct glb_table_spec *old,
				     const struct glb_table_spec *new, struct glb_diag *diag);

#endif
