/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which files are read together, and what did they contain at one moment?
 *
 * A new director.json and a new tables.json may belong together. They can only be put in place one
 * after the other, so both are read again if either changed in between.
 */
#ifndef CONF_INPUT_H
#define CONF_INPUT_H

#include "conf/report.h"
#include "sys/file.h"

struct conf_input {
	const char *path;     /* set by the caller, and valid for as long as the report */
	unsigned int pipe_ms; /* set by the caller: as in file_read() */
	bool standard;	      /* set by the caller: "-" is standard input */
	int err;	      /* 0, or the error of file_read() */
	struct file_bytes file;
};

/*
 * Reads files with file_read(), all as of one moment. A file that kept changing while the others
 * were read, three times in a row, gets -EBUSY. Anything but a regular file, such as a pipe, is
 * read once; the second of two that are standard input gets -EALREADY. To be released with
 * inputs_free().
 */
void inputs_read(struct conf_input *inputs, unsigned int count);

/* Releases what was read. For those that were never read, `file` must be zeros. */
void inputs_free(struct conf_input *inputs, unsigned int count);

/*
 * Warns, in a report that guards keys, if everyone may read or change a file that contains some,
 * with the command that fixes it. Never an error: the mode says nothing about the content.
 */
void input_guard(const struct conf_input *input, struct report *report);

/* Returns 0, or `err` after reporting it as an error of the file. */
GLB_NODISCARD int input_check(const struct conf_input *input, struct report *report);

#endif
