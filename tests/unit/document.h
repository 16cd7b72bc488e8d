/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test write JSON inside C?
 *
 * With ' for every ", so that it stays readable.
 */
#ifndef UNIT_DOCUMENT_H
#define UNIT_DOCUMENT_H

#include <stdio.h>

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

#endif
