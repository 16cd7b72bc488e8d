/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "healthcheck/monitor_parts.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

enum { JITTER_PART = 20 }; /* a try starts late by up to this fraction of the interval */

/* A random number below a limit of at least 1. Marsaglia 2003, "Xorshift RNGs". */
static uint64_t random_below(struct monitor *monitor, uint64_t limit)
{
	uint64_t x = monitor->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	monitor->random = x;
	return x % limit;
}

static void targets_wait_until(struct target *target, uint64_t at_ms, uint64_t now_ms)
{
	uint64_t ms = at_ms > now_ms ? at_ms - now_ms : 0;
	const struct timeval time = {.tv_sec = (time_t)(ms / 1000),
				     .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)evtimer_add(target->timer, &time);
}

/*
 * Schedules the next interval, or the current one if tries take longer than intervals. The start
 * within the interval is jittered, so that checkers and checks do not stay synchronized.
 */
static void wait_for_next(struct target *target)
{
	uint64_t now_ms = clock_ms();

	target->begun_ms += target->check->interval_ms;
	if (target->begun_ms < now_ms)
		target->begun_ms = now_ms;
	targets_wait_until(
		target,
		target->begun_ms +
			random_below(target->monitor, target->check->interval_ms / JITTER_PART + 1),
		now_ms);
}

static void targets_count(struct monitor_histogram *histogram, uint32_t us)
{
	static const uint32_t edges[] = {
#define EDGE_US(us, label) us,
		MONITOR_EDGES(EDGE_US)
#undef EDGE_US
	};
	unsigned int at = 0;

	while (at < MONITOR_EDGE_COUNT && us >= edges[at])
		at++;
	histogram->counts[at]++;
	histogram->sum_us += us;
}

/* Many checks may fail for the same local reason, so the lines per minute are limited. */
static bool may_log(struct monitor *monitor)
{
	uint64_t now_ms = clock_ms();
	uint32_t withheld = sparing_take(&monitor->blind, now_ms);

	if (withheld)
		log_warning("%u more check%s could not be tried, or could again", withheld,
			    plural(withheld));
	return sparing_allows(&monitor->blind, now_ms);
}

/* A local failure says nothing about the backend. Several in a row are logged. */
static void keep_local(struct target *target, const char *why)
{
	struct log_pairs pairs = log_pairs_of("check_blind");

	if (++target->known.local != MONITOR_LOCAL_SHOWN || !may_log(target->monitor))
		return;
	log_pair(&pairs, "check", target->check->name);
	log_event(LOG_LEVEL_WARNING, &pairs,
		  "%s: the checker itself failed to try it %u times in a row: %s; its verdict "
		  "stays",
		  target->check->name, target->known.local, why);
}

static void end_local(struct target *target)
{
	struct log_pairs pairs = log_pairs_of("check_sees");
	bool was_blind = target->known.local >= MONITOR_LOCAL_SHOWN;

	target->known.local = 0;
	if (!was_blind || !may_log(target->monitor))
		return;
	log_pair(&pairs, "check", target->check->name);
	log_event(LOG_LEVEL_INFO, &pairs, "%s: the checker can try it again", target->check->name);
}

static void keep_result(struct target *target, const struct probe_result *result)
{
	struct monitor_check *known = &target->known;
	const struct health_check *check = target->check;
	bool good = result->reason == PROBE_NONE;
	bool degraded = good ? result->is_degraded : known->is_degraded;
	uint64_t now_ms = clock_ms();
	bool wavered = judge_wavers(&known->judged);
	bool changed;

	memmove(&known->results[1], &known->results[0],
		sizeof(known->results) - sizeof(known->results[0]));
	known->results[0] = (struct monitor_result){
		.at_ms = now_ms,
		.connect_us = result->connect_us,
		.total_us = result->total_us,
		.reason = result->reason,
		.is_degraded = good && result->is_degraded,
	};
	if (known->count < MONITOR_RESULTS)
		known->count++;
	changed = judge_result(&known->judged, good, check->rise, check->fall, now_ms);
	changed |= wavered != judge_wavers(&known->judged);
	if (changed || degraded != known->is_degraded) {
		known->is_degraded = degraded;
		verdict_ask(target->monitor, target->place);
	}
}

