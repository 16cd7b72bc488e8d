/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are the parts of a monitor?
 *
 *   targets.c  when a check is tried
 *   watched.c  what remains known when the tables change
 *   verdict.c  what follows from results
 *
 * Private to these files and monitor.c.
 */
#ifndef HEALTHCHECK_MONITOR_PARTS_H
#define HEALTHCHECK_MONITOR_PARTS_H

#include <event2/event.h>

#include "healthcheck/monitor.h"
#include "sys/sparing.h"

/* A check that is tried periodically. */
struct target {
	struct monitor *monitor;
	const struct health_check *check; /* in the content being watched */
	unsigned int place;		  /* its index in the plan */
	struct monitor_check known;
	struct event *timer;
	uint64_t begun_ms;	/* start of its current interval, which lasts interval_ms */
	uint32_t interval_ms;	/* of the check that it had last; 0: it is new */
	struct probe *probe;	/* in progress, or NULL */
	struct content *probed; /* the content that the probe's check is in */
	struct target *next;	/* in the queue of those waiting for parallel_max */
	bool waits;
};

/* A table of the plan. */
struct watched_table {
	struct judge_table judged;
	uint64_t look_again_ms; /* when it is to be judged at the latest; 0: not scheduled */
	bool is_due;		/* to be judged in the next turn */
};

/* Everything that belongs to one content. */
struct watched {
	struct content *content; /* NULL: nothing is watched */
	struct target **targets; /* by check */
	struct judge_backend *backends;
	struct watched_table *tables;
	bool *healthy;		/* to be written */
	unsigned int *table_of; /* table index by backend */
	/* backends by check: those of `check` are having[first[check]] to having[first[check + 1]
	 * - 1] */
	unsigned int *first;
	unsigned int *having;
	struct judge_evidence *evidence; /* scratch space, for the largest table */
	struct judge_backend *before;	 /* scratch space: its backends before judgement */
};

struct monitor_trial {
	struct monitor *monitor;
	struct content *content; /* the content its check is in */
	struct probe *probe;
	struct probe_listener listener;
	struct monitor_trial *next;
};

struct monitor {
	struct event_base *base;
	struct probes *probes;
	struct monitor_listener listener;
	struct watched now;
	bool is_new;	       /* `now` has not been announced yet */
	struct event *judging; /* fires in the next turn, or when a table is due */
	struct monitor_totals totals;
	struct target *waiting; /* queue of targets waiting for parallel_max */
	struct target **waiting_end;
	struct monitor_trial *trials;
	unsigned int parallel_max;
	uint64_t random;      /* xorshift64 */
	struct sparing blind; /* limits log lines about tries that failed locally */
};

/* --- targets.c --- */

/* Returns a new target, not scheduled yet. NULL: out of memory. */
struct target *target_make(struct monitor *monitor);

/* Abandons a try in progress. NULL is fine. */
void target_free(struct target *target);

/*
 * Its check was set or replaced by another of the same name: schedules it, the first try being at a
 * random point in its interval. A scheduled target keeps its phase, but does not wait out an
 * interval longer than the new one.
 */
void target_follow(struct target *target);

/* Starts waiting targets, as far as parallel_max permits. */
void targets_go_on(struct monitor *monitor);

/* --- watched.c --- */

void watched_free(struct watched *watched);

/* --- verdict.c --- */

/* The verdict on a check has changed: judges its tables in the next turn. */
void verdict_ask(struct monitor *monitor, unsigned int check);

/* Judges all tables in the next turn. */
void verdict_ask_all(struct monitor *monitor);

/* Judges the tables that are due. A callback of libevent. */
void monitor_judge(evutil_socket_t fd, short events, void *monitor);

#endif
