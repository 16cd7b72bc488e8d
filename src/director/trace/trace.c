/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "conf/reasons.h"
#include "conf/response.h"
#include "director/control.h"
#include "director/trace/text.h"
#include "director/trace/trace.h"
#include "sys/clock.h"
#include "sys/lines.h"
#include "sys/log.h"
#include "sys/loop.h"

struct trace {
	uint64_t number;
	struct trace_order order;
	struct trace_ring **rings; /* one for each worker */
	unsigned int count;	   /* of rings */
	uint8_t *room;		   /* scratch memory for reasons; NULL: not requested */
	struct lines_peer peer;
	struct lines_connection connection; /* of the last request */
	struct lines_request *request;	    /* pending request for more; NULL: none */
	uint64_t turned_ms;		    /* of the last request or reply */
	uint64_t until_ms;		    /* when the trace ends; 0: never */
	uint64_t given;			    /* frames so far */
	uint64_t told_missed;		    /* reported so far */
	struct response batch;		    /* the next reply */
	unsigned int batched;		    /* frames in it; 0: not begun */
	bool is_over;			    /* time is up; no worker starts a record */
	uint64_t token;			    /* after the end: until workers noticed */
	struct trace *next;		    /* in the list of ended traces */
};

/* --- Life --- */

static void free_trace(struct trace *trace)
{
	if (!trace)
		return;
	for (unsigned int i = 0; trace->rings && i < trace->count; i++)
		trace_ring_free(trace->rings[i]);
	free(trace->rings);
	free(trace->room);
	free(trace);
}

/* NULL if memory runs out. */
static struct trace *make_trace(const struct trace_order *order, unsigned int workers)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	int err = 0;

	if (!trace)
		return NULL;
	trace->order = *order;
	trace->count = workers;
	trace->rings = calloc(workers, sizeof(struct trace_ring *));
	if (order->with_reasons)
		trace->room = malloc(REASONS_ROOM);
	if (!trace->rings || (order->with_reasons && !trace->room))
		err = -ENOMEM;
	for (unsigned int i = 0; i < workers && !err; i++)
		err = trace_ring_make(&trace->rings[i], &trace->order.filter, order->snaplen);
	if (!err)
		return trace;
	free_trace(trace);
	return NULL;
}

/* Gives workers their rings, or withdraws them. */
static void set_rings(struct workers *workers, struct trace *trace)
{
	for (unsigned int i = 0; i < workers->count; i++)
		__atomic_store_n(&workers->workers[i].trace, trace ? trace->rings[i] : NULL,
				 __ATOMIC_RELEASE);
}

/* Are all workers certain not to write to it any more? */
static bool is_left(const struct trace *trace, const struct publish *publish)
{
	unsigned int i = 0;

	while (i < trace->count && publish_has_answered(publish, i, trace->token))
		i++;
	return i == trace->count;
}

/* Frees ended traces that no worker can refer to. Returns how many are left. */
static unsigned int reclaim(struct control *control)
{
	struct trace **place = &control->tracing.ended;
	unsigned int count = 0;

	while (*place) {
		struct trace *one = *place;

		if (!is_left(one, &control->workers.publish)) {
			place = &one->next;
			count++;
			continue;
		}
		*place = one->next;
		free_trace(one);
	}
	return count;
}

/* Ends the active trace. */
static void end_trace(struct control *control, const char *why)
{
	struct tracing *tracing = &control->tracing;
	struct trace *trace = tracing->now;

	set_rings(&control->workers, NULL);
	trace->token = publish_ask(&control->workers.publish);
	if (trace->batched)
		response_drop(&trace->batch);
	if (trace->request)
		response_give_up(trace->request);
	trace->request = NULL;
	log_info("trace %" PRIu64 ": ended, %s; frames %" PRIu64 ", missed %" PRIu64, trace->number,
		 why, trace->given, trace->told_missed);
	trace->next = tracing->ended;
	tracing->ended = trace;
	tracing->now = NULL;
}

