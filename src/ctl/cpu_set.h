/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which processors does a kernel list such as "0-3,8" name?
 */
#ifndef CTL_CPU_SET_H
#define CTL_CPU_SET_H

#include <stdbool.h>
#include <stdint.h>

#include <glb/diag.h>

enum {
	CPUS_MAX = 4096,     /* higher numbers are not accepted */
	CPU_LIST_LEN = 1024, /* of a list as text; longer lists are truncated */
};

struct cpu_set {
	uint64_t bits[CPUS_MAX / 64];
};

/*
 * Parses a list in the format of cpuset(7): numbers and ranges separated by commas, possibly
 * surrounded by white space; the empty text is the empty set. Returns 0; or -EINVAL with *out
 * untouched if it is malformed or names a processor beyond CPUS_MAX - 1.
 */
GLB_NODISCARD int cpu_set_read(struct cpu_set *out, const char *text);

/* Formats a set as a list, the empty set as "none". Returns out. */
const char *cpu_set_text(char out[CPU_LIST_LEN], const struct cpu_set *set);

void cpu_set_add(struct cpu_set *set, unsigned int cpu); /* no effect from CPUS_MAX on */
bool cpu_set_has(const struct cpu_set *set, unsigned int cpu);
unsigned int cpu_set_count(const struct cpu_set *set);

/* The lowest member not below `from`, or CPUS_MAX. */
unsigned int cpu_set_next(const struct cpu_set *set, unsigned int from);

struct cpu_set cpu_set_both(const struct cpu_set *a, const struct cpu_set *b);	 /* intersection */
struct cpu_set cpu_set_either(const struct cpu_set *a, const struct cpu_set *b); /* union */
struct cpu_set cpu_set_less(const struct cpu_set *a, const struct cpu_set *b);	 /* a without b */

#endif
