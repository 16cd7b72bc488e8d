/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "healthcheck/effect_parts.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"
#include "sys/words.h"

const char *effect_state_word(enum effect_state state)
{
	static const char *const words[] = {
		[EFFECT_NONE] = "none",
		[EFFECT_PENDING] = "pending",
		[EFFECT_DONE] = "done",
		[EFFECT_FAILING] = "failing",
	};

	return words[state];
}

/* --- Steps --- */

void step_done(struct effect_step *step)
{
	step->state = EFFECT_DONE;
	step->done++;
	step->at_ms = clock_ms();
	step->why[0] = '\0';
}

bool step_failed(struct effect_step *step, const char *why)
{
	bool is_news = strcmp(step->why, why) != 0; /* also if the state was pending in between */

	step->state = EFFECT_FAILING;
	step->failed++;
	(void)snprintf(step->why, sizeof(step->why), "%s", why);
	return is_news;
}

bool step_recovers(const struct effect_step *step)
{
	return step->why[0];
}

void effect_timer(struct event *timer, uint64_t ms)
{
	const struct timeval time = {.tv_sec = (time_t)(ms / 1000),
				     .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)evtimer_add(timer, &time);
}

uint64_t backoff_next(struct backoff *backoff)
{
	uint64_t ms = backoff->ms ? backoff->ms : BACKOFF_LEAST_MS;

	backoff->ms = ms * 2 < BACKOFF_MOST_MS ? ms * 2 : BACKOFF_MOST_MS;
	return ms;
}

/* --- The file --- */

static void log_written(const struct effect *effect)
{
	struct log_pairs pairs = log_pairs_of("tables_written");
	unsigned int healthy = 0;

	for (unsigned int i = 0; i < effect->writing.content->plan.backend_count; i++)
		healthy += effect->writing.healthy[i];
	log_pair(&pairs, "file", effect->writing.path);
	log_pair_number(&pairs, "healthy", healthy);
	log_event(LOG_LEVEL_INFO, &pairs, "%s: written, %u of %u backend%s healthy",
		  effect->writing.path, healthy, effect->writing.content->plan.backend_count,
		  plural(effect->writing.content->plan.backend_count));
}

static void log_not_written(const struct effect *effect)
{
	struct log_pairs pairs = log_pairs_of("tables_not_written");

	log_pair(&pairs, "file", effect->writing.path);
	log_event(LOG_LEVEL_ERROR, &pairs, "%s; the file stays as it was, and is tried again",
		  effect->writing.why);
}

/* Ends a write, successful or not. */
static void end_writing(struct effect *effect)
{
	effect->is_writing = false;
	content_unref(effect->writing.content);
	free(effect->writing.healthy);
	effect->writing.content = NULL;
	effect->writing.healthy = NULL;
}

/* Records the digests that a director serving the file must report. */
static void keep_digests(struct effect *effect)
{
	const struct glb_tables *tables = &effect->writing.tables;
	char(*digests)[GLB_DIGEST_TEXT_LEN] = calloc(tables->count, sizeof(*digests));

	free(effect->digests);
	effect->digests = digests;
	effect->digest_count = digests ? tables->count : 0;
	for (unsigned int i = 0; i < effect->digest_count; i++)
		memcpy(digests[i], tables->tables[i]->digest, sizeof(*digests));
}

static void written(void *arg)
{
	struct effect *effect = arg;
	const struct checked *writing = &effect->writing;
	struct effect_step *step = &effect->status.file;
	uint64_t again_ms = 0;

	effect->written_ms = clock_ms();
	if (writing->err) {
		if (step_failed(step, writing->why))
			log_not_written(effect);
		again_ms = backoff_next(&effect->file_backoff);
		effect->command_is_unsure = true;
		effect->has_news = true; /* write the same, or a newer one, again */
	} else {
		if (step_recovers(step) && !writing->is_written)
			log_info("%s: is as it should be again", writing->path);
		step_done(step);
		effect->file_backoff.ms = 0;
		keep_digests(effect);
		convey_file(effect, writing->is_written);
		command_file(effect, writing->is_written);
		if (writing->is_written)
			log_written(effect);
	}
	end_writing(effect);
	if (effect->has_news)
		effect_timer(effect->timer,
			     again_ms > effect->conf.hold_ms ? again_ms : effect->conf.hold_ms);
}

