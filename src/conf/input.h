/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which files are read together, and what did they hold at one moment?
 *
 * A new director.json and a new tables.json may belong together. Whoever puts them in place does so
 * one after the other, so both are read again when either changed between.
 */
#ifndef CONF_INPUT_H
#define CONF_INPUT_H

#include "conf/report.h"
#include "sys/file.h"

struct conf_input {
	const char *path;     /* set by the caller, who keeps it for as long as the report */
	unsigned int pipe_ms; /* set by the caller: as of file_read() */
	bool standard;	      /* set by the caller: "-" is standard input */
	int err;	      /* 0, or why it could not be read: as of file_read() */
	struct file_bytes file;
};

/*
 * Reads files, each as of file_read(), and all as of one moment. A file that kept changing while
 * the others were read, three times in a row, has -EBUSY. What is no file, such as a pipe, is read
 * once; the second of two that are standard input has -EALREADY. To be released with inputs_free().
 */
void inputs_read(struct conf_input *inputs, unsigned int count);

/* Releases what was read. Of those that were never read, `file` must be 0. */
void inputs_free(struct conf_input *inputs, unsigned int count);

/*
 * Warns, in a report that is to guard keys, if everybody may read or change a file that holds some;
 * with the command that mends it. An error in no report: a mode says nothing about content.
 */
void input_guard(const struct conf_input *input, struct report *report);

/* 0, or `err` after reporting it as an error of the file. */
GLB_NODISCARD int input_check(const struct conf_input *input, struct report *report);

#endif
