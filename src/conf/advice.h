/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rows of a table would be better served by a better rule?
 *
 * A table without "hops" is ordered by the original's rule, because fleets mix directors. That rule
 * looks at two choices only and, of the second, at its state but not at its health; so it leaves
 * unhealthy backends in front that a table with "hops" would not.
 */
#ifndef CONF_ADVICE_H
#define CONF_ADVICE_H

#include <glb/table.h>

#include "conf/json.h"

/* Rows whose primary is unhealthy, and why. */
struct unhealthy_rows {
	uint32_t both;	       /* both choices are unhealthy */
	uint32_t not_replaced; /* the second is healthy but filling or draining, which never move up
				*/
	uint32_t replaced; /* it took the place of a healthy draining one, as its state is active */
};

/* Counts in a table that was built, not read from an image, and has no "hops"; else all is 0. */
struct unhealthy_rows unhealthy_rows(const struct glb_table *table);

/* Warns about them, at a table of a file. */
void advise(const struct conf_value *value, const struct glb_table *table);

#endif
