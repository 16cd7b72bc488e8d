/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <time.h>

#include "director/stalls.h"
#include "sys/log.h"

enum { TURN_MAX_MS = 300 };

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool all_have_answered(const struct stalls *stalls, const struct workers *workers)
{
	bool all = true;

	for (unsigned int i = 0; i < workers->count; i++)
		all &= publish_has_answered(&workers->publish, i, stalls->token);
	return all;
}

static void warn(const struct stalls *stalls, const struct workers *workers)
{
	for (unsigned int i = 0; i < workers->count; i++)
		if (!publish_has_answered(&workers->publish, i, stalls->token))
			log_warning("worker %u on lcore %u has not come to the end of a burst for "
				    "%" PRIu64 " s: it forwards nothing, and what was replaced "
				    "since stays in memory",
				    i, worker_lcore(i), stalls->waited_ms / 1000);
}

/* Between two turns of the control thread time passes as fast as it does for workers, but not more.
 */
static void count_time(struct stalls *stalls)
{
	uint64_t now_ms = monotonic_ms();
	uint64_t passed_ms = now_ms - stalls->polled_at_ms;

	stalls->polled_at_ms = now_ms;
	stalls->waited_ms += passed_ms < TURN_MAX_MS ? passed_ms : TURN_MAX_MS;
}

static unsigned int ask_ms(const struct stalls *stalls)
{
	return stalls->ask_ms && stalls->ask_ms < STALL_ASK_MS ? stalls->ask_ms : STALL_ASK_MS;
}

bool stalls_poll(struct stalls *stalls, const struct workers *workers)
{
	count_time(stalls);
	if (stalls->token && !all_have_answered(stalls, workers)) {
		if (stalls->waited_ms < stalls->warn_at_ms)
			return false;
		warn(stalls, workers);
		stalls->warn_at_ms += STALL_REMIND_MS;
		return false;
	}
	if (stalls->warn_at_ms > STALL_MS)
		log_info("all workers go on");
	stalls->warn_at_ms = STALL_MS;
	if (stalls->token && stalls->waited_ms < ask_ms(stalls))
		return false;

	bool answered = stalls->token;

	stalls->token = publish_ask(&workers->publish);
	stalls->waited_ms = 0;
	return answered;
}
