/* SPDX-License-Identifier: BSD-3-Clause */
#include "grade.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL_TENTHS = 10, KEEP_TENTHS = 6 };

static const char *const signal_labels[] = {
#define SIGNAL_LABEL(name, label, unit, degraded, down, sentence) label,
	GRADE_SIGNALS(SIGNAL_LABEL)
#undef SIGNAL_LABEL
};

const char *grade_word(enum grade grade)
{
	static const char *const words[] = {
		[GRADE_OK] = "ok", [GRADE_DEGRADED] = "degraded", [GRADE_DOWN] = "down"};

	return words[grade];
}

const char *grade_signal_label(enum grade_signal signal)
{
	return signal_labels[signal];
}

const char *grade_signal_unit(enum grade_signal signal)
{
	static const char *const units[] = {
#define SIGNAL_UNIT(name, label, unit, degraded, down, sentence) unit,
		GRADE_SIGNALS(SIGNAL_UNIT)
#undef SIGNAL_UNIT
	};

	return units[signal];
}

/* --- Limits --- */

struct grade_limits grade_limits_default(void)
{
	return (struct grade_limits){{
#define SIGNAL_LIMITS(name, label, unit, degraded, down, sentence) {degraded, down},
		GRADE_SIGNALS(SIGNAL_LIMITS)
#undef SIGNAL_LIMITS
	}};
}

/* Takes a number of at most nine digits; false if there is none. */
static bool take_limit(uint32_t *out, const char **at)
{
	size_t digits = strspn(*at, "0123456789");

	if (!digits || digits > 9)
		return false;
	*out = (uint32_t)strtoul(*at, NULL, 10);
	*at += digits;
	return true;
}

/* Parses `SIGNAL=DEGRADED[:DOWN]` up to a comma or the end. Returns NULL, or what is wrong. */
static const char *parse_limit(struct grade_limits *limits, const char **at)
{
	size_t len = strcspn(*at, "=,");
	unsigned int signal = 0;
	uint32_t degraded;
	uint32_t down = 0;

	while (signal < GRADE_SIGNAL_COUNT && (strlen(signal_labels[signal]) != len ||
					       memcmp(signal_labels[signal], *at, len) != 0))
		signal++;
	if (signal == GRADE_SIGNAL_COUNT)
		return "no such signal; there are lost, cookies, queue and memory";
	*at += len;
	if (*(*at)++ != '=' || !take_limit(&degraded, at))
		return "not SIGNAL=DEGRADED or SIGNAL=DEGRADED:DOWN with numbers below 1000000000";
	if (**at == ':' && ((*at)++, !take_limit(&down, at)))
		return "the limit for down is not a number below 1000000000";
	if (**at && **at != ',')
		return "only a comma may follow a limit";
	if (down && degraded > down)
		return "the limit for degraded is above the one for down";
	limits->of[signal].degraded = degraded;
	limits->of[signal].down = down;
	return NULL;
}

int grade_limits_parse(struct grade_limits *limits, const char *text, char why[GRADE_WHY_LEN])
{
	struct grade_limits changed = *limits;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		const char *one = at;
		const char *fault = parse_limit(&changed, &at);

		if (fault) {
			(void)snprintf(why, GRADE_WHY_LEN, "--limits: '%.*s': %s",
				       (int)(len < 24 ? len : 24), one, fault);
			return -EINVAL;
		}
		if (!*at)
			break;
	}
	*limits = changed;
	return 0;
}

/* --- The judge --- */

struct grade_judge grade_judge_start(const struct grade_limits *limits, uint64_t window_ms)
{
	return (struct grade_judge){.limits = *limits, .window_ms = window_ms};
}

/* Adds a sample, and forgets those that are older than the window. */
static void history_add(struct grade_judge *judge, const struct grade_sample *sample)
{
	unsigned int old = judge->history_count == GRADE_HISTORY;

	while (old < judge->history_count &&
	       judge->history[old].at_ms + judge->window_ms < sample->at_ms)
		old++;
	judge->history_count -= old;
	memmove(judge->history, judge->history + old,
		judge->history_count * sizeof(*judge->history));
	judge->history[judge->history_count++] = *sample;
}

