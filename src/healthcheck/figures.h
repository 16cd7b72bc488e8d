/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which metrics does the checker export?
 *
 * One list of families, docs/metrics.md, written in slices so that thousands of backends do not
 * block the loop. All functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_FIGURES_H
#define HEALTHCHECK_FIGURES_H

#include <stdbool.h>

struct checker;
struct exposition;

/*
 * Begins an export. It ends early, without its final line, if the tables change in the meantime.
 *
 * Returns NULL if out of memory; otherwise to be released with exposition_end().
 */
struct exposition *figures_begin(const struct checker *checker, bool is_old);

#endif
