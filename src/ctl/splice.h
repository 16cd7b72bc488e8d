/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the text of a tables file become when a backend is added, removed or changes its state?
 *
 * The text is spliced, not written anew: whatever else stands in it stays as it is, to the byte.
 * All functions return the new text, to be released with free(), and set *len; or NULL when memory
 * is out.
 */
#ifndef CTL_SPLICE_H
#define CTL_SPLICE_H

#include <stdio.h>

#include "conf/json.h"

enum { ZONE_LEN_MAX = 200 };

/* A list of backends, at least one, in the text of a file. */
struct listing {
	const char *text;
	size_t len;
	const struct conf_value *backends;
};

/* What is written for a new backend as it is, so it must need no escaping; NULL: nothing. */
struct new_backend {
	const char *ip;
	const char *weight;
	const char *zone; /* of at most ZONE_LEN_MAX bytes */
	const char *server_id;
};

/* Gives the backend at `index`, which has a state, another one. */
char *splice_state(size_t *len, const struct listing *list, unsigned int index, const char *state);

/* Takes out the backend at `index`, with the comma and white space between it and its neighbour. */
char *splice_out(size_t *len, const struct listing *list, unsigned int index);

/* Puts a filling, healthy backend behind the last one, laid out like that. */
char *splice_in(size_t *len, const struct listing *list, const struct new_backend *backend);

enum { SPLICE_MEMBERS_MAX = 4 };

/* A member of an object, as it is to be. */
struct member {
	const char *key;
	const char *value; /* as JSON; NULL: it goes */
};

/*
 * Writes an object that has some members to a stream with other values: a list that ends with a key
 * of NULL, of at most SPLICE_MEMBERS_MAX. A member that the object lacks comes first. `text` is
 * that of the object's file.
 */
void splice_members(FILE *out, const char *text, const struct conf_value *object,
		    const struct member *members);

#endif
