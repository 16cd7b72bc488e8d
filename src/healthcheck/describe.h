/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the checker say of itself in JSON?
 *
 * Each function writes members of an object that was opened. For the loop's thread. None of them
 * takes longer than it takes to write so much.
 */
#ifndef HEALTHCHECK_DESCRIBE_H
#define HEALTHCHECK_DESCRIBE_H

#include <glb/diag.h>

#include "healthcheck/checker.h"
#include "sys/writer.h"

/* Everything in short: what it is, which files and director it goes by, and how tables stand. */
void describe_status(struct writer *w, const struct checker *checker);

/* Which backends are meant. */
struct describe_choice {
	const char *table;   /* name of theirs, its number where it has none; "": all */
	bool unhealthy_only; /* as of sight_is_unhealthy() */
};

/* Files, tables and backends, with all of their checks. 0; or -ENOENT: there is no such table. */
GLB_NODISCARD int describe_health(struct writer *w, const struct checker *checker,
				  const struct describe_choice *choice);

/* Sums of what was counted since the start, as the original's /debug/vars are. */
void describe_counts(struct writer *w, const struct checker *checker);

/* Does a name, or number where it has none, mean this table of a plan? "" means all. */
bool describe_means_table(const char *name, const struct health_plan *plan, unsigned int table);

/* "trusted", "fails_open" or "limited". */
const char *describe_distrust(enum judge_distrust distrust);

/*
 * Has every check a result? Tries that the checker itself could not make are none. The diag gets a
 * sentence, which says of how many.
 */
bool describe_is_ready(const struct checker *checker, struct glb_diag *why);

#endif
