/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <time.h>

#include "samples.h"

double bench_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void samples_add(struct samples *samples, double value)
{
	if (samples->count < SAMPLES_MAX)
		samples->values[samples->count++] = value;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

struct spread samples_spread(const struct samples *samples)
{
	struct samples sorted = *samples;

	qsort(sorted.values, sorted.count, sizeof(*sorted.values), compare);
	return (struct spread){
		.median = sorted.values[sorted.count / 2],
		.min = sorted.values[0],
		.max = sorted.values[sorted.count - 1],
	};
}

struct samples samples_ratio(const struct samples *a, const struct samples *b)
{
	struct samples ratio = {.count = a->count < b->count ? a->count : b->count};

	for (unsigned int i = 0; i < ratio.count; i++)
		ratio.values[i] = a->values[i] / b->values[i];
	return ratio;
}
