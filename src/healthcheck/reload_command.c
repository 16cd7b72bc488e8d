/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "healthcheck/effect_parts.h"
#include "healthcheck/program.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"
#include "sys/printable.h"

enum { DEADLINE_MS = 60000, UNSURE_MS = 5000, SAID_LEN = 4 * PROGRAM_LINE_LEN };

/* Explains a failure, with the first line of output; "" for a success. */
static void reload_command_explain(char why[EFFECT_WHY_LEN], const struct program_end *end,
				   bool is_late)
{
	char said[SAID_LEN];
	char how[64];

	why[0] = '\0';
	if (!end->status)
		return;
	if (is_late)
		(void)snprintf(how, sizeof(how), "killed after %d s", DEADLINE_MS / 1000);
	else if (end->signal)
		(void)snprintf(how, sizeof(how), "ended by signal %d", end->signal);
	else
		(void)snprintf(how, sizeof(how), "exit status %d", end->status);
	(void)snprintf(why, EFFECT_WHY_LEN, "%s%s%.400s", how, *end->line ? ": " : "",
		       printable(said, sizeof(said), end->line));
}

static void failed(struct effect *effect, const char *why)
{
	struct log_pairs pairs = log_pairs_of("reload_command_failed");

	if (step_failed(&effect->status.command, why))
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "reload_command: %s; it is run again after a while", why);
	effect_timer(effect->command_timer, backoff_next(&effect->command_backoff));
}

static void ended(void *arg, const struct program_end *end)
{
	struct effect *effect = arg;
	struct log_pairs pairs = log_pairs_of("reload_command");
	char why[EFFECT_WHY_LEN];

	effect->command = NULL;
	(void)evtimer_del(effect->command_deadline);
	reload_command_explain(why, end, effect->command_is_late);
	if (*why) {
		failed(effect, why);
	} else {
		log_event(LOG_LEVEL_INFO, &pairs, "reload_command: exit status 0");
		step_done(&effect->status.command);
		effect->command_backoff.ms = 0;
	}
	if (effect->command_again) /* it may have read the previous file */
		effect_timer(effect->command_timer, 0);
}

static void reload_command_run(evutil_socket_t fd, short events, void *arg)
{
	struct effect *effect = arg;
	char *const words[] = {(char *)"/bin/sh", (char *)"-c", effect->conf.reload_command, NULL};
	const char *const none[] = {NULL};
	const struct program_call call = {
		.words = words,
		.added = none,
		.ended = ended,
		.arg = effect,
	};
	int err;

	(void)fd;
	(void)events;
	if (!effect->conf.reload_command[0])
		return;
	effect->command_again = effect->command;
	if (effect->command)
		return;
	effect->command_is_late = false;
	err = program_start(&effect->command, effect->base, &call);
	if (err) {
		effect->command = NULL;
		failed(effect, strerror(-err));
		return;
	}
	effect_timer(effect->command_deadline, DEADLINE_MS);
}

static void kill_late_command(evutil_socket_t fd, short events, void *arg)
{
	struct effect *effect = arg;

	(void)fd;
	(void)events;
	effect->command_is_late = true;
	program_kill(effect->command);
}

void command_file(struct effect *effect, bool is_new)
{
	bool is_unsure = effect->command_is_unsure;

	effect->command_is_unsure = false;
	if (!effect->conf.reload_command[0] || (!is_new && !is_unsure))
		return;
	if (effect->status.command.state != EFFECT_FAILING)
		effect->status.command.state = EFFECT_PENDING;
	effect_timer(effect->command_timer, is_new ? 0 : UNSURE_MS);
}

void command_configured(struct effect *effect)
{
	if (!effect->conf.reload_command[0])
		effect->status.command = (struct effect_step){.state = EFFECT_NONE};
}

int command_open(struct effect *effect)
{
	effect->command_timer = evtimer_new(effect->base, reload_command_run, effect);
	effect->command_deadline = evtimer_new(effect->base, kill_late_command, effect);
	return effect->command_timer && effect->command_deadline ? 0 : -ENOMEM;
}

void command_close(struct effect *effect)
{
	if (effect->command)
		program_free(effect->command);
	if (effect->command_timer)
		event_free(effect->command_timer);
	if (effect->command_deadline)
		event_free(effect->command_deadline);
}
