/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/director.h"
#include "conf/tables.h"
#include "load.h"
#include "sys/log.h"

bool load_tables(struct glb_tables *out, const char *path)
{
	struct report report;

	report_init(&report);

	int err = tables_load(out, path, NULL, &report);

	report_log(&report, SEVERITY_ERROR);
	return !err;
}

int find_table(const struct glb_tables *tables, const struct glb_table *table)
{
	const char *name = table->spec.name;

	for (unsigned int i = 0; name && i < tables->count; i++) {
		const char *other = tables->tables[i]->spec.name;

		if (other && !strcmp(name, other))
			return (int)i;
	}
	for (unsigned int i = 0; i < tables->count; i++)
		if (!memcmp(tables->tables[i]->spec.seed, table->spec.seed,
			    sizeof(table->spec.seed)))
			return (int)i;
	return -1;
}

bool require_source(const struct glb_tables *tables, const char *path)
{
	for (unsigned int i = 0; i < tables->count; i++)
		if (!tables->tables[i]->ranked) {
			log_error("%s: is an image, which lacks seeds and states: name its source",
				  path);
			return false;
		}
	return true;
}

bool load_settings(struct glb_settings *out, const char *path)
{
	struct director_conf conf;
	struct report report;

	report_init(&report);

	int err = director_conf_load(&conf, path, &report);

	report_log(&report, SEVERITY_ERROR);
	if (!err)
		*out = conf.settings;
	return !err;
}
