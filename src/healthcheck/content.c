/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/access.h"
#include "healthcheck/source.h"

struct content *content_ref(struct content *content)
{
	if (content)
		content->refs++;
	return content;
}

void content_unref(struct content *content)
{
	if (!content || --content->refs)
		return;
	health_plan_free(&content->plan);
	file_free(&content->file);
	free(content->path);
	free(content);
}

/* Returns 0, and the input belongs to the content; or -errno. */
static int content_parse(struct content *content, const char *path, struct conf_input *input,
			 struct report *report)
{
	int err = health_plan_parse(&content->plan, path, (const char *)input->file.bytes,
				    input->file.len, report);

	if (err)
		return err;
	content->file = input->file;
	input->file = (struct file_bytes){0};
	return 0;
}

int content_read(struct content **out, const char *path, struct report *report)
{
	struct conf_input input = {.path = path, .pipe_ms = FILE_PIPE_MS};
	struct content *content;
	int err;

	inputs_read(&input, 1);
	err = access_check(&input, report);
	if (err)
		return err;
	content = calloc(1, sizeof(*content));
	if (content)
		content->path = strdup(path);
	if (content && content->path) {
		err = content_parse(content, path, &input, report);
	} else {
		err = -ENOMEM;
		report_fail(report, "out of memory");
	}
	inputs_free(&input, 1);
	if (err) {
		if (content)
			free(content->path);
		free(content);
		return err;
	}
	content->refs = 1;
	*out = content;
	return 0;
}
