/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are metrics presented to a scraper?
 *
 * As text of OpenMetrics 1.0 or of Prometheus' older format 0.0.4; the two differ in few lines.
 * Families follow each other, each with all its samples.
 */
#ifndef SYS_OPENMETRICS_H
#define SYS_OPENMETRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct openmetrics {
	FILE *out;
	bool is_old; /* Prometheus' format 0.0.4 */
	const struct openmetrics_family *family;
};

enum openmetrics_type {
	OPENMETRICS_COUNTER, /* sample names end in _total */
	OPENMETRICS_GAUGE,
	OPENMETRICS_INFO, /* sample names end in _info, values are 1 */
	OPENMETRICS_HISTOGRAM,
};

struct openmetrics_family {
	const char *name; /* without the suffix of its samples */
	enum openmetrics_type type;
	const char *help; /* a sentence without line breaks or quotes */
};

/* A label of a sample; the value may be any bytes. */
struct openmetrics_label {
	const char *name;
	const char *value;
};

enum { OPENMETRICS_LABELS_MAX = 4 };

/* Ends at the first entry whose name is NULL, or when full. */
struct openmetrics_labels {
	struct openmetrics_label list[OPENMETRICS_LABELS_MAX];
};

/* The media type of either format. */
const char *openmetrics_content(bool is_old);

/* Does the value of a request's Accept field ask for the older format? */
bool openmetrics_wants_old(const char *accept);

/* Begins a family. */
void openmetrics_begin(struct openmetrics *metrics, const struct openmetrics_family *family);

/* Writes a sample of the current family, which is not a histogram. */
void openmetrics_count(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		       uint64_t value);
void openmetrics_real(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		      double value);

/* `edge_count` ascending class edges; the last class is open-ended. */
struct openmetrics_histogram {
	const double *edges;
	const uint64_t *counts; /* edge_count + 1 counts, one per class, not cumulative */
	unsigned int edge_count;
	double sum;
};

void openmetrics_histogram(struct openmetrics *metrics, const struct openmetrics_labels *labels,
			   const struct openmetrics_histogram *histogram);

/* Ends the text. Without this line a client knows that it was truncated. */
void openmetrics_end(const struct openmetrics *metrics);

#endif
