/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which knowledge about backends and checks is kept across restarts of the process and the machine?
 *
 * A JSON file. Backends are identified by their table's name, or its index if it has none, and
 * their address; checks by their name. What is no longer in the plan is not saved again.
 *
 *   {"format": "glb-healthcheck state", "version": 1,
 *    "tables": [{"name": "web", "backends": [{"ip": "192.0.2.1", "known": true, "healthy": true,
 *                "degraded": false, "held": false, "fit": true, "since": 1796040000000,
 *                "flaps": []}]}],
 *    "checks": [{"name": "tcp 192.0.2.1:80", "status": "up", "degraded": false, "since": 0}]}
 *
 * Times are wall-clock milliseconds since the epoch; 0: unknown, long ago. Parsing is strict: a
 * file that this program would not have written is ignored as a whole, and everything starts anew.
 */
#ifndef HEALTHCHECK_STATE_H
#define HEALTHCHECK_STATE_H

#include "healthcheck/judge.h"

#define STATE_NAME "health.json" /* of the file, in the state directory */

enum { STATE_LEN_MAX = 16 << 20 }; /* bytes: some 50,000 backends with their checks */

/* What is saved of a check. */
struct state_check {
	struct judge_check *judged; /* except its streak */
	bool *is_degraded;	    /* by its last result */
};

/* Access to the data to be saved or restored. */
struct state_view {
	const struct health_plan *plan;
	struct judge_backend *backends;				    /* by index in the plan */
	struct state_check (*check)(void *arg, unsigned int place); /* by index in the plan */
	void *arg;
};

/* One moment on two clocks. */
struct state_time {
	uint64_t now_ms;  /* by clock_ms(), for judge.h */
	uint64_t wall_ms; /* since the epoch */
};

struct state_time state_time_now(void);

/* The text of a state file, to be released with free(). NULL: out of memory. Does not modify the
 * view. */
GLB_NODISCARD char *state_text(size_t *len_out, const struct state_view *view,
			       const struct state_time *time);

/*
 * Parses the text of the file at `path`, strictly as above. Returns 0 after restoring what is both
 * in the text and in the plan; or -EINVAL or -ENOMEM, with the view untouched and the reasons in
 * the report. A time in the future counts as now.
 */
GLB_NODISCARD int state_parse(const struct state_view *view, const struct state_time *time,
			      const char *path, const char *bytes, size_t len,
			      struct report *report);

/*
 * Restores the file at `path`. A missing file is noted in the log; one that cannot be read or is
 * invalid causes a warning with the reason, and leaves the view untouched. Blocks on the disk, so
 * only for use at start.
 */
void state_read(const struct state_view *view, const char *path);

#endif
