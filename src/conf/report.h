/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with the files that were read, and where?
 *
 * A report collects the problems of one or more files, so that all of them are reported in one run,
 * in file order. It holds REPORT_PROBLEMS_MAX of them; beyond that it keeps errors rather than
 * warnings, and earlier rather than later ones, and counts the rest.
 */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include <stdarg.h>

#include <glb/bytes.h>

enum {
	REPORT_PROBLEMS_MAX = 100,
	REPORT_LINE_LEN_MAX = 768,
};

enum severity {
	SEVERITY_NOTE,	  /* informational */
	SEVERITY_WARNING, /* probably not what was intended */
	SEVERITY_ERROR,	  /* the file is refused */
	SEVERITY_COUNT,
};

/* The word for a severity in docs/configuration.md. */
static inline const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	return names[severity];
}

struct problem {
	enum severity severity;
	const char *path; /* of the file; owned by the caller */
	uint32_t file;	  /* number of the file, from 1 in order of reading */
	size_t offset;	  /* of its place in the file, in bytes */
	uint32_t line;	  /* from 1; 0: the problem concerns the file as a whole */
	uint32_t column;  /* from 1, in characters, not bytes */
	char place[208];  /* `$.tables[0].seed`, or "" */
	char reason[304];
};

struct own_addrs; /* conf/loops.h */
struct writer;

struct report {
	bool strict;   /* set by the caller: warnings are errors */
	bool serving;  /* set by the caller: tables are to be served, not only compiled */
	bool guarding; /* set by the caller: check which users may read the keys in a file */
	bool probing;  /* set by the caller: check what a health checker would refuse */
	const struct own_addrs *own;	 /* set by the caller: addresses of the director, or NULL */
	const char *path;		 /* of the file being read */
	uint32_t files;			 /* read so far, including this one */
	uint32_t count;			 /* of problems[] */
	uint32_t totals[SEVERITY_COUNT]; /* by severity, including those that did not fit */
	struct problem problems[REPORT_PROBLEMS_MAX];
};

static inline void report_init(struct report *report)
{
	report->strict = report->serving = report->guarding = report->probing = false;
	report->own = NULL;
	report->path = "";
	report->files = report->count = 0;
	for (int i = 0; i < SEVERITY_COUNT; i++)
		report->totals[i] = 0;
}

/* Problems added from now on concern the file at `path`, which must outlive the report. */
void report_file(struct report *report, const char *path);

/* Would a problem of this severity and offset be kept? If not, its other members are not needed. */
bool report_has_room(const struct report *report, const struct problem *problem);

/*
 * Adds a problem: path, file and reason are filled in, the rest is given. Place and reason may
 * quote anything from the file, and are truncated between two characters if too long.
 */
GLB_PRINTF(3, 4)
void report_add(struct report *report, const struct problem *problem, const char *format, ...);
GLB_PRINTF(3, 0)
void report_add_args(struct report *report, const struct problem *problem, const char *format,
		     va_list args);

/* Adds an error about the file as a whole. */
GLB_PRINTF(2, 3) void report_fail(struct report *report, const char *format, ...);

static inline bool report_has_errors(const struct report *report)
{
	return report->totals[SEVERITY_ERROR];
}

/* The first error that was kept, or NULL. */
const struct problem *report_first_error(const struct report *report);

/*
 * Writes `FILE:LINE:COLUMN: PLACE: REASON`, without the parts a problem lacks. Returns out. Not
 * escaped: for a log, or to be printed through sys/printable.h.
 */
const char *report_line(char out[REPORT_LINE_LEN_MAX], const struct problem *problem);

/* Writes a problem as an object of a list in JSON. */
void problem_write(struct writer *w, const struct problem *problem);

/* Logs every problem at or above a severity, in order, and the number of those that did not fit. */
void report_log(const struct report *report, enum severity least);

#endif
