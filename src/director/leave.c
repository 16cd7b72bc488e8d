/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "conf/response.h"
#include "director/control.h"
#include "director/leave.h"
#include "director/stats.h"
#include "sys/clock.h"
#include "sys/log_pairs.h"

struct departed {
	struct lines_request *request;
	struct departed *next;
};

static uint64_t count_forwarded(const struct control *control)
{
	return stats_sum(&control->workers).verdicts[GLB_FORWARD];
}

void leave_start(struct control *control, struct lines_request *request, uint32_t quiet_s,
		 uint32_t deadline_s)
{
	const struct log_pairs pairs = log_pairs_of("leaving");
	struct leave *leave = &control->leave;
	struct departed *one = malloc(sizeof(*one));
	const uint64_t now_ms = clock_ms();

	if (!one) {
		response_give_up(request);
		return;
	}
	*one = (struct departed){request, leave->first};
	leave->first = one;
	if (!leave->started_ms) {
		leave->started_ms = leave->moved_ms = now_ms;
		leave->forwarded = leave->forwarded_at_start = count_forwarded(control);
	}
	leave->quiet_ms = (uint64_t)quiet_s * 1000;
	leave->until_ms = now_ms + (uint64_t)deadline_s * 1000;
	control->leaving = true;
	readiness_follow(control);
	log_event(LOG_LEVEL_INFO, &pairs,
		  "leaving: stops when nothing was forwarded for %u s, or in %u s", quiet_s,
		  deadline_s);
}

static void leave_answer(struct lines_request *request, const struct leave *leave, bool is_quiet)
{
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	write_bool(&response.w, "quiet", is_quiet);
	write_uint(&response.w, "took_ms", clock_ms() - leave->started_ms);
	write_uint(&response.w, "forwarded", leave->forwarded - leave->forwarded_at_start);
	response_send(&response, request);
}

static struct lines_request *take_first(struct leave *leave)
{
	struct departed *first = leave->first;
	struct lines_request *request = first->request;

	leave->first = first->next;
	free(first);
	return request;
}

void leave_follow(struct control *control)
{
	struct leave *leave = &control->leave;
	const uint64_t now_ms = clock_ms();
	uint64_t forwarded;
	bool is_quiet;

	if (!leave->started_ms || control->stopping)
		return;
	forwarded = count_forwarded(control);
	if (forwarded != leave->forwarded)
		leave->moved_ms = now_ms;
	leave->forwarded = forwarded;
	is_quiet = now_ms - leave->moved_ms >= leave->quiet_ms;
	if (!is_quiet && now_ms < leave->until_ms)
		return;
	if (is_quiet)
		log_info("left: nothing was forwarded for %" PRIu64 " s", leave->quiet_ms / 1000);
	else
		log_warning("left: time was up, and %" PRIu64 " packets were forwarded since "
			    "it began to leave, the last one %" PRIu64 " ms ago",
			    forwarded - leave->forwarded_at_start, now_ms - leave->moved_ms);
	while (leave->first)
		leave_answer(take_first(leave), leave, is_quiet);
	readiness_stop(control);
}

void leave_end(struct control *control)
{
	while (control->leave.first)
		response_refuse(take_first(&control->leave), RESPONSE_FAILED, "the director stops");
}
