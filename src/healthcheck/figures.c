/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "conf/addr.h"
#include "healthcheck/checker.h"
#include "healthcheck/describe.h"
#include "healthcheck/figures_parts.h"
#include "healthcheck/sight.h"
#include "sys/version.h"

static const struct health_plan *figures_plan_of(const struct figures *figures)
{
	static const struct health_plan none;

	return figures->content ? &figures->content->plan : &none;
}

/* The name of a table, or its number in parentheses, as in the director's metrics. */
static const char *figures_name_of(char out[16], const struct figures *figures, unsigned int table)
{
	const char *name = figures_plan_of(figures)->tables[table].name;

	(void)snprintf(out, 16, "(%u)", table);
	return *name ? name : out;
}

/* --- The process --- */

static void figures_put_build(struct exposition *exposition)
{
	openmetrics_count(&exposition->text,
			  LABELS({"version", version_number()}, {"commit", version_commit()}), 1);
}

static void figures_put_start_time(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	openmetrics_real(&exposition->text, NULL, (double)figures->checker->started);
}

static void figures_put_ready(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	openmetrics_count(&exposition->text, NULL, describe_is_ready(figures->checker, NULL));
}

/* --- Tables --- */

static void put_distrust(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	for (unsigned int t = 0; t < figures_plan_of(figures)->table_count; t++) {
		const struct judge_table *table = monitor_table(figures->checker->monitor, t);
		char name[16];

		for (unsigned int i = JUDGE_TRUSTED + 1; i <= JUDGE_LIMITED; i++)
			openmetrics_count(&exposition->text,
					  LABELS({"table", figures_name_of(name, figures, t)},
						 {"distrust", describe_distrust(i)}),
					  table->distrust == i);
	}
}

static void figures_put_table_backends(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;
	const struct health_plan *plan = figures_plan_of(figures);

	for (unsigned int t = 0; t < plan->table_count; t++) {
		const struct health_table *table = &plan->tables[t];
		unsigned int counts[SIGHT_COUNT] = {0};
		char name[16];

		for (unsigned int b = 0; b < table->backend_count; b++)
			counts[sight_status(figures->checker->monitor, table->first_backend + b)]++;
		for (unsigned int i = 0; i < SIGHT_COUNT; i++)
			openmetrics_count(&exposition->text,
					  LABELS({"table", figures_name_of(name, figures, t)},
						 {"status", sight_word(i)}),
					  counts[i]);
	}
}

/* The file last written, with names and digests as in the director's metrics. */
static void put_checked(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	for (unsigned int t = 0; t < figures_plan_of(figures)->table_count; t++) {
		const char *digest = effect_digest(figures->checker->effect, t);
		char name[16];

		if (digest)
			openmetrics_count(&exposition->text,
					  LABELS({"table", figures_name_of(name, figures, t)},
						 {"digest", digest}),
					  1);
	}
}

/* --- Backends and checks, in slices --- */

static void figures_put_backend(struct exposition *exposition, uint64_t value)
{
	const struct figures *figures = exposition->source;
	const struct health_backend *backend = &figures_plan_of(figures)->backends[exposition->at];
	char addr[ADDR_TEXT_LEN];
	char name[16];

	openmetrics_count(&exposition->text,
			  LABELS({"table", figures_name_of(name, figures, backend->table)},
				 {"backend", addr_text(addr, &backend->addr)}),
			  value);
}

static bool put_up(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;
	const struct monitor *monitor = figures->checker->monitor;

	for (unsigned int n = 0; exposition->at < figures_plan_of(figures)->backend_count;
	     exposition->at++) {
		if (n++ == EXPOSITION_SLICE)
			return true;
		if (figures_plan_of(figures)->backends[exposition->at].check_count)
			figures_put_backend(exposition,
					    monitor_evidence(monitor, exposition->at).status ==
						    JUDGE_UP);
	}
	return false;
}

static bool figures_put_healthy(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;
	const bool *healthy = monitor_healthy(figures->checker->monitor);

	for (unsigned int n = 0; exposition->at < figures_plan_of(figures)->backend_count;
	     exposition->at++) {
		if (n++ == EXPOSITION_SLICE)
			return true;
		figures_put_backend(exposition, healthy[exposition->at]);
	}
	return false;
}

