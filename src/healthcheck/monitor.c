/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "healthcheck/monitor_parts.h"
#include "sys/clock.h"
#include "sys/loop.h"

int monitor_open(struct monitor **out, struct loop *loop, struct probes *probes,
		 const struct monitor_listener *listener)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor)
		return -ENOMEM;
	monitor->base = loop_base(loop);
	monitor->probes = probes;
	monitor->listener = *listener;
	monitor->parallel_max = 1;
	monitor->waiting_end = &monitor->waiting;
	monitor->random =
		(clock_ms() << 20 ^ (uint64_t)getpid()) | 1; /* differs, which is enough */
	monitor->judging = evtimer_new(monitor->base, monitor_judge, monitor);
	if (!monitor->judging) {
		free(monitor);
		return -ENOMEM;
	}
	*out = monitor;
	return 0;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	while (monitor->trials)
		monitor_try_cancel(monitor->trials);
	watched_free(&monitor->now);
	event_free(monitor->judging);
	free(monitor);
}

void monitor_limit(struct monitor *monitor, unsigned int parallel_max)
{
	monitor->parallel_max = parallel_max;
	targets_go_on(monitor);
}

const bool *monitor_healthy(const struct monitor *monitor)
{
	return monitor->now.healthy;
}

const struct content *monitor_content(const struct monitor *monitor)
{
	return monitor->now.content;
}

const struct monitor_check *monitor_check(const struct monitor *monitor, unsigned int check)
{
	return &monitor->now.targets[check]->known;
}

const struct judge_backend *monitor_backend(const struct monitor *monitor, unsigned int backend)
{
	return &monitor->now.backends[backend];
}

const struct judge_table *monitor_table(const struct monitor *monitor, unsigned int table)
{
	return &monitor->now.tables[table].judged;
}

const struct monitor_totals *monitor_totals(const struct monitor *monitor)
{
	return &monitor->totals;
}

/* --- Trials --- */

static void forget_trial(struct monitor_trial *trial)
{
	struct monitor_trial **at = &trial->monitor->trials;

	while (*at != trial)
		at = &(*at)->next;
	*at = trial->next;
	content_unref(trial->content);
	free(trial);
}

static void trial_done(void *arg, const struct probe_result *result)
{
	struct monitor_trial *trial = arg;
	const struct probe_listener listener = trial->listener;

	forget_trial(trial);
	listener.done(listener.arg, result);
}

static void trial_step(void *arg, const char *text)
{
	const struct monitor_trial *trial = arg;

	trial->listener.step(trial->listener.arg, text);
}

struct monitor_trial *monitor_try(struct monitor *monitor, unsigned int check,
				  const struct probe_listener *listener)
{
	struct monitor_trial *trial = calloc(1, sizeof(*trial));
	const struct probe_listener own = {
		.done = trial_done,
		.step = listener->step ? trial_step : NULL,
		.arg = trial,
	};

	if (!trial)
		return NULL;
	*trial = (struct monitor_trial){
		.monitor = monitor,
		.content = content_ref(monitor->now.content),
		.listener = *listener,
		.next = monitor->trials,
	};
	monitor->trials = trial;
	trial->probe = probe_start(monitor->probes, monitor->now.targets[check]->check, &own);
	if (trial->probe)
		return trial;
	forget_trial(trial);
	return NULL;
}

void monitor_try_cancel(struct monitor_trial *trial)
{
	probe_cancel(trial->probe);
	forget_trial(trial);
}
