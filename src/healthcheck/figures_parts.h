/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the sources of the metrics share?
 *
 * Private to figures*.c. Each function below writes all samples of a family.
 */
#ifndef HEALTHCHECK_FIGURES_PARTS_H
#define HEALTHCHECK_FIGURES_PARTS_H

#include "healthcheck/figures.h"
#include "sys/exposition.h"

struct content;

/* The source of an exposition. */
struct figures {
	const struct checker *checker;
	const struct content *content; /* when the export began: held, or NULL */
};

/* Totals since the start, of probes and of their consequences. */
exposition_put_fn figure_probes;
exposition_put_fn figure_failures;
exposition_put_fn figure_connects;
exposition_put_fn figure_durations;
exposition_put_fn figure_under_way;
exposition_put_fn figure_late;
exposition_put_fn figure_changes;
exposition_put_fn figure_last_write;
exposition_put_fn figure_last_agreement;
exposition_put_fn figure_agrees;
exposition_put_fn figure_steps;
exposition_put_fn figure_sources;
exposition_put_fn figure_source_refused;

#endif
