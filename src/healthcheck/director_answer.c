/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/json.h"
#include "healthcheck/director_answer.h"
#include "sys/printable.h"

static const char *string_of(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	const char *text;

	return conf_find(&value, object, key) && !conf_string(&text, &value) ? text : "";
}

/* False: a table has no digest. */
static bool read_digests(struct director_answer *out, const struct conf_value *root)
{
	struct conf_value tables;
	size_t count;

	if (!conf_find(&tables, root, "tables") || !conf_is_array(&tables))
		return false;
	count = conf_count(&tables);
	out->digests = calloc(count + 1, sizeof(*out->digests));
	if (!out->digests)
		return false;
	for (unsigned int i = 0; i < count; i++) {
		struct conf_value table = conf_element(&tables, i);
		const char *digest = conf_is_object(&table) ? string_of(&table, "digest") : "";

		if (strlen(digest) != GLB_DIGEST_TEXT_LEN - 1)
			return false;
		memcpy(out->digests[i], digest, GLB_DIGEST_TEXT_LEN);
	}
	out->table_count = (unsigned int)count;
	return true;
}

static void read_done(struct director_answer *out, const struct conf_value *root)
{
	struct conf_value value;

	if (conf_find(&value, root, "generation"))
		(void)conf_count64(&out->generation, &value);
	(void)snprintf(out->tables_file, sizeof(out->tables_file), "%s",
		       string_of(root, "tables_file"));
	if (!read_digests(out, root))
		return;
	out->result = DIRECTOR_DONE;
	out->reason[0] = '\0';
}

static void read_error(struct director_answer *out, const struct conf_value *root)
{
	struct conf_value error;

	if (!conf_find(&error, root, "error") || !conf_is_object(&error))
		return;

	const char *code = string_of(&error, "code");

	if (!strcmp(code, "refused"))
		out->result = DIRECTOR_REFUSED;
	else if (!strcmp(code, "put_off"))
		out->result = DIRECTOR_PUT_OFF;
	(void)printable(out->reason, sizeof(out->reason), string_of(&error, "reason"));
}

void director_answer_read(struct director_answer *out, const char *line, size_t len)
{
	struct report *report = malloc(sizeof(*report));
	struct conf_file file;
	struct conf_value ok;

	*out = (struct director_answer){
		.result = DIRECTOR_FAILED,
		.reason = "what answers there is no director",
	};
	if (!report)
		return;
	report_init(report);
	if (!conf_parse(&file, "answer", line, len, report)) {
		struct conf_value root = conf_root(&file);

		if (conf_is_object(&root) && conf_find(&ok, &root, "ok"))
			(conf_is_true(&ok) ? read_done : read_error)(out, &root);
		conf_close(&file);
	}
	free(report);
}

void director_answer_free(struct director_answer *answer)
{
	free(answer->digests);
	answer->digests = NULL;
}
