/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a test read the checks of a tables file, and what did the reader say about it?
 */
#ifndef UNIT_HEALTH_PLAN_H
#define UNIT_HEALTH_PLAN_H

#include "conf/health.h"
#include "parts.h"

/* A table whose binds and backends these are, with more keys in front. */
#define TABLE(more, binds, backends)                                                               \
	"{" KEYS "," more "'binds':[" binds "],'backends':[" backends "]}"
#define ONE(more, backends) "{'tables':[" TABLE(more, BIND, backends) "]}"

/* A backend, by the end of its address, with more keys behind. */
#define PROXY(last, more) "{'ip':'10.0.0." last "','state':'active','healthy':true" more "}"
#define CHECKED(last, x)  PROXY(last, ",'healthchecks':{" x "}")

static char text[DOCUMENT_LEN_MAX];
static char told[DOCUMENT_LEN_MAX];
static struct report report;

/* Leaves in `told` what the report says. */
static inline int parse(struct health_plan *plan, const char *json)
{
	size_t len = document(text, json);

	report_init(&report);

	int err = health_plan_parse(plan, "t.json", text, len, &report);

	(void)problems(told, &report, "t.json");
	return err;
}

/* A plan about whose file there is nothing to say. */
static inline struct health_plan parse_good(const char *json)
{
	struct health_plan plan = {.table_count = 0};
	int err = parse(&plan, json);

	ck_assert_msg(!err && !*told, "%s", told);
	return plan;
}

/* The names of a backend's checks, one in each line. */
static inline const char *names_of(const struct health_plan *plan, unsigned int backend)
{
	static char names[DOCUMENT_LEN_MAX];
	const struct health_backend *one = &plan->backends[backend];
	size_t at = 0;

	names[0] = 0;
	for (unsigned int i = 0; i < one->check_count; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", at ? "\n" : "",
				       plan->checks[one->checks[i]].name);
	return names;
}

#endif
