/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "director/recorder.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"
#include "sys/words.h"

enum { CLOCK_LEN = 16, SLACK_MS = 5 /* of timers */ };

static uint64_t day_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The time of day of a recent TSC value. */
static uint64_t day_ms_of(uint64_t ticks)
{
	uint64_t now = rte_rdtsc();
	uint64_t ago = now > ticks ? now - ticks : 0;

	return day_ms() - ago * 1000 / rte_get_tsc_hz();
}

static const char *clock_text(char out[CLOCK_LEN], uint64_t ms)
{
	uint64_t s = ms / 1000;

	(void)snprintf(out, CLOCK_LEN, "%02u:%02u:%02u.%03u", (unsigned int)(s / 3600 % 24),
		       (unsigned int)(s / 60 % 60), (unsigned int)(s % 60),
		       (unsigned int)(ms % 1000));
	return out;
}

const char *stall_text(char out[STALL_TEXT_LEN], const struct stall *stall)
{
	const struct turn_stall *turn = &stall->turn;
	uint32_t faults = turn->within.minor_faults + turn->within.major_faults;
	char clock[CLOCK_LEN];
	char with[32] = "without packets";
	char waiting[48] = "";

	if (turn->packets)
		(void)snprintf(with, sizeof(with), "with %u packet%s", turn->packets,
			       plural(turn->packets));
	if (turn->waiting != TURN_UNKNOWN)
		(void)snprintf(waiting, sizeof(waiting), ", %u packet%s waiting", turn->waiting,
			       plural(turn->waiting));
	(void)snprintf(out, STALL_TEXT_LEN,
		       "worker %u on lcore %u stood still for %" PRIu64 " ms until %s UTC, in a "
		       "turn %s: %u involuntary context switch%s, %u page fault%s%s",
		       stall->worker, stall->lcore, turn->ns / 1000000,
		       clock_text(clock, stall->end_ms), with, turn->within.switches,
		       turn->within.switches == 1 ? "" : "es", faults, plural(faults), waiting);
	return out;
}

static void mention(struct recorder *recorder, const struct stall *stall)
{
	struct log_pairs pairs = log_pairs_of("stall");
	char text[STALL_TEXT_LEN];

	if (!sparing_allows(&recorder->lines, clock_ms()))
		return;
	log_pair_number(&pairs, "worker", stall->worker);
	log_pair_number(&pairs, "lcore", stall->lcore);
	log_pair_number(&pairs, "ms", stall->turn.ns / 1000000);
	log_event(LOG_LEVEL_INFO, &pairs, "%s", stall_text(text, stall));
}

/* Logs how many stalls were withheld. */
static void mention_others(struct recorder *recorder, uint64_t now_ms)
{
	uint32_t withheld = sparing_take(&recorder->lines, now_ms);

	if (withheld)
		log_info("workers stood still %u more time%s in the last minute", withheld,
			 plural(withheld));
}

static void recorder_collect(struct recorder *recorder, const struct worker *worker)
{
	uint64_t count = __atomic_load_n(&worker->turns.times.stalls, __ATOMIC_ACQUIRE);
	uint64_t *seen = &recorder->seen[worker->index];

	for (; *seen < count; ++*seen) {
		struct stall *stall = &recorder->kept[recorder->count % RECORDER_KEPT];
		struct turn_stall turn;

		if (!turn_get_stall(&turn, &worker->turns, *seen)) {
			recorder->lost++;
			continue;
		}
		*stall = (struct stall){
			.end_ms = day_ms_of(turn.end_ticks),
			.worker = worker->index,
			.lcore = worker_lcore(worker->index),
			.turn = turn,
		};
		recorder->count++;
		mention(recorder, stall);
	}
}

void recorder_poll(struct recorder *recorder, struct workers *workers)
{
	uint64_t now_ms = clock_ms();

	if (now_ms - recorder->polled_at_ms < TURN_SAMPLE_MS - SLACK_MS)
		return;
	recorder->polled_at_ms = now_ms;
	mention_others(recorder, now_ms);
	for (unsigned int i = 0; i < workers->count; i++)
		recorder_collect(recorder, &workers->workers[i]);
	__atomic_store_n(&workers->orders.sample, workers->orders.sample + 1, __ATOMIC_RELAXED);
}

const struct stall *recorder_get(const struct recorder *recorder, unsigned int back)
{
	if (back >= recorder->count || back >= RECORDER_KEPT)
		return NULL;
	return &recorder->kept[(recorder->count - 1 - back) % RECORDER_KEPT];
}
