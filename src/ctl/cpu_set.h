/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which processors does a list of the kernel's name, as "0-3,8"?
 */
#ifndef CTL_CPU_SET_H
#define CTL_CPU_SET_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

enum {
	CPUS_MAX = 4096,     /* numbers from here on are no processors */
	CPU_LIST_LEN = 1024, /* of a list as text, cut when it is longer */
};

struct cpu_set {
	uint64_t bits[CPUS_MAX / 64];
};

/*
 * Reads a list as in cpuset(7): numbers and ranges with commas between; white space may stand
 * around it, and nothing is the empty set. 0, or -EINVAL with *out untouched: it is no list, or
 * names a processor from CPUS_MAX on.
 */
GLB_NODISCARD int cpu_set_read(struct cpu_set *out, const char *text);

/* Writes the list of a set, "none" of an empty one. Returns out. */
const char *cpu_set_text(char out[CPU_LIST_LEN], const struct cpu_set *set);

void cpu_set_add(struct cpu_set *set, unsigned int cpu); /* no effect from CPUS_MAX on */
bool cpu_set_has(const struct cpu_set *set, unsigned int cpu);
unsigned int cpu_set_count(const struct cpu_set *set);

/* The lowest processor from `from` on, or CPUS_MAX. */
unsigned int cpu_set_next(const struct cpu_set *set, unsigned int from);

struct cpu_set cpu_set_both(const struct cpu_set *a, const struct cpu_set *b);	 /* in both */
struct cpu_set cpu_set_either(const struct cpu_set *a, const struct cpu_set *b); /* in one */
struct cpu_set cpu_set_less(const struct cpu_set *a, const struct cpu_set *b);	 /* not in b */

#endif
