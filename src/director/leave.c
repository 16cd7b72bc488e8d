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

static struct leave_counts count_packets(const struct control *control)
{
	const struct worker_counters sum = stats_sum(&control->workers);
	const struct port_losses ports = stats_losses(&control->workers.ports);

	return (struct leave_counts){
		.received = sum.rx,
		.forwarded = sum.verdicts[GLB_FORWARD],
		.lost = ports.rx_missed + ports.rx_no_mbuf + sum.handover_dropped + sum.tx_dropped,
	};
}

void leave_start(struct control *control, struct lines_request *request,
		 const struct leave_order *order)
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
		leave->at_start = count_packets(control);
		leave->forwarded = leave->at_start.forwarded;
	}
	leave->order = *order;
	leave->until_ms = now_ms + (uint64_t)order->deadline_s * 1000;
	control->leaving = true;
	readiness_follow(control);
	log_event(LOG_LEVEL_INFO, &pairs,
		  "leaving: stops when nothing was forwarded for %u s, or %s %u s", order->quiet_s,
		  order->or_stay ? "stays after" : "in", order->deadline_s);
}

static void leave_answer(struct lines_request *request, const struct control *control,
			 bool is_quiet)
{
	const struct leave *leave = &control->leave;
	const struct leave_counts counts = count_packets(control);
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	write_bool(&response.w, "quiet", is_quiet);
	write_uint(&response.w, "took_ms", clock_ms() - leave->started_ms);
	write_uint(&response.w, "received", counts.received - leave->at_start.received);
	write_uint(&response.w, "forwarded", counts.forwarded - leave->at_start.forwarded);
	write_uint(&response.w, "lost", counts.lost - leave->at_start.lost);
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

/* It is ready again, and requests that wait for it to leave get the reason. */
static void leave_return(struct control *control, const char *why)
{
	const struct log_pairs pairs = log_pairs_of("staying");

	while (control->leave.first)
		response_refuse(take_first(&control->leave), RESPONSE_REFUSED,
				"the director stays: %s", why);
	control->leave.started_ms = 0;
	control->leaving = false;
	log_event(LOG_LEVEL_WARNING, &pairs, "stays, and no longer leaves: %s", why);
	readiness_follow(control);
}

/* The deadline, with packets still arriving. */
static void stay_after_all(struct control *control)
{
	const struct leave *leave = &control->leave;
	struct glb_diag why = {{0}};

	glb_diag(&why,
		 "after %u s packets still arrive, %" PRIu64
		 " since it began to leave: routers have "
		 "no other path, or ignore the withdrawal",
		 leave->order.deadline_s, leave->forwarded - leave->at_start.forwarded);
	leave_return(control, why.text);
}

void leave_cancel(struct control *control, struct lines_request *request)
{
	bool was_leaving = control->leave.started_ms;
	struct response response;

	if (control->stopping) {
		response_refuse(request, RESPONSE_REFUSED, "the director stops");
		return;
	}
	if (was_leaving)
		leave_return(control, "it was told to");
	if (!response_begin(&response)) {
		response_give_up(request);
		return;
	}
	write_bool(&response.w, "was_leaving", was_leaving);
	response_send(&response, request);
}

void leave_follow(struct control *control)
{
	struct leave *leave = &control->leave;
	const uint64_t now_ms = clock_ms();
	uint64_t forwarded;
	bool is_quiet;

	if (!leave->started_ms || control->stopping)
		return;
	forwarded = count_packets(control).forwarded;
	if (forwarded != leave->forwarded)
		leave->moved_ms = now_ms;
	leave->forwarded = forwarded;
	is_quiet = now_ms - leave->moved_ms >= (uint64_t)leave->order.quiet_s * 1000;
	if (!is_quiet && now_ms < leave->until_ms)
		return;
	if (!is_quiet && leave->order.or_stay) {
		stay_after_all(control);
		return;
	}
	if (is_quiet)
		log_info("left: nothing was forwarded for %u s", leave->order.quiet_s);
	else
		log_warning("left: time was up, and %" PRIu64 " packets were forwarded since "
			    "it began to leave, the last one %" PRIu64 " ms ago",
			    forwarded - leave->at_start.forwarded, now_ms - leave->moved_ms);
	while (leave->first)
		leave_answer(take_first(leave), control, is_quiet);
	readiness_stop(control);
}

void leave_end(struct control *control)
{
	while (control->leave.first)
		response_refuse(take_first(&control->leave), RESPONSE_FAILED, "the director stops");
}