static void run_write(void *arg)
{
	struct effect *effect = arg;

	checked_write(&effect->writing);
}

/* Copies what is wanted now, as it may change during the write. */
static void start_writing(evutil_socket_t fd, short events, void *arg)
{
	struct effect *effect = arg;
	unsigned int count = effect->content->plan.backend_count;
	bool *healthy = malloc(count + 1);

	(void)fd;
	(void)events;
	if (!healthy) {
		effect_timer(effect->timer, BACKOFF_LEAST_MS);
		return;
	}
	memcpy(healthy, effect->healthy, count);
	effect->has_news = false;
	effect->is_writing = true;
	effect->writing.path = effect->conf.checked;
	effect->writing.content = content_ref(effect->content);
	effect->writing.healthy = healthy;
	effect->writing.why[0] = '\0';
	effect->job = (struct background_job){.run = run_write, .done = written, .arg = effect};
	if (effect->listener.writing)
		effect->listener.writing(effect->listener.arg);
	background_add(effect->background, &effect->job);
}

void effect_look(struct effect *effect)
{
	if (effect->has_news)
		return; /* it is about to be written anyway */
	effect->has_news = true;
	if (!effect->is_writing)
		effect_timer(effect->timer, effect->conf.hold_ms);
}

bool effect_want(struct effect *effect, struct content *content, const bool *healthy)
{
	unsigned int count = content->plan.backend_count;
	bool *copy = malloc(count + 1);
	uint64_t now_ms = clock_ms();
	uint64_t due_ms = effect->written_ms + effect->conf.hold_ms;

	if (!copy)
		return false;
	memcpy(copy, healthy, count);
	content_ref(content);
	content_unref(effect->content);
	free(effect->healthy);
	effect->content = content;
	effect->healthy = copy;
	effect->has_news = true;
	effect->status.file.state = EFFECT_PENDING;
	if (effect->is_writing)
		return true;
	if (!effect->written_ms || due_ms < now_ms)
		due_ms = now_ms;
	effect_timer(effect->timer, due_ms - now_ms);
	return true;
}

/* --- Interface --- */

void effect_configure(struct effect *effect, const struct health_conf *conf)
{
	effect->conf.hold_ms = conf->hold_ms;
	memcpy(effect->conf.reload_command, conf->reload_command,
	       sizeof(effect->conf.reload_command));
	memcpy(effect->conf.director_socket, conf->director_socket,
	       sizeof(effect->conf.director_socket));
	convey_configured(effect);
	command_configured(effect);
}

const struct effect_status *effect_status(const struct effect *effect)
{
	return &effect->status;
}

const char *effect_digest(const struct effect *effect, unsigned int table)
{
	return table < effect->digest_count ? effect->digests[table] : NULL;
}

int effect_open(struct effect **out, struct loop *loop, struct background *background,
		const struct health_conf *conf, const struct effect_listener *listener)
{
	struct effect *effect = calloc(1, sizeof(*effect));
	int err;

	if (!effect)
		return -ENOMEM;
	effect->background = background;
	effect->conf = *conf;
	effect->listener = *listener;
	effect->command_is_unsure = true;
	effect->base = loop_base(loop);
	effect->timer = evtimer_new(effect->base, start_writing, effect);
	err = effect->timer ? convey_open(effect, loop) : -ENOMEM;
	if (!err)
		err = command_open(effect);
	if (err) {
		effect_close(effect);
		return err;
	}
	*out = effect;
	return 0;
}

void effect_close(struct effect *effect)
{
	if (!effect)
		return;
	convey_close(effect);
	command_close(effect);
	if (effect->timer)
		event_free(effect->timer);
	glb_tables_free(&effect->writing.tables);
	free(effect->digests);
	content_unref(effect->content);
	free(effect->healthy);
	free(effect);
}
