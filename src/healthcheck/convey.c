/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "healthcheck/effect_parts.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"

enum {
	LOOK_MS = 10000, /* how often to ask what the director serves when all is well */
};

static bool has_director(const struct effect *effect)
{
	return effect->conf.director_socket[0];
}

/* --- The director --- */

static void ask_in(struct effect *effect, enum director_question question, uint64_t ms)
{
	effect->question = question;
	effect_timer(effect->director_timer, ms);
}

static void convey_ask(evutil_socket_t fd, short events, void *arg)
{
	struct effect *effect = arg;

	(void)fd;
	(void)events;
	if (!has_director(effect) || director_is_asked(effect->director))
		return;
	effect->is_stale = false;
	director_ask(effect->director, effect->conf.director_socket, effect->question);
}

/* Does it serve exactly the tables of the file, in their order? */
static bool serves_file(const struct effect *effect, const struct director_answer *answer)
{
	if (answer->table_count != effect->digest_count)
		return false;
	for (unsigned int i = 0; i < effect->digest_count; i++)
		if (strcmp(answer->digests[i], effect->digests[i]) != 0)
			return false;
	return true;
}

static void director_failed(struct effect *effect, const char *event, const char *why)
{
	struct log_pairs pairs = log_pairs_of(event);

	if (step_failed(&effect->status.director, why)) {
		log_pair(&pairs, "socket", effect->conf.director_socket);
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "director at %s: %s; it is asked again, and serves what it has meanwhile",
			  effect->conf.director_socket, why);
	}
	ask_in(effect, DIRECTOR_STATUS, backoff_next(&effect->director_backoff));
}

static void director_serves(struct effect *effect, enum director_question question,
			    const struct director_answer *answer)
{
	struct effect_step *step = &effect->status.director;
	struct log_pairs pairs = log_pairs_of("tables_in_effect");

	if (step->state != EFFECT_DONE || question == DIRECTOR_RELOAD) {
		log_pair_number(&pairs, "generation", answer->generation);
		log_event(LOG_LEVEL_INFO, &pairs, "director at %s: serves %s, generation %" PRIu64,
			  effect->conf.director_socket, effect->conf.checked, answer->generation);
		step_done(step);
	}
	effect->status.generation = answer->generation;
	effect->director_backoff.ms = 0;
	ask_in(effect, DIRECTOR_STATUS, LOOK_MS);
}

/* Is the path reported by the director that of the checked file? */
static bool is_checked(const struct effect *effect, const char *path)
{
	struct stat its;
	struct stat ours;

	if (!strcmp(path, effect->conf.checked))
		return true;
	return !stat(path, &its) && !stat(effect->conf.checked, &ours) &&
	       its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/*
 * The director serves other tables than the file: asks it to reload and, if that does not help,
 * tries again later. A director that reads a different file is left alone: that file may contain an
 * unfinished edit.
 */
static void director_differs(struct effect *effect, enum director_question question,
			     const struct director_answer *answer)
{
	char why[EFFECT_WHY_LEN];

	if (question == DIRECTOR_RELOAD) {
		(void)snprintf(why, sizeof(why), "it serves other tables than those of %s",
			       effect->conf.checked);
	} else if (!answer->tables_file[0] || is_checked(effect, answer->tables_file)) {
		ask_in(effect, DIRECTOR_RELOAD, 0);
		return;
	} else {
		(void)snprintf(why, sizeof(why), "it reads %.200s, and not %s", answer->tables_file,
			       effect->conf.checked);
	}
	director_failed(effect, "director_differs", why);
	effect_look(effect);
}

static void answered(void *arg, enum director_question question,
		     const struct director_answer *answer)
{
	static const char *const events[] = {
		[DIRECTOR_ABSENT] = "director_absent",
		[DIRECTOR_REFUSED] = "director_refused",
		[DIRECTOR_PUT_OFF] = "director_put_off",
		[DIRECTOR_FAILED] = "director_failed",
	};
	struct effect *effect = arg;

	if (effect->is_stale && answer->result != DIRECTOR_ABSENT)
		ask_in(effect, DIRECTOR_STATUS, 0); /* the reply concerns an older file */
	else if (answer->result != DIRECTOR_DONE)
		director_failed(effect, events[answer->result], answer->reason);
	else if (serves_file(effect, answer))
		director_serves(effect, question, answer);
	else
		director_differs(effect, question, answer);
}

/* --- Interface --- */

void convey_file(struct effect *effect, bool is_new)
{
	enum effect_state *state = &effect->status.director.state;

	if (!has_director(effect))
		return;
	effect->is_stale |= is_new && director_is_asked(effect->director);
	if (is_new && *state != EFFECT_FAILING)
		*state = EFFECT_PENDING;
	if (is_new || *state != EFFECT_FAILING)
		ask_in(effect, DIRECTOR_STATUS, 0);
}

void convey_configured(struct effect *effect)
{
	if (!has_director(effect))
		effect->status.director = (struct effect_step){.state = EFFECT_NONE};
	else if (effect->digest_count)
		ask_in(effect, DIRECTOR_STATUS, 0);
}

int convey_open(struct effect *effect, struct loop *loop)
{
	const struct director_listener listener = {.answered = answered, .arg = effect};

	effect->director_timer = evtimer_new(effect->base, convey_ask, effect);
	return effect->director_timer ? director_open(&effect->director, loop, &listener) : -ENOMEM;
}

void convey_close(struct effect *effect)
{
	director_close(effect->director);
	if (effect->director_timer)
		event_free(effect->director_timer);
}
