/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command read a tables file, say what is wrong with it, and find its tables?
 */
#ifndef CTL_LOAD_H
#define CTL_LOAD_H

#include <glb/generation.h>

#include "conf/input.h"
#include "conf/title.h"

struct director_conf;

enum { PORT_MTU_DEFAULT = 1500 }; /* of a port that nothing is known of */

/*
 * Reads and works out a source file or image; false after logging all that is wrong. Warnings are
 * what `glbctl table check` and `build` are for.
 */
bool load_tables(struct glb_tables *out, const char *path);

/*
 * Reads two states of the same tables, an old and a new one, neither from an image; false after
 * logging what is wrong. The inputs have their paths, and are to be released with inputs_free() in
 * any case.
 */
bool load_change(struct glb_tables *old, struct glb_tables *new, struct conf_input inputs[2]);

/* Reads a director.json for what it says about flows and hops; false after logging why not. */
bool load_settings(struct glb_settings *out, const char *path);

/*
 * Reads both files of a director (conf/files.h), and refuses what it would refuse, but for what
 * their combination means: that is for glb_generation_make(). False after logging all that is
 * wrong, and warnings.
 */
bool load_director(struct director_conf *conf, struct glb_tables *tables, const char *config_path,
		   const char *tables_path);

/* Were they read from a source file? False after saying that an image will not do. */
bool require_source(const struct glb_tables *tables, const char *path);

#endif
