/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the two files of a director say together?
 *
 * The director, `glbctl replay`, `mtu`, `table check --config` and the doctor read director.json
 * and the tables here, so that one of them accepts what the others accept. What the combination of
 * settings and tables allows is checked by glb_generation_make().
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include "conf/director.h"
#include "conf/tables.h"

struct director_files {
	/* set by the caller */
	const char *config_path; /* NULL: not read, the configuration in force counts */
	const char *tables_path;
	const struct glb_tables *known; /* as of struct glb_building; or NULL */
	unsigned int pipe_ms;		/* as of file_read() */
	bool standard;			/* "-" is standard input */
	/* results */
	int config_err; /* of director.json, as of director_conf_read(); 0: none, or not read */
	struct conf_input config;
	struct conf_input tables;
};

/* Reads both files as of one moment (conf/input.h). To be released with director_files_free(). */
void director_files_read(struct director_files *files);

void director_files_free(struct director_files *files);

/*
 * Takes from what was read what it says. Both files are looked at even if the first is bad, so that
 * all problems show at once.
 *
 * conf    receives what director.json says, also if the tables are bad; without config_path it has
 *         the configuration in force, and is left alone. Must outlive the use of `report`, which
 *         points to it
 * tables  worked out for the instruction set that the configuration names; to be released with
 *         glb_tables_free()
 * report  becomes one for serving
 *
 * 0; or the error of director.json, else that of the tables: -errno of reading the file, -EINVAL
 * for its content, -ENOMEM. After an error there are no tables.
 */
GLB_NODISCARD int director_files_take(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

/* Reads, takes and releases: for callers that have nothing to do between. */
GLB_NODISCARD int director_files_load(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

#endif
