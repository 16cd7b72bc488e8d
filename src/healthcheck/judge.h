/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is healthy, going by results and time alone?
 *
 * Pure functions: no clock, no I/O, no memory of their own. Two steps:
 *
 *   results of a check   -> is the check up?         rise and fall, as the original's dampening
 *   all of a table's     -> what is written for each backend: flapping held down, no more than a
 *                           share of the table at once, no more than so many changes a minute
 *
 * What may go wrong is always on the side of leaving things as they are.
 */
#ifndef HEALTHCHECK_JUDGE_H
#define HEALTHCHECK_JUDGE_H

#include "conf/health.h"

enum judge_status {
	JUDGE_UNKNOWN, /* no result yet */
	JUDGE_UP,
	JUDGE_DOWN,
};

/* What is known of a check. All zeros: nothing. */
struct judge_check {
	enum judge_status status;
	uint8_t streak;	   /* results in a row that speak against status */
	uint64_t since_ms; /* it has this status; 0: since ever */
};

/*
 * A result has come. The first one of a check that is unknown: `rise` good ones are needed as
 * always when it is new; a bad one is believed at once. True: the status has changed.
 */
bool judge_result(struct judge_check *check, bool good, uint8_t rise, uint8_t fall, uint64_t now_ms);

enum { JUDGE_FLAPS_MAX = 16 };

/* What is known of a backend of a table. All zeros: it is new, and is to get nothing. */
struct judge_backend {
	bool is_known;	  /* it has been healthy before, here or before a restart */
	bool healthy;	  /* as it is to be written; of a degraded one false, while others can take its flows */
	bool degraded;	  /* up, and to be drained softly; of too many these are the first to come back */
	bool held;	  /* down because it flaps */
	uint64_t since_ms;
	uint64_t flaps_ms[JUDGE_FLAPS_MAX]; /* when it changed last, newest first */
};

/* What the checks of a backend say now. */
struct judge_evidence {
	enum judge_status status; /* UP: all of its checks are, or it has none; DOWN: one is */
	bool degraded;
	bool takes_flows; /* it is not inactive */
};

/* Why a table is not as its evidence says. */
enum judge_distrust {
	JUDGE_TRUSTED,
	JUDGE_FAILS_OPEN, /* more would be unhealthy than may be: all that were healthy stay */
	JUDGE_LIMITED,	  /* changes wait for their minute */
};

struct judge_table {
	uint64_t changes_ms[64]; /* when backends of it were changed last, newest first */
	enum judge_distrust distrust;
};

struct judge_verdict {
	unsigned int changed;	/* backends whose healthy or degraded is another one now */
	uint64_t look_again_ms; /* when time alone may change something; 0: it will not */
};

/*
 * Judges all backends of a table anew: `backends` and `evidence` have `count` elements each. Called
 * after results, and when look_again_ms has come. Recoveries go before failures when changes are
 * limited; of failures those that have lasted longest.
 */
struct judge_verdict judge_table(struct judge_table *table, struct judge_backend *backends,
				 const struct judge_evidence *evidence, unsigned int count,
				 const struct health_limits *limits, uint64_t now_ms);

#endif
