/* SPDX-License-Identifier: BSD-3-Clause */
#include "weight.h"

__extension__ typedef unsigned __int128 wide;

enum { TOGETHER = 4 }; /* computed in parallel: each is a long chain of dependent multiplications */

/*
 * Logarithms of values from 1 to below 2 in units of 2^-63. Bit by bit: squaring a number doubles
 * its logarithm, whose integer part is the next bit.
 */
static void log2_of(uint64_t *log, uint64_t *value)
{
	for (int i = 0; i < TOGETHER; i++)
		log[i] = 0;
	for (int bit = 0; bit < GLB_COST_BITS; bit++) {
		for (int i = 0; i < TOGETHER; i++) {
			wide square = (wide)value[i] * value[i];
			uint64_t high = (uint64_t)(square >> 64);
			uint64_t next = high >> 63;

			log[i] = log[i] << 1 | next;
			/* halved if it is 2 or more, without an unpredictable branch */
			value[i] = (high << 1 | (uint64_t)square >> 63) >> next | next << 63;
		}
	}
}

void glb_weight_log_init(struct glb_weight_log *log)
{
	const uint64_t steps = 1U << GLB_LOG_STEP_BITS;

	for (uint64_t step = 0; step < steps; step += TOGETHER) {
		uint64_t values[TOGETHER];

		for (uint64_t i = 0; i < TOGETHER; i++)
			values[i] = (steps + step + i) << (63 - GLB_LOG_STEP_BITS);
		log2_of(&log->at[step], values);
	}
	log->at[steps] = (uint64_t)1 << GLB_COST_BITS;
}
