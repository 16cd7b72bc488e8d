/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which command does a command line name, and how does a program document its commands?
 *
 * A program has one table of commands and one list of options. The text of --help, the options that
 * each command accepts and the messages about misuse are all derived from them.
 */
#ifndef SYS_COMMAND_H
#define SYS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	COMMAND_MISUSED = 2,	  /* exit status: the command line is invalid */
	COMMAND_OPTIONS_MAX = 64, /* bits of a set of options */
	COMMANDS_MAX = 64,
};

struct command_option {
	const char *name;  /* long name, without the leading "--" */
	const char *value; /* placeholder for its value, in capitals, such as "FILE"; NULL: takes no
			      value */
	const char *sentence; /* for the help; NULL: alias of the option before it, not listed */
	char letter;	      /* short name, without the "-"; 0: none */
};

/* A parsed command line. */
struct command_line {
	const struct command *command;
	const char *values[COMMAND_OPTIONS_MAX]; /* indexed by option: its value, or "" if it takes
						    none; NULL: not given */
	char **args;				 /* the words that are not options */
	int arg_count;
	int status; /* exit status, when there is nothing to run */
};

struct command {
	const char
		*name; /* its words, such as "table diff"; "" if the program has a single command */
	const char *args;      /* placeholders of the arguments */
	unsigned int args_min; /* minimum number of arguments */
	unsigned int args_max; /* maximum number of arguments */
	uint64_t options;      /* options accepted: bit i is the program's option i */
	uint64_t needed;       /* options required, a subset of `options` */
	bool in_order;	       /* words after the first argument are not parsed as options */
	const char *sentence;  /* what the command does */
	const char *example;   /* a complete command line */
	int (*run)(const struct command_line *line); /* returns the exit status */
};

struct program {
	const char *name;
	const char *library;  /* extra text for --version; NULL: none */
	const char *before;   /* shown between the name and its options; NULL: nothing */
	const char *sentence; /* what the program is for */
	const char *notes;    /* closing lines of the help */
	const struct command *commands;
	unsigned int command_count;
	const struct command_option *options;
	unsigned int option_count; /* at most COMMAND_OPTIONS_MAX */
	uint64_t leading;	   /* options also accepted before the command: bit i */
};

/*
 * Parses a command line into *out; argv[0] is skipped and argv may be permuted. Returns true if
 * `command` is to be run. Returns false if the program should exit with `status`: 0 after --help or
 * --version, 1 if their output could not be written, COMMAND_MISUSED after logging why the command
 * line is invalid.
 */
bool command_read(struct command_line *out, const struct program *program, int argc, char **argv);

/* Prints the usage of one command to stderr. For arguments that only the command itself can
 * reject. */
void command_print_usage(const struct program *program, const struct command *command);

/* Was the option given? */
static inline bool command_has(const struct command_line *line, unsigned int option)
{
	return line->values[option];
}

#endif
