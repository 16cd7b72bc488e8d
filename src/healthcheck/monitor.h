/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which check is tried when, and what do the results come to?
 *
 * Each check of the plan is a target: it is tried every interval_ms, each at a time of its own, so
 * that a thousand do not start at once; never twice at a time, and no more than parallel_max of all
 * at a time. Results go to judge.h, and what that says of tables to the owner of the monitor.
 *
 * A try that ends as PROBE_LOCAL says nothing about a backend: it is counted, and not a result.
 *
 * All functions are for the thread of the loop. Times are those of clock_ms().
 */
#ifndef HEALTHCHECK_MONITOR_H
#define HEALTHCHECK_MONITOR_H

#include "healthcheck/judge.h"
#include "healthcheck/probe.h"
#include "healthcheck/source.h"
#include "healthcheck/state.h"

enum {
	MONITOR_RESULTS = 10,	 /* that are kept of each check */
	MONITOR_LOCAL_SHOWN = 3, /* tries in a row without a result until that is logged */
};

/* upper edges of histograms in microseconds, and their labels in seconds; the last one has none */
#define MONITOR_EDGES(X)                                                                           \
	X(1000, "0.001")                                                                           \
	X(3000, "0.003")                                                                           \
	X(10000, "0.01")                                                                           \
	X(30000, "0.03")                                                                           \
	X(100000, "0.1")                                                                           \
	X(300000, "0.3")                                                                           \
	X(1000000, "1") /* below: no SYN was lost; from here on 1, 2, 3, 4 or 5 in a row were */   \
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
	uint64_t counts[MONITOR_EDGE_COUNT + 1]; /* each on its own: not those below an edge */
	uint64_t sum_us;
};

/* A try that has ended. */
struct monitor_result {
	uint64_t at_ms;
	uint32_t connect_us; /* as of struct probe_result */
	uint32_t total_us;
	enum probe_reason reason; /* never PROBE_LOCAL */
	bool is_degraded;
};

/* What is known of a check. */
struct monitor_check {
	struct judge_check judged;
	bool is_degraded;   /* by its last result */
	bool is_under_way;  /* a try is */
	unsigned int local; /* tries in a row that ended as PROBE_LOCAL, up to now */
	unsigned int count; /* of results[] */
	struct monitor_result results[MONITOR_RESULTS]; /* newest first */
	char detail[PROBE_DETAIL_LEN]; /* of the last try that was no good, PROBE_LOCAL too; or ""
					*/
};

/* What was done since the start. */
struct monitor_totals {
	uint64_t tries[HEALTH_TYPE_COUNT][PROBE_REASON_COUNT]; /* that have ended */
	struct monitor_histogram connect[HEALTH_TYPE_COUNT];   /* of those that got a connection */
	struct monitor_histogram total[HEALTH_TYPE_COUNT];     /* of all but PROBE_LOCAL */
	uint64_t changes[2]; /* of backends: to unhealthy, to healthy */
	uint64_t late;	     /* tries that waited for others, for parallel_max */
	uint64_t judged; /* how often a table was: nothing else changes what is kept (state.h) */
	unsigned int under_way;
};

struct monitor;

/* Whom a monitor reports to. Called from the loop, never from within a function of this header. */
struct monitor_listener {
	/* the content, or what is to be written for some backend, is another one now */
	void (*changed)(void *arg);
	void *arg;
};

/* Nothing is checked yet. 0 and *out, for monitor_close(); or -ENOMEM. The others outlive it. */
GLB_NODISCARD int monitor_open(struct monitor **out, struct loop *loop, struct probes *probes,
			       const struct monitor_listener *listener);

/* Ends all tries, those of monitor_try() without a word. NULL is fine. */
void monitor_close(struct monitor *monitor);

/*
 * From now on these tables are checked. Of checks with the same name, and backends with the same
 * address in a table of the same name, all that is known stays; others are new. `content` is
 * shared, see source.h. 0, or -ENOMEM and all stays as it was.
 */
GLB_NODISCARD int monitor_follow(struct monitor *monitor, struct content *content);

/*
 * What is known of checks and backends of the plan, to be set or kept (state.h). Set only in the
 * turn of monitor_follow().
 */
struct state_view monitor_view(struct monitor *monitor);

/* A backend was healthy, by a file: so are its checks, as long as nothing else is known of them. */
void monitor_assume_healthy(struct monitor *monitor, unsigned int backend);

/* How many tries may be under way at a time. */
void monitor_limit(struct monitor *monitor, unsigned int parallel_max);

/*
 * What is to be written for each backend of the plan, in its order: the monitor's, until the next
 * turn of the loop.
 */
const bool *monitor_healthy(const struct monitor *monitor);

/* --- what there is to see: valid until the next turn of the loop --- */

/* The tables that are checked; NULL: none yet. */
const struct content *monitor_content(const struct monitor *monitor);

/* By places in the plan. */
const struct monitor_check *monitor_check(const struct monitor *monitor, unsigned int check);
const struct judge_backend *monitor_backend(const struct monitor *monitor, unsigned int backend);
const struct judge_table *monitor_table(const struct monitor *monitor, unsigned int table);
struct judge_evidence monitor_evidence(const struct monitor *monitor, unsigned int backend);

const struct monitor_totals *monitor_totals(const struct monitor *monitor);

/* --- somebody wants to know now --- */

struct monitor_trial;

/*
 * Tries a check of the plan at once, beside its schedule and parallel_max, while somebody looks on.
 * What comes of it counts for nothing else. The listener hears of it as of probe_start(), also when
 * the tables are others by then. NULL: out of memory or descriptors.
 */
GLB_NODISCARD struct monitor_trial *monitor_try(struct monitor *monitor, unsigned int check,
						const struct probe_listener *listener);

/* Ends one that has not reported yet: it never will. */
void monitor_try_cancel(struct monitor_trial *trial);

#endif
