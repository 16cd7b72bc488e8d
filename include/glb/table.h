/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which hops serve a flow, and in what order?
 *
 * A table is immutable once built, so any number of threads may look up rows without locking.
 */
#ifndef GLB_TABLE_H
#define GLB_TABLE_H

#include <glb/diag.h>
#include <glb/encap.h>
#include <glb/isa.h>
#include <glb/slab.h>
#include <glb/spec.h>

enum {
	GLB_ROWS = 65536,
	GLB_ROW_MASK = GLB_ROWS - 1,
	GLB_ROW_COPIES_MAX = 8, /* one for each NUMA node */
};

/* Indices into the table's backends; hop 0 is the primary. Hops beyond the table's hop_count are
 * 0. */
struct glb_row {
	uint16_t hops[GLB_HOPS_MAX];
};
_Static_assert(sizeof(struct glb_row) == 8, "eight rows to a cache line");

enum { GLB_ROWS_LEN = GLB_ROWS * sizeof(struct glb_row) };
_Static_assert((int)GLB_ROWS_LEN == GLB_PLACE_LEN, "the rows of a table fill their place");

/* What all rows of a table have in common; computed for the first generation that has it. */
struct glb_survey {
	bool done;
	bool repeats;	 /* some rows name a backend twice */
	uint8_t version; /* of the backends that rows or server IDs name, 4 or 6 */
};

/*
 * Rows whose primary is unhealthy, and why: of a table without `hops`, which is ordered by the
 * original's rule. See rendezvous.h.
 */
struct glb_unhealthy_rows {
	uint32_t both; /* both choices are unhealthy */
	uint32_t
		not_replaced; /* the second is healthy but filling or draining: it never moves up */
	uint32_t replaced; /* it took the place of a healthy draining one, as its state is active */
};

/*
 * Generations share a table that has not changed, with its rows. Members computed later than the
 * rows (survey, copies) are written before other threads have the table; see digest.h for the
 * digest.
 */
struct glb_table {
	struct glb_table_spec spec; /* for a table read from an image: what the image contains */
	uint8_t hop_count;	    /* per row, 2 to GLB_HOPS_MAX */
	bool ranked;		    /* is `ranking` filled in? Not for a table read from an image */
	unsigned int refs;	    /* number of lists that contain it; atomic */
	char digest[33];	    /* "": not computed yet, see digest.h */
	struct glb_survey survey;
	struct glb_unhealthy_rows unhealthy; /* zeros for a table with hops, or from an image */
	struct glb_row *rows; /* GLB_ROWS, in the order in which hops are tried: the first copy */
	struct glb_place copies[GLB_ROW_COPIES_MAX]; /* of the rows; empty where not needed */
	struct glb_row ranking[GLB_ROWS]; /* the same hops in order of rank: see rendezvous.h */
};

/* A list of tables. Tables may be shared between lists. */
struct glb_tables {
	struct glb_table **tables;
	unsigned int count;
};

/*
 * Runs task(arg, part) once for every part below part_count, in any order and on any threads, and
 * returns when all are done. The library has no threads of its own.
 */
typedef void glb_run_fn(void (*task)(void *arg, unsigned int part), void *arg,
			unsigned int part_count);

/*
 * How to build. It does not affect the result; all zeros is fine.
 *
 * known  tables built before, or NULL: what they have in common with the spec is not hashed again,
 *        so that a change of state or health costs next to nothing. A table that has not changed at
 *        all is shared; lists that share may be freed in any order and by any thread, but `known`
 *        not during the call
 * run    runs parts of the work: many tables, or the rows of a large one; NULL: on the calling
 *        thread
 * isa    instruction set
 */
struct glb_building {
	const struct glb_tables *known;
	glb_run_fn *run;
	enum glb_isa isa;
};

/*
 * Builds every table of a spec.
 *
 * spec   only read during the call; the tables keep copies
 * diag   receives the reason for a refusal; may be NULL
 *
 * Returns 0 and sets *out, to be released with glb_tables_free(); otherwise leaves *out alone:
 *   -EINVAL   no table at all, or one that breaks a rule of glb/check.h; but rows are worked out
 *             also for backends of two IP versions and zones of too few hops
 *   -E2BIG    more than GLB_TABLES_MAX tables, or in one of them more than GLB_BACKENDS_MAX
 *             backends or GLB_BINDS_MAX binds
 *   -ENOTSUP  this processor lacks the instruction set
 *   -ENOMEM   out of memory
 */
GLB_NODISCARD int glb_tables_build_how(struct glb_tables *out, const struct glb_spec *spec,
				       const struct glb_building *how, struct glb_diag *diag);

/* As glb_tables_build_how(), on the calling thread with the best instruction set. `known` may be
 * NULL. */
GLB_NODISCARD int glb_tables_build(struct glb_tables *out, const struct glb_spec *spec,
				   const struct glb_tables *known, struct glb_diag *diag);

/* Bytes that building allocates, except small ones; shared tables cost nothing. */
size_t glb_tables_len(const struct glb_spec *spec, const struct glb_tables *known);

/* Bytes of that many new tables, without what their specs own. */
size_t glb_tables_len_of(unsigned int count);

/*
 * Makes another list of the same tables. The lists may be freed in any order and by any thread, but
 * the first one not during the call. Returns 0 and sets *out, to be released with
 * glb_tables_free(); or -ENOMEM.
 */
GLB_NODISCARD int glb_tables_share(struct glb_tables *out, const struct glb_tables *tables);

/*
 * Releases tables from glb_tables_build(), glb_tables_share() or glb_image_read(); all zeros are
 * fine. Callable from any thread.
 */
void glb_tables_free(struct glb_tables *tables);

/* The index of the row for a flow's hash. Every hash has a row. */
GLB_INLINE uint16_t glb_row_index(uint64_t hash)
{
	return (uint16_t)(hash & GLB_ROW_MASK);
}

#endif
