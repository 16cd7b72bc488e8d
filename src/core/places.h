/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where are the rows of a new table placed?
 *
 * Next to those of existing tables, if there is a free place: so a table that changes repeatedly
 * alternates between two places, and memory use stays level. Otherwise in a new slab, where the
 * following ones go as well. Private to src/core.
 */
#ifndef CORE_PLACES_H
#define CORE_PLACES_H

#include <glb/table.h>

/* A search for places. All zeros except what the caller sets. */
struct places {
	/* set by the caller */
	const struct glb_tables *known; /* tables that may have free places next to them, or NULL;
					   must not be released meanwhile */
	unsigned int copy;		/* which copy of their rows */
	unsigned int wanted;		/* places still to be taken */
	/* private */
	unsigned int looked_at;	     /* tables without a free place, from the first on */
	const struct glb_place *own; /* the last one taken from a new slab */
};

/*
 * Takes a place. Returns 0 and sets *out, which must not move as long as `places` is used; or
 * -ENOMEM.
 */
GLB_NODISCARD int places_take(struct glb_place *out, struct places *places);

/*
 * Makes an empty table: zeros, except a place with rows, which are zeros as well. Returns 0 and
 * sets *out, to be released with glb_tables_free() as part of a list; or -ENOMEM.
 */
GLB_NODISCARD int places_make_table(struct glb_table **out, struct places *places);

#endif
