/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which workers do not come to the end of a burst?
 *
 * Once a second every worker is asked for a quiescent state (director/publish.h), which it reports
 * anyway. One that has not done so for STALL_MS is stopped, or caught somewhere: it forwards
 * nothing, and all that was replaced since has to be kept, as it may be reading that. The control
 * thread says so and goes on.
 */
#ifndef DIRECTOR_STALLS_H
#define DIRECTOR_STALLS_H

#include "director/worker.h"

enum { STALL_MS = 2000, STALL_ASK_MS = 1000, STALL_REMIND_MS = 60000 };

struct stalls {
	unsigned int ask_ms; /* how often, if it is to be more often than every STALL_ASK_MS */
	uint64_t token;	     /* 0: nothing was asked yet */
	uint64_t polled_at_ms;
	uint64_t waited_ms;  /* since it was asked, less what the whole process stood still */
	uint64_t warn_at_ms; /* of that; 0: nothing was asked */
};

/*
 * Asks, looks for answers and logs which worker on which lcore has given none, and that all go on.
 * True when all have answered, once for each time that they were asked.
 */
bool stalls_poll(struct stalls *stalls, const struct workers *workers);

#endif
