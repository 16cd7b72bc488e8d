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
#ifndef DIRECTOR_METRICS_METRICS_H
#define DIRECTOR_METRICS_METRICS_H

#include "director/control.h"

struct exposition;

/*
 * Begins an export. It ends early, without its final line, if figures of tables and backends are no
 * longer available.
 *
 * Returns NULL if out of memory; otherwise to be released with exposition_end().
 */
struct exposition *metrics_begin(const struct control *control, bool is_old);

#endif
