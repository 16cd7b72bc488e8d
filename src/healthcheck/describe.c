/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/addr.h"
#include "healthcheck/describe.h"
#include "healthcheck/sight.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/version.h"
#include "sys/words.h"

/* Writes a clock_ms() time as wall-clock time; 0: null. */
static void put_moment(struct writer *w, const char *key, uint64_t at_ms)
{
	const uint64_t now_ms = clock_ms();

	write_time(w, key,
		   at_ms && at_ms <= now_ms ? time(NULL) - (time_t)((now_ms - at_ms) / 1000) : 0);
}

static const struct health_plan *plan_of(const struct checker *checker)
{
	const struct content *content = monitor_content(checker->monitor);

	return content ? &content->plan : NULL;
}

bool describe_means_table(const char *name, const struct health_plan *plan, unsigned int table)
{
	const char *own = plan->tables[table].name;
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", table);
	return !*name || !strcmp(name, *own ? own : number);
}

const char *describe_distrust(enum judge_distrust distrust)
{
	static const char *const words[] = {
		[JUDGE_TRUSTED] = "trusted",
		[JUDGE_FAILS_OPEN] = "fails_open",
		[JUDGE_LIMITED] = "limited",
	};

	return words[distrust];
}

/* --- Tables --- */

static void put_table_id(struct writer *w, const struct health_plan *plan, unsigned int table)
{
	const char *name = plan->tables[table].name;

	write_uint(w, "table", table);
	write_string(w, "name", *name ? name : NULL);
}

/* Counts of a table's backends by state. */
static void describe_put_table(struct writer *w, const struct checker *checker, unsigned int table)
{
	const struct health_plan *plan = plan_of(checker);
	const struct health_table *of = &plan->tables[table];
	unsigned int counts[SIGHT_COUNT] = {0};
	unsigned int healthy = 0;

	for (unsigned int b = of->first_backend; b < of->first_backend + of->backend_count; b++) {
		counts[sight_status(checker->monitor, b)]++;
		healthy += monitor_healthy(checker->monitor)[b];
	}
	write_open(w, NULL, '{');
	put_table_id(w, plan, table);
	write_string(w, "digest", effect_digest(checker->effect, table));
	write_string(w, "distrust",
		     describe_distrust(monitor_table(checker->monitor, table)->distrust));
	write_uint(w, "backends", of->backend_count);
	write_uint(w, "healthy", healthy);
	for (unsigned int i = 0; i < SIGHT_COUNT; i++)
		write_uint(w, sight_word(i), counts[i]);
	write_close(w, '}');
}

static void describe_put_tables(struct writer *w, const struct checker *checker, const char *only)
{
	const struct health_plan *plan = plan_of(checker);

	write_open(w, "tables", '[');
	for (unsigned int t = 0; plan && t < plan->table_count; t++)
		if (describe_means_table(only, plan, t))
			describe_put_table(w, checker, t);
	write_close(w, ']');
}

/* --- Backends --- */

static const char *status_word(enum judge_status status)
{
	static const char *const words[] = {
		[JUDGE_UNKNOWN] = "unknown",
		[JUDGE_UP] = "up",
		[JUDGE_DOWN] = "down",
	};

	return words[status];
}

static void put_check(struct writer *w, const struct health_check *check,
		      const struct monitor_check *seen)
{
	const char *reason = sight_check_reason(seen);
	char strip[SIGHT_STRIP_LEN] = "";

	for (unsigned int i = 0; i < seen->count; i++)
		strip[i] = sight_mark(&seen->results[seen->count - 1 - i]);
	write_open(w, NULL, '{');
	write_string(w, "check", check->name);
	write_string(w, "type", health_check_word(check->type));
	write_string(w, "status", status_word(seen->judged.status));
	put_moment(w, "since", seen->judged.since_ms);
	write_string(w, "results", strip);
	put_moment(w, "last", seen->count ? seen->results[0].at_ms : 0);
	write_uint(w, "connect_us", seen->count ? seen->results[0].connect_us : 0);
	write_uint(w, "total_us", seen->count ? seen->results[0].total_us : 0);
	write_bool(w, "degraded", seen->is_degraded);
	write_uint(w, "untried", seen->local);
	write_string(w, "reason", reason);
	write_string(w, "detail", reason && *seen->detail ? seen->detail : NULL);
	write_close(w, '}');
}

static void describe_put_backend(struct writer *w, const struct checker *checker,
				 const struct sight *sight)
{
	const struct health_plan *plan = plan_of(checker);
	const struct health_backend *backend = sight->backend;
	char addr[ADDR_TEXT_LEN];
	char ms[16];

	(void)snprintf(ms, sizeof(ms), "%u.%u", sight->total_us / 1000,
		       sight->total_us % 1000 / 100);
	write_open(w, NULL, '{');
	put_table_id(w, plan, backend->table);
	write_string(w, "backend", addr_text(addr, &backend->addr));
	write_string(w, "state", glb_state_name(backend->state));
	write_bool(w, "healthy", sight->healthy);
	write_string(w, "status", sight_word(sight->status));
	put_moment(w, "since", sight->since_ms);
	write_string(w, "results", *sight->strip ? sight->strip : NULL);
	write_uint(w, "connect_us", sight->connect_us);
	write_string(w, "total_ms", *sight->strip ? ms : NULL);
	write_string(w, "reason", *sight->reason ? sight->reason : NULL);
	write_open(w, "checks", '[');
	for (unsigned int c = 0; c < backend->check_count; c++)
		put_check(w, &plan->checks[backend->checks[c]],
			  monitor_check(checker->monitor, backend->checks[c]));
	write_close(w, ']');
	write_close(w, '}');
}

