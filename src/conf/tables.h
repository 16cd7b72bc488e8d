/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables does a tables file describe?
 *
 * The source format is the original's (docs/forwarding-table.md), read strictly. A binary image is
 * taken as well wherever only the finished tables are needed.
 */
#ifndef CONF_TABLES_H
#define CONF_TABLES_H

#include <glb/diag.h>
#include <glb/table.h>

/*
 * Reads the source file at `path` into a spec. Returns 0 and sets *out, to be released with
 * glb_spec_free(); otherwise leaves *out alone: -errno of reading the file, -EINVAL for its content,
 * -ENOMEM. diag always names the file and the place in it.
 */
GLB_NODISCARD int spec_load(struct glb_spec *out, const char *path, struct glb_diag *diag);

/* Likewise from bytes in memory that came from `path`. */
GLB_NODISCARD int spec_parse(struct glb_spec *out, const char *path, const char *bytes, size_t len,
			     struct glb_diag *diag);

/* Reads a source file or a binary image and works the tables out. Failures as above. */
GLB_NODISCARD int tables_load(struct glb_tables *out, const char *path, struct glb_diag *diag);

#endif
