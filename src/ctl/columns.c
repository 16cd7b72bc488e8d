/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"

enum { COLUMNS_MAX = 16 };

/* A line: the members of an object, or the titles. */
struct line {
	const struct conf_value *of; /* NULL: titles */
	const int *widths;	     /* by column */
};

const char *member_text(char out[CONF_TEXT_LEN], const struct conf_value *object, const char *key)
{
	struct conf_value value;

	(void)conf_find(&value, object, key);
	return conf_text(out, &value);
}

/* Counts characters: bytes that are not UTF-8 continuation bytes (RFC 3629). */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void put_cell(FILE *out, const struct column *column, const char *text, int pad)
{
	if (column->is_number)
		(void)fprintf(out, "%*s%s", pad, "", text);
	else
		(void)fprintf(out, "%s%*s", text, pad, "");
}

static void columns_put_line(FILE *out, const struct column *columns, unsigned int count,
			     const struct line *line)
{
	char text[CONF_TEXT_LEN];

	for (unsigned int c = 0; c < count; c++) {
		const bool is_last = c + 1 == count;
		const char *cell =
			line->of ? member_text(text, line->of, columns[c].key) : columns[c].title;
		const int pad = line->widths[c] - width_of(cell);

		put_cell(out, &columns[c], cell, is_last && !columns[c].is_number ? 0 : pad);
		(void)fputs(is_last ? "\n" : "  ", out);
	}
}

void columns_write(FILE *out, const struct conf_value *list, const struct column *columns,
		   unsigned int count)
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
	columns_put_line(out, columns, count, &(struct line){NULL, widths});
	for (size_t i = 0; i < lines; i++) {
		struct conf_value one = conf_element(list, i);

		columns_put_line(out, columns, count, &(struct line){&one, widths});
	}
}

void columns_print(const struct conf_value *list, const struct column *columns, unsigned int count)
{
	columns_write(stdout, list, columns, count);
}

uint64_t member_count(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	uint64_t count = 0;

	if (conf_find(&value, object, key))
		(void)conf_count64(&count, &value);
	return count;
}

void uptime_write(FILE *out, uint64_t seconds)
{
	const uint64_t minutes = seconds / 60;
	const uint64_t hours = minutes / 60;

	if (hours >= 48)
		(void)fprintf(out, "%" PRIu64 " d %" PRIu64 " h", hours / 24, hours % 24);
	else if (hours)
		(void)fprintf(out, "%" PRIu64 " h %" PRIu64 " min", hours, minutes % 60);
	else if (minutes)
		(void)fprintf(out, "%" PRIu64 " min %" PRIu64 " s", minutes, seconds % 60);
	else
		(void)fprintf(out, "%" PRIu64 " s", seconds);
}
