/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge of the health checker as spin sees it: src/healthcheck/judge.c and judge_check.c
 * themselves, and the state between two calls as a few bytes.
 *
 * Time goes in ticks of 20 s, so that a minute, the window of flaps (60 s) and the notice (30 s)
 * are 3, 3 and 2 of them. Ages beyond what the judge can tell from each other are one, and backends
 * are sorted, since none has a name: this makes the number of states finite.
 */
#include <stdlib.h>
#include <string.h>

#include "healthcheck/judge.c"
#include "healthcheck/judge_check.c"

/* Of spin: reports an error, with the way to it. */
extern void (*uerror)(char *);
#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			uerror("assertion violated: " #condition);                                 \
	} while (0)

#ifndef BACKENDS
#define BACKENDS 3
#endif
#ifndef LIMIT
#define LIMIT 2 /* changes a minute; 0: any number */
#endif
#ifndef PERCENT_MAX
#define PERCENT_MAX 50
#endif
#ifndef RISE
#define RISE 2
#endif
#ifndef FALL
#define FALL 2
#endif

enum {
	TICK_MS = 20000,
	NOW_MS = 1000 * TICK_MS,
	MINUTE = 3,   /* ticks that are one minute, */
	WINDOW = 3,   /* the window of flaps, */
	NOTICE = 2,   /* and the notice */
	FLAPS = 2,    /* changes within the window that make a backend held */
	OPEN_MAX = 4, /* ages of a table that fails open */
	NEVER = 255,
};

static const struct health_limits limits = {
	.max_unhealthy_percent = PERCENT_MAX,
	.max_changes_per_minute = LIMIT,
	.notice_ms = 30000,
	.flap_limit = FLAPS,
	.flap_window_s = 60,
};

/* A backend with one check. Ages are in ticks. */
struct seen {
	uint8_t status, streak, is_bad; /* struct judge_check */
	uint8_t degraded, inactive;	/* what it asks for, what the operator does */
	int8_t run; /* of results, up to RISE good ones or down to FALL bad ones */
	uint8_t is_known, healthy, was_degraded, held, fit; /* struct judge_backend */
	uint8_t flaps[FLAPS];
};

struct seen_table {
	uint8_t open; /* age of open_since_ms */
	uint8_t changes[MINUTE + 1];
	uint8_t made[MINUTE]; /* changes in the last minute, as counted here */
	struct seen backends[BACKENDS];
};

struct seen_table state;

/* What the judge is given and returns. */
struct trial {
	struct judge_table table;
	struct judge_backend backends[BACKENDS];
	struct judge_evidence evidence[BACKENDS];
};

static uint64_t at_ms(uint8_t age)
{
	return age == NEVER ? 0 : NOW_MS - (uint64_t)age * TICK_MS;
}

static uint8_t age_of(uint64_t ms)
{
	return ms ? (uint8_t)((NOW_MS - ms) / TICK_MS) : NEVER;
}

static struct judge_check check_of(const struct seen *seen)
{
	return (struct judge_check){
		.status = seen->status, .streak = seen->streak, .is_bad = seen->is_bad};
}

static void unpack(struct trial *trial)
{
	memset(trial, 0, sizeof(*trial));
	trial->table.second = NOW_MS / 1000;
	trial->table.open_since_ms = at_ms(state.open);
	for (int i = 0; i <= MINUTE; i++)
		trial->table.changes[i * TICK_MS / 1000] = state.changes[i];
	for (int i = 0; i < BACKENDS; i++) {
		const struct seen *seen = &state.backends[i];
		struct judge_check check = check_of(seen);

		trial->backends[i] = (struct judge_backend){
			.is_known = seen->is_known,
			.healthy = seen->healthy,
			.degraded = seen->was_degraded,
			.held = seen->held,
			.fit = seen->fit,
		};
		for (int f = 0; f < FLAPS; f++)
			trial->backends[i].flaps_ms[f] = at_ms(seen->flaps[f]);
		trial->evidence[i] =
			(struct judge_evidence){.status = JUDGE_UP, .takes_flows = !seen->inactive};
		judge_add(&trial->evidence[i], &check);
		trial->evidence[i].degraded =
			trial->evidence[i].status == JUDGE_UP && seen->degraded;
	}
}

/* Of an age nothing counts but whether it is within window and notice, or before or after `open`.
 */
