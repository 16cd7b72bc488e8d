/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do random quantities come about? From one state, so that a seed makes a run.
 */
#ifndef FLEET_DRAW_H
#define FLEET_DRAW_H

#include <math.h>
#include <stdint.h>

/* xorshift64*, Vigna 2016. The state must not be 0. */
static inline uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

/* Below n. */
static inline unsigned int draw_below(uint64_t *state, unsigned int n)
{
	return (unsigned int)((draw(state) >> 32) * n >> 32);
}

/* Between 0 and 1, both excluded. */
static inline double draw_part(uint64_t *state)
{
	return ((double)(draw(state) >> 12) + 0.5) / 4503599627370496.0; /* 2^52 */
}

/* Times between events of a Poisson process. */
static inline double draw_exponential(uint64_t *state, double mean)
{
	return -mean * log(draw_part(state));
}

/* Box and Muller, 1958. */
static inline double draw_lognormal(uint64_t *state, double median, double sigma)
{
	double radius = sqrt(-2 * log(draw_part(state)));

	return median * exp(sigma * radius * cos(2 * 3.14159265358979323846 * draw_part(state)));
}

/* Pareto, cut off at `most`. */
static inline double draw_pareto(uint64_t *state, double alpha, double least, double most)
{
	double tail = pow(least / most, alpha);

	return least * pow(1 - draw_part(state) * (1 - tail), -1 / alpha);
}

#endif
