/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the checker say of itself in metrics?
 *
 * One list of families, docs/metrics.md, written slice by slice: thousands of backends do not hold
 * up the loop. All functions are for its thread.
 */
#ifndef HEALTHCHECK_FIGURES_H
#define HEALTHCHECK_FIGURES_H

#include <stdbool.h>
#include <stdio.h>

enum { FIGURES_SLICE = 2000 };

struct checker;
struct figures;

/* Begins a walk. NULL: out of memory. To be released with figures_free(). */
struct figures *figures_begin(const struct checker *checker, bool is_old);

/*
 * Writes the next family, or FIGURES_SLICE samples of it. False: that was the last one; or other
 * tables are checked since the walk began, and the text lacks its end.
 */
bool figures_write(struct figures *figures, FILE *out);

void figures_free(struct figures *figures);

#endif
