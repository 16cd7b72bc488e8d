/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables does a tables file describe?
 *
 * The source format is the original's with additional keys (docs/configuration.md), parsed
 * strictly. A binary image is accepted as well wherever only the finished tables are needed.
 *
 * All problems of a file go into the report, not only the first. A failure always leaves an error
 * there.
 */
#ifndef CONF_TABLES_H
#define CONF_TABLES_H

#include <glb/table.h>

#include "conf/input.h"

struct conf_value;

/*
 * Reads the source file at `path`, which must outlive the report, into a spec. Returns 0 and sets
 * *out, to be released with glb_spec_free(); otherwise leaves *out alone: -errno of reading the
 * file, -EINVAL for its content, or -ENOMEM.
 */
GLB_NODISCARD int spec_load(struct glb_spec *out, const char *path, struct report *report);

/* The same for bytes in memory that came from `path`. */
GLB_NODISCARD int spec_parse(struct glb_spec *out, const char *path, const char *bytes, size_t len,
			     struct report *report);

/*
 * The same for a parsed file with this root. Returns 0 even if there are problems, which are in the
 * report: the spec then has what could be read. Or returns -ENOMEM. To be released with
 * glb_spec_free() in both cases.
 */
GLB_NODISCARD int spec_read(struct glb_spec *out, const struct conf_value *root);

/*
 * Reads a source file or a binary image and builds the tables. Returns as spec_load().
 *
 * how  as in glb_tables_build_how(), except `run`: all processors that this thread may use take
 * part;
 *      may be NULL
 */
GLB_NODISCARD int tables_load(struct glb_tables *out, const char *path,
			      const struct glb_building *how, struct report *report);

/* The same for a file that was read already, or could not be, which is then reported. */
GLB_NODISCARD int tables_read(struct glb_tables *out, const struct conf_input *input,
			      const struct glb_building *how, struct report *report);

/*
 * The index in `tables` of another version of `table`: by name, or if no table has the name by
 * seed, which tables from an image do not have; -1: none.
 */
int tables_find(const struct glb_tables *tables, const struct glb_table *table);

#endif
