/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables; judge_check.c has the checks. */
#include <string.h>

#include "healthcheck/judge.h"

/* --- Changes within the last minute --- */

enum { MS_PER_SECOND = 1000, PERCENT = 100 };

/* If a monotonic clock goes backwards nevertheless, no time has passed. */
static void let_pass(struct judge_table *table, uint64_t now_ms)
{
	uint64_t second = now_ms / MS_PER_SECOND;
	uint64_t passed = second > table->second ? second - table->second : 0;

	if (!passed)
		return;
	for (unsigned int i = JUDGE_SECONDS; i-- > 0;)
		table->changes[i] = i >= passed ? table->changes[i - passed] : 0;
	table->second = second;
}

static unsigned int changes_lately(const struct judge_table *table)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < JUDGE_SECONDS; i++)
		sum += table->changes[i];
	return sum;
}

/* When there will be room for more changes than now. There must have been some within the minute.
 */
static uint64_t room_at_ms(const struct judge_table *table)
{
	unsigned int oldest = JUDGE_SECONDS - 1;

	while (oldest && !table->changes[oldest])
		oldest--;
	return (table->second - oldest + JUDGE_SECONDS) * MS_PER_SECOND;
}

/* --- A table --- */

/* Arguments and intermediate results of judge_table(). */
struct session {
	struct judge_table *table;
	struct judge_backend *backends;
	const struct judge_evidence *evidence;
	unsigned int count;
	const struct health_limits *limits;
	uint64_t now_ms;
	bool fails_open; /* more are down than may be unhealthy */
	bool doubts;	 /* or that is possible */
	bool may_hold;	 /* there is room for all that are to be held */
	bool may_drain;
	bool waits; /* a change is delayed by the limit per minute */
};

/* Time since `then_ms`; 0 is infinitely long ago. */
static uint64_t judge_age(const struct session *s, uint64_t then_ms)
{
	return then_ms ? s->now_ms - then_ms : UINT64_MAX;
}

static void write_healthy(const struct session *s, struct judge_backend *backend, bool healthy)
{
	if (backend->healthy == healthy)
		return;
	backend->healthy = healthy;
	backend->since_ms = s->now_ms;
	backend->changed ^= JUDGE_CHANGED_HEALTHY;
}

static void write_degraded(struct judge_backend *backend, bool degraded)
{
	if (backend->degraded == degraded)
		return;
	backend->degraded = degraded;
	backend->changed ^= JUDGE_CHANGED_DEGRADED;
}

/* --- Step 1: note new backends and the evidence --- */

static void judge_forget(const struct session *s, struct judge_backend *backend)
{
	struct judge_backend blank = {
		.healthy = backend->healthy,
		.degraded = backend->degraded,
		.changed = backend->changed,
		.since_ms = backend->since_ms,
	};

	write_degraded(&blank, false);
	write_healthy(s, &blank, true);
	*backend = blank;
}

static void judge_begin(const struct session *s, struct judge_backend *backend)
{
	backend->is_known = true;
	backend->fit = true;
	write_healthy(s, backend, true);
}

/* No backend of this table is known to have been up. */
static bool has_begun(const struct session *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (s->evidence[i].takes_flows && s->backends[i].is_known)
			return false;
	return true;
}

static void note_fit(const struct session *s, struct judge_backend *backend, bool fit)
{
	if (backend->fit == fit)
		return;
	backend->fit = fit;
	memmove(&backend->flaps_ms[1], &backend->flaps_ms[0],
		sizeof(backend->flaps_ms) - sizeof(backend->flaps_ms[0]));
	backend->flaps_ms[0] = s->now_ms;
}

static void note_flaps(const struct session *s, struct judge_backend *backend)
{
	uint64_t window_ms = (uint64_t)s->limits->flap_window_s * MS_PER_SECOND;
	unsigned int limit = s->limits->flap_limit;
	unsigned int recent = 0;

	if (limit > JUDGE_FLAPS_MAX)
		limit = JUDGE_FLAPS_MAX;
	for (unsigned int i = 0; i < JUDGE_FLAPS_MAX; i++)
		recent += judge_age(s, backend->flaps_ms[i]) < window_ms;
	if (!limit || !recent)
		backend->held = false;
	else if (recent >= limit)
		backend->held = true;
}

