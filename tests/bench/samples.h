/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long did something take, on a machine that others use as well?
 *
 * One sample per round and variant, variants in turn within a round, so that what disturbs one
 * disturbs the others alike. The median of the rounds is what counts.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

enum { SAMPLES_MAX = 1001 };

struct samples {
	double values[SAMPLES_MAX];
	unsigned int count;
};

struct spread {
	double median, min, max;
};

/* Wall clock in milliseconds since some time. */
double bench_now_ms(void);

/* Beyond SAMPLES_MAX nothing is added. */
void samples_add(struct samples *samples, double value);

/* At least one sample must have been added. */
struct spread samples_spread(const struct samples *samples);

/* Round by round, how many times b goes into a. */
struct samples samples_ratio(const struct samples *a, const struct samples *b);

#endif
