/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do metrics look to who scrapes them?
 *
 * Text of OpenMetrics 1.0, or of Prometheus' older format 0.0.4, which differ in few lines.
 * Families follow each other, each with all its samples.
 */
#ifndef SYS_OPENMETRICS_H
#define SYS_OPENMETRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct openmetrics {
	FILE *out;
	bool is_old; /* the format of Prometheus */
	const struct openmetrics_family *family;
};

enum openmetrics_type {
	OPENMETRICS_COUNTER, /* samples end in _total */
	OPENMETRICS_GAUGE,
	OPENMETRICS_INFO, /* samples end in _info and are 1 */
	OPENMETRICS_HISTOGRAM,
};

struct openmetrics_family {
	const char *name; /* without what its samples end in */
	enum openmetrics_type type;
	const char *help; /* a sentence without line breaks or quotes */
};

/* Of a sample; the value may be of any bytes. */
struct openmetrics_label {
	const char *name;
	const char *value;
};

enum { OPENMETRICS_LABELS_MAX = 4 };

/* Behind the last one there is one without a name, if there are fewer than fit. */
struct openmetrics_labels {
	struct openmetrics_label list[OPENMETRICS_LABELS_MAX];
};

/* The media type of either format. */
const char *openmetrics_content(bool is_old);

/* Does a client that accepts this, the value of its field "Accept", want the older format? */
bool openmetrics_wants_old(const char *accept);

/* A family begins. */
void openmetrics_begin(struct openmetrics *metrics, const struct openmetrics_family *family);

/* Samples of it, but for histograms. */
void openmetrics_count(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		       uint64_t value);
void openmetrics_real(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		      double value);

/* What was counted below each of `edge_count` edges, which ascend, and above all of them. */
struct openmetrics_histogram {
	const double *edges;
	const uint64_t *counts; /* of edge_count + 1 classes, each of its own */
	unsigned int edge_count;
	double sum;
};

void openmetrics_histogram(struct openmetrics *metrics, const struct openmetrics_labels *labels,
			   const struct openmetrics_histogram *histogram);

/* Behind the last family: without it a client knows that it has not got all. */
void openmetrics_end(const struct openmetrics *metrics);

#endif
