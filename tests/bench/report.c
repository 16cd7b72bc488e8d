/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "report.h"

int report_open(struct report *report, const char *path)
{
	*report = (struct report){0};
	if (!path)
		return 0;
	report->json = fopen(path, "w");
	if (!report->json)
		return -errno;
	fputs("[", report->json);
	return 0;
}

int report_close(struct report *report)
{
	if (!report->json)
		return 0;
	fputs(report->sections ? "\n]}\n]\n" : "]\n", report->json);

	bool failed = ferror(report->json) != 0;

	return fclose(report->json) || failed ? -EIO : 0;
}

void report_section(struct report *report, const char *title, const char *unit, const char *measure)
{
	printf("\n%-51s %8s [min .. max]   %s\n", title, unit, measure);
	if (report->json)
		fprintf(report->json,
			"%s\n{\"section\": \"%s\", \"unit\": \"%s\", \"ratio\": \"%s\", "
			"\"results\": [",
			report->sections ? "\n]}," : "", title, unit, measure);
	report->sections++;
	report->rows = 0;
}

static void write_spread(FILE *out, const struct spread *spread)
{
	fprintf(out, "\"median\": %.4f, \"min\": %.4f, \"max\": %.4f", spread->median, spread->min,
		spread->max);
}

static void write_json(struct report *report, const char *subject, const char *variant,
		       const struct spread *result, const struct spread *ratio)
{
	fprintf(report->json, "%s\n  {\"subject\": \"%s\", \"variant\": \"%s\", ",
		report->rows ? "," : "", subject, variant);
	write_spread(report->json, result);
	if (ratio) {
		fputs(", \"ratio\": {", report->json);
		write_spread(report->json, ratio);
		fputs("}", report->json);
	}
	fputs("}", report->json);
}

void report_row(struct report *report, const char *subject, const char *variant,
		const struct samples *samples, const struct samples *baseline)
{
	const struct spread result = samples_spread(samples);
	struct spread ratio;

	printf("%-32s %-17s %9.2f [%.2f .. %.2f]", subject, variant, result.median, result.min,
	       result.max);
	if (baseline) {
		const struct samples ratios = samples_ratio(baseline, samples);

		ratio = samples_spread(&ratios);
		printf("   %.2f [%.2f .. %.2f]", ratio.median, ratio.min, ratio.max);
	}
	printf("\n");
	fflush(stdout);
	if (report->json)
		write_json(report, subject, variant, &result, baseline ? &ratio : NULL);
	report->rows++;
}
