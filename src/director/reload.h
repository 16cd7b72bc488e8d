/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do files become a generation while the main lcore keeps working?
 *
 * A build reads the files, builds the tables and assembles a generation on a thread of its own,
 * which runs where the caller of reload_start() may run: before the EAL starts, on all processors,
 * afterwards on that of the main lcore. There is one build at a time. Requests made meanwhile are
 * served by one more, with the files as they are then.
 *
 * What is to be served is available before the build ends: digests and the effect on flows, which
 * take milliseconds per table, are computed afterwards.
 *
 * All functions must be called on the control thread. A build shares with other threads only its
 * inputs, which are not modified, and the reference counts of tables, which are atomic.
 */
#ifndef DIRECTOR_RELOAD_H
#define DIRECTOR_RELOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "conf/director.h"
#include "director/publish.h"
#include "director/reload_scope.h"
#include "sys/service.h"

enum {
	RELOAD_SLOW_MS = 30000, /* time without a log line about the build */
	RELOAD_REMIND_MS = 60000,
	RELOAD_PATIENCE_MS = 300000, /* timeout extension requested from the service manager */
};

/* The inputs and the result of a build. */
struct build {
	enum reload_scope scope;
	struct director_conf conf; /* in: in force; out: from the files. Denied sources and meters
				      are those of a generation in force, or of `served` */
	struct glb_tables known;   /* in force, or empty; owned by the caller, and kept until the
				      build has made something to serve, or ends */
	struct numa_nodes nodes;   /* that need replicas; none at first */
	int err;		   /* 0, or -errno after logging why */
	struct glb_diag why;	   /* the first reason, if err is set */
	struct glb_deny *deny;	   /* read by this build, until it is served */
	struct glb_meters *meters; /* the same of meters */
	struct served *served;	   /* complete except for number and ports, if err is 0 */
	bool was_tried;		   /* set by the caller: an attempt was made to serve it */
	bool last_good;		   /* its tables are those served last: `why` has the reason */
	struct effect *effect;	   /* on flows; NULL: unknown, or the first build */
	struct problem *problems;  /* errors in the files, if known */
	uint32_t problem_count;
};

/* Releases what describes a build: effect and problems. */
void build_clear(struct build *build);

enum reload_result { RELOAD_DONE, RELOAD_REFUSED, RELOAD_PUT_OFF, RELOAD_RESULT_COUNT };

/* The word for a result. */
static inline const char *reload_result_name(enum reload_result result)
{
	static const char *const names[RELOAD_RESULT_COUNT] = {
		[RELOAD_DONE] = "done",
		[RELOAD_REFUSED] = "refused",
		[RELOAD_PUT_OFF] = "put_off",
	};

	return names[result];
}

/* The outcome of the last request, if any. */
struct reload_end {
	enum reload_result result;
	time_t at; /* wall-clock time */
	uint64_t took_ms;
	struct glb_diag why;		      /* the first reason, if it was not done */
	uint64_t totals[RELOAD_RESULT_COUNT]; /* number of outcomes of each kind */
};

struct reload {
	/* set by the caller, and must outlive this */
	const char *config_path;
	const char *tables_path;
	const struct service *service; /* woken when a build ends */
	bool takes_last_good; /* use the last good tables if those of a first build are invalid */
	bool put_off; /* set by the caller once the latest request has to wait; reset here */
	/* private */
	unsigned int asked; /* set of enum reload_scope: what was requested since a build began */
	enum reload_scope last_scope; /* of the latest build */
	bool building;
	bool made;		/* atomic: the build has made something to serve */
	bool ended;		/* atomic: the build has ended */
	bool reading;		/* atomic: reading files, rather than building tables */
	uint64_t started_at_ms; /* start of the build */
	uint64_t warn_at_ms;	/* when to warn, if it is still running */
	pthread_t thread;
	struct build build;
};

/*
 * Requests a build. One of RELOAD_ALL also serves all other requests so far. Tables and the deny
 * file are never read by one build of their own: a bad one must not keep the other from being
 * served.
 */
void reload_ask(struct reload *reload, enum reload_scope scope);

/*
 * Starts a requested build, if there is one and none is running; others stay requested. `from` has
 * its inputs, except the scope.
 */
void reload_start(struct reload *reload, const struct build *from);

/*
 * To be called regularly while a build is running: logs one that takes long, for example on a
 * hanging file system. True: still within RELOAD_PATIENCE_MS.
 */
bool reload_watch(struct reload *reload, uint64_t now_ms);

/*
 * The running build if it has made something to serve, which may be served at once; otherwise NULL.
 * It remains the reload's until reload_take(). The caller may set `was_tried`, `err` and `why`;
 * effect and problems must not be accessed yet.
 */
struct build *reload_made(struct reload *reload);

/* Has the build ended? Then moves it to *out, and what it owns is the caller's: `served`, and
 * what build_clear() releases. */
bool reload_take(struct reload *reload, struct build *out);

/*
 * Waits at most timeout_ms for the end of the running build, if any. False: it goes on, with all
 * its inputs, until the process ends. Its result can be taken, or is released by reload_drop().
 */
bool reload_wait(struct reload *reload, unsigned int timeout_ms);

/* Releases the build that has ended, if there is one that was not taken. */
void reload_drop(struct reload *reload);

#endif
