/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are commands and options written for people?
 *
 * Private to command*.c.
 */
#ifndef SYS_COMMAND_PARTS_H
#define SYS_COMMAND_PARTS_H

#include <stdio.h>

#include "command.h"

enum { COMMAND_NAME_LEN = 64 };

/* Does a command take the option of that index? */
bool command_takes(const struct command *command, unsigned int option);

/* Is it one of a group's commands? Every command is if `group` is NULL. */
bool command_is_in_group(const struct command *command, const char *group);

/* Formats an option as on a command line. Returns out. */
const char *command_option_usage(char out[COMMAND_NAME_LEN], const struct command_option *option);

/* Prints the usage of a program, or of a group of its commands unless `group` is NULL. */
void command_print_general_usage(FILE *out, const struct program *program, const char *group);

/* Prints help about a command, a group (command is NULL) or the program (both are NULL). */
void command_help(const struct program *program, const struct command *command, const char *group);

/* Prints the line of --version. */
void command_print_version(const struct program *program);

#endif
