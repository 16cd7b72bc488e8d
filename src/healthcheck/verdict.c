/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/addr.h"
#include "healthcheck/monitor_parts.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"

enum { TITLE_LEN = 256 };

/* The name of a table, or its number in parentheses. Returns out. */
static const char *verdict_title(char out[TITLE_LEN], const struct watched *watched,
				 unsigned int table)
{
	const char *name = watched->content->plan.tables[table].name;

	if (*name)
		(void)snprintf(out, TITLE_LEN, "%s", name);
	else
		(void)snprintf(out, TITLE_LEN, "(%u)", table);
	return out;
}

/* --- Evidence --- */

struct judge_evidence monitor_evidence(const struct monitor *monitor, unsigned int backend)
{
	const struct health_backend *one = &monitor->now.content->plan.backends[backend];
	struct judge_evidence evidence = {
		.status = JUDGE_UP,
		.takes_flows = glb_state_usable(one->state),
	};

	for (unsigned int i = 0; i < one->check_count; i++) {
		const struct monitor_check *known = monitor_check(monitor, one->checks[i]);

		judge_add(&evidence, &known->judged);
		evidence.degraded |= known->is_degraded;
	}
	return evidence;
}

/* Gathers the evidence of a table. */
static void verdict_gather(struct monitor *monitor, const struct health_table *table)
{
	for (unsigned int i = 0; i < table->backend_count; i++)
		monitor->now.evidence[i] = monitor_evidence(monitor, table->first_backend + i);
}

/* --- Log --- */

/* The check that makes a backend unhealthy, or NULL. */
static const struct target *culprit(const struct monitor *monitor, unsigned int backend)
{
	const struct health_backend *one = &monitor->now.content->plan.backends[backend];

	for (unsigned int i = 0; i < one->check_count; i++) {
		const struct target *target = monitor->now.targets[one->checks[i]];

		if (target->known.judged.status == JUDGE_DOWN)
			return target;
	}
	return NULL;
}

/* The number of consecutive failures in words; "" for one. */
static const char *in_a_row(char out[32], const struct monitor_check *known)
{
	unsigned int count = 0;

	while (count < known->count && known->results[count].reason != PROBE_NONE)
		count++;
	out[0] = '\0';
	if (count > 1)
		(void)snprintf(out, 32, ", %u times in a row", count);
	return out;
}

static void log_down(struct log_pairs *pairs, const char *table, const char *addr,
		     const struct target *target)
{
	const struct monitor_check *known = &target->known;
	enum probe_reason reason = known->count ? known->results[0].reason : PROBE_NONE;
	char row[32];

	if (reason == PROBE_NONE) {
		log_event(LOG_LEVEL_WARNING, pairs, "table %s: backend %s is down: %s", table, addr,
			  target->check->name);
		return;
	}
	log_pair(pairs, "check", target->check->name);
	log_pair(pairs, "reason", probe_reason_word(reason));
	log_event(LOG_LEVEL_WARNING, pairs, "table %s: backend %s is down: %s: %s%s%s%s%s", table,
		  addr, target->check->name, probe_reason_sentence(reason),
		  known->detail[0] ? " (" : "", known->detail, known->detail[0] ? ")" : "",
		  in_a_row(row, known));
}

/* How long the previous state lasted, in words. */
static const char *lasted(char out[48], uint64_t since_ms, uint64_t now_ms)
{
	if (since_ms)
		(void)snprintf(out, 48, ", after %" PRIu64 " s", (now_ms - since_ms) / 1000);
	else
		out[0] = '\0';
	return out;
}

static void log_change(const struct monitor *monitor, unsigned int backend,
		       const struct judge_backend *was, uint64_t now_ms)
{
	const struct judge_backend *is = &monitor->now.backends[backend];
	const struct target *target = culprit(monitor, backend);
	const char *event = is->healthy	   ? "backend_up"
			    : is->held	   ? "backend_held"
			    : target	   ? "backend_down"
			    : is->degraded ? "backend_degraded"
					   : "backend_down";
	struct log_pairs pairs = log_pairs_of(event);
	char table[TITLE_LEN];
	char addr[ADDR_TEXT_LEN];
	char since[48];

	(void)verdict_title(table, &monitor->now, monitor->now.table_of[backend]);
	(void)addr_text(addr, &monitor->now.content->plan.backends[backend].addr);
	log_pair(&pairs, "table", table);
	log_pair(&pairs, "backend", addr);
	(void)lasted(since, was->since_ms, now_ms);
	if (is->healthy)
		log_event(LOG_LEVEL_INFO, &pairs, "table %s: backend %s is up%s", table, addr,
			  since);
	else if (is->held)
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "table %s: backend %s changes too often, and is held down", table, addr);
	else if (target)
		log_down(&pairs, table, addr, target);
	else if (is->degraded)
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "table %s: backend %s asks for less, and gets no new flows%s", table,
			  addr, since);
	else
		log_event(LOG_LEVEL_WARNING, &pairs, "table %s: backend %s is down%s", table, addr,
			  since);
}

