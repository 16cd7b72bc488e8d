/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command get to see packets of a running director?
 *
 * It compiles the filter of its command line, in the language of tcpdump, has the director keep
 * what that takes, and asks for more until it is enough, the time is over, or SIGINT or SIGTERM
 * says so.
 */
#ifndef CTL_VIEWER_H
#define CTL_VIEWER_H

#include "client.h"

enum { VIEWED_LEN_MAX = 9216 }; /* bytes of a frame that a director keeps, at most */

struct viewed_frame {
	uint8_t bytes[VIEWED_LEN_MAX];
	uint32_t kept; /* of them */
	uint32_t len;  /* that the frame had */
	uint32_t port; /* of the director: its number */
};

/* A packet. */
struct viewed {
	uint64_t time_ns; /* since 1970, in UTC */
	uint64_t worker;
	uint64_t generation;
	const char *verdict; /* its label */
	struct viewed_frame received;
	struct viewed_frame sent;  /* len 0: nothing was */
	struct conf_value reasons; /* strings; none, if they were not asked for */
};

/* A command. Each call returns an exit status: it is over when that is not EXIT_OK. */
struct viewer {
	const struct command_line *line;
	int filter_at;	   /* its words begin at this argument */
	const char *count; /* packets, if the command line does not say; NULL: any number */
	bool with_reasons;
	bool prints_answers;					   /* as they come, a line each */
	int (*begin)(void *arg, const struct conf_value *started); /* "ports" are in it */
	int (*take)(void *arg, const struct viewed *packet);
	int (*pause)(void *arg); /* after all that there were in an answer */
	void *arg;
};

struct views {
	uint64_t packets;
	uint64_t missed; /* that the filter takes, and that the director did not keep */
};

/* Views until the end, and logs what was missed. EXIT_OK, or the exit status after logging why. */
GLB_NODISCARD int viewer_run(struct views *out, const struct viewer *viewer);

#endif
