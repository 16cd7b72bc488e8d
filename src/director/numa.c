/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "director/numa.h"

enum {
	IDS_MAX = 1024, /* maximum of any kernel build */
	WORD_BITS = sizeof(unsigned long) * CHAR_BIT,
};

/* Returns nodes->count if there is none. */
static unsigned int numa_find(const struct numa_nodes *nodes, unsigned int id)
{
	unsigned int i = 0;

	while (i < nodes->count && nodes->ids[i] != id)
		i++;
	return i;
}

void numa_nodes_add(struct numa_nodes *nodes, unsigned int id)
{
	if (numa_find(nodes, id) == nodes->count && nodes->count < NUMA_NODES_MAX)
		nodes->ids[nodes->count++] = id;
}

unsigned int numa_nodes_index(const struct numa_nodes *nodes, unsigned int id)
{
	unsigned int index = numa_find(nodes, id);

	return index < nodes->count ? index : 0;
}

int numa_place(unsigned int id, void *pages, size_t len)
{
	unsigned long mask[IDS_MAX / WORD_BITS] = {0};

	if (id >= IDS_MAX)
		return -EINVAL;
	mask[id / WORD_BITS] |= 1UL << id % WORD_BITS;
	/* the kernel ignores the last bit: pass one more than there are */
	if (syscall(SYS_mbind, pages, len, MPOL_PREFERRED, mask, IDS_MAX + 1UL, MPOL_MF_MOVE))
		return -errno;
	return 0;
}
