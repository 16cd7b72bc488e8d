/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How do files become a generation while the main lcore does its own work?
 *
 * A build reads the files, works out the tables and puts a generation together, on a thread of its
 * own that runs where the caller of reload_start() may: before the EAL starts on all processors,
 * then on that of the main lcore. There is one build at a time. What is asked for meanwhile is done
 * by one more, with the files as they are then.
 *
 * What is to be served is there before the build ends: only then it works out digests and the
 * effect on flows, which takes milliseconds a table.
 *
 * All functions are for the control thread. A build shares with the others what it is given, which
 * nobody changes, and counts of who shares a table, which are atomic.
 */
#ifndef DIRECTOR_RELOAD_H
#define DIRECTOR_RELOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "conf/director.h"
#include "director/publish.h"
#include "sys/service.h"

enum {
	RELOAD_SLOW_MS = 30000, /* without a word about the build */
	RELOAD_REMIND_MS = 60000,
	RELOAD_PATIENCE_MS = 300000, /* that a service manager is asked for */
};

/* What a build starts from, and what it comes to. */
struct build {
	bool tables_only;	   /* leave director.json as in force */
	struct director_conf conf; /* in force; then, as the files say */
	struct glb_tables known;   /* in force, or empty; the caller's, to be kept until the build
				      has made something to serve, or ends */
	struct numa_nodes nodes;   /* that want replicas; none at first */
	int err;		   /* 0, or -errno after logging why */
	struct glb_diag why;	   /* the first reason, if there is an error */
	struct served *served;	   /* all but numbered and with ports, if there is no error */
	bool was_tried;		   /* the caller's: to serve that */
	bool last_good; /* its tables are those that were served last: `why` has the reason */
	struct effect *effect;	  /* on flows; NULL: not known, or the first */
	struct problem *problems; /* of a reload: the errors in files, if it knows them */
	uint32_t problem_count;
};

/* Frees what is said about a build: effect and problems. */
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

/* How the last request ended, if any has. */
struct reload_end {
	enum reload_result result;
	time_t at; /* time of day */
	uint64_t took_ms;
	struct glb_diag why;		      /* if it is not done: the first reason */
	uint64_t totals[RELOAD_RESULT_COUNT]; /* how many ended how; all 0: none has */
};

struct reload {
	/* set by the caller; they outlive it */
	const char *config_path;
	const char *tables_path;
	const struct service *service; /* woken when a build ends */
	bool takes_last_good;	       /* for a first build whose tables file is no good */
	bool put_off; /* set by the caller, once what was asked for last has to wait; reset here */
	/* its own */
	bool asked;	   /* for another build */
	bool asked_config; /* and for director.json with it */
	bool building;
	bool made;		/* atomic: the build has made something to serve */
	bool ended;		/* atomic: the build has */
	bool reading;		/* atomic: files; then, working tables out */
	uint64_t started_at_ms; /* the build */
	uint64_t warn_at_ms;	/* if it still goes on */
	pthread_t thread;
	struct build build;
};

/* Asks for a build of both files, or of the tables with the configuration in force. */
void reload_ask(struct reload *reload, bool tables_only);

/*
 * Starts the build that was asked for, if there is one and none is under way. `from` has what it
 * starts from, but for tables_only.
 */
void reload_start(struct reload *reload, const struct build *from);

/*
 * To be called now and then while a build is under way: logs one that takes long, as on a file
 * system that hangs. True: it is still worth waiting for.
 */
bool reload_watch(struct reload *reload, uint64_t now_ms);

/*
 * The build under way, if it has made something to serve, which may be done at once; else NULL. It
 * stays the reload's until reload_take(). The caller may set `was_tried`, `err` and `why`; effect
 * and problems are not to be looked at yet.
 */
struct build *reload_made(struct reload *reload);

/* Has the build ended? Then *out has it, and what it has is the caller's:
 * `served`, and what build_clear() frees. */
bool reload_take(struct reload *reload, struct build *out);

/*
 * Waits for the end of the build under way, if there is one, at most timeout_ms. False: it goes on,
 * with all that it was given, until the process ends. What it came to can be taken, or is freed by
 * reload_drop().
 */
bool reload_wait(struct reload *reload, unsigned int timeout_ms);

/* Frees the build that has ended, if there is one that was not taken. */
void reload_drop(struct reload *reload);

#endif