static void note_evidence(const struct session *s)
{
	bool begins = has_begun(s);

	for (unsigned int i = 0; i < s->count; i++) {
		const struct judge_evidence *evidence = &s->evidence[i];
		struct judge_backend *backend = &s->backends[i];
		bool is_up = evidence->status == JUDGE_UP;

		if (!evidence->takes_flows) {
			judge_forget(s, backend);
			continue;
		}
		if (begins)
			judge_begin(s, backend);
		if (evidence->status != JUDGE_UNKNOWN)
			write_degraded(backend, is_up && evidence->degraded);
		if (!backend->is_known) {
			backend->held = false;
			write_healthy(s, backend, false);
			continue;
		}
		if (evidence->status != JUDGE_UNKNOWN)
			note_fit(s, backend, is_up && !evidence->degraded);
		note_flaps(s, backend);
	}
}

/* --- Step 2: what should each backend become? --- */

enum stance {
	STANCE_OUTSIDE, /* inactive, not considered */
	STANCE_NEW,
	STANCE_RISEN, /* unknown so far, and fit */
	STANCE_FIT,
	STANCE_DOWN,
	STANCE_HELD,
	STANCE_DEGRADED,
	STANCE_COUNT,
};

static enum stance stance_of(const struct session *s, unsigned int i)
{
	const struct judge_evidence *evidence = &s->evidence[i];
	const struct judge_backend *backend = &s->backends[i];

	if (!evidence->takes_flows)
		return STANCE_OUTSIDE;
	if (!backend->is_known)
		return evidence->status == JUDGE_UP && !evidence->degraded ? STANCE_RISEN
									   : STANCE_NEW;
	if (evidence->status == JUDGE_UNKNOWN)
		return backend->healthy ? STANCE_FIT : STANCE_DOWN;
	if (evidence->status == JUDGE_DOWN)
		return backend->healthy && evidence->wavers ? STANCE_FIT : STANCE_DOWN;
	if (backend->degraded)
		return STANCE_DEGRADED;
	return backend->held ? STANCE_HELD : STANCE_FIT;
}

/* Are too many known backends down, or possibly so? If not, how much room is left for others? */
static void judge_share(struct session *s)
{
	unsigned int counts[STANCE_COUNT] = {0};
	unsigned int suspects = 0;

	for (unsigned int i = 0; i < s->count; i++) {
		enum stance stance = stance_of(s, i);
		bool is_up =
			stance == STANCE_FIT || stance == STANCE_HELD || stance == STANCE_DEGRADED;

		counts[stance]++;
		suspects += is_up && s->evidence[i].wavers;
	}

	unsigned int down = counts[STANCE_DOWN];
	unsigned int held = counts[STANCE_HELD];
	unsigned int degraded = counts[STANCE_DEGRADED];
	unsigned int known = counts[STANCE_FIT] + down + held + degraded;
	unsigned int most = known * s->limits->max_unhealthy_percent / PERCENT;

	s->fails_open = down > most;
	s->doubts = down + suspects > most;
	s->may_hold = down + held <= most;
	s->may_drain = down + held + degraded <= most;
	if (!s->fails_open)
		s->table->open_since_ms = 0;
	else if (!s->table->open_since_ms)
		s->table->open_since_ms = s->now_ms;
}

/* --- Step 3: apply changes within the limit per minute --- */

/* Did it fail together with those that made the table fail open? */
static bool is_of_this_doubt(const struct session *s, unsigned int i)
{
	uint64_t down_ms = s->backends[i].flaps_ms[0];

	return s->evidence[i].status == JUDGE_DOWN && !s->evidence[i].wavers && down_ms &&
	       s->table->open_since_ms - down_ms < s->limits->notice_ms;
}

enum turn {
	TURN_NONE, /* already as it should be */
	TURN_RISES,
	TURN_RECOVERS,
	TURN_FAILS,
	TURN_YIELDS, /* to be held or drained */
};

/* The turn of a backend that should be unhealthy, given whether it may be. */
static enum turn yields(const struct session *s, bool healthy, bool may)
{
	if (!may)
		return healthy ? TURN_NONE : TURN_RECOVERS;
	return healthy && !s->doubts ? TURN_YIELDS : TURN_NONE;
}

