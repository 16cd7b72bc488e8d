/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "director/dpdk.h"
#include "director/lcores.h"

const char *lcore_cpus(char out[LCORE_CPUS_LEN], unsigned int lcore)
{
	rte_cpuset_t cpus = rte_lcore_cpuset(lcore);
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && len < LCORE_CPUS_LEN; cpu++) {
		unsigned int last = cpu;

		if (!CPU_ISSET(cpu, &cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &cpus))
			last++;
		len += (size_t)snprintf(out + len, LCORE_CPUS_LEN - len,
					last > cpu ? "%s%u-%u" : "%s%u", len ? "," : "", cpu, last);
		cpu = last;
	}
	return out;
}
