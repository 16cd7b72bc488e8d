/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/health.h"
#include "conf/splice.h"

/* A text that is copied with some values replaced. */
struct filling {
	FILE *out;
	const char *text;
	size_t at; /* everything before it is written */
};

static void fill_backend(struct filling *filling, const struct conf_value *backend, bool healthy)
{
	const char *word = healthy ? "true" : "false";
	struct splice splice = {.by = word};
	struct conf_value value;
	size_t start;
	size_t end;

	if (conf_find(&value, backend, "healthy")) {
		conf_span(&value, &splice.from, &splice.to);
		splice_write(filling->out, filling->text, &filling->at, &splice);
		return;
	}
	if (!conf_find(&value, backend, "state"))
		return;
	conf_span(&value, &splice.from, &splice.to);
	splice.from = splice.to;
	splice.by = "";
	splice_write(filling->out, filling->text, &filling->at, &splice);
	conf_span(backend, &start, &end);

	const char *space = filling->text + start + 1;

	splice_member(filling->out, space, (int)strspn(space, JSON_SPACE), "healthy", word);
}

static void fill_tables(struct filling *filling, const struct conf_value *root, const bool *healthy,
			unsigned int count)
{
	struct conf_value tables;
	unsigned int next = 0;

	(void)conf_find(&tables, root, "tables");
	for (size_t t = 0; t < conf_count(&tables); t++) {
		struct conf_value table = conf_element(&tables, t);
		struct conf_value backends;

		(void)conf_find(&backends, &table, "backends");
		for (size_t b = 0; b < conf_count(&backends) && next < count; b++) {
			struct conf_value backend = conf_element(&backends, b);

			fill_backend(filling, &backend, healthy[next++]);
		}
	}
}

/* The filled-in text of a parsed file, or NULL. */
static char *fill_text(size_t *len_out, struct filling *filling, const struct conf_file *file,
		       size_t len, const bool *healthy, unsigned int count)
{
	const struct splice end = {.from = len, .to = len, .by = ""};
	struct conf_value root = conf_root(file);
	char *filled = NULL;

	filling->out = open_memstream(&filled, len_out);
	if (!filling->out)
		return NULL;
	fill_tables(filling, &root, healthy, count);
	splice_write(filling->out, filling->text, &filling->at, &end);
	if (!fclose(filling->out))
		return filled;
	free(filled);
	return NULL;
}

char *health_fill_in(size_t *len_out, const char *path, const char *bytes, size_t len,
		     const bool *healthy, unsigned int count)
{
	struct filling filling = {.text = bytes};
	struct report *report = malloc(sizeof(*report));
	struct conf_file file;
	char *filled = NULL;

	if (!report)
		return NULL;
	report_init(report);
	if (!conf_parse(&file, path, bytes, len, report)) {
		filled = fill_text(len_out, &filling, &file, len, healthy, count);
		conf_close(&file);
	}
	free(report);
	return filled;
}
