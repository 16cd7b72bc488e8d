/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the plan for the tables of a file, and which files result from its steps?
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include <glb/plan.h>
#include <glb/table.h>

struct conf_input;

/* The plan for one table of the old file. */
struct table_plan {
	const struct glb_table *table;
	const struct glb_table *wanted; /* the target; NULL: not in the new file */
	unsigned int index;		/* of the table in the old file */
	unsigned int wanted_index;	/* of the table in the new file */
	struct glb_plan plan;
	int status; /* EXIT_OK, or why there is no plan */
};

/* The plans for all tables. */
struct fleet_plan {
	struct table_plan *tables;
	unsigned int table_count;
	unsigned int step_count; /* of the longest plan; 1 if the only change is new tables */
	const struct glb_tables *old;
	const struct glb_tables *new;
};

/* The files that the steps are derived from, and where they are written. */
struct step_files {
	const char *folder;
	const struct conf_input *old; /* as it was read */
	const struct conf_input *new;
};

enum { STEP_NAME_LEN = 32 };

/* The file name of a step, counted from 1, within the folder. Returns out. */
const char *step_name(char out[STEP_NAME_LEN], const struct fleet_plan *fleet, unsigned int step);

/*
 * Writes a tables file per step. Each is the old file with different backends, hops and max_load,
 * spliced so that everything else is unchanged; the last one is the new file itself. Permissions
 * follow from those files, as in file_replace(). The folder appears with all files in it; an
 * existing one must be empty.
 *
 * Requires a plan with EXIT_OK for every table. Returns 0, or -errno after logging why, with
 * nothing changed.
 */
GLB_NODISCARD int steps_write(const struct fleet_plan *fleet, const struct step_files *files);

#endif