static enum turn turn_of(const struct session *s, unsigned int i)
{
	bool healthy = s->backends[i].healthy;

	switch (stance_of(s, i)) {
	case STANCE_RISEN:
		return TURN_RISES;
	case STANCE_FIT:
		return healthy ? TURN_NONE : TURN_RECOVERS;
	case STANCE_DOWN:
		if (healthy)
			return s->doubts ? TURN_NONE : TURN_FAILS;
		return s->fails_open && is_of_this_doubt(s, i) ? TURN_RECOVERS : TURN_NONE;
	case STANCE_HELD:
		return yields(s, healthy, s->may_hold);
	case STANCE_DEGRADED:
		return yields(s, healthy, s->may_drain);
	default:
		return TURN_NONE;
	}
}

static void change(const struct session *s, unsigned int i)
{
	struct judge_backend *backend = &s->backends[i];

	if (!backend->is_known) {
		backend->is_known = true;
		backend->fit = true;
	}
	write_healthy(s, backend, !backend->healthy);
	if (s->table->changes[0] < UINT16_MAX)
		s->table->changes[0]++;
}

/* The backend with the oldest evidence among those of a turn, of which there is one. */
static unsigned int oldest(const struct session *s, enum turn turn)
{
	unsigned int found = s->count;

	for (unsigned int i = 0; i < s->count; i++)
		if (turn_of(s, i) == turn &&
		    (found == s->count || judge_age(s, s->backends[i].flaps_ms[0]) >
						  judge_age(s, s->backends[found].flaps_ms[0])))
			found = i;
	return found;
}

/* Changes the backends of a turn while fewer than `most` changes were made in this minute. */
static void judge_take(struct session *s, enum turn turn, unsigned int most)
{
	unsigned int lately = changes_lately(s->table);
	unsigned int room = most > lately ? most - lately : 0;
	unsigned int waiting = 0;

	for (unsigned int i = 0; i < s->count; i++)
		waiting += turn_of(s, i) == turn;
	if (waiting > room) {
		s->waits = true;
		for (; room; room--)
			change(s, oldest(s, turn));
		return;
	}
	for (unsigned int i = 0; i < s->count; i++)
		if (turn_of(s, i) == turn)
			change(s, i);
}

static void judge_take_all(struct session *s)
{
	unsigned int limit = s->limits->max_changes_per_minute;

	if (!limit)
		limit = UINT32_MAX;
	judge_take(s, TURN_RISES, limit - limit / 2);
	judge_share(s); /* counts again, after the changes */
	judge_take(s, TURN_RECOVERS, limit);
	judge_take(s, TURN_FAILS, limit);
	judge_take(s, TURN_YIELDS, limit);
}

/* --- Verdict --- */

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
	return !a_ms || b_ms < a_ms ? b_ms : a_ms;
}

static struct judge_verdict verdict_of(const struct session *s)
{
	uint64_t window_ms = (uint64_t)s->limits->flap_window_s * MS_PER_SECOND;
	struct judge_verdict verdict = {0};

	if (s->waits)
		verdict.look_again_ms = room_at_ms(s->table);
	for (unsigned int i = 0; i < s->count; i++) {
		const struct judge_backend *backend = &s->backends[i];

		verdict.changed += backend->changed != 0;
		if (backend->held)
			verdict.look_again_ms =
				earlier(verdict.look_again_ms, backend->flaps_ms[0] + window_ms);
	}
	return verdict;
}

struct judge_verdict judge_table(struct judge_table *table, struct judge_backend *backends,
				 const struct judge_evidence *evidence, unsigned int count,
				 const struct health_limits *limits, uint64_t now_ms)
{
	struct session s = {
		.table = table,
		.backends = backends,
		.evidence = evidence,
		.count = count,
		.limits = limits,
		.now_ms = now_ms,
	};

	for (unsigned int i = 0; i < count; i++)
		backends[i].changed = 0;
	let_pass(table, now_ms);
	note_evidence(&s);
	judge_take_all(&s);
	table->distrust = JUDGE_TRUSTED;
	if (s.waits)
		table->distrust = JUDGE_LIMITED;
	if (s.fails_open)
		table->distrust = JUDGE_FAILS_OPEN;
	return verdict_of(&s);
}
