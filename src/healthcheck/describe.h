/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the checker describe itself in JSON?
 *
 * Each function writes members of an object that the caller has opened. Called on the loop's
 * thread; none takes longer than writing its output.
 */
#ifndef HEALTHCHECK_DESCRIBE_H
#define HEALTHCHECK_DESCRIBE_H

#include <glb/diag.h>

#include "healthcheck/checker.h"
#include "sys/writer.h"

/* A summary: version, files, director, and the state of the tables. */
void describe_status(struct writer *w, const struct checker *checker);

/* Selects backends. */
struct describe_choice {
	const char *table;   /* a table's name, or its number if it has no name; "": all */
	bool unhealthy_only; /* only those of which sight_is_unhealthy() is true */
};

/* Files, tables and backends with all their checks. Returns 0; or -ENOENT if there is no such
 * table. */
GLB_NODISCARD int describe_health(struct writer *w, const struct checker *checker,
				  const struct describe_choice *choice);

/* Totals since the start, in the format of the original's /debug/vars. */
void describe_counts(struct writer *w, const struct checker *checker);

/* Does a name, or number of a nameless table, denote this table of a plan? "" denotes every
 * table. */
bool describe_means_table(const char *name, const struct health_plan *plan, unsigned int table);

/* Returns "trusted", "fails_open" or "limited". */
const char *describe_distrust(enum judge_distrust distrust);

/*
 * Does every check have a result? Attempts that failed for local reasons yield none. `why` gets a
 * sentence with the number missing.
 */
bool describe_is_ready(const struct checker *checker, struct glb_diag *why);

#endif
