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
#include <stdio.h>

enum { FIGURES_SLICE = 2000 };

struct checker;
struct figures;

/* Begins an export. Returns NULL if out of memory; otherwise to be released with figures_free(). */
struct figures *figures_begin(const struct checker *checker, bool is_old);

/*
 * Writes the next family, or FIGURES_SLICE samples of it. False: it was the last one, or the tables
 * have changed since the export began, which then lacks its final line.
 */
bool figures_write(struct figures *figures, FILE *out);

void figures_free(struct figures *figures);

#endif
