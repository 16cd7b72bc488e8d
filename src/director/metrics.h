/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which metrics does a director export?
 *
 * One list of families, docs/metrics.md, written in slices: neither 65,536 backends nor a reload
 * meanwhile blocks the control thread or mixes samples. Figures of tables and backends are as of
 * the beginning of the export, all others as of the time they are written.
 *
 * All functions must be called on the control thread, while there is a generation in force.
 */
#ifndef DIRECTOR_METRICS_H
#define DIRECTOR_METRICS_H

#include "director/control.h"

struct metrics;

/* Begins an export. NULL: out of memory. To be released with metrics_free(). */
struct metrics *metrics_begin(const struct control *control, bool is_old);

/*
 * Writes the next family, or METRICS_SLICE samples of it. False: it was the last one; or figures of
 * tables and backends are no longer available, and the text lacks its final line.
 */
bool metrics_write(struct metrics *metrics, FILE *out);

enum { METRICS_SLICE = 2000 };

void metrics_free(struct metrics *metrics);

#endif
