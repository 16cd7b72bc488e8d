/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was asked of a benchmark?
 * `[--rounds N] [--repeats N] [--json FILE] [--only TEXT] [--against MODULE --own MODULE] [--huge]
 * [--burst N]`
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

enum { BURST_MAX = 64 };

struct options {
	const char *json;    /* NULL: none wanted */
	const char *only;    /* a part of the names of subjects */
	const char *against; /* module of another build, see forward_build.h; NULL: none */
	const char *own;     /* this tree's, so that both are linked alike; given with `against` */
	unsigned int rounds;
	unsigned int repeats;
	unsigned int burst;   /* packets at a time of this build, up to BURST_MAX, a power of 2 */
	bool huge;	      /* memory of the EAL on hugepages */
	bool has_eal;	      /* set by the benchmark: it knows --huge */
	bool compares_builds; /* set by the benchmark: it knows both */
};

/* *options has the usual values; both numbers fit struct samples. False after saying what is wrong.
 */
bool options_read(struct options *options, int argc, char **argv);

#endif