/* --- Files and director --- */

static void put_source(struct writer *w, const struct checker *checker)
{
	const struct source_status *source = source_status(checker->source);

	write_open(w, "source", '{');
	write_string(w, "file", checker->conf.source);
	write_uint(w, "loaded", source->loaded);
	write_uint(w, "refused", source->refused);
	write_string(w, "reason", source->is_refused ? source->why : NULL);
	write_close(w, '}');
}

/* `name` is the step's file, socket or command; NULL: not configured. */
static void put_step(struct writer *w, const char *key, const char *name,
		     const struct effect_step *step)
{
	write_open(w, key, '{');
	write_string(w, "name", name && *name ? name : NULL);
	write_string(w, "state", effect_state_word(step->state));
	write_uint(w, "done", step->done);
	write_uint(w, "failed", step->failed);
	put_moment(w, "last", step->at_ms);
	write_string(w, "reason", *step->why ? step->why : NULL);
	write_close(w, '}');
}

static void put_effect(struct writer *w, const struct checker *checker)
{
	const struct effect_status *effect = effect_status(checker->effect);

	put_step(w, "checked", checker->conf.checked, &effect->file);
	put_step(w, "director", checker->conf.director_socket, &effect->director);
	put_step(w, "reload_command", checker->conf.reload_command, &effect->command);
	write_uint(w, "director_generation", effect->generation);
}

int describe_health(struct writer *w, const struct checker *checker,
		    const struct describe_choice *choice)
{
	const struct health_plan *plan = plan_of(checker);
	bool is_there = !*choice->table;

	for (unsigned int t = 0; plan && t < plan->table_count && !is_there; t++)
		is_there = describe_means_table(choice->table, plan, t);
	if (!is_there)
		return -ENOENT;
	put_source(w, checker);
	put_effect(w, checker);
	describe_put_tables(w, checker, choice->table);
	write_open(w, "backends", '[');
	for (unsigned int b = 0; plan && b < plan->backend_count; b++) {
		struct sight sight;

		if (!describe_means_table(choice->table, plan, plan->backends[b].table))
			continue;
		sight_of(&sight, checker->monitor, b);
		if (!choice->unhealthy_only || sight_is_unhealthy(&sight))
			describe_put_backend(w, checker, &sight);
	}
	write_close(w, ']');
	return 0;
}

/* --- The checker itself --- */

static void describe_put_process(struct writer *w, const struct checker *checker)
{
	write_string(w, "version", version_number());
	write_string(w, "commit", *version_commit() ? version_commit() : NULL);
	write_uint(w, "pid", (uint64_t)getpid());
	write_time(w, "started", checker->started);
	write_uint(w, "uptime_s", (clock_ms() - checker->started_ms) / 1000);
	write_string(w, "log_level", log_level_name(log_level_now()));
	write_string(w, "config", checker->conf_path);
}

bool describe_is_ready(const struct checker *checker, struct glb_diag *why)
{
	const struct health_plan *plan = plan_of(checker);
	const char *first = NULL;
	unsigned int without = 0;

	for (unsigned int c = 0; plan && c < plan->check_count; c++) {
		if (monitor_check(checker->monitor, c)->count)
			continue;
		if (!without++)
			first = plan->checks[c].name;
	}
	if (!plan)
		glb_diag(why, "no tables were read yet");
	else if (without)
		glb_diag(why, "%u of %u checks have no result yet, as \"%s\"", without,
			 plan->check_count, first);
	else
		glb_diag(why, "all of %u check%s have a result", plan->check_count,
			 plural(plan->check_count));
	return plan && !without;
}

void describe_status(struct writer *w, const struct checker *checker)
{
	const struct health_plan *plan = plan_of(checker);
	struct glb_diag why = {{0}};
	const bool is_ready = describe_is_ready(checker, &why);

	describe_put_process(w, checker);
	write_bool(w, "ready", is_ready);
	write_string(w, "readiness_reason", why.text);
	put_source(w, checker);
	put_effect(w, checker);
	write_uint(w, "backends", plan ? plan->backend_count : 0);
	write_uint(w, "checks", plan ? plan->check_count : 0);
	describe_put_tables(w, checker, "");
	write_open(w, "counts", '{');
	describe_counts(w, checker);
	write_close(w, '}');
}

void describe_counts(struct writer *w, const struct checker *checker)
{
	const struct monitor_totals *totals = monitor_totals(checker->monitor);
	const struct effect_status *effect = effect_status(checker->effect);
	uint64_t sums[3] = {0}; /* good, bad, local */

	for (unsigned int type = 0; type < HEALTH_TYPE_COUNT; type++)
		for (unsigned int reason = 0; reason < PROBE_REASON_COUNT; reason++)
			sums[reason == PROBE_NONE ? 0 : 1 + (reason == PROBE_LOCAL)] +=
				totals->tries[type][reason];
	write_uint(w, "probes_good", sums[0]);
	write_uint(w, "probes_bad", sums[1]);
	write_uint(w, "probes_untried", sums[2]);
	write_uint(w, "probes_late", totals->late);
	write_uint(w, "probes_under_way", totals->under_way);
	write_uint(w, "changes_to_unhealthy", totals->changes[0]);
	write_uint(w, "changes_to_healthy", totals->changes[1]);
	write_uint(w, "files_written", effect->file.done);
	write_uint(w, "files_failed", effect->file.failed);
	write_uint(w, "reloads_done", effect->director.done);
	write_uint(w, "reloads_failed", effect->director.failed);
	write_uint(w, "commands_done", effect->command.done);
	write_uint(w, "commands_failed", effect->command.failed);
}
