/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the sources of the metrics share?
 *
 * Private to figures*.c. Each function below writes all samples of a family, which has been begun.
 */
#ifndef HEALTHCHECK_FIGURES_PARTS_H
#define HEALTHCHECK_FIGURES_PARTS_H

#include "healthcheck/figures.h"
#include "sys/openmetrics.h"

struct content;

struct figures {
	struct openmetrics text;
	const struct checker *checker;
	const struct content *content; /* when the export began: held, or NULL */
	unsigned int family;	       /* index of the next one */
	bool begun;		       /* that family has been begun and continues at `at` */
	unsigned int at;	       /* index of a check or backend */
};

#define LABELS(...) (&(const struct openmetrics_labels){{__VA_ARGS__}})

typedef void figures_family_fn(struct figures *figures);

/* Totals since the start, of probes and of their consequences. */
figures_family_fn figure_probes;
figures_family_fn figure_failures;
figures_family_fn figure_connects;
figures_family_fn figure_durations;
figures_family_fn figure_under_way;
figures_family_fn figure_late;
figures_family_fn figure_changes;
figures_family_fn figure_last_write;
figures_family_fn figure_last_agreement;
figures_family_fn figure_agrees;
figures_family_fn figure_steps;
figures_family_fn figure_sources;
figures_family_fn figure_source_refused;

#endif
