/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "diagnosis.h"
#include "printable.h"
#include "words.h"

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_OK] = "ok",
	[LEVEL_ADVICE] = "advice",
	[LEVEL_PROBLEM] = "problem",
	[LEVEL_UNKNOWN] = "unknown",
};

/* The order in which levels are shown. */
static const enum level order[] = {LEVEL_PROBLEM, LEVEL_ADVICE, LEVEL_UNKNOWN, LEVEL_OK};

void finding_text(char out[FINDING_TEXT_LEN], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out, FINDING_TEXT_LEN, format, args);
	va_end(args);
}

void diagnosis_add(struct diagnosis *diagnosis, const struct finding *finding)
{
	if (diagnosis->count == diagnosis->room) {
		size_t room = diagnosis->room ? 2 * diagnosis->room : 32;
		struct finding *more = realloc(diagnosis->findings, room * sizeof(*more));

		diagnosis->failed |= !more;
		if (!more)
			return;
		diagnosis->findings = more;
		diagnosis->room = room;
	}
	diagnosis->findings[diagnosis->count++] = *finding;
}

void diagnosis_skip_args(struct diagnosis *diagnosis, const char *check, const char *format,
			 va_list args)
{
	struct finding finding = {.level = LEVEL_UNKNOWN, .check = check};

	(void)vsnprintf(finding.seen, sizeof(finding.seen), format, args);
	diagnosis_add(diagnosis, &finding);
}

void diagnosis_skip(struct diagnosis *diagnosis, const char *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diagnosis_skip_args(diagnosis, check, format, args);
	va_end(args);
}

unsigned int diagnosis_total(const struct diagnosis *diagnosis, enum level level)
{
	unsigned int total = 0;

	for (size_t i = 0; i < diagnosis->count; i++)
		total += diagnosis->findings[i].level == level;
	return total;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	free(diagnosis->findings);
	*diagnosis = (struct diagnosis){.findings = NULL};
}

/* --- Output --- */

static bool needs_action(const struct finding *finding)
{
	return finding->level == LEVEL_ADVICE || finding->level == LEVEL_PROBLEM;
}

/* A line with a heading; escapes the text. */
static void print_line(FILE *out, const char *heading, const char *text)
{
	char line[4 * FINDING_TEXT_LEN];

	(void)fprintf(out, "    %s: %s\n", heading, printable(line, sizeof(line), text));
}

static void print_finding(FILE *out, const struct finding *finding)
{
	char seen[4 * FINDING_TEXT_LEN];

	(void)fprintf(out, "%s %s: %s\n", level_names[finding->level], finding->check,
		      printable(seen, sizeof(seen), finding->seen));
	if (!needs_action(finding))
		return;
	if (*finding->where)
		print_line(out, "where", finding->where);
	if (finding->why)
		print_line(out, "why", finding->why);
	if (*finding->fix)
		print_line(out, "do", finding->fix);
}

void diagnosis_print(FILE *out, const struct diagnosis *diagnosis)
{
	const unsigned int problems = diagnosis_total(diagnosis, LEVEL_PROBLEM);

	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		for (size_t k = 0; k < diagnosis->count; k++)
			if (diagnosis->findings[k].level == order[i])
				print_finding(out, &diagnosis->findings[k]);
	(void)fprintf(out, "%u problem%s, %u advice, %u unknown, %u ok\n", problems,
		      plural(problems), diagnosis_total(diagnosis, LEVEL_ADVICE),
		      diagnosis_total(diagnosis, LEVEL_UNKNOWN),
		      diagnosis_total(diagnosis, LEVEL_OK));
}

static void write_finding(struct writer *w, const struct finding *finding)
{
	write_open(w, NULL, '{');
	write_string(w, "level", level_names[finding->level]);
	write_string(w, "check", finding->check);
	write_string(w, "seen", finding->seen);
	write_string(w, "where", *finding->where ? finding->where : NULL);
	write_string(w, "why", finding->why);
	write_string(w, "do", needs_action(finding) && *finding->fix ? finding->fix : NULL);
	write_close(w, '}');
}

void diagnosis_write(struct writer *w, const struct diagnosis *diagnosis)
{
	write_open(w, "totals", '{');
	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		write_uint(w, level_names[order[i]], diagnosis_total(diagnosis, order[i]));
	write_close(w, '}');
	write_open(w, "findings", '[');
	for (unsigned int i = 0; i < LEVEL_COUNT; i++)
		for (size_t k = 0; k < diagnosis->count; k++)
			if (diagnosis->findings[k].level == order[i])
				write_finding(w, &diagnosis->findings[k]);
	write_close(w, ']');
}
