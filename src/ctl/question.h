/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which line asks a director what a command line asks for?
 */
#ifndef CTL_QUESTION_H
#define CTL_QUESTION_H

#include "commands.h"
#include "sys/writer.h"

/* A request that is being written. */
struct draft {
	struct writer w; /* for members that the verb takes */
	char *text;
	size_t len;
};

/* Begins a request. False: out of memory, which is logged. */
bool draft_begin(struct draft *out, const char *verb);

/* The whole request, for free(). NULL: out of memory, which is logged. */
char *draft_end(struct draft *draft);

/* A request with a verb and, if --table is given, the name of that. As draft_end(). */
char *question_of(const char *verb, const struct command_line *line);

enum { SECONDS_MAX = 86400 };

/*
 * The value of an option that is a number of seconds, or `usual` where it is not given. False: it
 * is none, which is logged.
 */
bool seconds_of(unsigned int *out, const struct command_line *line, unsigned int option,
		unsigned int usual);

#endif
