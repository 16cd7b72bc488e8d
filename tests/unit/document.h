/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test write JSON inside C, and what did a reader say about it?
 *
 * With ' for every ", so that it stays readable. Problems come as lines of `LINE:COLUMN: text`,
 * with the severity in front unless it is an error.
 */
#ifndef UNIT_DOCUMENT_H
#define UNIT_DOCUMENT_H

#include <stdio.h>
#include <string.h>

#include "conf/report.h"

enum { DOCUMENT_LEN_MAX = 65536 };

/* Writes a document as JSON into `out`, of DOCUMENT_LEN_MAX bytes; returns its length. */
static inline size_t document(char *out, const char *text)
{
	size_t len = 0;

	for (; *text && len < DOCUMENT_LEN_MAX - 1; text++)
		out[len++] = *text;
	out[len] = 0;
	for (size_t i = 0; i < len; i++)
		if (out[i] == '\'')
			out[i] = '"';
	return len;
}

/* Writes all problems of a report about the file at `path` into `out`, of DOCUMENT_LEN_MAX bytes.
 */
static inline const char *problems(char *out, const struct report *report, const char *path)
{
	static const char *const prefixes[] = {"note ", "warning ", ""};
	size_t at = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < report->count; i++) {
		const struct problem *problem = &report->problems[i];
		char line[REPORT_LINE_LEN_MAX];
		const char *text = report_line(line, problem);

		if (!strncmp(text, path, strlen(path)) && text[strlen(path)] == ':')
			text += strlen(path) + 1;
		at += (size_t)snprintf(out + at, DOCUMENT_LEN_MAX - at, "%s%s%s", at ? "\n" : "",
				       prefixes[problem->severity], text);
	}
	return out;
}

#endif
