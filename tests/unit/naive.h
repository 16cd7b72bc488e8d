/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would a row be, worked out the slow way?
 *
 * Every backend of every row is hashed and all are sorted, as include/glb/rendezvous.h has it.
 * Nothing is shared with src/core but SipHash.
 */
#ifndef UNIT_NAIVE_H
#define UNIT_NAIVE_H

#include <glb/table.h>

/* One row by rank, weight and zone. */
struct glb_row naive_ranking(const struct glb_table_spec *spec, uint32_t number);

/* The same row in the order in which hops are tried. */
struct glb_row naive_row(const struct glb_table_spec *spec, uint32_t number);

/*
 * Balances all rows of a table with max_load as include/glb/balance.h has it. `rows` are as
 * naive_row() makes them, `rankings` as naive_ranking() does.
 */
void naive_balance(struct glb_row *rows, const struct glb_row *rankings,
		   const struct glb_table_spec *spec);

/* How many hops a row has. */
unsigned int naive_hop_count(const struct glb_table_spec *spec);

/* The rank of one backend in a row. */
uint64_t naive_rank(const struct glb_table_spec *spec, uint32_t number, unsigned int backend);

/* What a rank costs a backend of some weight. */
uint64_t naive_cost(uint64_t rank, uint32_t weight);

#endif