static uint8_t capped(uint8_t age, uint8_t open)
{
	if (age == NEVER)
		return NEVER;
	if (open == NEVER || age < open) {
		uint8_t most = open == NEVER || open > WINDOW ? WINDOW : open - 1;

		return age < most ? age : most;
	}
	uint8_t older = age - open < NOTICE ? age - open : NOTICE;

	return (open < OPEN_MAX ? open : OPEN_MAX) + older;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct seen));
}

static void pack(const struct trial *trial)
{
	uint8_t open = age_of(trial->table.open_since_ms);

	for (int i = 0; i < BACKENDS; i++) {
		struct seen *seen = &state.backends[i];
		const struct judge_backend *backend = &trial->backends[i];

		seen->is_known = backend->is_known;
		seen->healthy = backend->healthy;
		seen->was_degraded = backend->degraded;
		seen->held = backend->held;
		seen->fit = backend->fit;
		for (int f = 0; f < FLAPS; f++)
			seen->flaps[f] = capped(age_of(backend->flaps_ms[f]), open);
	}
	for (int i = 0; i <= MINUTE; i++)
		state.changes[i] = (uint8_t)trial->table.changes[i * TICK_MS / 1000];
	state.open = open == NEVER || open < OPEN_MAX ? open : OPEN_MAX;
	qsort(state.backends, BACKENDS, sizeof(struct seen), by_bytes);
}

/* --- What must hold --- */

struct tally {
	unsigned int known, unhealthy, down, held, degraded, suspects, room;
};

static struct tally tally_of(const struct trial *trial)
{
	struct tally tally = {0};

	for (int i = 0; i < BACKENDS; i++) {
		const struct judge_backend *backend = &trial->backends[i];
		const struct judge_evidence *evidence = &trial->evidence[i];
		bool kept = evidence->status == JUDGE_DOWN && evidence->wavers && backend->healthy;

		if (!evidence->takes_flows || !backend->is_known)
			continue;
		tally.known++;
		tally.unhealthy += !backend->healthy;
		if (evidence->status == JUDGE_UNKNOWN)
			tally.down += !backend->healthy;
		else if (evidence->status == JUDGE_DOWN)
			tally.down += !kept;
		else if (evidence->degraded)
			tally.degraded++;
		else
			tally.held += backend->held;
		tally.suspects +=
			evidence->wavers && (evidence->status == JUDGE_UP || backend->healthy);
	}
	tally.room = tally.known * PERCENT_MAX / 100;
	return tally;
}

static bool begins(const struct trial *before)
{
	for (int i = 0; i < BACKENDS; i++)
		if (before->evidence[i].takes_flows && before->backends[i].is_known)
			return false;
	return true;
}

/* Fail-open: beyond the share none becomes unhealthy, nor while too many might be down. */
static void check_share(const struct trial *before, const struct trial *after)
{
	struct tally now = tally_of(after);
	bool opens = now.down > now.room;

	HOLDS((after->table.distrust == JUDGE_FAILS_OPEN) == opens);
	for (int i = 0; i < BACKENDS; i++) {
		const struct judge_backend *was = &before->backends[i];
		bool was_healthy = begins(before) || (was->is_known && was->healthy);

		if (!after->evidence[i].takes_flows || !was_healthy || after->backends[i].healthy)
			continue;
		HOLDS(!opens && now.unhealthy <= now.room);
		HOLDS(now.down + now.suspects <= now.room);
	}
}

/* Flapping: held from the FLAPS-th change within the window until none is in it any more. */
static void check_flaps(const struct trial *before, const struct trial *after)
{
	struct tally now = tally_of(after);

	for (int i = 0; i < BACKENDS; i++) {
		const struct judge_backend *is = &after->backends[i];
		bool last = is->flaps_ms[0] && NOW_MS - is->flaps_ms[0] < WINDOW * TICK_MS;
		bool limit = is->flaps_ms[FLAPS - 1] &&
			     NOW_MS - is->flaps_ms[FLAPS - 1] < WINDOW * TICK_MS;

		if (!after->evidence[i].takes_flows || !before->backends[i].is_known)
			continue;
		HOLDS(!limit || is->held);
		HOLDS(last || !is->held);
		HOLDS(!before->backends[i].held || !last || is->held);
		/* where there is room for all that are held, none of them comes back */
		if (is->held && after->evidence[i].status == JUDGE_UP &&
		    !before->backends[i].healthy && now.down + now.held <= now.room &&
		    !after->evidence[i].degraded)
			HOLDS(!is->healthy || begins(before));
	}
}

