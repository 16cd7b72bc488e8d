/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who asked for a reload on the control socket, and what does each hear of its end?
 *
 * A request is answered by the first build that started after it: at once when that is refused,
 * else when every worker serves what it came to. All functions are for the control thread.
 */
#ifndef DIRECTOR_WAITERS_H
#define DIRECTOR_WAITERS_H

#include <stdbool.h>

enum { WAITERS_PATIENCE_MS = 10000 }; /* with workers, once a generation is in force */

struct build;
struct control;
struct lines_request;
struct waiter;

struct waiters {
	struct waiter *first; /* NULL: nobody waits */
	bool is_watching;     /* for workers, more often than in every turn */
};

/* Somebody has asked for a build, which is yet to be started, with the request to be answered. */
void waiters_add(struct waiters *waiters, struct lines_request *request);

/* A build starts: it is for whoever has asked so far. */
void waiters_build_starts(struct waiters *waiters);

/* It has ended, and control->last says how. */
void waiters_build_ended(struct waiters *waiters, struct control *control,
			 const struct build *build);

/* What was asked for is put off, and control->last says why. */
void waiters_put_off(struct waiters *waiters, const struct control *control);

/* Answers those whose workers are there, or do not come. To be called in every turn. */
void waiters_follow(struct waiters *waiters, struct control *control);

/* The director stops: everybody hears that. */
void waiters_end(struct waiters *waiters);

#endif
