/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which options and arguments did a command get?
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>

/* The options a command takes, as a set. */
enum option_set {
	OPTION_JSON = 1,	/* --json: for machines */
	OPTION_STRICT = 2,	/* --strict: warnings are errors */
	OPTION_FORCE = 4,	/* --force: do it although flows would be lost */
	OPTION_SETTLED = 8,	/* --settled: the old file has been in force for long enough */
	OPTION_CONFIG = 16,	/* --config FILE: director.json */
	OPTION_TABLE = 32,	/* --table NAME: only this one */
	OPTION_WEIGHT = 64,	/* --weight N */
	OPTION_ZONE = 128,	/* --zone NAME */
	OPTION_SERVER_ID = 256, /* --server-id N */
	OPTIONS_FIRST = 512, /* words behind the first argument are none, whatever they look like */
};

struct options {
	bool json;
	bool strict;
	bool force;
	bool settled;
	const char *config; /* these are NULL when not given */
	const char *table;
	const char *weight;
	const char *zone;
	const char *server_id;
	char **args; /* the words that are no options */
	int arg_count;
};

/* False when an option is unknown or not in the set: the command's usage is to be shown. */
bool read_options(struct options *out, unsigned int set, int argc, char **argv);

#endif
