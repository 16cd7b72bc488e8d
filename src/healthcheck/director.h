/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the checker send a request to a director without blocking?
 *
 * One request at a time, each on its own connection. All functions must be called on the loop's
 * thread.
 */
#ifndef HEALTHCHECK_DIRECTOR_H
#define HEALTHCHECK_DIRECTOR_H

#include "healthcheck/director_answer.h"

enum {
	DIRECTOR_PATIENCE_MS = 60000,	/* for the reply; a large reload takes seconds */
	DIRECTOR_ANSWER_MAX = 32 << 20, /* bytes */
};

enum director_question {
	DIRECTOR_STATUS, /* what is being served? */
	DIRECTOR_RELOAD, /* read the tables again */
};

struct director_listener {
	/* called from the loop, once per request; `answer` is released afterwards */
	void (*answered)(void *arg, enum director_question question,
			 const struct director_answer *answer);
	void *arg;
};

struct loop;
struct director;

/* Returns 0 and sets *out, to be released with director_close(); or -ENOMEM. */
GLB_NODISCARD int director_open(struct director **out, struct loop *loop,
				const struct director_listener *listener);

/* An outstanding request is abandoned without a call. NULL is fine. */
void director_close(struct director *director);

/* Sends a request to the director whose control socket is at `path`. No other may be outstanding.
 */
void director_ask(struct director *director, const char *path, enum director_question question);

bool director_is_asked(const struct director *director);

#endif
