/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program write JSON?
 *
 * Value by value, to a stream, with the commas and line breaks in the right places, or on one line.
 * A key is given in objects and NULL in arrays and at the top. Bytes of a string that are not UTF-8
 * become U+FFFD; characters that would act on a terminal are escaped.
 */
#ifndef SYS_WRITER_H
#define SYS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct writer {
	FILE *out;
	bool on_one_line; /* with a line break at the end of the text only */
	unsigned int depth;
	bool more; /* a value stands before the next one */
};

void write_open(struct writer *w, const char *key, char bracket); /* '{' or '[' */
void write_close(struct writer *w, char bracket); /* '}' or ']'; ends the text at the top */
void write_string(struct writer *w, const char *key, const char *value); /* NULL: null */
void write_uint(struct writer *w, const char *key, uint64_t value);
void write_real(struct writer *w, const char *key, double value);
/* As a string in base64 (RFC 4648 section 4). */
void write_bytes(struct writer *w, const char *key, const uint8_t *bytes, size_t len);
void write_bool(struct writer *w, const char *key, bool value);
/* A time of day as of RFC 3339, in UTC, in seconds; 0: null. */
void write_time(struct writer *w, const char *key, time_t at);
/* The same in milliseconds. */
void write_time_ms(struct writer *w, const char *key, uint64_t at_ms);

#endif
