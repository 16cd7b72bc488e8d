/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which proxy has which entry of a Maglev table?
 *
 * Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section
 * 3.4: every proxy has a permutation of the entries, offset + i * skip modulo the size of the
 * table; in turns, each takes the first entry of its permutation that is free.
 */
#ifndef FLEET_MAGLEV_H
#define FLEET_MAGLEV_H

#include <stdint.h>

enum { MAGLEV_SIZE = 65537 }; /* the smaller of the paper's two; prime */

struct maglev_permutation {
	uint32_t offset; /* below the size */
	uint32_t skip;	 /* 1 to size - 1 */
};

/* The permutation of a proxy in a table of a prime size. */
struct maglev_permutation maglev_permutation_of(unsigned int proxy, uint32_t size);

/* Writes into `size` entries the index of the permutation that has it; there are `count`, at least
 * one. */
void maglev_fill(uint16_t *table, uint32_t size, const struct maglev_permutation *permutations,
		 unsigned int count);

#endif
