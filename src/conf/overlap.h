/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which binds can never be reached, or not by all packets that they name?
 *
 * Of the binds that match a packet the longest prefix wins, then the narrowest port range, then the
 * first in the file; see glb/bind.h. The loser of two overlapping binds may be intended, or
 * forgotten: it causes a warning that names a winner. One warning per bind, however many win.
 */
#ifndef CONF_OVERLAP_H
#define CONF_OVERLAP_H

#include "conf/json.h"

/*
 * Checks the binds of all tables against each other, in O(n log n) for n binds.
 *
 * spec    binds that could not be read have protocol 0
 * tables  the array of tables in the file that spec was read from
 *
 * Returns 0, even if there are warnings, or -ENOMEM.
 */
GLB_NODISCARD int overlaps_warn(const struct glb_spec *spec, const struct conf_value *tables);

#endif
