/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which commands and options does glb-redirect have?
 *
 * Each command is called with a parsed command line whose options and argument count have been
 * checked, and returns the exit status.
 */
#ifndef GLB_REDIRECT_COMMANDS_H
#define GLB_REDIRECT_COMMANDS_H

#include "sys/command.h"

enum { EXIT_REFUSED = 1 };

/* Indices of the program's options, in the order of --help. */
enum {
	OPTION_CLSACT,
	OPTION_FROM,
	OPTION_UDP,
	OPTION_SERVER_ID,
	OPTION_SYN_COOKIES,
	OPTION_VIP,
	OPTION_LISTEN,
	OPTION_AGENT,
	OPTION_WINDOW,
	OPTION_LIMITS,
	OPTION_VIPS,
	OPTION_PEERS,
	OPTION_SECONDS,
	OPTION_WAIT,
	OPTION_TIMEOUT,
	OPTION_JSON,
};

int run_attach(const struct command_line *line);
int run_detach(const struct command_line *line);
int run_counters(const struct command_line *line);
int run_drained(const struct command_line *line);
int run_status(const struct command_line *line);
int run_check(const struct command_line *line);
int run_serve(const struct command_line *line);

#endif
