/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a command receive packets of a running director?
 *
 * It compiles the filter of its command line, in tcpdump syntax, has the director record matching
 * packets, and polls for them until it has enough, the time is up, or SIGINT or SIGTERM arrives.
 */
#ifndef CTL_VIEWER_H
#define CTL_VIEWER_H

#include "client.h"

enum { VIEWED_LEN_MAX = 9216 }; /* maximum bytes of a frame that a director records */

struct viewed_frame {
	uint8_t bytes[VIEWED_LEN_MAX];
	uint32_t kept; /* bytes recorded */
	uint32_t len;  /* bytes the frame had */
	uint32_t port; /* number of the director's port */
};

/* A packet. */
struct viewed {
	uint64_t time_ns; /* since the epoch, UTC */
	uint64_t worker;
	uint64_t generation;
	const char *verdict; /* its label */
	struct viewed_frame received;
	struct viewed_frame sent;  /* len 0: none was sent */
	struct conf_value reasons; /* strings; empty unless requested */
};

/* A command. Callbacks return an exit status; anything but EXIT_OK ends the viewing. */
struct viewer {
	const struct command_line *line;
	int filter_at;	   /* index of the argument at which the filter begins */
	const char *count; /* packet limit if the command line has none; NULL: unlimited */
	bool with_reasons;
	bool prints_answers; /* each reply, as it arrives, on a line */
	int (*begin)(void *arg, const struct conf_value *started); /* first reply, with "ports" */
	int (*take)(void *arg, const struct viewed *packet);
	int (*pause)(void *arg); /* called after the last packet of each reply */
	void *arg;
};

struct views {
	uint64_t packets;
	uint64_t missed; /* matched the filter, but were not recorded by the director */
};

/* Runs until the end and logs how many packets were missed. Returns EXIT_OK; or another exit
 * status after logging why. */
GLB_NODISCARD int viewer_run(struct views *out, const struct viewer *viewer);

#endif
