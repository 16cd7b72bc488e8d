/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "conf/report.h"
#include "sys/log.h"
#include "sys/printable.h"
#include "sys/words.h"
#include "sys/writer.h"

void report_file(struct report *report, const char *path)
{
	report->path = path;
	report->files++;
}

static bool is_before(const struct problem *a, const struct problem *b)
{
	return a->file != b->file ? a->file < b->file : a->offset < b->offset;
}

/* If the report is full, the last of the least severe problems is dropped. */
static uint32_t least_wanted(const struct report *report)
{
	uint32_t least = 0;

	for (uint32_t i = 0; i < report->count; i++)
		if (report->problems[i].severity <= report->problems[least].severity)
			least = i;
	return least;
}

bool report_has_room(const struct report *report, const struct problem *problem)
{
	if (report->count < REPORT_PROBLEMS_MAX)
		return true;

	const struct problem *least = &report->problems[least_wanted(report)];
	struct problem here = {.file = report->files, .offset = problem->offset};

	return problem->severity > least->severity ||
	       (problem->severity == least->severity && is_before(&here, least));
}

static void report_make_room(struct report *report)
{
	if (report->count < REPORT_PROBLEMS_MAX)
		return;

	uint32_t least = least_wanted(report);

	report->count--;
	memmove(&report->problems[least], &report->problems[least + 1],
		(report->count - least) * sizeof(*report->problems));
}

static void report_insert(struct report *report, const struct problem *problem)
{
	report_make_room(report);

	uint32_t at = report->count;

	while (at && is_before(problem, &report->problems[at - 1]))
		at--;
	memmove(&report->problems[at + 1], &report->problems[at],
		(report->count - at) * sizeof(*report->problems));
	report->problems[at] = *problem;
	report->count++;
}

void report_add_args(struct report *report, const struct problem *problem, const char *format,
		     va_list args)
{
	struct problem full = *problem;

	report->totals[problem->severity]++;
	if (!report_has_room(report, problem))
		return;
	full.path = report->path;
	full.file = report->files;
	if (vsnprintf(full.reason, sizeof(full.reason), format, args) >= (int)sizeof(full.reason))
		character_trim(full.reason);
	character_trim(full.place);
	report_insert(report, &full);
}

void report_add(struct report *report, const struct problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_add_args(report, problem, format, args);
	va_end(args);
}

void report_fail(struct report *report, const char *format, ...)
{
	struct problem problem = {.severity = SEVERITY_ERROR};
	va_list args;

	va_start(args, format);
	report_add_args(report, &problem, format, args);
	va_end(args);
}

const struct problem *report_first_error(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (report->problems[i].severity == SEVERITY_ERROR)
			return &report->problems[i];
	return NULL;
}

const char *report_line(char out[REPORT_LINE_LEN_MAX], const struct problem *problem)
{
	const char *colon = problem->place[0] ? ": " : "";

	if (problem->line)
		(void)snprintf(out, REPORT_LINE_LEN_MAX, "%s:%u:%u: %s%s%s", problem->path,
			       problem->line, problem->column, problem->place, colon,
			       problem->reason);
	else
		(void)snprintf(out, REPORT_LINE_LEN_MAX, "%s: %s%s%s", problem->path,
			       problem->place, colon, problem->reason);
	return out;
}

static void log_problem(const struct problem *problem)
{
	char line[REPORT_LINE_LEN_MAX];

	(void)report_line(line, problem);
	switch (problem->severity) {
	case SEVERITY_ERROR:
		log_error("%s", line);
		break;
	case SEVERITY_WARNING:
		log_warning("%s", line);
		break;
	default:
		log_info("%s", line);
	}
}

void report_log(const struct report *report, enum severity least)
{
	uint32_t more[SEVERITY_COUNT];

	memcpy(more, report->totals, sizeof(more));
	for (uint32_t i = 0; i < report->count; i++) {
		more[report->problems[i].severity]--;
		if (report->problems[i].severity >= least)
			log_problem(&report->problems[i]);
	}
	if (more[SEVERITY_ERROR])
		log_error("and %u more error%s", more[SEVERITY_ERROR],
			  plural(more[SEVERITY_ERROR]));
	if (more[SEVERITY_WARNING] && least <= SEVERITY_WARNING)
		log_warning("and %u more warning%s", more[SEVERITY_WARNING],
			    plural(more[SEVERITY_WARNING]));
}

void problem_write(struct writer *w, const struct problem *problem)
{
	write_open(w, NULL, '{');
	write_string(w, "severity", severity_name(problem->severity));
	write_string(w, "file", problem->path);
	if (problem->line) {
		write_uint(w, "line", problem->line);
		write_uint(w, "column", problem->column);
	}
	if (problem->place[0])
		write_string(w, "place", problem->place);
	write_string(w, "reason", problem->reason);
	write_close(w, '}');
}
