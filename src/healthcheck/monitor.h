/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When is each check tried, and what follows from the results?
 *
 * Each check of the plan is a target: it is tried every interval_ms, with a phase of its own so
 * that a thousand do not start at once; never twice at the same time, and at most parallel_max
 * overall. Results go to judge.h, and its verdicts on tables to the owner of the monitor.
 *
 * A try that ends as PROBE_LOCAL says nothing about the backend: it is counted, but is not a
 * result.
 *
 * All functions must be called on the loop's thread. Times are those of clock_ms().
 */
#ifndef HEALTHCHECK_MONITOR_H
#define HEALTHCHECK_MONITOR_H

#include "healthcheck/judge.h"
#include "healthcheck/probe/probe.h"
#include "healthcheck/source.h"
#include "healthcheck/state.h"

enum {
	MONITOR_RESULTS = 10,	 /* kept per check */
	MONITOR_LOCAL_SHOWN = 3, /* consecutive tries without a result before this is logged */
};

/* upper edges of histograms in microseconds, and their labels in seconds; the last class is
 * open-ended */
#define MONITOR_EDGES(X)                                                                           \
	X(1000, "0.001")                                                                           \
	X(3000, "0.003")                                                                           \
	X(10000, "0.01")                                                                           \
	X(30000, "0.03")                                                                           \
	X(100000, "0.1")                                                                           \
	X(300000, "0.3")                                                                           \
	X(1000000, "1") /* below: no SYN was lost; above: 1, 2, 3, 4 or 5 in a row were */         \
	X(3000000, "3")                                                                            \
	X(7000000, "7")                                                                            \
	X(15000000, "15")                                                                          \
	X(31000000, "31")

enum {
#define MONITOR_EDGE_ONE(us, label) +1
	MONITOR_EDGE_COUNT = 0 MONITOR_EDGES(MONITOR_EDGE_ONE),
#undef MONITOR_EDGE_ONE
};

struct monitor_histogram {
	uint64_t counts[MONITOR_EDGE_COUNT + 1]; /* one per class, not cumulative */
	uint64_t sum_us;
};

/* A try that has ended. */
struct monitor_result {
	uint64_t at_ms;
	uint32_t connect_us; /* as in struct probe_result */
	uint32_t total_us;
	enum probe_reason reason; /* never PROBE_LOCAL */
	bool is_degraded;
};

/* What is known of a check. */
struct monitor_check {
	struct judge_check judged;
	bool is_degraded;   /* by its last result */
	bool is_under_way;  /* a try is in progress */
	unsigned int local; /* latest consecutive tries that ended as PROBE_LOCAL */
	unsigned int count; /* entries in results[] */
	struct monitor_result results[MONITOR_RESULTS]; /* newest first */
	char detail[PROBE_DETAIL_LEN]; /* of the last try that failed or was PROBE_LOCAL; or "" */
};

/* Totals since the start. */
struct monitor_totals {
	uint64_t tries[HEALTH_TYPE_COUNT][PROBE_REASON_COUNT]; /* completed tries */
	struct monitor_histogram connect[HEALTH_TYPE_COUNT];   /* of tries that got a connection */
	struct monitor_histogram total[HEALTH_TYPE_COUNT];     /* of all tries but PROBE_LOCAL */
	uint64_t changes[2]; /* of backends: [0] to unhealthy, [1] to healthy */
	uint64_t late;	     /* tries delayed by parallel_max */
	uint64_t judged;     /* judgements of tables; the saved state changes with nothing else
				(state.h) */
	unsigned int under_way;
};

struct monitor;

/* Callbacks of a monitor. Called from the loop, never from within a function of this header. */
struct monitor_listener {
	/* the content, or the verdict on some backend, has changed */
	void (*changed)(void *arg);
	void *arg;
};

/* Does not check anything yet. The other arguments must outlive it. Returns 0 and sets *out, to
 * be released with monitor_close(); or -ENOMEM. */
GLB_NODISCARD int monitor_open(struct monitor **out, struct loop *loop, struct probes *probes,
			       const struct monitor_listener *listener);

/* Abandons all tries; those of monitor_try() do not report. NULL is fine. */
void monitor_close(struct monitor *monitor);

/*
 * Starts checking these tables. What is known is kept for checks with the same name and for
 * backends with the same address in a table of the same name; the rest is new. `content` is shared,
 * see source.h. Returns 0; or -ENOMEM, with nothing changed.
 */
GLB_NODISCARD int monitor_follow(struct monitor *monitor, struct content *content);

/*
 * What is known of the plan's checks and backends, to be restored or saved (state.h). May be
 * modified only in the same turn of the loop as monitor_follow().
 */
struct state_view monitor_view(struct monitor *monitor);

/* A file says that a backend was healthy: assumes that its checks were up, unless something else
 * is known of them. */
void monitor_assume_healthy(struct monitor *monitor, unsigned int backend);

/* Sets the number of concurrent tries. */
void monitor_limit(struct monitor *monitor, unsigned int parallel_max);

/*
 * The verdict: "healthy" per backend, in the order of the plan. Valid until the next turn of the
 * loop.
 */
const bool *monitor_healthy(const struct monitor *monitor);

/* --- Inspection: results are valid until the next turn of the loop --- */

/* The tables being checked; NULL: none yet. */
const struct content *monitor_content(const struct monitor *monitor);

/* By index in the plan. */
const struct monitor_check *monitor_check(const struct monitor *monitor, unsigned int check);
const struct judge_backend *monitor_backend(const struct monitor *monitor, unsigned int backend);
const struct judge_table *monitor_table(const struct monitor *monitor, unsigned int table);
struct judge_evidence monitor_evidence(const struct monitor *monitor, unsigned int backend);

const struct monitor_totals *monitor_totals(const struct monitor *monitor);

/* --- Probes on request --- */

struct monitor_trial;

/*
 * Tries a check of the plan at once, independent of its schedule and of parallel_max. The result is
 * reported to the listener as by probe_start(), even if the tables have changed meanwhile, and
 * counts for nothing else. NULL: out of memory or descriptors.
 */
GLB_NODISCARD struct monitor_trial *monitor_try(struct monitor *monitor, unsigned int check,
						const struct probe_listener *listener);

/* Abandons a trial that has not reported yet: it never will. */
void monitor_try_cancel(struct monitor_trial *trial);

#endif
