/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which commands does glbctl have?
 *
 * Each is called with a parsed command line whose options and argument count have been checked, and
 * returns the exit status.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "options.h"

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = COMMAND_MISUSED,
	EXIT_UNSAFE = 3,
	EXIT_REFUSED = 3
};

int table_build(const struct command_line *line);
int table_check(const struct command_line *line);
int table_lookup(const struct command_line *line);
int table_explain(const struct command_line *line);
int table_show(const struct command_line *line);
int table_stats(const struct command_line *line);
int table_diff(const struct command_line *line);
int table_plan(const struct command_line *line);
int table_drain(const struct command_line *line);
int table_fill(const struct command_line *line);
int table_activate(const struct command_line *line);
int table_remove(const struct command_line *line);
int table_add(const struct command_line *line);
int deny_check(const struct command_line *line);
int mtu(const struct command_line *line);
int steer_print(const struct command_line *line);
int replay(const struct command_line *line);
int online_reload(const struct command_line *line);
int online_leave(const struct command_line *line);
int online_stay(const struct command_line *line);
int online_upgrade(const struct command_line *line);
int online_log_level(const struct command_line *line);
int online_bundle(const struct command_line *line);
int online_doctor(const struct command_line *line);
int online_lookup(const struct command_line *line);
int online_status(const struct command_line *line);
int online_stats(const struct command_line *line);
int online_tables(const struct command_line *line);
int online_backends(const struct command_line *line);
int online_top(const struct command_line *line);
int online_meters(const struct command_line *line);
int online_stalls(const struct command_line *line);
int online_trace(const struct command_line *line);
int online_capture(const struct command_line *line);
int online_workers(const struct command_line *line);
int online_ports(const struct command_line *line);
int online_health(const struct command_line *line);
int online_health_probe(const struct command_line *line);

#endif
