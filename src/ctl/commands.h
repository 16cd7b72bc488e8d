/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which commands does glbctl have?
 *
 * Each gets the words behind its name and returns the exit status.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNSAFE = 3 };

int table_build(int argc, char **argv);
int table_check(int argc, char **argv);
int table_lookup(int argc, char **argv);
int table_explain(int argc, char **argv);
int table_show(int argc, char **argv);
int table_stats(int argc, char **argv);
int table_diff(int argc, char **argv);
int table_plan(int argc, char **argv);
int table_drain(int argc, char **argv);
int table_fill(int argc, char **argv);
int table_activate(int argc, char **argv);
int table_remove(int argc, char **argv);
int table_add(int argc, char **argv);
int mtu(int argc, char **argv);
int replay(int argc, char **argv);

#endif
