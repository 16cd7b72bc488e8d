/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How are the parts of a table written in a line of text?
 */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

#include <glb/table.h>

#include "conf/addr.h"

enum { BIND_TEXT_LEN = ADDR_TEXT_LEN + 32 };

/* `192.0.2.10 tcp 80`, `198.51.100.64/26 udp 100-200`. Returns out. */
const char *bind_text(char out[BIND_TEXT_LEN], const struct glb_bind *bind);

/* The name of a table, or its number in parentheses. `out` has 16 bytes. */
const char *table_name(char out[16], const struct glb_table *table, unsigned int index);

/* Rows as a percentage of all rows. */
double percent_of_rows(uint32_t rows);

#endif
