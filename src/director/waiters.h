/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which clients of the control socket are waiting for a reload, and when do they get a reply?
 *
 * A request is served by the first build that starts after it: the reply is sent at once if that is
 * refused, otherwise when every worker serves the result. All functions must be called on the
 * control thread.
 */
#ifndef DIRECTOR_WAITERS_H
#define DIRECTOR_WAITERS_H

#include <stdbool.h>

#include "director/reload_scope.h"

enum { WAITERS_PATIENCE_MS = 10000 }; /* for workers, once a generation is in force */

struct build;
struct control;
struct lines_request;
struct waiter;

struct waiters {
	struct waiter *first; /* NULL: none */
	bool is_watching;     /* checking workers more often than in every turn */
};

/* Adds a request for a build that has not been started yet. */
void waiters_add(struct waiters *waiters, struct lines_request *request, enum reload_scope scope);

/* A build starts, which serves all requests so far that it covers (reload_covers()). */
void waiters_build_starts(struct waiters *waiters, enum reload_scope scope);

/* It has ended, with the outcome in control->last. */
void waiters_build_ended(struct waiters *waiters, struct control *control,
			 const struct build *build);

/* The requested build is postponed, with the reason in control->last. */
void waiters_put_off(struct waiters *waiters, const struct control *control);

/* Replies to requests whose workers are done, or overdue. To be called in every turn. */
void waiters_follow(struct waiters *waiters, struct control *control);

/* The director stops: replies to all. */
void waiters_end(struct waiters *waiters);

#endif
