/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the text of a tables file become when a backend is added, removed or changes state?
 *
 * The text is spliced rather than rewritten: everything else in it stays as it is, to the byte. All
 * functions return the new text, to be released with free(), and set *len; or NULL if out of
 * memory.
 */
#ifndef CTL_SPLICE_H
#define CTL_SPLICE_H

#include <stdio.h>

#include "conf/json.h"

enum { ZONE_LEN_MAX = 200 };

/* A non-empty list of backends in the text of a file. */
struct listing {
	const char *text;
	size_t len;
	const struct conf_value *backends;
};

/* Members of a new backend. Written verbatim, so they must need no escaping; NULL: omitted. */
struct new_backend {
	const char *ip;
	const char *weight;
	const char *zone; /* at most ZONE_LEN_MAX bytes */
	const char *server_id;
};

/* Changes the state of the backend at `index`, which must have the member already. */
char *splice_state(size_t *len, const struct listing *list, unsigned int index, const char *state);

/* Removes the backend at `index`, with the comma and white space between it and its neighbour. */
char *splice_out(size_t *len, const struct listing *list, unsigned int index);

/* Appends a filling, healthy backend, laid out like the last one. */
char *splice_in(size_t *len, const struct listing *list, const struct new_backend *backend);

enum { SPLICE_MEMBERS_MAX = 4 };

/* The new value of a member of an object. */
struct member {
	const char *key;
	const char *value; /* as JSON; NULL: removes the member */
};

/*
 * Writes an object to a stream with new values for some members. `members` ends with a key of NULL
 * and has at most SPLICE_MEMBERS_MAX entries. Members that the object lacks are inserted first.
 * `text` is the file that the object is in.
 */
void splice_members(FILE *out, const char *text, const struct conf_value *object,
		    const struct member *members);

#endif
