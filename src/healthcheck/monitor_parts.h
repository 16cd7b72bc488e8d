/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a monitor consist of?
 *
 *   targets.c  when a check is tried
 *   watched.c  what stays known when the tables are others
 *   verdict.c  what results come to
 *
 * Known to those files and monitor.c only.
 */
#ifndef HEALTHCHECK_MONITOR_PARTS_H
#define HEALTHCHECK_MONITOR_PARTS_H

#include <event2/event.h>

#include "healthcheck/monitor.h"
#include "sys/sparing.h"

/* A check that is tried again and again. */
struct target {
	struct monitor *monitor;
	const struct health_check *check; /* of the content that is watched now */
	unsigned int place;		  /* of it */
	struct monitor_check known;
	struct event *timer;
	uint64_t begun_ms;	/* its interval: the next one begins interval_ms later */
	uint32_t interval_ms;	/* of the check that it had last; 0: it is new */
	struct probe *probe;	/* under way, or NULL */
	struct content *probed; /* whose check that has */
	struct target *next;	/* of those that wait for others */
	bool waits;
};

/* A table of the plan. */
struct watched_table {
	struct judge_table judged;
	uint64_t look_again_ms; /* when it is judged anyway; 0: never */
	bool is_due;		/* to be judged */
};

/* All that belongs to one content. */
struct watched {
	struct content *content; /* NULL: nothing is watched */
	struct target **targets; /* by check */
	struct judge_backend *backends;
	struct watched_table *tables;
	bool *healthy;		/* to be written */
	unsigned int *table_of; /* by backend: its table */
	/* which backends have a check: those from first[check] to first[check + 1] in `having` */
	unsigned int *first;
	unsigned int *having;
	struct judge_evidence *evidence; /* room for that of one table */
	struct judge_backend *before;	 /* and for its backends as they were */
};

struct monitor_trial {
	struct monitor *monitor;
	struct content *content; /* whose check it has */
	struct probe *probe;
	struct probe_listener listener;
	struct monitor_trial *next;
};

struct monitor {
	struct event_base *base;
	struct probes *probes;
	struct monitor_listener listener;
	struct watched now;
	bool is_new;	       /* `now` is, and nothing was said of it yet */
	struct event *judging; /* tables are judged in the next turn, or at a time */
	struct monitor_totals totals;
	struct target *waiting; /* for others to end; the first of them */
	struct target **waiting_end;
	struct monitor_trial *trials;
	unsigned int parallel_max;
	uint64_t random;      /* xorshift64 */
	struct sparing blind; /* lines about tries that the checker itself could not make */
};

/* --- targets.c --- */

/* A target of which nothing is known, and that is not tried yet. NULL: out of memory. */
struct target *target_make(struct monitor *monitor);

/* Ends a try that is under way. NULL is fine. */
void target_free(struct target *target);

/*
 * It has a check, or another one of the same name: tries it from now on, the first time somewhere
 * within its interval. One that is tried already goes on, but does not wait out an interval that
 * was longer.
 */
void target_follow(struct target *target);

/* Starts what waits, as far as there is room. */
void targets_go_on(struct monitor *monitor);

/* --- watched.c --- */

void watched_free(struct watched *watched);

/* --- verdict.c --- */

/* A check has another verdict: its tables are judged in the next turn. */
void verdict_ask(struct monitor *monitor, unsigned int check);

/* The same of all tables. */
void verdict_ask_all(struct monitor *monitor);

/* Judges the tables for which it is time. A callback of libevent. */
void monitor_judge(evutil_socket_t fd, short events, void *monitor);

#endif
