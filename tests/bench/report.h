/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are results shown? As a table on stdout, and as JSON for machines.
 *
 * Every benchmark takes `--json FILE` and writes one list of sections, whatever language it is in
 * (report.py does the same for Python):
 *
 *   [{"section": "the data path, per packet",      heading
 *     "unit": "ns",                                of median, min and max
 *     "ratio": "times faster than naive",          what "ratio" says; "" when nothing is compared
 *     "results": [
 *       {"subject": "ipv4 64",                     what was done
 *        "variant": "avx512",                      what did it, or what was counted
 *        "median": 13.2, "min": 13.0, "max": 14.1, over the repeats or rounds
 *        "ratio": {"median": 5.3, "min": 5.1, "max": 5.4}}  missing in the line compared with
 *     ]}]
 *
 * scripts/bench puts the lists of all benchmarks into one file, by name, beside what the machine
 * is:
 *
 *   {"machine": {"cpu": ..., ...}, "benchmarks": {"forward": [...], "table": [...]}}
 *
 * Subject and variant name a result: they must stay as they are from commit to commit, without
 * quotes or backslashes, and no section may have a pair twice.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "samples.h"

struct report {
	FILE *json; /* NULL: none wanted */
	unsigned int sections;
	unsigned int rows; /* of the section */
};

/* `path` may be NULL. Returns 0 or -errno. */
int report_open(struct report *report, const char *path);

/* Returns 0 or -errno if the file could not be written. */
int report_close(struct report *report);

/* A heading: the unit of the results that follow; what is compared, or "". */
void report_section(struct report *report, const char *title, const char *unit,
		    const char *measure);

/*
 * One result, under a heading. `baseline` is what it is compared with, sample by sample, or NULL:
 * the ratio says how many times the result goes into it.
 */
void report_row(struct report *report, const char *subject, const char *variant,
		const struct samples *samples, const struct samples *baseline);

#endif
