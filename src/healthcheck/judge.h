/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which backends are healthy, judging by results and time alone?
 *
 * Pure functions: no clock, no I/O, no allocation, no hidden state. Two steps:
 *
 *   results of a check   -> is the check up?         rise and fall, like the original's dampening
 *   all of a table's     -> what is written for each backend: flapping is damped, at most a share
 *   of
 *                           the table goes down at once, at most so many changes per minute
 *
 * Whenever in doubt, things are left as they are.
 *
 * Times are in milliseconds of a monotonic clock such as clock_ms(), and never 0. Only differences
 * to now_ms matter, modulo 2^64: a time before the clock's own zero, from a state file older than
 * the last boot, is a number close to 2^64. After a gap, such as a suspended machine, all delays
 * have expired; nothing else depends on how much time passes at once.
 */
#ifndef HEALTHCHECK_JUDGE_H
#define HEALTHCHECK_JUDGE_H

#include "conf/health.h"

/* --- A check --- */

enum judge_status {
	JUDGE_UNKNOWN, /* not enough results yet */
	JUDGE_UP,
	JUDGE_DOWN,
};

/* What is known of a check. All zeros: nothing. */
struct judge_check {
	enum judge_status status;
	uint8_t streak;	   /* consecutive results that contradict the status */
	bool is_bad;	   /* if UNKNOWN: whether these are bad ones */
	uint64_t since_ms; /* time of the last change of status; 0: unknown, long ago */
};

/*
 * Processes a result. The `fall`th consecutive bad one changes UP to DOWN, the `rise`th consecutive
 * good one DOWN to UP; 0 means 1. Returns true if the status has changed.
 *
 * UNKNOWN changes to either in the same way, whereas the original trusts the first result; from
 * then on the behaviour is the original's. A status restored after a restart is kept until `rise`
 * or `fall` results contradict it.
 */
bool judge_result(struct judge_check *check, bool good, uint8_t rise, uint8_t fall,
		  uint64_t now_ms);

/* Do its latest results contradict its status? If UNKNOWN: are they bad? */
static inline bool judge_wavers(const struct judge_check *check)
{
	return check->streak && (check->status != JUDGE_UNKNOWN || check->is_bad);
}

/* --- A table --- */

enum { JUDGE_FLAPS_MAX = HEALTH_FLAPS_MAX };

/* What the last judge_table() has changed in a backend. */
enum { JUDGE_CHANGED_HEALTHY = 1, JUDGE_CHANGED_DEGRADED = 2 };

/*
 * What is known of a backend of a table. All zeros: it is new, and gets no flows until its checks
 * have been up for the first time; from then on it is known.
 */
struct judge_backend {
	bool is_known;	 /* it has been up before, possibly before a restart; or its table is new */
	bool healthy;	 /* to be written */
	bool degraded;	 /* up, but to be drained gently; by the latest evidence */
	bool held;	 /* it flaps, and stays down until stable for flap_window_s */
	bool fit;	 /* up and not degraded, by the latest evidence */
	uint8_t changed; /* JUDGE_CHANGED_..., or 0 */
	uint64_t since_ms; /* time of the last change of `healthy`; 0: unknown, long ago */
	uint64_t flaps_ms[JUDGE_FLAPS_MAX]; /* when `fit` changed, newest first; 0: never */
};

/* What the checks of a backend say now. */
struct judge_evidence {
	enum judge_status status; /* DOWN: a check is down; UP: all are up, or there are none */
	bool degraded;		  /* UP, but the backend asks for less load */
	bool takes_flows;	  /* it is not inactive; if it is, the rest is ignored */
	bool wavers; /* a check wavers; if DOWN: all checks that are down do, so it may be about to
			rise */
};

/* Combines the status of a check into the evidence of its backend, which starts as UP. */
void judge_add(struct judge_evidence *evidence, const struct judge_check *check);

/* Why the verdict for a table deviates from its evidence: the first that applies. */
enum judge_distrust {
	JUDGE_TRUSTED,
	JUDGE_FAILS_OPEN, /* more are down than allowed: those that were healthy stay so */
	JUDGE_LIMITED,	  /* changes are delayed by the limit per minute */
};

/* Window of the limit: the first and the last second of a minute count as a whole. */
enum { JUDGE_SECONDS = 61 };

/* What is known of a table. All zeros: nothing was changed yet. */
struct judge_table {
	uint64_t second;		 /* that changes[0] stands for: now_ms in whole seconds */
	uint16_t changes[JUDGE_SECONDS]; /* number of backends changed in that second, the one
					    before, ... */
	enum judge_distrust distrust;
	uint64_t open_since_ms; /* since when it fails open; 0: it does not */
};

struct judge_verdict {
	unsigned int changed;	/* number of backends with `changed` set */
	uint64_t look_again_ms; /* when time alone may change the verdict, always after now_ms; 0:
				   never */
};

/*
 * Judges all backends of a table. `backends` and `evidence` have `count` elements each, in an order
 * that must not change. To be called when the evidence, the limits or the list of backends has
 * changed, and at look_again_ms. An extra call changes nothing except `changed`.
 *
 * New backends. If no backend of a table is known, the table is new or its state was lost: all are
 * assumed healthy until their evidence says otherwise, as no backend can be preferred. In any other
 * table, unknown backends stay unhealthy until they are fit.
 *
 * Inactive backends are healthy, as in the original, are not counted anywhere, and are new when
 * they return.
 *
 * UNKNOWN evidence leaves a known backend as it is.
 *
 * Share. Of the known backends, max_unhealthy_percent, rounded down, may be unhealthy. If more are
 * down, the table fails open: none becomes unhealthy, and those that went down less than notice_ms
 * before it failed open come back, since a common failure is noticed one backend at a time. Those
 * that have been down for longer stay unhealthy until their checks are up.
 *
 * Nor does a backend become unhealthy while it is uncertain whether too many will be, that is,
 * while the number down or wavering exceeds the share: in a common failure, some backends reach
 * `fall` bad results before others. When such a failure ends, some rise before others: a backend
 * that is down and wavers but is still healthy counts as up.
 *
 * The part of the share not used by backends that are down is available for holding flapping ones,
 * and what remains then for draining degraded ones; in each case for all of them or for none, as
 * choosing some would only move the load to the others. So when there are too many, the degraded
 * ones come back first. The share can be exceeded only if more were unhealthy before a restart, or
 * after a change of backends or limits.
 *
 * Flapping. A backend whose evidence has changed flap_limit times within flap_window_s (0: no
 * limit) is held until it has been stable for that long.
 *
 * Rate. At most max_changes_per_minute backends change in any minute; further changes are delayed.
 * Recovering backends go first, then those that are down, then those to be held or drained; within
 * each class, those with the oldest evidence first. New backends get what is left of the first half
 * of the limit, so that a failure never waits for them. Changes made by the operator, inactive
 * backends and new tables are not counted.
 */
struct judge_verdict judge_table(struct judge_table *table, struct judge_backend *backends,
				 const struct judge_evidence *evidence, unsigned int count,
				 const struct health_limits *limits, uint64_t now_ms);

#endif
