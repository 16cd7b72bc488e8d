/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/files.h"
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

/* Builds the tables of an input that is not an image. False after logging what is wrong. */
static bool take_source(struct glb_tables *out, const struct conf_input *input)
{
	struct report report;

	report_init(&report);

	int err = tables_read(out, input, NULL, &report);

	report_log(&report, SEVERITY_ERROR);
	if (err)
		return false;
	if (require_source(out, input->path))
		return true;
	glb_tables_free(out);
	return false;
}

bool load_change(struct glb_tables *old, struct glb_tables *new, struct conf_input inputs[2])
{
	inputs[0].standard = inputs[1].standard = true;
	inputs_read(inputs, 2);
	if (!take_source(old, &inputs[0]))
		return false;
	if (take_source(new, &inputs[1]))
		return true;
	glb_tables_free(old);
	return false;
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

bool load_director(struct director_conf *conf, struct glb_tables *tables, const char *config_path,
		   const char *tables_path)
{
	struct director_files files = {
		.config_path = config_path,
		.tables_path = tables_path,
		.standard = true,
	};
	struct report report;

	report_init(&report);

	int err = director_files_load(conf, tables, &files, &report);

	report_log(&report, SEVERITY_WARNING);
	return !err;
}
