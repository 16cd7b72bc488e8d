/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the rows of a table, worked out the plain way?
 *
 * The yardstick: row by row, every backend is hashed, and one qsort() puts all of them in order.
 */
#ifndef BENCH_NAIVE_TABLE_H
#define BENCH_NAIVE_TABLE_H

#include <glb/rendezvous.h>

/* Ranks all rows of a table. Returns 0 or -ENOMEM. */
GLB_NODISCARD int naive_rank_rows(struct glb_row *ranked, const struct glb_table_spec *spec);

#endif
