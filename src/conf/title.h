/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a table named, in text and in JSON?
 */
#ifndef CONF_TITLE_H
#define CONF_TITLE_H

#include <glb/table.h>

#include "sys/printable.h"

struct writer;

/* The name of a table, or its number in parentheses: for logs and JSON, which escape it. */
const char *table_name(char out[16], const struct glb_table *table, unsigned int index);

/* The same, printable. Returns out. */
const char *table_text(char out[PRINTABLE_NAME_LEN], const struct glb_table *table,
		       unsigned int index);

/* The number of a table, and its name if it has one, printable. Returns out. */
const char *table_title(char out[PRINTABLE_NAME_LEN], const struct glb_table *table,
			unsigned int index);

/* Members that identify a table in JSON: its number in the file, from 0, and its name or null. */
void write_table_id(struct writer *w, const struct glb_table *table, unsigned int index);

#endif
