/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conf/orders.h"
#include "healthcheck/inquiry.h"

static const struct envelope_verb verbs[INQUIRY_COUNT] = {
#define INQUIRY_ROW(constant, word, privilege, ...)                                                \
	[INQUIRY_##constant] = {word, privilege, {__VA_ARGS__}},
	INQUIRIES(INQUIRY_ROW)
#undef INQUIRY_ROW
};

static const char *const types[] = {
#define TYPE_WORD(constant, word) word,
	HEALTH_CHECKS(TYPE_WORD)
#undef TYPE_WORD
		NULL,
};

static const char types_wanted[] = "one of"
#define TYPE_WANTED(constant, word) " " word
	HEALTH_CHECKS(TYPE_WANTED)
#undef TYPE_WANTED
	;

const struct envelope_verb *inquiry_words(enum inquiry_verb verb)
{
	return &verbs[verb];
}

static void read_probe(struct inquiry *inquiry, const struct conf_value *root)
{
	struct conf_value value;
	uint32_t type = 0;

	if (!conf_member(&value, root, "backend"))
		(void)conf_addr(&inquiry->backend, &value);
	inquiry->has_check = conf_find(&value, root, "check");
	if (inquiry->has_check && !conf_choice(&type, types, types_wanted, &value))
		inquiry->check = (enum health_check_type)type;
}

/* Checks every key, so that all problems are reported in one run. */
static void inquiry_read_keys(struct inquiry *inquiry, const struct conf_value *root)
{
	struct conf_value value;

	if (inquiry->verb == INQUIRY_LOG_LEVEL)
		(void)orders_read_level(&inquiry->level, root);
	if (inquiry->verb == INQUIRY_PROBE)
		read_probe(inquiry, root);
	if (inquiry->verb == INQUIRY_PROBE_NEXT && !conf_member(&value, root, "probe"))
		(void)conf_count64(&inquiry->probe, &value);
	if (conf_find(&value, root, "unhealthy"))
		(void)conf_bool(&inquiry->unhealthy, &value);
	if (conf_find(&value, root, "table"))
		(void)conf_name(inquiry->table, sizeof(inquiry->table), "name of a table", &value);
}

static int inquiry_read_root(struct inquiry *inquiry, const struct conf_value *root)
{
	unsigned int verb;
	int err = envelope_read(&verb, root, &(struct envelope_verbs){verbs, INQUIRY_COUNT});

	if (err)
		return err;
	inquiry->verb = verb;
	inquiry_read_keys(inquiry, root);
	return report_has_errors(root->file->report) ? -EINVAL : 0;
}

int inquiry_read(struct inquiry *out, const char *line, size_t len, struct report *report)
{
	struct inquiry inquiry = {.verb = INQUIRY_STATUS};
	struct conf_file file;
	int err = conf_parse(&file, "request", line, len, report);

	if (err)
		return err;

	struct conf_value root = conf_root(&file);

	err = inquiry_read_root(&inquiry, &root);
	conf_close(&file);
	if (!err)
		*out = inquiry;
	return err;
}
