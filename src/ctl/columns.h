/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a list of JSON objects printed as a table?
 */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include <stdio.h>

#include "conf/json.h"

struct column {
	const char *title;
	const char *key; /* of the member shown */
	bool is_number;	 /* right-aligned */
};

/* Prints a line of titles and one line per object; nothing for an empty list. */
void columns_print(const struct conf_value *list, const struct column *columns, unsigned int count);

/* The same, to a stream. */
void columns_write(FILE *out, const struct conf_value *list, const struct column *columns,
		   unsigned int count);

/* The value of a numeric member; 0 if there is none or it is not a number. */
uint64_t member_count(const struct conf_value *object, const char *key);

/* Writes a duration in words. */
void uptime_write(FILE *out, uint64_t seconds);

/* The text of a member as conf_text() formats it. Returns out. */
const char *member_text(char out[CONF_TEXT_LEN], const struct conf_value *object, const char *key);

#endif
