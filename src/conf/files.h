/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the files of a director say in combination?
 *
 * The director, `glbctl replay`, `mtu`, `table check --config` and the doctor read director.json
 * and the tables here, so that they all accept the same. Whether settings and tables fit together
 * is checked by glb_generation_make().
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include "conf/deny.h"
#include "conf/director.h"
#include "conf/tables.h"

struct director_files {
	/* set by the caller */
	const char *config_path; /* NULL: not read, the configuration in force is used */
	const char *tables_path;
	const struct glb_tables *known; /* as in struct glb_building; or NULL */
	unsigned int pipe_ms;		/* as in file_read() */
	bool standard;			/* "-" is standard input */
	bool skips_deny;		/* the deny file is not read */
	bool spares_deny;		/* an invalid deny file is reported, and denies nobody */
	/* results */
	int config_err; /* of director.json, as from director_conf_read(); 0: none, or not read */
	struct conf_input config;
	struct conf_input tables;
	struct glb_deny *deny; /* the list of the deny file; NULL: none is configured, or read */
};

/*
 * Reads director.json and the tables as of one moment (conf/input.h). To be released with
 * director_files_free().
 */
void director_files_read(struct director_files *files);

/* Releases what was read, and a share of the list of denied sources: the caller may take one. */
void director_files_free(struct director_files *files);

/*
 * Parses what was read, reads the deny file that director.json names, and builds the tables. All
 * files are checked even if the first is bad, so that all problems are reported in one run.
 *
 * conf    receives the content of director.json, even if the tables are bad; without config_path it
 *         has the configuration in force, and is left alone. Must outlive the use of `report`,
 *         which
 *         points to it
 * tables  built for the instruction set in the configuration; to be released with
 *         glb_tables_free()
 * report  becomes one for serving
 *
 * Returns 0; or the error of director.json, else that of the deny file, else that of the tables:
 * -errno of reading the file, -EINVAL for its content, -ENOMEM. After an error there are no tables.
 * conf->settings.deny is left alone: see files->deny. So are the meters: see meters_make().
 */
GLB_NODISCARD int director_files_take(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

/*
 * Reads and parses the files, and releases what was read: for callers with nothing to do in
 * between. On success conf->settings.deny is the list of denied sources, to be released with
 * glb_deny_free().
 */
GLB_NODISCARD int director_files_load(struct director_conf *conf, struct glb_tables *tables,
				      struct director_files *files, struct report *report);

#endif
