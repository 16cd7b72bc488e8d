/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <glb/digest.h>

#include "conf/files.h"
#include "conf/meters.h"
#include "conf/room.h"
#include "director/effect.h"
#include "director/last_good.h"
#include "director/reload.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/parallel.h"

enum { BUILD_NICE = 5 };

/* All problems are in the log; this keeps the first one. */
static void keep_reason(struct glb_diag *why, const struct report *report)
{
	const struct problem *first = report_first_error(report);
	uint32_t more = report->totals[SEVERITY_ERROR] - 1;
	char line[REPORT_LINE_LEN_MAX];

	if (!first)
		return;
	if (more)
		glb_diag(why, "%.400s (and %u more, see the log)", report_line(line, first), more);
	else
		glb_diag(why, "%s", report_line(line, first));
}

static const char *time_text(char out[32], time_t when)
{
	struct tm parts;

	if (!gmtime_r(&when, &parts) || !strftime(out, 32, "%F %T UTC", &parts))
		(void)snprintf(out, 32, "an unknown time");
	return out;
}

/* Reads the tables that were served last, in place of an invalid file. Returns 0 or -errno. */
static int read_last_good(struct build *build, struct glb_tables *tables)
{
	char path[PATH_MAX];
	struct director_files files = {.tables_path = path};
	struct report report;
	char when[32];
	int err = -ENOENT;

	if (!last_good_path(path, &build->conf))
		return err;
	report_init(&report);
	director_files_read(&files);
	if (files.tables.err != -ENOENT) /* there may be none yet */
		err = director_files_take(&build->conf, tables, &files, &report);
	(void)time_text(when, files.tables.file.info.st_mtim.tv_sec);
	director_files_free(&files);
	report_log(&report, SEVERITY_WARNING);
	if (!err)
		log_warning("SERVING THE LAST GOOD TABLES, of %s, from %s, as the tables file is "
			    "invalid: correct it and reload",
			    when, path);
	return err;
}

/* Keeps as many errors as the report holds, for the requester. If memory runs out, they are only
 * in the log. */
static void keep_problems(struct build *build, const struct report *report)
{
	build->problems = calloc(report->count + 1, sizeof(*build->problems));
	for (uint32_t i = 0; i < report->count && build->problems; i++)
		if (report->problems[i].severity == SEVERITY_ERROR)
			build->problems[build->problem_count++] = report->problems[i];
}

/* The list that was read is the configuration's. */
static void take_deny(struct build *build, const struct director_files *files)
{
	build->deny = glb_deny_share(files->deny);
	build->conf.settings.deny = build->deny;
}

/* Whatever the new tables have in common with those in force is not computed again. */
static int reload_read_files(struct build *build, struct glb_tables *tables, struct reload *reload)
{
	bool first = !build->known.count;
	struct director_files files = {
		.config_path = build->scope == RELOAD_ALL ? reload->config_path : NULL,
		.tables_path = reload->tables_path,
		.known = first ? NULL : &build->known,
		.spares_deny = first && reload->takes_last_good,
		/* before it is in service, the director can wait for a pipe */
		.pipe_ms = first ? 0 : FILE_PIPE_MS,
	};
	struct glb_meters *meters = build->conf.settings.meters;
	struct report report;

	report_init(&report);
	report.guarding = true;
	director_files_read(&files);
	__atomic_store_n(&reload->reading, false, __ATOMIC_RELAXED);

	int err = director_files_take(&build->conf, tables, &files, &report);

	build->conf.settings.meters = meters; /* until renew_meters() */
	if (build->scope == RELOAD_ALL && !files.config_err)
		take_deny(build, &files);
	director_files_free(&files);
	report_log(&report, SEVERITY_WARNING);
	if (!err && build->conf.deny[0] && !build->conf.settings.deny)
		log_warning("SERVING WITHOUT A LIST OF DENIED SOURCES, as %s is invalid: correct "
			    "it and reload",
			    build->conf.deny);
	keep_reason(&build->why, &report);
	if (!first && report_has_errors(&report))
		keep_problems(build, &report);
	if (err && !files.config_err && reload->takes_last_good && first)
		build->last_good = !read_last_good(build, tables);
	return build->last_good ? 0 : err;
}

/* Reads the deny file that the configuration in force names. Returns 0, or -errno after logging
 * why. */
