/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which memory is near to which worker?
 *
 * A machine with several sockets, or with one that is divided, has a NUMA node for each. Memory
 * of another node takes about twice as long to read. What workers read at random is therefore
 * replicated, once for every node that has workers.
 */
#ifndef DIRECTOR_NUMA_H
#define DIRECTOR_NUMA_H

#include <stddef.h>

enum { NUMA_NODES_MAX = 8 };

/* Those that have workers. All zeros: does not matter. */
struct numa_nodes {
	unsigned int ids[NUMA_NODES_MAX]; /* as the kernel numbers them */
	unsigned int count;		  /* more nodes than NUMA_NODES_MAX are left out */
};

/* Adds the node with this ID, unless it is there or there is no room. */
void numa_nodes_add(struct numa_nodes *nodes, unsigned int id);

/* The index of the node with this ID; 0 when it was left out. */
unsigned int numa_nodes_index(const struct numa_nodes *nodes, unsigned int id);

/*
 * Asks the kernel to have whole pages on a node, and to move there what is elsewhere. 0, or -errno
 * after which the pages are as good as before, wherever they are.
 */
int numa_place(unsigned int id, void *pages, size_t len);

#endif
