/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table: offline work on tables files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/image.h>

#include "commands.h"
#include "conf/tables.h"
#include "load.h"
#include "options.h"
#include "sys/file.h"
#include "sys/log.h"

/* Reads and works out a file; tells what the report has to say, from a severity on. */
static bool load_and_tell(struct glb_tables *out, const char *path, bool strict,
			  enum severity least)
{
	struct report report;

	report_init(&report);
	report.strict = strict;

	int err = tables_load(out, path, NULL, &report);

	report_log(&report, least);
	return !err;
}

int table_build(int argc, char **argv)
{
	struct options options;
	struct glb_tables tables;

	if (!read_options(&options, OPTION_STRICT, argc, argv) || options.arg_count != 2)
		return EXIT_USAGE;
	if (!load_and_tell(&tables, options.args[0], options.strict, SEVERITY_WARNING))
		return EXIT_FAILED;

	const char *path = options.args[1];
	size_t len = glb_image_len(&tables);
	uint8_t *image = malloc(len);
	int err = image ? 0 : -ENOMEM;

	if (!err) {
		glb_image_write(image, &tables);
		err = file_replace(path, image, len);
	}
	if (err)
		log_error("%s: %s", path, strerror(-err));
	free(image);
	glb_tables_free(&tables);
	return err ? EXIT_FAILED : EXIT_OK;
}

int table_check(int argc, char **argv)
{
	struct options options;
	struct glb_tables tables;

	if (!read_options(&options, OPTION_STRICT, argc, argv) || options.arg_count != 1)
		return EXIT_USAGE;
	if (!load_and_tell(&tables, options.args[0], options.strict, SEVERITY_NOTE))
		return EXIT_FAILED;
	for (unsigned int t = 0; t < tables.count; t++) {
		const struct glb_table_spec *spec = &tables.tables[t]->spec;
		unsigned int usable = 0;

		for (unsigned int b = 0; b < spec->backend_count; b++)
			usable += glb_backend_usable(&spec->backends[b]);
		printf("table %u%s%s: %u binds, %u backends, %u usable\n", t, spec->name ? " " : "",
		       spec->name ? spec->name : "", spec->bind_count, spec->backend_count, usable);
	}
	glb_tables_free(&tables);
	return EXIT_OK;
}
