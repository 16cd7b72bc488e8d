/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command read a tables file, report its problems, and build its tables?
 */
#ifndef CTL_LOAD_H
#define CTL_LOAD_H

#include <glb/generation.h>

#include "conf/input.h"
#include "conf/title.h"

struct director_conf;

enum { PORT_MTU_DEFAULT = 1500 }; /* of a port about which nothing is known */

/*
 * Reads a source file or image and builds its tables. False after logging all problems. Warnings
 * are left to `glbctl table check` and `build`.
 */
bool load_tables(struct glb_tables *out, const char *path);

/*
 * Reads two versions of the same tables, old and new, neither from an image. False after logging
 * the problems. The inputs have their paths set and must be released with inputs_free() in every
 * case.
 */
bool load_change(struct glb_tables *old, struct glb_tables *new, struct conf_input inputs[2]);

/* Reads a director.json for its settings about flows and hops. False after logging why. */
bool load_settings(struct glb_settings *out, const char *path);

/*
 * Reads both files of a director (conf/files.h), and refuses what it would refuse, but for what
 * their combination means: that is for glb_generation_make(). False after logging all that is
 * wrong, and warnings. Else the caller releases the tables and conf->settings.deny.
 */
bool load_director(struct director_conf *conf, struct glb_tables *tables, const char *config_path,
		   const char *tables_path);

/* Were the tables read from a source file? False after logging that an image is not enough. */
bool require_source(const struct glb_tables *tables, const char *path);

#endif
