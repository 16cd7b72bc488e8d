/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the rows of a table shared out evenly?
 *
 * By rank alone the number of rows a backend is first on is left to chance, and chance is unkind
 * where a backend has few rows: among 1,000 backends one has 1.4 times its share. In a table with
 * max_load no backend that takes new flows is first on more than that many percent of its share, or
 * one row beyond its share if that is more; as far as the choices of rows allow. Shares are by
 * weight, of the rows on which somebody takes new flows.
 *
 * A row has a choice when its first two hops take new flows and are healthy, and neither is in the
 * last place of its ranking. Balancing makes the second hop of such rows the first and does nothing
 * else: it never puts a backend on a row, or takes one from it. What is first on a row is thus
 * never in the last place unless it was without balancing, and the last place is the only one that
 * a new backend takes away.
 *
 *   limit     of a backend: its share of rows * max_load / 100, less a part of a row that is the
 *             lower 16 bits of SipHash(seed, address) / 2^16, rounded down, so that the limits of
 *             many backends do not change at once; but no less than 1 + its share rounded down
 *   first     for every row from the first: if its first hop is beyond its limit, the row has a
 *             choice and its second hop is below its own limit, they swap places
 *   then      while some are beyond their limit, at most GLB_BALANCE_ROUNDS times: a backend below
 *             its limit has distance 0, others one more than the least of the second hops of rows
 *             with a choice that they are first on. For every row from the first: if its first hop
 *             is beyond its limit, the row has a choice, its second hop is not beyond its limit and
 *             at less distance, they swap places. Ends early when no row does
 *
 * This depends on the spec alone: neither on the order of its backends nor on what was before.
 */
#ifndef GLB_BALANCE_H
#define GLB_BALANCE_H

#include <glb/table.h>

enum { GLB_BALANCE_ROUNDS = 64 };

/*
 * Balances rows that glb_order_rows() ordered, from the same ranking, by the spec's max_load, which
 * is not 0. Returns 0, or -ENOMEM and leaves the rows alone.
 */
GLB_NODISCARD int glb_balance_rows(struct glb_row *rows, const struct glb_row *ranked,
				   const struct glb_table_spec *spec);

/*
 * Is the first hop of a row one that only balancing put before the second? The table is ranked, not
 * read from an image.
 */
bool glb_row_was_balanced(const struct glb_table *table, uint32_t row);

/*
 * How many rows is a backend first on, relative to its share? The largest of all that take new
 * flows, 0 if none does. The table is not read from an image, which has no weights.
 */
double glb_peak_load(const struct glb_table *table);

#endif
