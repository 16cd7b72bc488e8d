/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is what a report says about a file fit to be logged?
 */
#ifndef FUZZ_REPORTED_H
#define FUZZ_REPORTED_H

#include <string.h>

#include "conf/report.h"
#include "escaped.h"
#include "fuzz.h"

/* Every line begins with the file's name, and is one line in a log. */
static inline void check_report(const struct report *report, const char *start)
{
	char line[REPORT_LINE_LEN_MAX];
	char logged[4 * REPORT_LINE_LEN_MAX];

	PROMISE(report->count <= REPORT_PROBLEMS_MAX);
	for (uint32_t i = 0; i < report->count; i++) {
		(void)report_line(line, &report->problems[i]);
		PROMISE(!strncmp(line, start, strlen(start)));
		PROMISE(is_fit_for_a_terminal(printable(logged, sizeof(logged), line)));
	}
}

#endif