/* Ends the trace if its client has disconnected. */
static bool end_left(struct control *control)
{
	const struct trace *now = control->tracing.now;

	if (!now || lines_is_connected(&now->connection))
		return false;
	end_trace(control, "its client has left");
	return true;
}

/* --- Frames --- */

static uint64_t count_missed(const struct trace *trace)
{
	uint64_t missed = 0;

	for (unsigned int i = 0; i < trace->count; i++)
		missed += trace_ring_missed(trace->rings[i]);
	return missed;
}

/* The worker whose next record is the oldest, or the number of workers if there is no record. */
static unsigned int find_oldest(const struct trace *trace)
{
	const struct trace_record *oldest = NULL;
	unsigned int found = trace->count;

	for (unsigned int i = 0; i < trace->count; i++) {
		const struct trace_record *one = trace_ring_peek(trace->rings[i]);

		if (!one || (oldest && one->ticks >= oldest->ticks))
			continue;
		oldest = one;
		found = i;
	}
	return found;
}

static bool is_full(const struct trace *trace)
{
	const unsigned int most = trace->room ? TRACE_EXPLAINED_MAX : TRACE_FRAMES_MAX;

	return trace->batched >= most ||
	       (trace->order.count && trace->given >= trace->order.count) ||
	       (trace->batched && ftell(trace->batch.w.out) >= TRACE_TEXT_MAX);
}

static bool begin_batch(struct trace *trace)
{
	if (!response_begin(&trace->batch))
		return false;
	write_uint(&trace->batch.w, "trace", trace->number);
	write_open(&trace->batch.w, "frames", '[');
	return true;
}

/* Moves records into the next reply until it is full. */
static void trace_collect(struct control *control, struct trace *trace)
{
	struct trace_text text = {
		.w = &trace->batch.w,
		.control = control,
		.clock = trace_clock_now(control->workers.ns_per_tick),
		.snaplen = trace->order.snaplen,
		.room = trace->room,
	};

	while (!is_full(trace)) {
		const unsigned int worker = find_oldest(trace);

		if (worker == trace->count || (!trace->batched && !begin_batch(trace)))
			break;
		trace_text_write(&text, trace_ring_peek(trace->rings[worker]), worker);
		trace_ring_pass(trace->rings[worker]);
		trace->batched++;
		trace->given++;
	}
	for (unsigned int i = 0; i < trace->count; i++)
		trace_ring_allow(trace->rings[i]);
}

/* Checks the time limit. Frames captured before the end are still delivered. */
static void watch_time(struct control *control, struct trace *trace, uint64_t now_ms)
{
	if (trace->is_over || !trace->until_ms || now_ms < trace->until_ms)
		return;
	trace->is_over = true;
	set_rings(&control->workers, NULL);
}

/* The reason to end, if a limit of frames or time is reached; or NULL. */
static const char *end_of(const struct trace *trace)
{
	if (trace->order.count && trace->given >= trace->order.count)
		return "count";
	if (trace->is_over && find_oldest(trace) == trace->count)
		return "seconds";
	return NULL;
}

/* Replies to a pending request for more. `why`: the reason to end, or NULL. */
static void trace_answer(struct trace *trace, const char *why, uint64_t now_ms)
{
	struct lines_request *request = trace->request;
	const uint64_t missed = count_missed(trace);

	trace->request = NULL;
	trace->turned_ms = now_ms;
	if (!trace->batched && !begin_batch(trace)) {
		response_give_up(request);
		return;
	}
	trace->batched = 0;
	write_close(&trace->batch.w, ']');
	write_uint(&trace->batch.w, "missed", missed - trace->told_missed);
	write_string(&trace->batch.w, "ended", why);
	trace->told_missed = missed;
	response_send(&trace->batch, request);
}

/* --- Turns --- */

static void trace_watch(void *arg);

