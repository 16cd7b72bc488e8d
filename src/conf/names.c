/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "conf/names.h"

struct name {
	const char *text;
	uint32_t table;
};

static int compare_names(const void *left, const void *right)
{
	const struct name *a = left;
	const struct name *b = right;
	int order = strcmp(a->text, b->text);

	return order ? order : (a->table > b->table) - (a->table < b->table);
}

static void warn_name(const struct conf_value *tables, uint32_t table, uint32_t first)
{
	struct conf_value object = conf_element(tables, table);
	struct conf_value other = conf_element(tables, first);
	char place[CONF_PLACE_LEN_MAX];
	struct conf_value name;

	(void)conf_find(&name, &object, "name");
	conf_warn(&name, "is the name of %s in line %u, too: give each table one of its own",
		  conf_place(place, &other), conf_line(&other));
}

int names_warn(const struct glb_spec *spec, const struct conf_value *tables)
{
	struct name *names = calloc(spec->table_count + 1, sizeof(*names));
	uint32_t count = 0;
	uint32_t first = 0; /* the first of equal ones */

	if (!names)
		return -ENOMEM;
	for (uint32_t t = 0; t < spec->table_count; t++)
		if (spec->tables[t].name)
			names[count++] = (struct name){spec->tables[t].name, t};
	qsort(names, count, sizeof(*names), compare_names);
	for (uint32_t i = 1; i < count; i++) {
		if (strcmp(names[first].text, names[i].text) != 0)
			first = i;
		else
			warn_name(tables, names[i].table, names[first].table);
	}
	free(names);
	return 0;
}
