/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hops serve a flow, and in what order?
 *
 * A table never changes once built, so any number of threads may look rows up without locking.
 */
#ifndef GLB_TABLE_H
#define GLB_TABLE_H

#include <glb/diag.h>
#include <glb/encap.h>
#include <glb/spec.h>

enum {
	GLB_ROWS = 65536,
	GLB_ROW_MASK = GLB_ROWS - 1,
	GLB_ROW_HOPS = 2, /* of the GLB_HOPS_MAX a row has room for */
};

/* Indices into the table's backends; hop 0 is the primary. */
struct glb_row {
	uint16_t hops[GLB_HOPS_MAX];
};
_Static_assert(sizeof(struct glb_row) == 8, "eight rows to a cache line");

struct glb_table {
	struct glb_table_spec spec; /* seed is all zero in a table read from an image */
	struct glb_row rows[GLB_ROWS];
};

struct glb_tables {
	struct glb_table **tables;
	unsigned int count;
};

/*
 * Works out every table of a spec.
 *
 * spec   read only during the call; the tables keep copies
 * diag   receives the reason of a refusal; may be NULL
 *
 * Returns 0 and sets *out, to be released with glb_tables_free(); otherwise leaves *out alone:
 *   -EINVAL   no table at all, or a table without a bind or a usable backend
 *   -E2BIG    more than GLB_BACKENDS_MAX backends or GLB_BINDS_MAX binds in a table
 *   -ENOMEM   out of memory
 */
GLB_NODISCARD int glb_tables_build(struct glb_tables *out, const struct glb_spec *spec,
				   struct glb_diag *diag);

/* Releases what glb_tables_build() or glb_image_read() made; an empty struct is fine. */
void glb_tables_free(struct glb_tables *tables);

/* The row of a flow's hash. Total: every hash has a row. */
GLB_INLINE uint16_t glb_row_index(uint64_t hash)
{
	return (uint16_t)(hash & GLB_ROW_MASK);
}

#endif