static void tally(struct monitor_totals *totals, enum health_check_type type,
		  const struct probe_result *result)
{
	totals->tries[type][result->reason]++;
	if (result->reason == PROBE_LOCAL)
		return;
	targets_count(&totals->total[type], result->total_us);
	if (result->connect_us)
		targets_count(&totals->connect[type], result->connect_us);
}

static void targets_take_result(struct target *target, const struct probe_result *result)
{
	if (result->reason != PROBE_NONE)
		memcpy(target->known.detail, result->detail, sizeof(target->known.detail));
	tally(&target->monitor->totals, target->check->type, result);
	if (result->reason == PROBE_LOCAL) {
		keep_local(target, result->detail);
		return;
	}
	end_local(target);
	keep_result(target, result);
}

/* The try has ended. */
static void targets_end(struct target *target)
{
	target->probe = NULL;
	target->known.is_under_way = false;
	content_unref(target->probed);
	target->probed = NULL;
	target->monitor->totals.under_way--;
}

static void targets_done(void *arg, const struct probe_result *result)
{
	struct target *target = arg;
	struct monitor *monitor = target->monitor;

	targets_end(target);
	targets_take_result(target, result);
	wait_for_next(target);
	targets_go_on(monitor);
}

static void targets_start(struct target *target)
{
	const struct probe_listener listener = {.done = targets_done, .arg = target};
	struct monitor *monitor = target->monitor;
	static const struct probe_result none = {
		.reason = PROBE_LOCAL,
		.detail = "out of memory or descriptors",
	};

	target->probe = probe_start(monitor->probes, target->check, &listener);
	if (!target->probe) {
		targets_take_result(target, &none);
		wait_for_next(target);
		return;
	}
	target->probed = content_ref(monitor->now.content);
	target->known.is_under_way = true;
	monitor->totals.under_way++;
}

static void put_last(struct target *target)
{
	struct monitor *monitor = target->monitor;

	target->waits = true;
	target->next = NULL;
	*monitor->waiting_end = target;
	monitor->waiting_end = &target->next;
	monitor->totals.late++;
}

static void stop_waiting(struct target *target)
{
	struct monitor *monitor = target->monitor;
	struct target **at = &monitor->waiting;

	while (*at != target)
		at = &(*at)->next;
	*at = target->next;
	if (!target->next)
		monitor->waiting_end = at;
	target->waits = false;
}

void targets_go_on(struct monitor *monitor)
{
	while (monitor->waiting && monitor->totals.under_way < monitor->parallel_max) {
		struct target *target = monitor->waiting;

		stop_waiting(target);
		targets_start(target);
	}
}

static void start_or_queue(evutil_socket_t fd, short events, void *arg)
{
	struct target *target = arg;
	struct monitor *monitor = target->monitor;

	(void)fd;
	(void)events;
	if (monitor->totals.under_way < monitor->parallel_max && !monitor->waiting)
		targets_start(target);
	else
		put_last(target);
}

struct target *target_make(struct monitor *monitor)
{
	struct target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	target->monitor = monitor;
	target->timer = evtimer_new(monitor->base, start_or_queue, target);
	if (target->timer)
		return target;
	free(target);
	return NULL;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	if (target->waits)
		stop_waiting(target);
	if (target->probe) {
		probe_cancel(target->probe);
		targets_end(target);
	}
	event_free(target->timer);
	free(target);
}

static void start_within_interval(struct target *target)
{
	uint64_t now_ms = clock_ms();

	target->begun_ms = now_ms + random_below(target->monitor, target->check->interval_ms);
	targets_wait_until(target, target->begun_ms, now_ms);
}

void target_follow(struct target *target)
{
	uint32_t was_ms = target->interval_ms;
	uint32_t is_ms = target->check->interval_ms;

	target->interval_ms = is_ms;
	if (!was_ms || (is_ms < was_ms && !target->probe && !target->waits))
		start_within_interval(target);
}
