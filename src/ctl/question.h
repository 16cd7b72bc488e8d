/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which request corresponds to a command line?
 */
#ifndef CTL_QUESTION_H
#define CTL_QUESTION_H

#include "commands.h"
#include "sys/writer.h"

/* A request being written. */
struct draft {
	struct writer w; /* for the members that the verb takes */
	char *text;
	size_t len;
};

/* Begins a request. False: out of memory, which is logged. */
bool draft_begin(struct draft *out, const char *verb);

/* Returns the complete request, to be released with free(). NULL: out of memory, which is logged.
 */
char *draft_end(struct draft *draft);

/* A request with a verb and, if --table is given, the table's name. Returns as draft_end(). */
char *question_of(const char *verb, const struct command_line *line);

enum { SECONDS_MAX = 86400 };

/*
 * The value of an option that takes seconds, or `usual` if it is not given. False: it is not a
 * valid number, which is logged.
 */
bool seconds_of(unsigned int *out, const struct command_line *line, unsigned int option,
		unsigned int usual);

#endif
