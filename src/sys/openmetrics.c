/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "openmetrics.h"
#include "printable.h"

static const struct {
	const char *name;
	const char *old_name;
	const char *suffix; /* of sample names */
} types[] = {
	[OPENMETRICS_COUNTER] = {"counter", "counter", "_total"},
	[OPENMETRICS_GAUGE] = {"gauge", "gauge", ""},
	[OPENMETRICS_INFO] = {"info", "gauge", "_info"},
	[OPENMETRICS_HISTOGRAM] = {"histogram", "histogram", ""},
};

const char *openmetrics_content(bool is_old)
{
	return is_old ? "text/plain; version=0.0.4; charset=utf-8"
		      : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

bool openmetrics_wants_old(const char *accept)
{
	return !strstr(accept, "application/openmetrics-text");
}

void openmetrics_begin(struct openmetrics *metrics, const struct openmetrics_family *family)
{
	const char *type = types[family->type].name;
	const char *suffix = "";

	metrics->family = family;
	if (metrics->is_old) {
		type = types[family->type].old_name;
		suffix = types[family->type].suffix;
	}
	(void)fprintf(metrics->out, "# TYPE %s%s %s\n# HELP %s%s %s\n", family->name, suffix, type,
		      family->name, suffix, family->help);
}

/* Unprintable characters become escapes, whose backslashes are escaped here in turn. */
static void put_value(FILE *out, const char *value)
{
	size_t len = strlen(value);

	while (len) {
		char one[PRINTABLE_ONE_LEN];
		size_t taken = printable_take(one, value, len);

		for (const char *c = one; *c; c++) {
			if (*c == '"' || *c == '\\')
				(void)fputc('\\', out);
			(void)fputc(*c, out);
		}
		value += taken;
		len -= taken;
	}
}

/* Writes `{table="web",le="1"`: the last label, "le", is optional. */
static void put_labels(FILE *out, const struct openmetrics_labels *labels, const char *le)
{
	char before = '{';

	for (int i = 0; labels && i < OPENMETRICS_LABELS_MAX && labels->list[i].name; i++) {
		(void)fprintf(out, "%c%s=\"", before, labels->list[i].name);
		put_value(out, labels->list[i].value);
		(void)fputc('"', out);
		before = ',';
	}
	if (le) {
		(void)fprintf(out, "%cle=\"%s\"", before, le);
		before = ',';
	}
	if (before == ',')
		(void)fputc('}', out);
}

static void put_name(const struct openmetrics *metrics, const char *suffix,
		     const struct openmetrics_labels *labels, const char *le)
{
	(void)fputs(metrics->family->name, metrics->out);
	(void)fputs(suffix, metrics->out);
	put_labels(metrics->out, labels, le);
}

void openmetrics_count(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		       uint64_t value)
{
	put_name(metrics, types[metrics->family->type].suffix, labels, NULL);
	(void)fprintf(metrics->out, " %" PRIu64 "\n", value);
}

void openmetrics_real(struct openmetrics *metrics, const struct openmetrics_labels *labels,
		      double value)
{
	put_name(metrics, types[metrics->family->type].suffix, labels, NULL);
	(void)fprintf(metrics->out, " %.15g\n", value);
}

void openmetrics_histogram(struct openmetrics *metrics, const struct openmetrics_labels *labels,
			   const struct openmetrics_histogram *histogram)
{
	uint64_t count = 0;
	char le[32];

	for (unsigned int i = 0; i <= histogram->edge_count; i++) {
		count += histogram->counts[i];
		if (i < histogram->edge_count)
			(void)snprintf(le, sizeof(le), "%.9g", histogram->edges[i]);
		else
			(void)snprintf(le, sizeof(le), "+Inf");
		put_name(metrics, "_bucket", labels, le);
		(void)fprintf(metrics->out, " %" PRIu64 "\n", count);
	}
	put_name(metrics, "_sum", labels, NULL);
	(void)fprintf(metrics->out, " %.9g\n", histogram->sum);
	put_name(metrics, "_count", labels, NULL);
	(void)fprintf(metrics->out, " %" PRIu64 "\n", count);
}

void openmetrics_end(const struct openmetrics *metrics)
{
	if (!metrics->is_old)
		(void)fputs("# EOF\n", metrics->out);
}
