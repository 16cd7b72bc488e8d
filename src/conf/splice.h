/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a JSON text changed in a few places and left as it is, to the byte, everywhere else?
 */
#ifndef CONF_SPLICE_H
#define CONF_SPLICE_H

#include <stdio.h>

#include "conf/json.h"

/* Bytes [from, to) of a text are replaced by `by`. */
struct splice {
	size_t from;
	size_t to;
	const char *by;
};

/* White space of JSON, for strspn(). */
#define JSON_SPACE " \t\r\n"

/*
 * Writes the text between *at and a splice, and the splice; advances *at past it. The splices of a
 * text must be written in order.
 */
void splice_write(FILE *out, const char *text, size_t *at, const struct splice *splice);

/*
 * Writes a member after one of an object, as JSON: on a line of its own if the first key of the
 * object is on one, with the same indentation.
 *
 * space      the text between the object's bracket and its first key, white space of `space_len`
 *            bytes
 */
void splice_member(FILE *out, const char *space, int space_len, const char *key, const char *value);

#endif
