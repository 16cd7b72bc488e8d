/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "healthcheck/announce.h"
#include "healthcheck/background.h"
#include "healthcheck/checker.h"
#include "healthcheck/configuration.h"
#include "healthcheck/known.h"
#include "healthcheck/privileges.h"
#include "healthcheck/show.h"
#include "healthcheck/state_file.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/printable.h"
#include "sys/words.h"

enum {
	KEEP_MS = 30000,    /* between writes of the state, when no table changes */
	STATUS_MS = 1000,   /* between status lines for the service manager */
	PATIENCE_MS = 5000, /* at shutdown, for a slow disk */
	STATUS_LEN = 256,
	DESCRIPTORS_SPARE = 128, /* not available to probes */
};

/* --- Log and status --- */

static void write_status(char out[STATUS_LEN], const struct checker *checker)
{
	const struct health_plan *plan = &monitor_content(checker->monitor)->plan;
	const struct effect_status *effect = effect_status(checker->effect);
	const bool *healthy = monitor_healthy(checker->monitor);
	unsigned int up = 0;

	for (unsigned int i = 0; i < plan->backend_count; i++)
		up += healthy[i];
	(void)snprintf(out, STATUS_LEN, "%u of %u backend%s healthy, %u check%s%s%s", up,
		       plan->backend_count, plural(plan->backend_count), plan->check_count,
		       plural(plan->check_count),
		       source_status(checker->source)->is_refused ? "; SOURCE REFUSED" : "",
		       effect->file.state == EFFECT_FAILING	  ? "; TABLES NOT WRITTEN"
		       : effect->director.state == EFFECT_FAILING ? "; DIRECTOR DOES NOT FOLLOW"
								  : "");
}

static void announce_status(void *arg)
{
	struct checker *checker = arg;
	char status[STATUS_LEN];

	write_status(status, checker);
	if (!strcmp(status, checker->status))
		return;
	memcpy(checker->status, status, sizeof(status));
	announce("", status);
}

static void announce_alive(void *arg)
{
	const struct checker *checker = arg;

	announce("WATCHDOG=1", checker->status);
}

/* --- Callbacks --- */

/* Reports readiness once there is a first verdict, based on what was known before. */
static void announce_ready(struct checker *checker)
{
	write_status(checker->status, checker);
	announce("READY=1", checker->status);
	log_info("checks: %s", checker->status);
	checker->is_ready = true;
}

static void verdict_changed(void *arg)
{
	struct checker *checker = arg;

	if (!checker->is_ready)
		announce_ready(checker);
	if (!effect_want(checker->effect, (struct content *)monitor_content(checker->monitor),
			 monitor_healthy(checker->monitor)))
		log_error("out of memory: the tables stay as they are");
}

static char *checker_state_of(void *arg, size_t *len_out)
{
	struct checker *checker = arg;
	const struct state_view view = monitor_view(checker->monitor);
	const struct state_time time = state_time_now();

	return state_text(len_out, &view, &time);
}

/* Saves changes that do not affect tables. */
static void keep_state(void *arg)
{
	const struct checker *checker = arg;

	if (checker->state)
		state_file_changed(checker->state, monitor_totals(checker->monitor)->judged);
}

/* Saves the state before the tables that follow from it, so that a restart never falls behind
 * them. */
static void keep_state_now(void *arg)
{
	const struct checker *checker = arg;

	keep_state(arg);
	state_file_now(checker->state);
}

static void source_changed(void *arg, struct content *content)
{
	struct checker *checker = arg;

	if (monitor_follow(checker->monitor, content))
		log_error("%s: out of memory: checks stay as they were", content->path);
}

static void set_limit(const struct checker *checker, unsigned int descriptors)
{
	unsigned int room =
		descriptors > 2 * DESCRIPTORS_SPARE ? descriptors - DESCRIPTORS_SPARE : 1;
	unsigned int limit = checker->conf.parallel_max;

	if (limit > room) {
		log_warning("parallel_max %u: no more than %u files may be open (RLIMIT_NOFILE): "
			    "%u it is",
			    limit, descriptors, room);
		limit = room;
	}
	monitor_limit(checker->monitor, limit);
}

static void reload(struct checker *checker)
{
	log_info("reads %s and %s again", checker->conf_path, checker->conf.source);
	if (configuration_reload(&checker->conf, checker->conf_path)) {
		effect_configure(checker->effect, &checker->conf);
		set_limit(checker, checker->descriptors);
	}
	source_read(checker->source);
}

static void checker_take_signal(void *arg)
{
	struct checker *checker = arg;

	switch (service_wait(&checker->service, 0)) {
	case SERVICE_STOP:
		loop_end(checker->loop);
		break;
	case SERVICE_RELOAD:
		reload(checker);
		break;
	case SERVICE_RELOAD_TABLES:
		source_read(checker->source);
		break;
	case SERVICE_TICK:
	case SERVICE_COUNTERS:
	case SERVICE_UNUSED:
		break;
	}
}

