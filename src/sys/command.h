/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which command do the words of a command line mean, and how does a program explain its commands?
 *
 * A program has one table of commands and one list of options. What --help prints, which options a
 * command takes and what is said about words that make no sense all come from them.
 */
#ifndef SYS_COMMAND_H
#define SYS_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

enum {
	COMMAND_MISUSED = 2, /* exit status: the command line makes no sense */
	COMMAND_OPTIONS_MAX = 32,
	COMMANDS_MAX = 64,
};

struct command_option {
	const char *name;     /* behind "--" */
	const char *value;    /* what it takes, in capitals, as "FILE"; NULL: nothing */
	const char *sentence; /* NULL: another name of the option before it, and in no help */
	char letter;	      /* behind "-"; 0: none */
};

/* What was given to a command. */
struct command_line {
	const struct command *command;
	const char *values[COMMAND_OPTIONS_MAX]; /* by option: its value, or "" if it takes none;
						    NULL: not given */
	char **args;				 /* the words that are no options */
	int arg_count;
	int status; /* of the exit, when there is nothing to run */
};

struct command {
	const char *name;      /* its words, as in "table diff"; "" when a program has but one */
	const char *args;      /* their names */
	unsigned int args_min; /* how many there must be */
	unsigned int args_max; /* how many there may be */
	unsigned int options;  /* that it takes: bit i is the program's option i */
	unsigned int needed;   /* of these, without which it does not run */
	bool in_order;	       /* words behind its first argument are no options */
	const char *sentence;  /* what it does */
	const char *example;   /* a whole command line */
	int (*run)(const struct command_line *line); /* returns the exit status */
};

struct program {
	const char *name;
	const char *library;  /* what --version says besides; NULL: nothing */
	const char *before;   /* words between its name and its own options; NULL: none */
	const char *sentence; /* what it is for */
	const char *notes;    /* the last lines of its help */
	const struct command *commands;
	unsigned int command_count;
	const struct command_option *options;
	unsigned int option_count; /* at most COMMAND_OPTIONS_MAX */
	unsigned int leading;	   /* those that may stand before a command, too: bit i */
};

/*
 * Reads a command line into *out; argv[0] is skipped and argv may be permuted. True: `command` is
 * to be run. False: the program is to exit with `status`, which is 0 after --help or --version, 1
 * when nobody could read what these print, and COMMAND_MISUSED after logging what makes no sense.
 */
bool command_read(struct command_line *out, const struct program *program, int argc, char **argv);

/* Prints the usage of one command to stderr, for words that only it knows to make no sense. */
void command_print_usage(const struct program *program, const struct command *command);

/* Was an option given? */
static inline bool command_has(const struct command_line *line, unsigned int option)
{
	return line->values[option];
}

#endif
