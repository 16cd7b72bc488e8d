/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "columns.h"

enum { COLUMNS_MAX = 16 };

const char *member_text(char out[CONF_TEXT_LEN], const struct conf_value *object, const char *key)
{
	struct conf_value value;

	(void)conf_find(&value, object, key);
	return conf_text(out, &value);
}

/* Characters, of which each has one byte that is no continuation (RFC 3629). */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(const struct column *column, const char *text, int width, bool is_last)
{
	int pad = width - width_of(text);

	if (column->is_number)
		printf("%*s%s", pad, "", text);
	else
		printf("%s%*s", text, is_last ? 0 : pad, "");
	fputs(is_last ? "\n" : "  ", stdout);
}

void columns_print(const struct conf_value *list, const struct column *columns, unsigned int count)
{
	size_t lines = conf_count(list);
	int widths[COLUMNS_MAX];
	char text[CONF_TEXT_LEN];

	if (!lines)
		return;
	for (unsigned int c = 0; c < count; c++) {
		widths[c] = width_of(columns[c].title);
		for (size_t i = 0; i < lines; i++) {
			struct conf_value one = conf_element(list, i);
			int width = width_of(member_text(text, &one, columns[c].key));

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
	for (unsigned int c = 0; c < count; c++)
		print_cell(&columns[c], columns[c].title, widths[c], c + 1 == count);
	for (size_t i = 0; i < lines; i++) {
		struct conf_value one = conf_element(list, i);

		for (unsigned int c = 0; c < count; c++)
			print_cell(&columns[c], member_text(text, &one, columns[c].key), widths[c],
				   c + 1 == count);
	}
}