/* The average per second over the window, of which the beginning may be missing. */
static uint64_t rate_milli(uint64_t now, uint64_t then, uint64_t window_ms)
{
	uint64_t more = now > then ? now - then : 0;

	if (more > UINT64_MAX / (GRADE_MILLI * 1000))
		return UINT64_MAX;
	return more * GRADE_MILLI * 1000 / window_ms;
}

static void judge_measure(struct grade_judge *judge)
{
	const struct grade_sample *first = &judge->history[0];
	const struct grade_sample *last = &judge->history[judge->history_count - 1];

	judge->milli[GRADE_LOST] = rate_milli(last->lost, first->lost, judge->window_ms);
	judge->milli[GRADE_COOKIES] = rate_milli(last->cookies, first->cookies, judge->window_ms);
	judge->milli[GRADE_QUEUE] = (uint64_t)last->queue * GRADE_MILLI;
	judge->milli[GRADE_MEMORY] = (uint64_t)last->memory * GRADE_MILLI;
}

/* The grade by one signal, if its limits were some tenths of what they are. */
static enum grade grade_by(const struct grade_judge *judge, unsigned int signal, uint64_t tenths)
{
	uint64_t ten =
		judge->milli[signal] > UINT64_MAX / 10 ? UINT64_MAX : judge->milli[signal] * 10;
	uint64_t degraded = judge->limits.of[signal].degraded * tenths * GRADE_MILLI;
	uint64_t down = judge->limits.of[signal].down * tenths * GRADE_MILLI;

	if (down && ten >= down)
		return GRADE_DOWN;
	return degraded && ten >= degraded ? GRADE_DEGRADED : GRADE_OK;
}

static enum grade grade_by_all(const struct grade_judge *judge, uint64_t tenths)
{
	enum grade worst = GRADE_OK;

	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++)
		if (grade_by(judge, i, tenths) > worst)
			worst = grade_by(judge, i, tenths);
	return worst;
}

/*
 * Continues a streak of samples that want another grade, or starts it. Its target is the mildest
 * change that all of them agree to. True: it has lasted for `ms`.
 */
static bool streak_lasts(struct grade_streak *streak, enum grade now, enum grade wanted,
			 uint64_t at_ms, uint64_t ms)
{
	bool milder = wanted > now ? wanted < streak->to : wanted > streak->to;

	if (!streak->runs)
		*streak = (struct grade_streak){.runs = true, .since_ms = at_ms, .to = wanted};
	else if (milder)
		streak->to = wanted;
	return at_ms - streak->since_ms >= ms;
}

static void judge_turn(struct grade_judge *judge, enum grade to, uint64_t at_ms)
{
	judge->grade = to;
	judge->since_ms = at_ms;
	judge->changes++;
	judge->worse.runs = judge->better.runs = false;
}

enum grade grade_judge_take(struct grade_judge *judge, const struct grade_sample *sample)
{
	history_add(judge, sample);
	judge_measure(judge);

	enum grade reached = grade_by_all(judge, ALL_TENTHS);
	enum grade kept = grade_by_all(judge, KEEP_TENTHS);

	judge->worse.runs &= reached > judge->grade;
	judge->better.runs &= kept < judge->grade;
	if (reached > judge->grade) {
		if (streak_lasts(&judge->worse, judge->grade, reached, sample->at_ms,
				 judge->window_ms / 2))
			judge_turn(judge, judge->worse.to, sample->at_ms);
	} else if (kept < judge->grade) {
		if (streak_lasts(&judge->better, judge->grade, kept, sample->at_ms,
				 judge->window_ms * 2))
			judge_turn(judge, judge->better.to, sample->at_ms);
	}
	return judge->grade;
}

const char *grade_text(char out[GRADE_TEXT_LEN], const struct grade_judge *judge)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++) {
		if (grade_by(judge, i, KEEP_TENTHS) == GRADE_OK)
			continue;
		len += (size_t)snprintf(out + len, GRADE_TEXT_LEN - len,
					"%s%s %" PRIu64 ".%" PRIu64 " %s", len ? ", " : "",
					signal_labels[i], judge->milli[i] / GRADE_MILLI,
					judge->milli[i] % GRADE_MILLI / 100, grade_signal_unit(i));
		if (len >= GRADE_TEXT_LEN)
			break;
	}
	if (!len)
		(void)snprintf(out, GRADE_TEXT_LEN, "all signals are below their limits%s",
			       judge->grade == GRADE_OK ? "" : " again");
	return out;
}
