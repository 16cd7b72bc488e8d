/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is planned for the tables of a file, and which files do the steps make?
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include <glb/plan.h>
#include <glb/table.h>

struct conf_input;

/* The plan of one table of the old file. */
struct table_plan {
	const struct glb_table *table;
	const struct glb_table *wanted; /* what it is to become; NULL: the new file lacks it */
	unsigned int index;		/* of the table in the old file */
	unsigned int wanted_index;	/* in the new file */
	struct glb_plan plan;
	int status; /* EXIT_OK, or why there is none */
};

/* The plans of all tables. */
struct fleet_plan {
	struct table_plan *tables;
	unsigned int table_count;
	unsigned int step_count; /* of the longest; 1 when only tables are new */
	const struct glb_tables *old;
	const struct glb_tables *new;
};

/* Where files of steps go. */
struct step_files {
	const char *folder;
	const struct conf_input *old; /* as it was read */
	const struct conf_input *new;
};

enum { STEP_NAME_LEN = 32 };

/* The name of the file of a step, from 1, within its folder. Returns out. */
const char *step_name(char out[STEP_NAME_LEN], const struct fleet_plan *fleet, unsigned int step);

/*
 * Writes a tables file per step. Each is the old file with other backends, hops and max_load,
 * spliced so that everything else in it stays as it is; the last is the new file itself. Who may
 * read them follows from those files, as of file_replace(). The folder comes into being with all of
 * them in it; one that is there already must be empty.
 *
 * Every table has a plan of EXIT_OK. Returns 0, or -errno after logging why, with nothing changed.
 */
GLB_NODISCARD int steps_write(const struct fleet_plan *fleet, const struct step_files *files);

#endif
