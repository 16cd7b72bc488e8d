/* SPDX-License-Identifier: BSD-3-Clause */
/* What was asked of a benchmark? `[--rounds N] [--repeats N] [--json FILE] [--only TEXT]` */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *json; /* NULL: none wanted */
	const char *only; /* a part of the names of subjects */
	unsigned int rounds;
	unsigned int repeats;
};

/* *options has the usual values; both numbers fit struct samples. False after saying what is wrong.
 */
bool options_read(struct options *options, int argc, char **argv);

#endif
