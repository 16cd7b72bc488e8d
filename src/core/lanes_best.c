/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lanes.h"

/* The sets this processor has, best first, behind the last one NULL. */
struct sets {
	const struct lanes_set *list[4];
};

static struct sets sets_here(void)
{
	struct sets sets = {{NULL}};
	unsigned int n = 0;

#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		sets.list[n++] = &glb_lanes_avx512;
	if (__builtin_cpu_supports("avx2"))
		sets.list[n++] = &glb_lanes_avx2;
#endif
	sets.list[n] = &glb_lanes_generic;
	return sets;
}

const struct lanes_set *glb_lanes_named(const char *name)
{
	struct sets sets = sets_here();

	for (unsigned int i = 0; sets.list[i]; i++)
		if (!name || !strcmp(sets.list[i]->name, name))
			return sets.list[i];
	return NULL;
}
