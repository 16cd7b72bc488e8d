/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cpu_set.h"

/* Parses a number at *text and advances *text past it. Returns 0 or -EINVAL. */
static int read_cpu(unsigned int *out, const char **text)
{
	unsigned int cpu = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); (*text)++) {
		cpu = 10 * cpu + (unsigned int)(**text - '0');
		if (cpu >= CPUS_MAX)
			return -EINVAL;
	}
	*out = cpu;
	return 0;
}

/* Parses a number or range. Returns 0 or -EINVAL. */
static int read_range(struct cpu_set *set, const char **text)
{
	unsigned int first;
	unsigned int last;

	if (read_cpu(&first, text))
		return -EINVAL;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (read_cpu(&last, text) || last < first)
			return -EINVAL;
	}
	for (unsigned int cpu = first; cpu <= last; cpu++)
		cpu_set_add(set, cpu);
	return 0;
}

static const char *skip_space(const char *text)
{
	return text + strspn(text, " \t\n");
}

int cpu_set_read(struct cpu_set *out, const char *text)
{
	struct cpu_set set = {{0}};

	text = skip_space(text);
	while (*text) {
		if (read_range(&set, &text))
			return -EINVAL;
		if (*text == ',') {
			text++;
			continue; /* a trailing comma: never written by the kernel, but harmless */
		}
		text = skip_space(text);
		if (*text)
			return -EINVAL;
	}
	*out = set;
	return 0;
}

const char *cpu_set_text(char out[CPU_LIST_LEN], const struct cpu_set *set)
{
	size_t len = 0;

	(void)snprintf(out, CPU_LIST_LEN, "none");
	for (unsigned int cpu = cpu_set_next(set, 0); cpu < CPUS_MAX;) {
		unsigned int last = cpu;

		while (cpu_set_has(set, last + 1))
			last++;
		if (len + 16 > CPU_LIST_LEN) {
			(void)snprintf(out + len, CPU_LIST_LEN - len, "...");
			break;
		}
		len += (size_t)snprintf(out + len, CPU_LIST_LEN - len,
					last > cpu ? "%s%u-%u" : "%s%u", len ? "," : "", cpu, last);
		cpu = cpu_set_next(set, last + 1);
	}
	return out;
}

void cpu_set_add(struct cpu_set *set, unsigned int cpu)
{
	if (cpu < CPUS_MAX)
		set->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

bool cpu_set_has(const struct cpu_set *set, unsigned int cpu)
{
	return cpu < CPUS_MAX && set->bits[cpu / 64] >> cpu % 64 & 1;
}

unsigned int cpu_set_count(const struct cpu_set *set)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < CPUS_MAX / 64; i++)
		count += (unsigned int)__builtin_popcountll(set->bits[i]);
	return count;
}

unsigned int cpu_set_next(const struct cpu_set *set, unsigned int from)
{
	while (from < CPUS_MAX && !cpu_set_has(set, from))
		from++;
	return from;
}

struct cpu_set cpu_set_both(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set;

	for (unsigned int i = 0; i < CPUS_MAX / 64; i++)
		set.bits[i] = a->bits[i] & b->bits[i];
	return set;
}

struct cpu_set cpu_set_either(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set;

	for (unsigned int i = 0; i < CPUS_MAX / 64; i++)
		set.bits[i] = a->bits[i] | b->bits[i];
	return set;
}

struct cpu_set cpu_set_less(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set;

	for (unsigned int i = 0; i < CPUS_MAX / 64; i++)
		set.bits[i] = a->bits[i] & ~b->bits[i];
	return set;
}
