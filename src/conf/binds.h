/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which binds does a table in a file list?
 */
#ifndef CONF_BINDS_H
#define CONF_BINDS_H

#include "conf/json.h"

/*
 * Reads the binds of a table. Problems go into the report; a bind that could not be read has
 * protocol 0. Returns 0, even if there are problems, or -ENOMEM.
 */
GLB_NODISCARD int binds_read(struct glb_table_spec *out, const struct conf_value *table);

#endif
