/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/background.h"
#include "healthcheck/state_file.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/replace.h"

enum { MS_PER_SECOND = 1000, US_PER_MS = 1000 };

struct state_file {
	struct background *background;
	struct state_source source;
	char *path;
	struct event *timer;
	struct background_job job;
	char *text; /* being written; NULL: none */
	size_t len;
	int run_err;	   /* result of the job, set by the thread */
	int err;	   /* of the last attempt */
	bool has_changed;  /* since `text` was made */
	uint64_t version;  /* last one reported */
	uint64_t after_ms; /* earliest time of the next write */
	uint64_t written;
	uint64_t failed;
};

static void state_file_wait_for(struct state_file *file, uint64_t ms)
{
	const struct timeval time = {
		.tv_sec = (time_t)(ms / MS_PER_SECOND),
		.tv_usec = (suseconds_t)(ms % MS_PER_SECOND * US_PER_MS),
	};

	(void)evtimer_add(file->timer, &time);
}

/* Logs that the file is out of date, or up to date again. */
static void state_file_note(struct state_file *file, int err)
{
	if (err && !file->err)
		log_warning("%s: what is known of backends is not kept for the next start: %s",
			    file->path, file_reason(err));
	if (!err && file->err)
		log_info("%s: is kept again", file->path);
	file->err = err;
	file->written += !err;
	file->failed += err != 0;
	if (!err)
		return;
	file->has_changed = true;
	file->after_ms = clock_ms() + STATE_RETRY_MS;
}

static void state_file_start(struct state_file *file)
{
	file->text = file->source.text(file->source.arg, &file->len);
	if (!file->text) {
		state_file_note(file, -ENOMEM);
		state_file_wait_for(file, STATE_RETRY_MS);
		return;
	}
	file->has_changed = false;
	file->after_ms = clock_ms() + STATE_PAUSE_MS;
	background_add(file->background, &file->job);
}

/* Starts a write if one is due, otherwise schedules it. */
static void state_file_go_on(struct state_file *file)
{
	uint64_t now_ms = clock_ms();

	if (!file->has_changed || file->text)
		return;
	if (now_ms < file->after_ms)
		state_file_wait_for(file, file->after_ms - now_ms);
	else
		state_file_start(file);
}

static void write_after_pause(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	state_file_go_on(arg);
}

static void state_file_run(void *arg)
{
	struct state_file *file = arg;
	const struct file_draft draft = {
		.bytes = (const uint8_t *)file->text,
		.len = file->len,
	};

	file->run_err = file_replace(file->path, &draft);
}

static void state_file_done(void *arg)
{
	struct state_file *file = arg;

	free(file->text);
	file->text = NULL;
	state_file_note(file, file->run_err);
	state_file_go_on(file);
}

int state_file_open(struct state_file **out, struct loop *loop, struct background *background,
		    const struct state_source *source, const char *path)
{
	struct state_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->background = background;
	file->source = *source;
	file->job = (struct background_job){
		.run = state_file_run, .done = state_file_done, .arg = file};
	file->path = strdup(path);
	file->timer = evtimer_new(loop_base(loop), write_after_pause, file);
	if (!file->path || !file->timer) {
		state_file_close(file);
		return -ENOMEM;
	}
	*out = file;
	return 0;
}

void state_file_close(struct state_file *file)
{
	if (!file)
		return;
	if (file->timer)
		event_free(file->timer);
	free(file->path);
	free(file);
}

void state_file_changed(struct state_file *file, uint64_t version)
{
	if (version == file->version)
		return;
	file->version = version;
	file->has_changed = true;
	state_file_go_on(file);
}

void state_file_now(struct state_file *file)
{
	if (!file)
		return;
	file->after_ms = 0;
	state_file_go_on(file);
}

struct state_file_status state_file_status(const struct state_file *file)
{
	return (struct state_file_status){
		.written = file->written,
		.failed = file->failed,
		.why = file->err ? file_reason(file->err) : "",
	};
}
