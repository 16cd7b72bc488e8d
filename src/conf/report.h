/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with the files that were read, and where?
 *
 * A report collects the problems of one or more files, so that all of them are told in one run and
 * in the order in which they stand in the files. It holds REPORT_PROBLEMS_MAX of them; of more it
 * keeps the errors rather than warnings, and the first rather than later ones, and counts the rest.
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
	SEVERITY_NOTE,	  /* good to know */
	SEVERITY_WARNING, /* probably not what was meant */
	SEVERITY_ERROR,	  /* the file is refused */
	SEVERITY_COUNT,
};

/* The word for a severity, as in docs/configuration.md. */
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
	const char *path; /* of the file; the caller's */
	uint32_t file;	  /* its number, from 1 in order of reading */
	size_t offset;	  /* of its place in the file, in bytes */
	uint32_t line;	  /* from 1; 0: the problem is about the file as a whole */
	uint32_t column;  /* from 1, in characters, not bytes */
	char place[208];  /* `$.tables[0].seed`, or "" */
	char reason[304];
};

struct own_addrs; /* conf/loops.h */
struct writer;

struct report {
	bool strict;   /* set by the caller: what deserves a warning is an error */
	bool serving;  /* set by the caller: tables are to be served, not only to be compiled */
	bool guarding; /* set by the caller: who may read the keys in a file is of interest */
	bool probing;  /* set by the caller: so is what a health checker would make of it */
	const struct own_addrs *own;	 /* set by the caller: of whoever is to serve, or NULL */
	const char *path;		 /* of the file that is being read */
	uint32_t files;			 /* read so far, with this one */
	uint32_t count;			 /* of problems[] */
	uint32_t totals[SEVERITY_COUNT]; /* by severity, with those there was no room for */
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

/* What is added from now on is about the file at `path`, which must outlive the report. */
void report_file(struct report *report, const char *path);

/* Would a problem of this severity and offset be kept? If not, the rest of it need not be known. */
bool report_has_room(const struct report *report, const struct problem *problem);

/*
 * Adds a problem: path, file and reason are filled in, the rest is given. Place and reason may
 * quote anything from the file, and are cut between two characters when they are too long.
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

/* The first error of those that were kept, or NULL. */
const struct problem *report_first_error(const struct report *report);

/*
 * Writes `FILE:LINE:COLUMN: PLACE: REASON`, without the parts a problem lacks. Returns out. For a
 * log, or to be printed by way of sys/printable.h.
 */
const char *report_line(char out[REPORT_LINE_LEN_MAX], const struct problem *problem);

/* Writes a problem as an object of a list in JSON. */
void problem_write(struct writer *w, const struct problem *problem);

/* Logs every problem at or above a severity, in order, and how many there was no room for. */
void report_log(const struct report *report, enum severity least);

#endif
