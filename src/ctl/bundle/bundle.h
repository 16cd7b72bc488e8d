/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an engineer need to find out later why a director behaved as it did?
 *
 * Everything added goes into one archive (tar.h) without keys (mask.h). Whatever could not be
 * collected is listed in its MANIFEST with the reason; the bundle is written regardless.
 */
#ifndef CTL_BUNDLE_BUNDLE_H
#define CTL_BUNDLE_BUNDLE_H

#include "ctl/commands.h"
#include "ctl/mask.h"
#include "ctl/tar.h"
#include "sys/writer.h"

enum { BUNDLE_FILE_LEN = 4 << 20 }; /* of one file of the host; longer files are truncated */

struct bundle {
	const struct command_line *line;
	struct tar *tar;
	struct mask mask;
	FILE *members; /* manifest lines: what is in the bundle */
	FILE *lacks;   /* manifest lines: what is missing, and why */
	unsigned int count;
	unsigned int lack_count;
	bool asks;	  /* a director is running and has replied */
	unsigned int pid; /* its process ID; 0: none */
	char config[512]; /* path of its director.json; "": unknown */
	char tables[512];
};

/* Adds a text. Keys in it are overwritten in place. */
void bundle_add(struct bundle *bundle, const char *name, char *text, size_t len);

/* Records why something is missing from the bundle. */
GLB_PRINTF(3, 4)
void bundle_lack(struct bundle *bundle, const char *name, const char *format, ...);

/* Adds a file of the host under its own path. */
void bundle_file(struct bundle *bundle, const char *path);

/* Adds the output of a program, which has 20 seconds. `command` goes to a shell, so it must not
 * contain outside text. */
void bundle_run(struct bundle *bundle, const char *name, const char *command);

/* The parts. bundle_configuration() comes first, as the director's files determine what is a key.
 */
void bundle_configuration(struct bundle *bundle);
void bundle_answers(struct bundle *bundle);
void bundle_metrics(struct bundle *bundle);
void bundle_doctor(struct bundle *bundle);
void bundle_log(struct bundle *bundle);
void bundle_host(struct bundle *bundle);

#endif
