/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is healthy, going by results and time alone?
 *
 * Pure functions: no clock, no I/O, no allocation, no memory of their own. Two steps:
 *
 *   results of a check   -> is the check up?         rise and fall, as the original's dampening
 *   all of a table's     -> what is written for each backend: flapping held down, no more than a
 *                           share of the table at once, no more than so many changes a minute
 *
 * What may go wrong is always on the side of leaving things as they are.
 *
 * Times are milliseconds of one clock that nobody sets, such as clock_ms(), and never 0. Only the
 * difference to now_ms counts, modulo 2^64: a time before the clock's own zero, from a state file
 * that is older than the last boot, is a number close to 2^64. After a gap, as when a machine was
 * suspended, whatever was to wait has waited; nothing else depends on how much time passes at once.
 */
#ifndef HEALTHCHECK_JUDGE_H
#define HEALTHCHECK_JUDGE_H

#include "conf/health.h"

/* --- A check --- */

enum judge_status {
	JUDGE_UNKNOWN, /* there were not enough results yet */
	JUDGE_UP,
	JUDGE_DOWN,
};

/* What is known of a check. All zeros: nothing. */
struct judge_check {
	enum judge_status status;
	uint8_t streak;	   /* results in a row that speak against status */
	bool is_bad;	   /* of UNKNOWN: they are bad ones */
	uint64_t since_ms; /* it has this status; 0: since ever */
};

/*
 * A result has come. UP becomes DOWN with the `fall`th bad one in a row, DOWN becomes UP with the
 * `rise`th good one in a row; 0 is as 1. True: the status has changed.
 *
 * UNKNOWN becomes either in the same way, where the original believes the first result. From then
 * on a check is as the original's. One that is known from before a restart keeps its status, and
 * needs all of `rise` or `fall` to lose it.
 */
bool judge_result(struct judge_check *check, bool good, uint8_t rise, uint8_t fall,
		  uint64_t now_ms);

/* Do its last results speak against its status, or against one that has none yet? */
static inline bool judge_wavers(const struct judge_check *check)
{
	return check->streak && (check->status != JUDGE_UNKNOWN || check->is_bad);
}

/* --- A table --- */

enum { JUDGE_FLAPS_MAX = HEALTH_FLAPS_MAX };

/* Of a backend: what the last judge_table() has made another. */
enum { JUDGE_CHANGED_HEALTHY = 1, JUDGE_CHANGED_DEGRADED = 2 };

/*
 * What is known of a backend of a table. All zeros: it is new, and gets nothing before its checks
 * are up for the first time; then it is known.
 */
struct judge_backend {
	bool is_known;	   /* it was up before, here or before a restart; or its table is new */
	bool healthy;	   /* as it is to be written */
	bool degraded;	   /* up, and to be drained softly; by the newest evidence */
	bool held;	   /* it flaps, and is to be down until it was quiet for flap_window_s */
	bool fit;	   /* its checks say so: up and not degraded; by the newest evidence */
	uint8_t changed;   /* JUDGE_CHANGED_..., or 0 */
	uint64_t since_ms; /* `healthy` is as it is; 0: since ever */
	uint64_t flaps_ms[JUDGE_FLAPS_MAX]; /* when `fit` changed, newest first; 0: never */
};

/* What the checks of a backend say now. */
struct judge_evidence {
	enum judge_status status; /* DOWN: one of its checks is; UP: all are, or it has none */
	bool degraded;		  /* UP, and the backend itself asks for less */
	bool takes_flows;	  /* it is not inactive; if it is, all else is ignored */
	bool wavers; /* a check does; of DOWN: all that are down do, so that it may be about to rise
		      */
};

/* Adds what a check says to the evidence of its backend, which begins as UP. */
void judge_add(struct judge_evidence *evidence, const struct judge_check *check);

/* Why a table is not as its evidence says. The first one that applies. */
enum judge_distrust {
	JUDGE_TRUSTED,
	JUDGE_FAILS_OPEN, /* more are down than may be: all that were healthy are */
	JUDGE_LIMITED,	  /* changes wait for their minute */
};

/* A minute in whole seconds: a change in the first of them is as old as that in the last one. */
enum { JUDGE_SECONDS = 61 };

/* What is known of a table. All zeros: nothing was changed yet. */
struct judge_table {
	uint64_t second;		 /* of the newest of changes[]: whole seconds of now_ms */
	uint16_t changes[JUDGE_SECONDS]; /* of backends in that second, in the one before, ... */
	enum judge_distrust distrust;
	uint64_t open_since_ms; /* it fails open; 0: it does not */
};

struct judge_verdict {
	unsigned int changed;	/* backends that are `changed` */
	uint64_t look_again_ms; /* later than now_ms: time alone may change something; 0: it will
				   not */
};

/*
 * Judges all backends of a table anew: `backends` and `evidence` have `count` elements each, in any
 * order that stays. To be called when the evidence, the limits or the list of backends is another
 * one, and when look_again_ms has come; once more changes nothing, but `changed`.
 *
 * New. A table none of whose backends is known has just begun, or its state was lost: all are taken
 * for healthy until their evidence speaks against it, for to prefer none of them is all that can be
 * done. In any other table those that are not known stay unhealthy until they are fit.
 *
 * Inactive backends are healthy, as with the original, count nowhere, and are new when they come
 * back.
 *
 * UNKNOWN leaves a backend that is known as it is.
 *
 * Share. Of those that are known, max_unhealthy_percent, rounded down, may be unhealthy. If more
 * are down, the table fails open: none becomes unhealthy, and those come back that went down within
 * notice_ms before, as what one failure does to many is noticed one by one. Those that have been
 * down for longer stay unhealthy until their checks are up.
 *
 * Nor does one become unhealthy while there is doubt whether they are too many, that is while more
 * are down or waver than may be unhealthy: what one failure does to many brings some to `fall` bad
 * results before others. And when it is over some rise before others: one that is down, wavers and
 * is still healthy counts as up.
 *
 * What room those that are down leave is for flapping ones to be held, and what room these leave is
 * for degraded ones to be drained; each for all of them or for none, since to choose some would
 * only load the others. So of too many the degraded ones are the first to come back. Only a table
 * of which more than that is known from before, or whose backends or limits are others, may have
 * more unhealthy ones.
 *
 * Flapping. A backend whose evidence has changed flap_limit times within flap_window_s (0: any
 * number) is held until it has not changed for as long.
 *
 * Minute. No more than max_changes_per_minute backends change within any; what has no room waits.
 * Backends that recover go first, then those that are down, then those to be held or drained; of
 * each those first whose evidence is the oldest. New ones get what is left of the first half of the
 * limit, so that a failure need not wait behind them. What the operator changed, inactive backends
 * and tables that begin, is not counted.
 */
struct judge_verdict judge_table(struct judge_table *table, struct judge_backend *backends,
				 const struct judge_evidence *evidence, unsigned int count,
				 const struct health_limits *limits, uint64_t now_ms);

#endif