static int read_deny_alone(struct build *build, struct reload *reload)
{
	struct conf_input input = {.path = build->conf.deny, .pipe_ms = FILE_PIPE_MS};
	struct report report;

	if (!*input.path) {
		glb_diag(&build->why,
			 "the configuration in force names no deny file: \"deny\" in "
			 "%s, and a reload of everything",
			 reload->config_path);
		log_error("%s", build->why.text);
		return -ENOENT;
	}
	report_init(&report);
	inputs_read(&input, 1);
	__atomic_store_n(&reload->reading, false, __ATOMIC_RELAXED);

	int err = deny_read(&build->deny, &input, &report);

	inputs_free(&input, 1);
	report_log(&report, SEVERITY_WARNING);
	keep_reason(&build->why, &report);
	if (err)
		keep_problems(build, &report);
	else
		build->conf.settings.deny = build->deny;
	return err;
}

/* The same, with the tables in force. */
static int reload_read_deny(struct build *build, struct glb_tables *tables, struct reload *reload)
{
	int err = read_deny_alone(build, reload);

	if (!err && glb_tables_share(tables, &build->known)) {
		glb_diag(&build->why, "out of memory");
		log_error("%s", build->why.text);
		err = -ENOMEM;
	}
	return err;
}

/* Makes the meters of the configuration, in which those in force go on. Returns 0 or -ENOMEM. */
static int renew_meters(struct build *build, struct glb_diag *diag)
{
	int err = meters_make(&build->meters, &build->conf, build->conf.settings.meters);

	if (err)
		glb_diag(diag, "out of memory");
	build->conf.settings.meters = build->meters;
	return err;
}

/* Releases the tables in any case. */
static int make_served(struct build *build, struct glb_tables *tables, const struct reload *reload)
{
	struct glb_diag reason = {{0}};
	struct glb_generation *gen;
	uint64_t len = glb_generation_len(tables);
	int err;

	for (unsigned int copy = 1; copy < build->nodes.count; copy++)
		len += glb_replica_len(tables, copy);
	err = room_check(len, &reason);
	if (!err)
		err = renew_meters(build, &reason);
	if (!err)
		err = glb_generation_make(&gen, 0, &build->conf.settings, tables, &reason);
	if (err) {
		glb_diag(&build->why, "%s: %s", reload->tables_path, reason.text);
		log_error("%s", build->why.text);
		glb_tables_free(tables);
		return err;
	}
	build->served = served_make(gen, &build->nodes);
	if (!build->served) {
		glb_diag(&build->why, "%s: out of memory", reload->tables_path);
		log_error("%s", build->why.text);
		glb_generation_free(gen);
		return -ENOMEM;
	}
	return 0;
}

/*
 * If a build shares a processor with the control thread, the latter has priority. Threads started
 * by this one inherit its nice value.
 */
static void give_way(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), BUILD_NICE);
}

/*
 * Hands the result to the control thread to be served, and then computes the effect. The tables in
 * force before may be released meanwhile, so a share is held. If memory for that runs out, the
 * effect is unknown.
 */
static void follow_up(struct reload *reload)
{
	struct build *build = &reload->build;
	const struct glb_tables *tables = &build->served->gen->tables;
	struct glb_tables before = {0};
	bool compares = build->known.count && !glb_tables_share(&before, &build->known);

	__atomic_store_n(&reload->made, true, __ATOMIC_RELEASE);
	if (build->known.count)
		service_wake(reload->service);
	glb_digests_keep(tables, parallel_run);
	if (compares)
		build->effect = effect_make(&before, tables);
	glb_tables_free(&before);
}

static void *reload_run(void *arg)
{
	struct reload *reload = arg;
	struct build *build = &reload->build;
	struct glb_tables tables;

	give_way();
	build->err = build->scope == RELOAD_DENY ? reload_read_deny(build, &tables, reload)
						 : reload_read_files(build, &tables, reload);
	if (!build->err)
		build->err = make_served(build, &tables, reload);
	glb_deny_free(build->deny); /* what is served has a share */
	glb_meters_free(build->meters);
	build->deny = NULL;
	build->meters = NULL;
	if (!build->err)
		follow_up(reload);
	__atomic_store_n(&reload->ended, true, __ATOMIC_RELEASE);
	service_wake(reload->service);
	return NULL;
}

