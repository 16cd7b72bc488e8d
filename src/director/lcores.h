/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which processors may the thread of an lcore run on?
 */
#ifndef DIRECTOR_LCORES_H
#define DIRECTOR_LCORES_H

enum { LCORE_CPUS_LEN = 256 };

/* Writes them as a list, such as "2" or "0-3,8", truncated if it is longer. Returns out. */
const char *lcore_cpus(char out[LCORE_CPUS_LEN], unsigned int lcore);

#endif
