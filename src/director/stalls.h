/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which workers are stalled, that is, do not complete a burst?
 *
 * In every turn of the control thread each worker that has reported a quiescent state is asked for
 * another (director/publish.h), which it reports anyway. One that has not done so for STALL_MS is
 * stopped or stuck: it forwards nothing, and everything replaced since has to be kept, as it may be
 * reading that. The control thread logs it and continues. The director may be not ready long before
 * that (director/ready.h).
 */
#ifndef DIRECTOR_STALLS_H
#define DIRECTOR_STALLS_H

#include "director/worker.h"

enum { STALL_MS = 2000, STALL_REMIND_MS = 60000 };

struct stalls {
	/* state, readable on the control thread */
	uint64_t longest_ms;  /* time that a worker has been stalled by now; 0: none is */
	unsigned int slowest; /* that worker; if none is stalled, the last one */
	bool stalled; /* one was for limit_ms, and not all have been running for limit_ms since */
	/* private */
	uint64_t polled_at_ms;
	uint64_t going_on_ms; /* time that all have been running since one was stalled */
	uint64_t warn_at_ms;  /* in terms of longest_ms; 0: not polled yet */
	struct {
		uint64_t token;	    /* 0: not asked yet */
		uint64_t waited_ms; /* without the time that the whole process was stopped */
	} workers[RTE_MAX_LCORE];
};

/* For a watchdog: has no worker been stalled for STALL_MS? */
static inline bool stalls_have_none(const struct stalls *stalls)
{
	return stalls->longest_ms < STALL_MS;
}

/* Is no worker approaching limit_ms? */
static inline bool stalls_go_on(const struct stalls *stalls, uint32_t limit_ms)
{
	return stalls->longest_ms * 2 < limit_ms;
}

/*
 * Checks for replies, asks again, and logs which worker on which lcore has not replied, and that
 * all are running again.
 *
 * limit_ms  after which a worker counts as stalled; 0: never
 * turn_ms   usual interval of calls: if one took three times as long, the workers are not to blame
 */
void stalls_poll(struct stalls *stalls, const struct workers *workers, uint32_t limit_ms,
		 uint32_t turn_ms);

#endif
