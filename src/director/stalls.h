/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which workers do not come to the end of a burst?
 *
 * In every turn of the control thread each worker that has answered is asked for another quiescent
 * state (director/publish.h), which it reports anyway. One that has not done so for STALL_MS is
 * stopped, or caught somewhere: it forwards nothing, and all that was replaced since has to be
 * kept, as it may be reading that. The control thread says so and goes on. The director may be not
 * ready long before that (director/ready.h).
 */
#ifndef DIRECTOR_STALLS_H
#define DIRECTOR_STALLS_H

#include "director/worker.h"

enum { STALL_MS = 2000, STALL_REMIND_MS = 60000 };

struct stalls {
	/* how it is: for anybody on the control thread */
	uint64_t longest_ms;  /* that a worker has stood still by now; 0: none has */
	unsigned int slowest; /* which one; without any, the last one */
	bool stalled;	      /* one did for limit_ms, and it is not limit_ms since */
	/* its own */
	uint64_t polled_at_ms;
	uint64_t going_on_ms; /* all, since one has stalled */
	uint64_t warn_at_ms;  /* of longest_ms; 0: not polled yet */
	struct {
		uint64_t token;	    /* 0: nothing was asked yet */
		uint64_t waited_ms; /* less what the whole process stood still */
	} workers[RTE_MAX_LCORE];
};

/* For a watchdog: has no worker stood still for STALL_MS? */
static inline bool stalls_have_none(const struct stalls *stalls)
{
	return stalls->longest_ms < STALL_MS;
}

/* Is no worker on its way to limit_ms? */
static inline bool stalls_go_on(const struct stalls *stalls, uint32_t limit_ms)
{
	return stalls->longest_ms * 2 < limit_ms;
}

/*
 * Looks for answers, asks anew, and logs which worker on which lcore has given none, and that all
 * go on.
 *
 * limit_ms  after which one counts as stalled; 0: never
 * turn_ms   how often this is called, as a rule: what took three times as long was not the workers
 */
void stalls_poll(struct stalls *stalls, const struct workers *workers, uint32_t limit_ms,
		 uint32_t turn_ms);

#endif
