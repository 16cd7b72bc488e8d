/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program report what is wrong with its host, why that matters, and how it is fixed?
 *
 * As a list of findings, each of one check: `glbctl doctor` about directors, `glb-redirect check`
 * about proxies. What could not be checked is a finding as well, so that the lack of one is not
 * taken for a promise.
 */
#ifndef SYS_DIAGNOSIS_H
#define SYS_DIAGNOSIS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "writer.h"

enum level {
	LEVEL_OK,
	LEVEL_ADVICE,  /* works, but could work better or more safely */
	LEVEL_PROBLEM, /* does not work, or will fail under stress */
	LEVEL_UNKNOWN, /* could not be checked; `seen` says why */
	LEVEL_COUNT,
};

enum { FINDING_TEXT_LEN = 480, FINDING_WHERE_LEN = 512 };

struct finding {
	enum level level;
	const char *check; /* its name, such as "cpus.isolated" */
	const char *why;   /* why it matters; NULL: nothing to do */
	char seen[FINDING_TEXT_LEN];
	char where[FINDING_WHERE_LEN]; /* the file, or the director's verb, that shows it; or "" */
	char fix[FINDING_TEXT_LEN];
};

/* Formats one of the texts of a finding; longer texts are truncated. */
void finding_text(char out[FINDING_TEXT_LEN], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Starts empty, with all bytes 0. */
struct diagnosis {
	struct finding *findings;
	size_t count;
	size_t room;
	bool failed; /* out of memory: findings are missing */
};

/* Adds a copy of a finding. */
void diagnosis_add(struct diagnosis *diagnosis, const struct finding *finding);

/* Adds a finding that something could not be checked. */
void diagnosis_skip(struct diagnosis *diagnosis, const char *check, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diagnosis_skip_args(struct diagnosis *diagnosis, const char *check, const char *format,
			 va_list args) __attribute__((format(printf, 3, 0)));

/* The number of findings of a level. */
unsigned int diagnosis_total(const struct diagnosis *diagnosis, enum level level);

/* Writes all findings, worst first, as text or as members of an object. */
void diagnosis_print(FILE *out, const struct diagnosis *diagnosis);
void diagnosis_write(struct writer *w, const struct diagnosis *diagnosis);

void diagnosis_free(struct diagnosis *diagnosis);

#endif
