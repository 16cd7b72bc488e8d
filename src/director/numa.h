/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which memory is close to which worker?
 *
 * A machine with several sockets, or a partitioned one, has a NUMA node for each. Reading memory
 * of another node takes about twice as long, so what workers read at random is replicated on every
 * node with workers.
 */
#ifndef DIRECTOR_NUMA_H
#define DIRECTOR_NUMA_H

#include <stddef.h>

enum { NUMA_NODES_MAX = 8 };

/* The nodes with workers. All zeros: does not matter. */
struct numa_nodes {
	unsigned int ids[NUMA_NODES_MAX]; /* in the kernel's numbering */
	unsigned int count;		  /* nodes beyond NUMA_NODES_MAX are left out */
};

/* Adds a node by ID, unless it is included or there is no room. */
void numa_nodes_add(struct numa_nodes *nodes, unsigned int id);

/* The index of a node by ID; 0 if it was left out. */
unsigned int numa_nodes_index(const struct numa_nodes *nodes, unsigned int id);

/*
 * Asks the kernel to place whole pages on a node, and to move them if necessary. Returns 0; or
 * -errno, after which the pages are usable wherever they are.
 */
int numa_place(unsigned int id, void *pages, size_t len);

#endif
