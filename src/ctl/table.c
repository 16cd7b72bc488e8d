/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table build and check: is a tables file valid, and which image results from it? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glb/digest.h>
#include <glb/image.h>

#include "commands.h"
#include "conf/files.h"
#include "load.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/replace.h"
#include "sys/words.h"
#include "sys/writer.h"

/* Reads the command's file and builds its tables. Returns 0, or -errno with the reason in the
 * report. */
static int table_load(struct glb_tables *out, const struct command_line *line,
		      struct report *report)
{
	report->strict = command_has(line, OPTION_STRICT);
	return tables_load(out, line->args[0], NULL, report);
}

/* An existing image keeps its mode, which may have been chosen by someone or by an older version.
 */
static void warn_if_open(const char *image, const char *source)
{
	struct stat one;
	struct stat other;

	if (!stat(image, &one) && !stat(source, &other) &&
	    one.st_mode & ~other.st_mode & (S_IROTH | S_IWOTH))
		log_warning("%s: everybody has access to it, as before, and it holds the keys of "
			    "%s, to which not everybody has: chmod o= %s",
			    image, source, image);
}

/* Puts an image in place with permissions no wider than its source's. Returns 0 or an exit
 * status. */
static int table_put_image(const char *path, const char *source, const struct file_draft *image)
{
	if (is_standard(path) && isatty(STDOUT_FILENO)) {
		log_error("standard output is a terminal, and an image is binary");
		return EXIT_FAILED;
	}
	if (is_standard(path))
		return put_bytes(image->bytes, image->len);

	int err = file_replace(path, image);

	if (err) {
		log_error("%s: %s", path, file_reason(err));
		return EXIT_FAILED;
	}
	warn_if_open(path, source);
	return EXIT_OK;
}

int table_build(const struct command_line *line)
{
	struct glb_tables tables;
	struct report report;

	report_init(&report);

	int err = table_load(&tables, line, &report);

	report_log(&report, SEVERITY_WARNING);
	if (err)
		return EXIT_FAILED;

	/* its permissions matter, too */
	const char *source = is_standard(line->args[0]) ? "/dev/stdin" : line->args[0];
	size_t len = glb_image_len(&tables);
	uint8_t *image = malloc(len);
	int status = EXIT_FAILED;

	if (image) {
		glb_image_write(image, &tables);
		status = table_put_image(
			line->args[1], source,
			&(struct file_draft){.bytes = image, .len = len, .source = source});
		explicit_bzero(image, len); /* it contains the hash_key */
	} else {
		log_error("out of memory");
	}
	free(image);
	glb_tables_free(&tables);
	return status;
}

static void print_tables(const struct glb_tables *tables)
{
	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;
		char title[PRINTABLE_NAME_LEN];

		printf("table %s: %u bind%s, %u backend%s, %u usable\n",
		       table_title(title, tables->tables[t], t), spec->bind_count,
		       plural(spec->bind_count), spec->backend_count, plural(spec->backend_count),
		       glb_usable_count(spec));
	}
}

static void write_table(struct writer *w, const struct glb_table *table, unsigned int index)
{
	char digest[GLB_DIGEST_TEXT_LEN];

	write_open(w, NULL, '{');
	write_table_id(w, table, index);
	write_uint(w, "binds", table->spec.bind_count);
	write_uint(w, "backends", table->spec.backend_count);
	write_uint(w, "usable", glb_usable_count(&table->spec));
	write_string(w, "digest", glb_digest(digest, table));
	write_close(w, '}');
}

/* `tables` is empty if the file was refused. */
static void write_check(const struct report *report, const struct glb_tables *tables)
{
	struct writer w = {.out = stdout};

	write_open(&w, NULL, '{');
	write_bool(&w, "accepted", !report_has_errors(report));
	write_open(&w, "totals", '{');
	for (unsigned int s = 0; s < SEVERITY_COUNT; s++)
		write_uint(&w, severity_name(s), report->totals[s]);
	write_close(&w, '}');
	write_open(&w, "problems", '[');
	for (uint32_t i = 0; i < report->count; i++)
		problem_write(&w, &report->problems[i]);
	write_close(&w, ']');
	write_open(&w, "tables", '[');
	for (unsigned int t = 0; t < tables->count; t++)
		write_table(&w, tables->tables[t], t);
	write_close(&w, ']');
	write_close(&w, '}');
}

/* Tables that were checked; with a generation, they belong to it. */
struct checked {
	struct glb_tables tables;
	struct glb_generation *gen; /* as a director that serves them would make it; or NULL */
	struct director_conf
		conf; /* if there is a generation; problems of the report refer to it */
};

/* What both files are worth together: 0, or an error that is in the report. */
static int check_director(struct checked *out, struct director_files *files, struct report *report)
{
	struct glb_diag reason = {{0}};
	struct director_conf *conf = &out->conf;
	int err = director_files_load(conf, &out->tables, files, report);

	if (err)
		return err;
	err = glb_generation_make(&out->gen, 1, &conf->settings, &out->tables, &reason);
	glb_deny_free(conf->settings.deny);
	if (err) {
		report_fail(report, "%s", reason.text);
		glb_tables_free(&out->tables);
	} else {
		out->tables = out->gen->tables;
	}
	return err;
}

static void table_release(struct checked *checked)
{
	if (checked->gen)
		glb_generation_free(checked->gen);
	else
		glb_tables_free(&checked->tables);
}

int table_check(const struct command_line *line)
{
	struct checked checked = {.gen = NULL};
	struct director_files files = {
		.config_path = line->values[OPTION_CONFIG],
		.tables_path = line->args[0],
		.standard = true,
	};
	struct report report;

	report_init(&report);
	report.guarding = true;
	report.probing = true;

	int err;

	if (files.config_path) {
		report.strict = command_has(line, OPTION_STRICT);
		err = check_director(&checked, &files, &report);
	} else {
		err = table_load(&checked.tables, line, &report);
	}
	if (command_has(line, OPTION_JSON)) {
		write_check(&report, &checked.tables);
	} else {
		report_log(&report, SEVERITY_NOTE);
		print_tables(&checked.tables);
	}
	table_release(&checked);
	return err ? EXIT_FAILED : EXIT_OK;
}
