/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the two files of a director say in combination?
 *
 * The director, `glbctl replay`, `mtu`, `table check --config` and the doctor read director.json
 * and the tables here, so that they all accept the same. Whether settings and tables fit together
 * is checked by glb_generation_make().
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include "conf/director.h"
#include "conf/tables.h"

struct director_files {
	/* set by the caller */
	const char *config_path; /* NULL: not read, the configuration in force is used */
	const char *tables_path;
	const struct glb_tables *known; /* as in struct glb_building; or NULL */
	unsigned int pipe_ms;		/* as in file_read() */
	bool standard;			/* "-" is standard input */
	/* results */
	int config_err; /* of director.json, as from director_conf_read(); 0: none, or not read */
	struct conf_input config;
	struct conf_input tables;
};

/* Reads both files as of one moment (conf/input.h). To be released with director_files_free(). */
void director_files_read(struct director_files *files);

void director_files_free(struct director_files *files);

/*
 * Parses what was read and builds the tables. Both files are checked even if the first is bad, so
 * that all problems are reported in one run.
 *
 * conf    receives the content of director.json, even if the tables are bad; without config_path it
 *         has the configuration in force, and is left alone. Must outlive the use of `report`,
 *         which
 *         points to it
 * tables  built for the instruction set in the configuration; to be released with
 *         glb_tables_free()
 * report  becomes one for serving
 *
 * Returns 0; or the error of director.json, else that of the tables: -errno of reading the file,
 * -EINVAL for its content, -ENOMEM. After an error there are no tables.
 */
GLB_NODISCARD int director_files_take(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

/* Reads, parses and releases the files: for callers with nothing to do in between. */
GLB_NODISCARD int director_files_load(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

#endif