static unsigned int count_down(const struct monitor *monitor, const struct health_table *table)
{
	unsigned int down = 0;

	for (unsigned int i = 0; i < table->backend_count; i++)
		down += monitor->now.evidence[i].takes_flows &&
			monitor->now.evidence[i].status == JUDGE_DOWN;
	return down;
}

/* Logs once that the verdict on a table deviates from its evidence. */
static void log_distrust(const struct monitor *monitor, unsigned int place, enum judge_distrust was)
{
	static const char *const events[] = {
		[JUDGE_TRUSTED] = "health_trusted",
		[JUDGE_FAILS_OPEN] = "health_fails_open",
		[JUDGE_LIMITED] = "health_limited",
	};
	const struct health_table *table = &monitor->now.content->plan.tables[place];
	enum judge_distrust is = monitor->now.tables[place].judged.distrust;
	struct log_pairs pairs = log_pairs_of(events[is]);
	char name[TITLE_LEN];

	if (is == was)
		return;
	log_pair(&pairs, "table", verdict_title(name, &monitor->now, place));
	if (is == JUDGE_FAILS_OPEN)
		log_event(LOG_LEVEL_ERROR, &pairs,
			  "table %s: checks of %u of %u backends fail, and no more than %u %% may "
			  "be unhealthy: it is taken for the checker's own fault, and those that "
			  "were healthy stay",
			  name, count_down(monitor, table), table->backend_count,
			  table->limits.max_unhealthy_percent);
	else if (is == JUDGE_LIMITED)
		log_event(LOG_LEVEL_WARNING, &pairs,
			  "table %s: %u changes within a minute; others wait", name,
			  table->limits.max_changes_per_minute);
	else
		log_event(LOG_LEVEL_INFO, &pairs, "table %s: is as its checks say again", name);
}

/* --- The verdict --- */

/*
 * Records a backend's new state. New tables and inactive backends are assumed healthy, which is not
 * logged. True: what is to be written has changed.
 */
static bool take_backend(struct monitor *monitor, unsigned int backend,
			 const struct judge_backend *was, const struct judge_evidence *evidence,
			 uint64_t now_ms)
{
	const struct judge_backend *is = &monitor->now.backends[backend];
	bool changed = is->healthy != was->healthy;

	monitor->now.healthy[backend] = is->healthy;
	if (changed && evidence->takes_flows && (was->is_known || evidence->status == JUDGE_UP)) {
		log_change(monitor, backend, was, now_ms);
		monitor->totals.changes[is->healthy]++;
	}
	return changed;
}

/* True: what is to be written has changed. */
static bool judge_one(struct monitor *monitor, unsigned int place, uint64_t now_ms)
{
	struct watched *now = &monitor->now;
	const struct health_table *table = &now->content->plan.tables[place];
	struct watched_table *watched = &now->tables[place];
	struct judge_backend *backends = &now->backends[table->first_backend];
	enum judge_distrust distrust = watched->judged.distrust;
	bool changed = false;
	struct judge_verdict verdict;

	verdict_gather(monitor, table);
	memcpy(now->before, backends, table->backend_count * sizeof(*backends));
	monitor->totals.judged++;
	verdict = judge_table(&watched->judged, backends, now->evidence, table->backend_count,
			      &table->limits, now_ms);
	watched->is_due = false;
	watched->look_again_ms = verdict.look_again_ms;
	log_distrust(monitor, place, distrust);
	for (unsigned int i = 0; i < table->backend_count; i++)
		changed |= take_backend(monitor, table->first_backend + i, &now->before[i],
					&now->evidence[i], now_ms);
	return changed;
}

static void judge_in(struct monitor *monitor, uint64_t ms)
{
	const struct timeval time = {.tv_sec = (time_t)(ms / 1000),
				     .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)evtimer_add(monitor->judging, &time);
}

void monitor_judge(evutil_socket_t fd, short events, void *arg)
{
	struct monitor *monitor = arg;
	uint64_t now_ms = clock_ms();
	uint64_t next_ms = 0;
	bool changed = monitor->is_new;

	(void)fd;
	(void)events;
	monitor->is_new = false;
	for (unsigned int i = 0; i < monitor->now.content->plan.table_count; i++) {
		struct watched_table *table = &monitor->now.tables[i];
		bool over = table->look_again_ms && table->look_again_ms <= now_ms;

		if (table->is_due || over)
			changed |= judge_one(monitor, i, now_ms);
		if (table->look_again_ms && (!next_ms || table->look_again_ms < next_ms))
			next_ms = table->look_again_ms;
	}
	if (next_ms)
		judge_in(monitor, next_ms > now_ms ? next_ms - now_ms : 1);
	if (changed)
		monitor->listener.changed(monitor->listener.arg);
}

void verdict_ask(struct monitor *monitor, unsigned int check)
{
	struct watched *now = &monitor->now;

	for (unsigned int i = now->first[check]; i < now->first[check + 1]; i++)
		now->tables[now->table_of[now->having[i]]].is_due = true;
	judge_in(monitor, 0);
}

void verdict_ask_all(struct monitor *monitor)
{
	for (unsigned int i = 0; i < monitor->now.content->plan.table_count; i++)
		monitor->now.tables[i].is_due = true;
	judge_in(monitor, 0);
}
