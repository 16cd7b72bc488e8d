/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "conf/title.h"
#include "sys/writer.h"

const char *table_name(char out[16], const struct glb_table *table, unsigned int index)
{
	if (table->spec.name)
		return table->spec.name;
	(void)snprintf(out, 16, "(%u)", index);
	return out;
}

const char *table_text(char out[PRINTABLE_NAME_LEN], const struct glb_table *table,
		       unsigned int index)
{
	char number[16];

	return printable(out, PRINTABLE_NAME_LEN, table_name(number, table, index));
}

const char *table_title(char out[PRINTABLE_NAME_LEN], const struct glb_table *table,
			unsigned int index)
{
	int len = snprintf(out, PRINTABLE_NAME_LEN, "%u", index);

	if (table->spec.name) {
		out[len++] = ' ';
		(void)printable(out + len, (size_t)(PRINTABLE_NAME_LEN - len), table->spec.name);
	}
	return out;
}

void write_table_id(struct writer *w, const struct glb_table *table, unsigned int index)
{
	write_uint(w, "table", index);
	write_string(w, "name", table->spec.name);
}
