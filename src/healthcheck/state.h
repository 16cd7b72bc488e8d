/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of all that is known of backends and checks outlives the process, and the machine's uptime?
 *
 * A file in JSON. Backends are kept by the name of their table, or its place if it has none, and
 * their address; checks by their name. What is not in the plan any more is not in the next file.
 *
 *	{"format": "glb-healthcheck state", "version": 1,
 *	 "tables": [{"name": "web", "backends": [{"ip": "192.0.2.1", "known": true, "healthy": true,
 *		"degraded": false, "held": false, "fit": true, "since": 1796040000000, "flaps":
 *[]}]}], "checks": [{"name": "tcp 192.0.2.1:80", "status": "up", "degraded": false, "since": 0}]}
 *
 * Times are milliseconds since 1970 by the time of day, 0 for "since ever". A file is read
 *strictly: one that this program would not have written is not used at all, and everything begins
 *anew.
 */
#ifndef HEALTHCHECK_STATE_H
#define HEALTHCHECK_STATE_H

#include "healthcheck/judge.h"

#define STATE_NAME "health.json" /* of the file, in the directory for state */

enum { STATE_LEN_MAX = 16 << 20 }; /* bytes: some 50,000 backends with their checks */

/* What is kept of a check. */
struct state_check {
	struct judge_check *judged; /* but for its streak */
	bool *is_degraded;	    /* by its last result */
};

/* Where that is which is kept. */
struct state_view {
	const struct health_plan *plan;
	struct judge_backend *backends;				    /* by places in the plan */
	struct state_check (*check)(void *arg, unsigned int place); /* in the plan */
	void *arg;
};

/* One moment, by two clocks. */
struct state_time {
	uint64_t now_ms;  /* by clock_ms(), as judge.h wants it */
	uint64_t wall_ms; /* since 1970 */
};

struct state_time state_time_now(void);

/* The text of a file, to be released with free(). NULL: out of memory. Changes nothing. */
GLB_NODISCARD char *state_text(size_t *len_out, const struct state_view *view,
			       const struct state_time *time);

/*
 * Reads the text of a file at `path`, as strictly as it says above. 0, and what is both in the text
 * and in the plan is set, the rest untouched; or -EINVAL or -ENOMEM with the view untouched and the
 * reasons in the report. A time of day that is yet to come counts as now.
 */
GLB_NODISCARD int state_parse(const struct state_view *view, const struct state_time *time,
			      const char *path, const char *bytes, size_t len,
			      struct report *report);

/*
 * Sets what the file at `path` has. One that is not there is a note in the log; one that cannot be
 * read, or is no good, a warning with the reason: the view is untouched, and that is all. Waits for
 * the disk: for the start of the program.
 */
void state_read(const struct state_view *view, const char *path);

#endif
