/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/files.h"
#include "conf/meters.h"

void director_files_read(struct director_files *files)
{
	struct conf_input inputs[] = {
		{.path = files->config_path,
		 .pipe_ms = files->pipe_ms,
		 .standard = files->standard},
		{.path = files->tables_path,
		 .pipe_ms = files->pipe_ms,
		 .standard = files->standard},
	};
	unsigned int skipped = files->config_path ? 0 : 1;

	inputs_read(inputs + skipped, 2 - skipped);
	files->config = inputs[0];
	files->tables = inputs[1];
}

void director_files_free(struct director_files *files)
{
	inputs_free(&files->config, 1);
	inputs_free(&files->tables, 1);
	glb_deny_free(files->deny);
	files->deny = NULL;
}

/* Reads the deny file, if one is configured. Returns 0, or the error of a file that matters. */
static int read_deny_file(struct director_files *files, const struct director_conf *conf,
			  struct report *report)
{
	struct conf_input input = {.path = conf->deny, .pipe_ms = files->pipe_ms};

	if (!conf->deny[0] || files->skips_deny)
		return 0;
	inputs_read(&input, 1);

	int err = deny_read(&files->deny, &input, report);

	inputs_free(&input, 1);
	return files->spares_deny ? 0 : err;
}

int director_files_take(struct director_conf *conf, struct glb_tables *tables,
			struct director_files *files, struct report *report)
{
	struct glb_building how = {.known = files->known};
	int deny_err = 0;

	report->serving = true;
	files->config_err =
		files->config_path ? director_conf_read(conf, &files->config, report) : 0;
	if (!files->config_err) {
		how.isa = (enum glb_isa)conf->settings.isa;
		report->own = &conf->own;
		if (files->config_path)
			deny_err = read_deny_file(files, conf, report);
	}

	int err = tables_read(tables, &files->tables, &how, report);

	if (!err && !files->config_err && files->config_path)
		meters_warn_unbound(conf, tables, report);
	if ((files->config_err || deny_err) && !err)
		glb_tables_free(tables);
	if (files->config_err)
		return files->config_err;
	return deny_err ? deny_err : err;
}

int director_files_load(struct director_conf *conf, struct glb_tables *tables,
			struct director_files *files, struct report *report)
{
	director_files_read(files);

	int err = director_files_take(conf, tables, files, report);

	if (!err)
		conf->settings.deny = glb_deny_share(files->deny);
	director_files_free(files);
	return err;
}
