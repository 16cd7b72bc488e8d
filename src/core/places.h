/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where do the rows of a new table go?
 *
 * Beside those of tables there are, where these leave a place free: so a table that changes again
 * and again takes turns in two places, and memory stays level. Else into a new slab, beside which
 * the next ones go. Private to src/core.
 */
#ifndef CORE_PLACES_H
#define CORE_PLACES_H

#include <glb/table.h>

/* Looks for places. All zeros but for what the caller sets. */
struct places {
	/* set by the caller */
	const struct glb_tables *known; /* tables that may have free places beside them, or NULL;
					   not to be freed meanwhile */
	unsigned int copy;		/* which copy of their rows */
	unsigned int wanted;		/* places that are still to be taken */
	/* its own */
	unsigned int looked_at;	     /* tables that have none, from the first on */
	const struct glb_place *own; /* taken last from a new slab */
};

/*
 * Takes a place. 0 and *out, which must stay where it is as long as `places` is used; or -ENOMEM.
 */
GLB_NODISCARD int places_take(struct glb_place *out, struct places *places);

/*
 * Makes a table with nothing in it: all zeros, but for a place with rows, of zeros as well. 0 and
 * *out, to be released with glb_tables_free() as one of a list; or -ENOMEM.
 */
GLB_NODISCARD int places_make_table(struct glb_table **out, struct places *places);

#endif
