/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program write JSON?
 *
 * Value by value, to a stream, with commas and line breaks in the right places, or on one line. A
 * key is given in objects; it is NULL in arrays and at the top level. Invalid UTF-8 in strings
 * becomes U+FFFD; characters that would affect a terminal are escaped.
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
	bool on_one_line; /* no line breaks but one at the end of the text */
	unsigned int depth;
	bool more; /* the container already holds a value, so a comma comes first */
};

void write_open(struct writer *w, const char *key, char bracket); /* '{' or '[' */
void write_close(struct writer *w, char bracket); /* '}' or ']'; at the top level, ends the text */
void write_string(struct writer *w, const char *key, const char *value); /* NULL: null */
void write_uint(struct writer *w, const char *key, uint64_t value);
void write_real(struct writer *w, const char *key, double value);
/* A string in base64 (RFC 4648 section 4). */
void write_bytes(struct writer *w, const char *key, const uint8_t *bytes, size_t len);
void write_bool(struct writer *w, const char *key, bool value);
/* Date and time in UTC as in RFC 3339, to the second; 0: null. */
void write_time(struct writer *w, const char *key, time_t at);
/* The same, to the millisecond, from milliseconds. */
void write_time_ms(struct writer *w, const char *key, uint64_t at_ms);

#endif
