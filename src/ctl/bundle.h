/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does somebody need who was not there, and has to say why a director did what it did?
 *
 * Everything that is added goes into one file (tar.h) without keys (mask.h), and what could not be
 * had is named in its MANIFEST, with the reason: a bundle is written in any case.
 */
#ifndef CTL_BUNDLE_H
#define CTL_BUNDLE_H

#include "commands.h"
#include "mask.h"
#include "sys/writer.h"
#include "tar.h"

enum { BUNDLE_FILE_LEN = 4 << 20 }; /* of a file of the host; what is behind it is left out */

struct bundle {
	const struct command_line *line;
	struct tar *tar;
	struct mask mask;
	FILE *members; /* lines of the manifest: what is in it */
	FILE *lacks;   /* the same of what is not, and why */
	unsigned int count;
	unsigned int lack_count;
	bool asks;	  /* a director, which has answered */
	unsigned int pid; /* of it; 0: none */
	char config[512]; /* its files; "": not known */
	char tables[512];
};

/* Adds a text, which is written over where it holds keys. */
void bundle_add(struct bundle *bundle, const char *name, char *text, size_t len);

/* Says why something is not in it. */
GLB_PRINTF(3, 4)
void bundle_lack(struct bundle *bundle, const char *name, const char *format, ...);

/* Adds a file of the host under its own path. */
void bundle_file(struct bundle *bundle, const char *path);

/* Adds what a program prints within 20 seconds; the command line is the caller's, and safe. */
void bundle_run(struct bundle *bundle, const char *name, const char *command);

/* The parts. The files of the director come first: they say what is a key. */
void bundle_configuration(struct bundle *bundle);
void bundle_answers(struct bundle *bundle);
void bundle_metrics(struct bundle *bundle);
void bundle_doctor(struct bundle *bundle);
void bundle_log(struct bundle *bundle);
void bundle_host(struct bundle *bundle);

#endif
