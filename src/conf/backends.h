/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which backends does a table in a file list, and are they fit to be served?
 */
#ifndef CONF_BACKENDS_H
#define CONF_BACKENDS_H

#include "conf/json.h"

/*
 * Reads the backends of a table, whose hops must have been read. Problems go into the report.
 * Returns 0, even if there are some, or -ENOMEM.
 */
GLB_NODISCARD int backends_read(struct glb_table_spec *out, const struct conf_value *table);

#endif
