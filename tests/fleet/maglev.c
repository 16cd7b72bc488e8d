/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/siphash.h>

#include "maglev.h"
#include "memory.h"

enum { FREE = 0xffff };

struct maglev_permutation maglev_permutation_of(unsigned int proxy, uint32_t size)
{
	static const uint8_t keys[2][GLB_SIPHASH_KEY_LEN] = {{1}, {2}};
	uint8_t name[4];

	glb_store_le32(name, proxy);
	return (struct maglev_permutation){
		.offset = (uint32_t)(glb_siphash(keys[0], name, sizeof(name)) % size),
		.skip = (uint32_t)(glb_siphash(keys[1], name, sizeof(name)) % (size - 1) + 1),
	};
}

void maglev_fill(uint16_t *table, uint32_t size, const struct maglev_permutation *permutations,
		 unsigned int count)
{
	uint32_t *next = need(count * sizeof(*next)); /* entry that each wants next */

	memset(table, 0xff, size * sizeof(*table));
	for (unsigned int i = 0; i < count; i++)
		next[i] = permutations[i].offset;
	for (uint32_t filled = 0, i = 0; filled < size; filled++, i = (i + 1) % count) {
		while (table[next[i]] != FREE) {
			next[i] += permutations[i].skip;
			next[i] -= next[i] >= size ? size : 0;
		}
		table[next[i]] = (uint16_t)i;
	}
	free(next);
}
