/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a director say of itself in metrics?
 *
 * One list of families, docs/metrics.md, written slice by slice: neither 65,536 backends nor a
 * reload in between holds up the control thread or mixes samples. What went to tables and backends
 * is of the moment when the walk began, all else of when it is written.
 *
 * All functions are for the control thread, while there is a generation in force.
 */
#ifndef DIRECTOR_METRICS_H
#define DIRECTOR_METRICS_H

#include "director/control.h"

struct metrics;

/* Begins a walk. NULL: out of memory. To be released with metrics_free(). */
struct metrics *metrics_begin(const struct control *control, bool is_old);

/*
 * Writes the next family, or METRICS_SLICE samples of it. False: that was the last one; or what
 * tables and backends have counted cannot be had any more, and the text lacks its end.
 */
bool metrics_write(struct metrics *metrics, FILE *out);

enum { METRICS_SLICE = 2000 };

void metrics_free(struct metrics *metrics);

#endif