void reload_ask(struct reload *reload, enum reload_scope scope)
{
	if (reload->building && !reload->asked)
		log_info("another reload follows the one in progress");
	reload->asked |= 1U << scope;
	reload->put_off = false;
}

/* Is a scope among those that were asked for? */
static bool reload_is_asked(const struct reload *reload, enum reload_scope scope)
{
	return reload->asked >> scope & 1;
}

/* Takes what the next build is to read out of what was asked for. Tables and the deny file take
 * turns, so that neither waits for ever. */
static enum reload_scope take_scope(struct reload *reload)
{
	enum reload_scope scope = reload->last_scope == RELOAD_TABLES ? RELOAD_DENY : RELOAD_TABLES;

	if (reload_is_asked(reload, RELOAD_ALL)) {
		reload->asked = 0;
		return RELOAD_ALL;
	}
	if (!reload_is_asked(reload, scope))
		scope = scope == RELOAD_DENY ? RELOAD_TABLES : RELOAD_DENY;
	reload->asked &= ~(1U << scope);
	return scope;
}

void reload_start(struct reload *reload, const struct build *from)
{
	if (!reload->asked || reload->building)
		return;
	reload->build = *from;
	reload->build.scope = reload->last_scope = take_scope(reload);
	reload->made = reload->ended = false;
	reload->building = reload->reading = true;
	reload->started_at_ms = clock_ms();
	reload->warn_at_ms = reload->started_at_ms + RELOAD_SLOW_MS;

	int err = -pthread_create(&reload->thread, NULL, reload_run, reload);

	if (err) {
		glb_diag(&reload->build.why, "no thread to read files on: %s", strerror(-err));
		log_error("%s", reload->build.why.text);
		reload->build.err = err;
		reload->thread = pthread_self(); /* itself: nothing to join */
		reload->ended = true;
	}
}

static void warn_slow(const struct reload *reload, uint64_t now_ms)
{
	unsigned int seconds = (unsigned int)((now_ms - reload->started_at_ms) / 1000);
	const char *others = reload->asked ? "; further requests wait for it" : "";

	if (!__atomic_load_n(&reload->reading, __ATOMIC_RELAXED))
		log_warning("tables have been computed for %u s%s", seconds, others);
	else if (reload->build.scope != RELOAD_ALL)
		log_warning("%s has been read for %u s: does its file system hang?%s",
			    reload->build.scope == RELOAD_DENY ? reload->build.conf.deny
							       : reload->tables_path,
			    seconds, others);
	else
		log_warning("%s and %s have been read for %u s: does a file system hang?%s",
			    reload->config_path, reload->tables_path, seconds, others);
}

bool reload_watch(struct reload *reload, uint64_t now_ms)
{
	if (reload->building && now_ms >= reload->warn_at_ms) {
		warn_slow(reload, now_ms);
		reload->warn_at_ms = now_ms + RELOAD_REMIND_MS;
	}
	return !reload->building || now_ms - reload->started_at_ms < RELOAD_PATIENCE_MS;
}

struct build *reload_made(struct reload *reload)
{
	bool made = reload->building && __atomic_load_n(&reload->made, __ATOMIC_ACQUIRE);

	return made ? &reload->build : NULL;
}

bool reload_take(struct reload *reload, struct build *out)
{
	if (!reload->building || !__atomic_load_n(&reload->ended, __ATOMIC_ACQUIRE))
		return false;
	if (!pthread_equal(reload->thread, pthread_self()))
		(void)pthread_join(reload->thread, NULL);
	reload->building = false;
	*out = reload->build;
	return true;
}

bool reload_wait(struct reload *reload, unsigned int timeout_ms)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	while (reload->building && !__atomic_load_n(&reload->ended, __ATOMIC_ACQUIRE)) {
		if (!timeout_ms--)
			return false;
		(void)nanosleep(&ms, NULL);
	}
	return true;
}

void build_clear(struct build *build)
{
	effect_free(build->effect);
	free(build->problems);
	build->effect = NULL;
	build->problems = NULL;
}

void reload_drop(struct reload *reload)
{
	struct build build;

	if (!reload_take(reload, &build))
		return;
	if (build.served)
		served_free(build.served);
	build_clear(&build);
}