/* Rate: no more changes in any minute than may be; a new backend rises by its own evidence only. */
static void check_rate(const struct trial *before, const struct trial *after)
{
	unsigned int lately = 0;

	for (int i = 0; i < BACKENDS; i++) {
		const struct judge_evidence *evidence = &after->evidence[i];
		bool was = begins(before) ||
			   (before->backends[i].is_known && before->backends[i].healthy);

		if (!evidence->takes_flows)
			continue;
		state.made[0] += was != after->backends[i].healthy;
		if (!begins(before) && !before->backends[i].is_known && after->backends[i].healthy)
			HOLDS(evidence->status == JUDGE_UP && !evidence->degraded);
		if (evidence->status == JUDGE_UNKNOWN && before->backends[i].is_known)
			HOLDS(after->backends[i].healthy == before->backends[i].healthy);
	}
	for (int i = 0; i < MINUTE; i++)
		lately += state.made[i];
	HOLDS(!LIMIT || lately <= LIMIT);
	if (!LIMIT)
		memset(state.made, 0, sizeof(state.made)); /* of no interest */
}

/* To judge again changes nothing. */
static void check_again(const struct trial *after)
{
	struct trial again = *after;
	struct judge_verdict verdict = judge_table(&again.table, again.backends, again.evidence,
						   BACKENDS, &limits, NOW_MS);

	HOLDS(!verdict.changed);
	for (int i = 0; i < BACKENDS; i++)
		again.backends[i].changed = after->backends[i].changed;
	HOLDS(!memcmp(&again, after, sizeof(again)));
}

static void judge(void)
{
	struct trial before;
	struct trial after;

	unpack(&before);
	after = before;
	(void)judge_table(&after.table, after.backends, after.evidence, BACKENDS, &limits, NOW_MS);
	check_share(&before, &after);
	check_flaps(&before, &after);
	check_rate(&before, &after);
	check_again(&after);
	pack(&after);
}

/* --- What happens --- */

/* Rise and fall: the status changes with the RISE-th good or FALL-th bad result in a row, not
 * before. */
void result(int i, int good)
{
	struct seen *seen = &state.backends[i];
	struct judge_check check = check_of(seen);
	bool changed = judge_result(&check, good, RISE, FALL, NOW_MS);

	if (good)
		seen->run = seen->run < 0 ? 1 : seen->run < RISE ? seen->run + 1 : RISE;
	else
		seen->run = seen->run > 0 ? -1 : seen->run > -FALL ? seen->run - 1 : -FALL;
	HOLDS(changed == (check.status != seen->status));
	HOLDS(!changed || check.status == (seen->run > 0 ? JUDGE_UP : JUDGE_DOWN));
	HOLDS(!changed || seen->run == RISE || seen->run == -FALL);
	if (seen->run == RISE || seen->run == -FALL)
		HOLDS(check.status == (seen->run > 0 ? JUDGE_UP : JUDGE_DOWN));
	seen->status = check.status;
	seen->streak = check.streak;
	seen->is_bad = check.is_bad;
	judge();
}

/* It asks for less load, or for the usual one. */
void ask(int i)
{
	state.backends[i].degraded ^= 1;
	judge();
}

/* The operator makes a backend inactive, or active again. */
void turn(int i)
{
	state.backends[i].inactive ^= 1;
	judge();
}

static uint8_t older(uint8_t age)
{
	return age == NEVER ? NEVER : age + 1;
}

/* A tick later. */
void tick(void)
{
	memmove(state.changes + 1, state.changes, MINUTE);
	memmove(state.made + 1, state.made, MINUTE - 1);
	state.changes[0] = state.made[0] = 0;
	state.open = older(state.open);
	for (int i = 0; i < BACKENDS; i++)
		for (int f = 0; f < FLAPS; f++)
			state.backends[i].flaps[f] = older(state.backends[i].flaps[f]);
	judge();
}

void begin(void)
{
	state.open = NEVER;
	for (int i = 0; i < BACKENDS; i++)
		memset(state.backends[i].flaps, NEVER, FLAPS);
	judge();
}
