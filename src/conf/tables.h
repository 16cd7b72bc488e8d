/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables does a tables file describe?
 *
 * The source format is the original's with keys of our own (docs/configuration.md), read strictly.
 * A binary image is taken as well wherever only the finished tables are needed.
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
 * file, -EINVAL for its content, -ENOMEM.
 */
GLB_NODISCARD int spec_load(struct glb_spec *out, const char *path, struct report *report);

/* Likewise from bytes in memory that came from `path`. */
GLB_NODISCARD int spec_parse(struct glb_spec *out, const char *path, const char *bytes, size_t len,
			     struct report *report);

/*
 * The same of a file that is parsed, whose root this is. 0, also if there are problems, which are
 * in the report: then the spec has what could be read. Or -ENOMEM. To be released with
 * glb_spec_free() after either.
 */
GLB_NODISCARD int spec_read(struct glb_spec *out, const struct conf_value *root);

/*
 * Reads a source file or a binary image and works the tables out. Failures as above.
 *
 * how  as of glb_tables_build_how(), but for `run`: all processors this thread may use take part;
 *      may be NULL
 */
GLB_NODISCARD int tables_load(struct glb_tables *out, const char *path,
			      const struct glb_building *how, struct report *report);

/* The same of a file that was read, or could not be, which is reported then. */
GLB_NODISCARD int tables_read(struct glb_tables *out, const struct conf_input *input,
			      const struct glb_building *how, struct report *report);

/*
 * The place in `tables` of the table that is `table` in another state: by name, or if there is no
 * such name by seed, which tables from an image do not have; -1.
 */
int tables_find(const struct glb_tables *tables, const struct glb_table *table);

#endif
