/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the rows of a table shared out evenly?
 *
 * By rank alone, the number of rows in which a backend is first is random, and varies most if each
 * backend has few rows: among 1,000 backends one has 1.4 times its share. In a table with max_load,
 * every backend that takes new flows is first in at most that percentage of its share, or in one
 * row more than its share if that is more, as far as the choices of the rows permit. Shares are by
 * weight, of the rows in which some backend takes new flows.
 *
 * A row has a choice if its first two hops take new flows and are healthy, and neither is in the
 * last place of its ranking. Balancing swaps the first two hops of such rows and does nothing else:
 * it never adds a backend to a row or removes one. So the first hop of a row is never in the last
 * place unless it was without balancing, and the last place is the only one that a new backend
 * takes away.
 *
 *   limit     of a backend: its share of rows * max_load / 100, less a fraction of a row that is
 *   the
 *             lower 16 bits of SipHash(seed, address) / 2^16, rounded down, so that the limits of
 *             many backends do not change at once; but at least 1 + its share rounded down
 *   first     for every row in order: if its first hop is beyond its limit, the row has a choice
 *   and
 *             its second hop is below its own limit, they are swapped
 *   then      while some are beyond their limit, at most GLB_BALANCE_ROUNDS times: a backend below
 *             its limit has distance 0, others one more than the least of the second hops of rows
 *             with a choice in which they are first. For every row in order: if its first hop is
 *             beyond its limit, the row has a choice, and its second hop is not beyond its limit
 *             and
 *             at a smaller distance, they are swapped. Ends early when no row is changed
 *
 * The result depends on the spec alone, neither on the order of its backends nor on earlier tables.
 */
#ifndef GLB_BALANCE_H
#define GLB_BALANCE_H

#include <glb/table.h>

enum { GLB_BALANCE_ROUNDS = 64 };

/*
 * Balances rows ordered by glb_order_rows(), from the same ranking, by the spec's max_load, which
 * must not be 0. Returns 0; or -ENOMEM, with the rows unchanged.
 */
GLB_NODISCARD int glb_balance_rows(struct glb_row *rows, const struct glb_row *ranked,
				   const struct glb_table_spec *spec);

/*
 * Is the first hop of a row ahead of the second only because of balancing? The table must be
 * ranked, not read from an image.
 */
bool glb_row_was_balanced(const struct glb_table *table, uint32_t row);

/*
 * The largest ratio of the rows that a backend is first in to its share, over all that take new
 * flows; 0 if none does. The table must not be read from an image, which has no weights.
 */
double glb_peak_load(const struct glb_table *table);

#endif
