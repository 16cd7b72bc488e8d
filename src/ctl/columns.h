/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a list of JSON objects become lines with columns?
 */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include <stdio.h>

#include "conf/json.h"

struct column {
	const char *title;
	const char *key; /* of the member that it shows */
	bool is_number;	 /* aligned at its end */
};

/* Prints a line of titles, and one for each object; nothing for an empty list. */
void columns_print(const struct conf_value *list, const struct column *columns, unsigned int count);

/* The same, to a stream. */
void columns_write(FILE *out, const struct conf_value *list, const struct column *columns,
		   unsigned int count);

/* A member of an object that is a number; 0 where it is none. */
uint64_t member_count(const struct conf_value *object, const char *key);

/* So many seconds, in words. */
void uptime_write(FILE *out, uint64_t seconds);

/* The text of a member of an object, as of conf_text(). Returns out. */
const char *member_text(char out[CONF_TEXT_LEN], const struct conf_value *object, const char *key);

#endif
