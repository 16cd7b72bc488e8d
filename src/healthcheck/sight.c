/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "healthcheck/sight.h"

const char *sight_word(enum sight_status status)
{
	static const char *const words[] = {
#define SIGHT_WORD(constant, word, sentence) [SIGHT_##constant] = word,
		SIGHTS(SIGHT_WORD)
#undef SIGHT_WORD
	};

	return words[status];
}

char sight_mark(const struct monitor_result *result)
{
	if (result->reason != PROBE_NONE)
		return '-';
	return result->is_degraded ? '~' : '+';
}

/* The worse of two marks. */
static char worse(char a, char b)
{
	static const char order[] = "-~+";

	for (const char *mark = order; *mark; mark++)
		if (a == *mark || b == *mark)
			return *mark;
	return '\0';
}

/* Combines the results of all checks, aligned at the newest. */
static void fill_strip(struct sight *out, const struct monitor *monitor)
{
	char newest_first[MONITOR_RESULTS] = "";
	unsigned int len = 0;

	for (unsigned int c = 0; c < out->backend->check_count; c++) {
		const struct monitor_check *check = monitor_check(monitor, out->backend->checks[c]);

		for (unsigned int i = 0; i < check->count; i++)
			newest_first[i] = worse(newest_first[i], sight_mark(&check->results[i]));
		len = check->count > len ? check->count : len;
	}
	for (unsigned int i = 0; i < len; i++)
		out->strip[i] = newest_first[len - 1 - i];
	out->strip[len] = '\0';
}

static void fill_latency(struct sight *out, const struct monitor *monitor)
{
	for (unsigned int c = 0; c < out->backend->check_count; c++) {
		const struct monitor_check *check = monitor_check(monitor, out->backend->checks[c]);

		if (!check->count)
			continue;
		if (check->results[0].connect_us > out->connect_us)
			out->connect_us = check->results[0].connect_us;
		if (check->results[0].total_us > out->total_us)
			out->total_us = check->results[0].total_us;
	}
}

/* The newest bad result, if it is still relevant. */
static const struct monitor_result *find_bad(const struct monitor_check *check)
{
	if (check->count && check->results[0].reason != PROBE_NONE)
		return &check->results[0];
	if (check->judged.status != JUDGE_DOWN)
		return NULL;
	for (unsigned int i = 0; i < check->count; i++)
		if (check->results[i].reason != PROBE_NONE)
			return &check->results[i];
	return NULL;
}

const char *sight_check_reason(const struct monitor_check *check)
{
	const struct monitor_result *bad = find_bad(check);

	if (bad)
		return probe_reason_word(bad->reason);
	return check->local ? probe_reason_word(PROBE_LOCAL) : NULL;
}

/* Down outranks a single failure, which outranks not tried. */
static unsigned int weight_of(const struct monitor_check *check)
{
	if (check->judged.status == JUDGE_DOWN)
		return 3;
	if (find_bad(check))
		return 2;
	return check->local != 0;
}

static void fill_reason(struct sight *out, const struct monitor *monitor)
{
	const struct health_plan *plan = &monitor_content(monitor)->plan;
	const struct monitor_check *worst = NULL;
	const char *word = "";
	unsigned int weight = 0;

	for (unsigned int c = 0; c < out->backend->check_count; c++) {
		const unsigned int place = out->backend->checks[c];
		const struct monitor_check *check = monitor_check(monitor, place);

		if (weight_of(check) <= weight)
			continue;
		worst = check;
		weight = weight_of(check);
		word = health_check_word(plan->checks[place].type);
	}
	if (!worst)
		return;

	const char *reason = sight_check_reason(worst);

	(void)snprintf(out->reason, sizeof(out->reason), "%s: %s", word,
		       *worst->detail ? worst->detail : (reason ? reason : "down"));
}

enum sight_status sight_status(const struct monitor *monitor, unsigned int backend)
{
	const struct judge_evidence evidence = monitor_evidence(monitor, backend);

	if (!monitor_content(monitor)->plan.backends[backend].check_count)
		return SIGHT_UNCHECKED;
	if (evidence.status == JUDGE_UNKNOWN)
		return SIGHT_UNKNOWN;
	if (evidence.status == JUDGE_DOWN)
		return SIGHT_DOWN;
	if (monitor_backend(monitor, backend)->held)
		return SIGHT_HELD;
	return evidence.degraded ? SIGHT_DEGRADED : SIGHT_UP;
}

void sight_of(struct sight *out, const struct monitor *monitor, unsigned int backend)
{
	*out = (struct sight){
		.backend = &monitor_content(monitor)->plan.backends[backend],
		.status = sight_status(monitor, backend),
		.healthy = monitor_healthy(monitor)[backend],
		.since_ms = monitor_backend(monitor, backend)->since_ms,
	};
	fill_strip(out, monitor);
	fill_latency(out, monitor);
	fill_reason(out, monitor);
}

bool sight_is_unhealthy(const struct sight *sight)
{
	if (!glb_state_usable(sight->backend->state))
		return false;
	return !sight->healthy || (sight->status != SIGHT_UP && sight->status != SIGHT_UNCHECKED);
}
