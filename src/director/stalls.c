/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "director/stalls.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"

enum { TURNS_MAX = 3 };

static void warn_of(unsigned int worker, uint64_t seconds)
{
	struct log_pairs pairs = log_pairs_of("worker_held");

	log_pair_number(&pairs, "worker", worker);
	log_pair_number(&pairs, "lcore", worker_lcore(worker));
	log_event(LOG_LEVEL_WARNING, &pairs,
		  "worker %u on lcore %u has not come to the end of a burst for %" PRIu64 " s: it "
		  "forwards nothing, and what was replaced since stays in memory",
		  worker, worker_lcore(worker), seconds);
}

static void stalls_warn(const struct stalls *stalls, const struct workers *workers)
{
	for (unsigned int i = 0; i < workers->count; i++)
		if (stalls->workers[i].waited_ms >= STALL_MS)
			warn_of(i, stalls->workers[i].waited_ms / 1000);
}

/* Limits the time between two turns of the control thread: a pause of the whole process is no
 * stall of workers. */
static uint64_t count_time(struct stalls *stalls, uint32_t turn_ms)
{
	uint64_t now_ms = clock_ms();
	uint64_t passed_ms = now_ms - stalls->polled_at_ms;
	uint64_t most_ms = (uint64_t)turn_ms * TURNS_MAX;

	stalls->polled_at_ms = now_ms;
	return passed_ms < most_ms ? passed_ms : most_ms;
}

/* Sends a new token to workers that have answered, and finds the one that is overdue the longest.
 */
static void stalls_ask(struct stalls *stalls, const struct workers *workers, uint64_t passed_ms)
{
	const uint64_t token = publish_ask(&workers->publish);

	stalls->longest_ms = 0;
	for (unsigned int i = 0; i < workers->count; i++) {
		uint64_t asked = stalls->workers[i].token;

		if (!asked || publish_has_answered(&workers->publish, i, asked)) {
			stalls->workers[i].token = token;
			stalls->workers[i].waited_ms = 0;
			continue;
		}
		stalls->workers[i].waited_ms += passed_ms;
		if (stalls->workers[i].waited_ms > stalls->longest_ms) {
			stalls->longest_ms = stalls->workers[i].waited_ms;
			stalls->slowest = i;
		}
	}
}

/* A worker that stops again and again counts as stalled throughout, so that routes do not flap. */
static void stalls_judge(struct stalls *stalls, uint64_t passed_ms, uint32_t limit_ms)
{
	if (limit_ms && stalls->longest_ms >= limit_ms) {
		stalls->stalled = true;
		stalls->going_on_ms = 0;
	} else if (stalls->stalled) {
		bool go_on = stalls_go_on(stalls, limit_ms);

		stalls->going_on_ms = go_on ? stalls->going_on_ms + passed_ms : 0;
		stalls->stalled = limit_ms && stalls->going_on_ms < limit_ms;
	}
}

void stalls_poll(struct stalls *stalls, const struct workers *workers, uint32_t limit_ms,
		 uint32_t turn_ms)
{
	uint64_t passed_ms = count_time(stalls, turn_ms);

	stalls_ask(stalls, workers, passed_ms);
	stalls_judge(stalls, passed_ms, limit_ms);
	if (!stalls->warn_at_ms)
		stalls->warn_at_ms = STALL_MS;
	if (stalls->longest_ms >= stalls->warn_at_ms) {
		stalls_warn(stalls, workers);
		stalls->warn_at_ms += STALL_REMIND_MS;
	} else if (stalls->longest_ms < STALL_MS && stalls->warn_at_ms > STALL_MS) {
		log_info("all workers go on");
		stalls->warn_at_ms = STALL_MS;
	}
}
