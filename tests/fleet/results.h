/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are outcomes shown? As tables on stdout, and as JSON in the format of tests/bench/report.h.
 */
#ifndef FLEET_RESULTS_H
#define FLEET_RESULTS_H

#include "play.h"

enum { SEEDS_MAX = 9, RESULTS_MAX = 32 };

/* The outcomes of one scenario, by seed. */
struct result {
	const struct scenario *scenario;
	struct outcome outcomes[SEEDS_MAX];
};

struct results {
	struct result list[RESULTS_MAX];
	unsigned int count;
	unsigned int seeds; /* of each */
};

void results_print(const struct results *results);

/* Returns 0 or -errno. */
int results_write(const struct results *results, const char *path);

/* Flows that were broken or refused although a promise was made; a line on stderr for each scheme
 * and scenario. */
unsigned int results_broken_promises(const struct results *results);

#endif
