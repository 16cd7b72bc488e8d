/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the checker ask a director, without waiting for it?
 *
 * One question at a time, on a connection of its own. All functions are for the loop's thread.
 */
#ifndef HEALTHCHECK_DIRECTOR_H
#define HEALTHCHECK_DIRECTOR_H

#include "healthcheck/director_answer.h"

enum {
	DIRECTOR_PATIENCE_MS = 60000,	/* until an answer; a reload of many tables takes seconds */
	DIRECTOR_ANSWER_MAX = 32 << 20, /* bytes */
};

enum director_question {
	DIRECTOR_STATUS, /* what do you serve? */
	DIRECTOR_RELOAD, /* read the tables again */
};

struct director_listener {
	/* called from the loop, once for each question; `answer` is freed afterwards */
	void (*answered)(void *arg, enum director_question question,
			 const struct director_answer *answer);
	void *arg;
};

struct loop;
struct director;

/* 0 and *out, or -ENOMEM. */
GLB_NODISCARD int director_open(struct director **out, struct loop *loop,
				const struct director_listener *listener);

/* A question that has no answer yet gets none. NULL is fine. */
void director_close(struct director *director);

/* Asks the director whose control socket is at `path`. There is no other question. */
void director_ask(struct director *director, const char *path, enum director_question question);

bool director_is_asked(const struct director *director);

#endif