/* --- Setup and shutdown --- */

/* Opens the state, both for restoring and for saving. Returns 0 or -ENOMEM. */
static int open_state(struct checker *checker)
{
	const struct state_source source = {.text = checker_state_of, .arg = checker};
	char path[PATH_MAX];
	bool kept = service_state_file(path, checker->conf.state_directory, STATE_NAME);

	known_restore(checker->monitor, &checker->conf, kept ? path : NULL);
	return kept ? state_file_open(&checker->state, checker->loop, checker->background, &source,
				      path)
		    : 0;
}

/* Opens the parts that work on the content. Returns 0 or -errno. */
static int open_parts(struct checker *checker, struct content *content)
{
	const struct monitor_listener from_monitor = {.changed = verdict_changed, .arg = checker};
	const struct source_listener from_source = {.changed = source_changed, .arg = checker};
	const struct effect_listener from_effect = {.writing = keep_state_now, .arg = checker};
	int err = monitor_open(&checker->monitor, checker->loop, checker->probes, &from_monitor);

	if (!err)
		err = monitor_follow(checker->monitor, content);
	if (!err)
		err = background_open(&checker->background, checker->loop);
	if (!err)
		err = open_state(checker);
	if (!err)
		err = effect_open(&checker->effect, checker->loop, checker->background,
				  &checker->conf, &from_effect);
	if (!err)
		err = source_open(&checker->source, checker->loop, checker->background, content,
				  &from_source);
	return err;
}

static int open_timers(struct checker *checker)
{
	unsigned int watchdog_ms = announce_watchdog_ms();
	int err =
		loop_watch(checker->loop, checker->service.signal_fd, checker_take_signal, checker);

	if (!err)
		err = loop_every(checker->loop, KEEP_MS, keep_state, checker);
	if (!err)
		err = loop_every(checker->loop, STATUS_MS, announce_status, checker);
	if (!err && watchdog_ms)
		err = loop_every(checker->loop, watchdog_ms / 3 + 1, announce_alive, checker);
	return err;
}

/* What requires privileges comes first. Returns 0, or -errno after logging why. */
static int open_all(struct checker *checker, struct content *content)
{
	int err;

	checker->descriptors = descriptors_max();
	err = loop_open(&checker->loop);
	if (!err)
		err = probes_open(&checker->probes, checker->loop, &checker->conf);
	if (!err)
		err = privileges_drop();
	if (!err)
		err = log_start();
	if (!err)
		err = open_parts(checker, content);
	if (!err)
		err = open_timers(checker);
	if (!err)
		err = show_open(&checker->show, checker);
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

/* False: a disk hangs, so memory that its jobs use cannot be released before exit. */
static bool close_all(struct checker *checker)
{
	if (checker->background && !background_finish(checker->background, PATIENCE_MS)) {
		log_warning("stops although a disk still has what it was given");
		return false;
	}
	show_close(checker->show);
	source_close(checker->source);
	effect_close(checker->effect);
	state_file_close(checker->state);
	monitor_close(checker->monitor);
	background_close(checker->background);
	probes_close(checker->probes);
	loop_close(checker->loop);
	return true;
}

static void checker_loop(struct checker *checker)
{
	set_limit(checker, checker->descriptors);
	loop_run(checker->loop);
	announce("STOPPING=1", "stops; the tables stay as they are");
	log_info("stops; the tables stay as they are");
	keep_state_now(checker);
}

int checker_run(const char *conf_path)
{
	struct checker checker = {
		.conf_path = conf_path,
		.started = time(NULL),
		.started_ms = clock_ms(),
	};
	struct content *content;
	int err = service_start(&checker.service);
	bool closed;

	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	if (configuration_read(&checker.conf, &content, conf_path))
		return EXIT_FAILURE;
	err = open_all(&checker, content);
	if (!err)
		checker_loop(&checker);
	closed = close_all(&checker);
	content_unref(content);
	if (!closed) {
		log_flush();
		_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	log_stop();
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int checker_check(const char *conf_path)
{
	struct health_conf conf;
	struct content *content;
	char path[PRINTABLE_NAME_LEN];
	const struct health_plan *plan;

	if (configuration_read(&conf, &content, conf_path))
		return EXIT_FAILURE;
	plan = &content->plan;
	printf("%s: ", printable(path, sizeof(path), conf_path));
	printf("source %s, ", printable(path, sizeof(path), conf.source));
	printf("checked %s\n", printable(path, sizeof(path), conf.checked));
	printf("%s: %u table%s, %u backend%s, %u check%s\n",
	       printable(path, sizeof(path), conf.source), plan->table_count,
	       plural(plan->table_count), plan->backend_count, plural(plan->backend_count),
	       plan->check_count, plural(plan->check_count));
	content_unref(content);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}
