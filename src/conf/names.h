/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is the name of a table unique?
 */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include "conf/json.h"

/*
 * Warns of a name that an earlier table has as well, with the place of that one; in O(n log n) for
 * n tables. Tables without a name are ignored.
 *
 * tables  the array in the file that spec was read from
 *
 * Returns 0, even if there are warnings, or -ENOMEM.
 */
GLB_NODISCARD int names_warn(const struct glb_spec *spec, const struct conf_value *tables);

#endif