void trace_follow(struct control *control)
{
	struct tracing *tracing = &control->tracing;
	struct trace *trace = tracing->now;
	const uint64_t now_ms = clock_ms();
	const char *why;

	(void)reclaim(control);
	if (!trace)
		return;
	watch_time(control, trace, now_ms);
	trace_collect(control, trace);
	why = end_of(trace);
	if (end_left(control))
		return;
	if (trace->request &&
	    (trace->batched || why || now_ms - trace->turned_ms >= TRACE_WAIT_MS)) {
		trace_answer(trace, why, now_ms);
		if (why) {
			end_trace(control, why);
			return;
		}
	}
	if (!trace->request && now_ms - trace->turned_ms >= TRACE_PATIENCE_MS) {
		end_trace(control, "no client polls it");
		return;
	}
	/* if memory runs out, the next turn checks */
	if (!tracing->is_watching)
		tracing->is_watching =
			!loop_after(control->loop, TRACE_TICK_MS, trace_watch, control);
}

static void trace_watch(void *arg)
{
	struct control *control = arg;

	control->tracing.is_watching = false;
	trace_follow(control);
}

/* --- Requests --- */

/* Refuses the request if a trace is active, or too many ended ones are not freed yet. */
static bool trace_is_taken(struct control *control, struct lines_request *request)
{
	const struct trace *now = end_left(control) ? NULL : control->tracing.now;

	if (now)
		response_refuse(request, RESPONSE_REFUSED,
				"trace %" PRIu64
				" of process %d, user %u, is under way; there is one "
				"at a time",
				now->number, (int)now->peer.pid, (unsigned int)now->peer.uid);
	else if (reclaim(control) < TRACE_ENDED_MAX)
		return false;
	else
		response_refuse(request, RESPONSE_REFUSED,
				"a worker that stands still may write for %d traces before this",
				TRACE_ENDED_MAX);
	return true;
}

void trace_start(struct control *control, struct lines_request *request,
		 const struct trace_order *order)
{
	struct tracing *tracing = &control->tracing;
	struct response response;
	struct trace *trace;

	if (trace_is_taken(control, request))
		return;
	trace = make_trace(order, control->workers.count);
	if (!trace || !response_begin(&response)) {
		free_trace(trace);
		response_refuse(request, RESPONSE_FAILED, "out of memory");
		return;
	}
	trace->number = ++tracing->last;
	trace->peer = lines_peer(request);
	trace->connection = lines_connection(request);
	trace->turned_ms = clock_ms();
	trace->until_ms = order->seconds ? trace->turned_ms + (uint64_t)order->seconds * 1000 : 0;
	write_uint(&response.w, "trace", trace->number);
	write_uint(&response.w, "snaplen", order->snaplen);
	trace_text_ports(&response.w, control);
	tracing->now = trace;
	set_rings(&control->workers, trace);
	response_send(&response, request);
	trace_follow(control);
}

void trace_next(struct control *control, struct lines_request *request, uint64_t number)
{
	struct trace *trace = control->tracing.now;

	if (!trace || trace->number != number) {
		response_refuse(request, RESPONSE_REFUSED, "trace %" PRIu64 " %s", number,
				number && number <= control->tracing.last ? "has ended"
									  : "was never begun");
		return;
	}
	if (trace->request) {
		response_refuse(request, RESPONSE_REFUSED,
				"trace %" PRIu64 ": another request for more is pending", number);
		return;
	}
	trace->request = request; /* answered in the next turn: a flood delays nothing else */
	trace->turned_ms = clock_ms();
}

void trace_end(struct control *control)
{
	struct trace *trace = control->tracing.now;

	if (!trace)
		return;
	if (trace->request)
		response_refuse(trace->request, RESPONSE_FAILED, "the director stops");
	trace->request = NULL;
	end_trace(control, "the director stops");
}

void trace_free(struct tracing *tracing)
{
	while (tracing->ended) {
		struct trace *one = tracing->ended;

		tracing->ended = one->next;
		free_trace(one);
	}
}
