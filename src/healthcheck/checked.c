/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tables.h"
#include "healthcheck/access.h"
#include "healthcheck/checked.h"
#include "sys/replace.h"

static void checked_explain(struct checked *checked, const char *why)
{
	(void)snprintf(checked->why, sizeof(checked->why), "%.180s: %.320s", checked->path, why);
}

static void explain_report(struct checked *checked, const struct report *report)
{
	const struct problem *first = report_first_error(report);
	char line[REPORT_LINE_LEN_MAX];

	if (first)
		(void)snprintf(checked->why, sizeof(checked->why), "%.*s",
			       (int)sizeof(checked->why) - 1, report_line(line, first));
	else
		checked_explain(checked, file_reason(checked->err));
}

/* Builds the tables of a text. Returns 0 or -errno. */
static int checked_build(struct checked *checked, const char *text, size_t len)
{
	const struct glb_building how = {.known = &checked->tables};
	struct report *report = malloc(sizeof(*report));
	struct glb_diag diag = {{0}};
	struct glb_tables tables;
	struct glb_spec spec;

	if (!report)
		return -ENOMEM;
	report_init(report);
	checked->err = spec_parse(&spec, checked->path, text, len, report);
	if (checked->err) {
		explain_report(checked, report);
	} else {
		checked->err = glb_tables_build_how(&tables, &spec, &how, &diag);
		if (checked->err)
			checked_explain(checked, diag.text);
		glb_spec_free(&spec);
	}
	free(report);
	if (checked->err)
		return checked->err;
	glb_digests_keep(&tables, NULL);
	glb_tables_free(&checked->tables);
	checked->tables = tables;
	return 0;
}

/* Is the file identical already? */
static bool is_there(const struct checked *checked, const char *text, size_t len)
{
	struct file_bytes file;
	bool same;

	if (file_read(&file, checked->path, FILE_PIPE_MS))
		return false;
	same = file.len == len && !memcmp(file.bytes, text, len);
	file_free(&file);
	return same;
}

static int checked_put(struct checked *checked, const char *text, size_t len)
{
	const struct file_draft draft = {
		.bytes = (const uint8_t *)text,
		.len = len,
		.source = checked->content->path, /* it contains keys as well */
	};
	char why[ACCESS_WHY_LEN];

	if (is_there(checked, text, len))
		return 0;
	checked->err = file_replace(checked->path, &draft);
	if (checked->err == -EACCES || checked->err == -EROFS)
		checked_explain(checked, access_explain_write(why, checked->path));
	else if (checked->err)
		checked_explain(checked, file_reason(checked->err));
	else
		checked->is_written = true;
	return checked->err;
}

void checked_write(struct checked *checked)
{
	const struct content *content = checked->content;
	size_t len;
	char *text;

	checked->err = 0;
	checked->is_written = false;
	text = health_fill_in(&len, content->path, (const char *)content->file.bytes,
			      content->file.len, checked->healthy, content->plan.backend_count);
	if (!text) {
		checked->err = -ENOMEM;
		checked_explain(checked, "out of memory");
		return;
	}
	if (!checked_build(checked, text, len))
		(void)checked_put(checked, text, len);
	else if (!checked->why[0])
		checked_explain(checked, file_reason(checked->err));
	explicit_bzero(text, len);
	free(text);
}