static bool put_checks(struct exposition *exposition)
{
	const struct figures *figures = exposition->source;

	for (unsigned int n = 0; exposition->at < figures_plan_of(figures)->check_count;
	     exposition->at++) {
		const struct health_check *check =
			&figures_plan_of(figures)->checks[exposition->at];
		const struct monitor_check *seen =
			monitor_check(figures->checker->monitor, exposition->at);
		char addr[ADDR_TEXT_LEN];

		if (n++ == EXPOSITION_SLICE)
			return true;
		openmetrics_count(&exposition->text,
				  LABELS({"backend", addr_text(addr, &check->backend)},
					 {"type", health_check_word(check->type)},
					 {"check", check->name}),
				  seen->judged.status == JUDGE_UP);
	}
	return false;
}

/* --- The list --- */

static const struct exposition_family families[] = {
	{{"glb_health_build", INFO, "which glb-healthcheck this is"}, figures_put_build, NULL},
	{{"process_start_time_seconds", GAUGE, "when it was started, in seconds since 1970"},
	 figures_put_start_time,
	 NULL},
	{{"process_resident_memory_bytes", GAUGE, "memory that it has"},
	 exposition_put_memory,
	 NULL},
	{{"glb_health_ready", GAUGE, "1 once every check has a result"}, figures_put_ready, NULL},
	{{"glb_health_backend_up", GAUGE, "1 while all checks of a backend are"}, NULL, put_up},
	{{"glb_health_backend_healthy", GAUGE, "1 where the checked file says so"},
	 NULL,
	 figures_put_healthy},
	{{"glb_health_backends", GAUGE, "backends of a table, by how they look: docs/health.md"},
	 figures_put_table_backends,
	 NULL},
	{{"glb_health_check_up", GAUGE, "1 while a check is up"}, NULL, put_checks},
	{{"glb_health_probes", COUNTER,
	  "completed probes; untried: the checker itself could not make them"},
	 figure_probes,
	 NULL},
	{{"glb_health_probe_failures", COUNTER, "probes that did not succeed, by reason"},
	 figure_failures,
	 NULL},
	{{"glb_health_connect_seconds", HISTOGRAM, "from the start to a connection"},
	 figure_connects,
	 NULL},
	{{"glb_health_probe_seconds", HISTOGRAM, "from the start of a probe to its end"},
	 figure_durations,
	 NULL},
	{{"glb_health_probes_under_way", GAUGE, "probes that have not ended yet"},
	 figure_under_way,
	 NULL},
	{{"glb_health_late_probes", COUNTER, "probes that waited for others: parallel_max"},
	 figure_late,
	 NULL},
	{{"glb_health_changes", COUNTER, "changes of what is written for a backend"},
	 figure_changes,
	 NULL},
	{{"glb_health_distrust", GAUGE,
	  "1 while a table is not as its checks say: fails_open or limited"},
	 put_distrust,
	 NULL},
	{{"glb_health_checked", INFO, "the tables as they were written last, by their digests"},
	 put_checked,
	 NULL},
	{{"glb_health_steps", COUNTER,
	  "files written, reloads that a director confirmed, and runs of reload_command"},
	 figure_steps,
	 NULL},
	{{"glb_health_last_write_timestamp_seconds", GAUGE,
	  "when the checked file was written last; 0: never"},
	 figure_last_write,
	 NULL},
	{{"glb_health_last_agreement_timestamp_seconds", GAUGE,
	  "when the director was last seen to serve it; 0: never"},
	 figure_last_agreement,
	 NULL},
	{{"glb_health_director_agrees", GAUGE, "1 while the director serves what was written last"},
	 figure_agrees,
	 NULL},
	{{"glb_health_sources", COUNTER, "contents of the source of the tables that were read"},
	 figure_sources,
	 NULL},
	{{"glb_health_source_refused", GAUGE,
	  "1 while the source is invalid and its previous content is in force"},
	 figure_source_refused,
	 NULL},
};

/* Have the tables changed since the export began? */
static bool is_outdated(const void *source)
{
	const struct figures *figures = source;

	return monitor_content(figures->checker->monitor) != figures->content;
}

static void figures_free(void *source)
{
	struct figures *figures = source;

	content_unref((struct content *)figures->content);
	free(figures);
}

static const struct exposition_list list = {
	.families = families,
	.family_count = sizeof(families) / sizeof(families[0]),
	.is_stale = is_outdated,
	.release = figures_free,
};

struct exposition *figures_begin(const struct checker *checker, bool is_old)
{
	struct figures *figures = calloc(1, sizeof(*figures));
	const struct content *content = monitor_content(checker->monitor);

	if (!figures)
		return NULL;
	figures->checker = checker;
	if (content)
		figures->content = content_ref((struct content *)content);
	return exposition_begin(&list, figures, is_old);
}
