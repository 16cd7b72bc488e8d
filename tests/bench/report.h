/* SPDX-License-Identifier: BSD-3-Clause */
/* How are results shown? As a table on stdout, and as JSON for machines. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "samples.h"

struct report {
	FILE *json;	  /* NULL: none wanted */
	bool any;	  /* something is in the list already */
	const char *unit; /* of the section */
};

/* `path` may be NULL. Returns 0 or -errno. */
int report_open(struct report *report, const char *path);

/* Returns 0 or -errno if the file could not be written. */
int report_close(struct report *report);

/* A heading: the unit of the results that follow; what is compared, or "". */
void report_section(struct report *report, const char *title, const char *unit,
		    const char *measure);

/* One result. `baseline` is what it is compared with, round by round, or NULL. */
void report_row(struct report *report, const char *subject, const char *variant,
		const struct samples *samples, const struct samples *baseline);

#endif
