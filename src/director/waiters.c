/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "conf/response.h"
#include "director/control.h"
#include "director/effect.h"
#include "director/show/show.h"
#include "director/waiters.h"
#include "sys/clock.h"
#include "sys/loop.h"

enum { WATCH_MS = 2 };

/* What a client waits for. */
enum stage {
	STAGE_ASKED,	/* the start of a requested build */
	STAGE_BUILDING, /* the end of the build in progress */
	STAGE_SERVED,	/* all workers to serve it */
};

struct waiter {
	struct lines_request *request;
	struct waiter *next;
	enum reload_scope scope; /* of the build */
	enum stage stage;
	struct response response; /* in STAGE_SERVED */
	uint64_t generation;	  /* in STAGE_SERVED: the one to be served */
	uint64_t until_ms;
};

void waiters_add(struct waiters *waiters, struct lines_request *request, enum reload_scope scope)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter) {
		response_give_up(request);
		return;
	}
	*waiter = (struct waiter){.request = request, .next = waiters->first, .scope = scope};
	waiters->first = waiter;
}

void waiters_build_starts(struct waiters *waiters, enum reload_scope scope)
{
	for (struct waiter *one = waiters->first; one; one = one->next)
		if (one->stage == STAGE_ASKED && reload_covers(scope, one->scope))
			one->stage = STAGE_BUILDING;
}

/* Unlinks a waiter; *place is then the next one. */
static void take_off(struct waiter **place)
{
	struct waiter *waiter = *place;

	*place = waiter->next;
	free(waiter);
}

/* Writes the result of a reload. False if memory runs out. */
static bool describe(struct waiter *waiter, const struct control *control,
		     const struct build *build)
{
	struct response *response = &waiter->response;

	if (!response_begin(response))
		return false;
	write_uint(&response->w, "generation", control->generation);
	write_uint(&response->w, "took_ms", control->last.took_ms);
	write_bool(&response->w, "tables_only", build->scope == RELOAD_TABLES);
	write_bool(&response->w, "deny_only", build->scope == RELOAD_DENY);
	show_digests(&response->w, control);
	show_deny(&response->w, control);
	effect_write(&response->w, build->effect);
	waiter->stage = STAGE_SERVED;
	waiter->generation = control->generation;
	waiter->until_ms = clock_ms() + WAITERS_PATIENCE_MS;
	return true;
}

static void waiters_refuse(struct lines_request *request, const struct control *control,
			   const struct build *build)
{
	const char *why = control->last.why.text;
	struct response response;

	if (!response_begin_error(&response, RESPONSE_REFUSED, "%s",
				  *why ? why : "the log says why")) {
		response_give_up(request);
		return;
	}
	write_uint(&response.w, "generation", control->generation);
	if (build->problem_count)
		response_put_problems(&response.w, build->problems, build->problem_count);
	response_send(&response, request);
}

void waiters_build_ended(struct waiters *waiters, struct control *control,
			 const struct build *build)
{
	struct waiter **place = &waiters->first;

	while (*place) {
		struct waiter *one = *place;
		bool is_done = control->last.result == RELOAD_DONE;

		if (one->stage != STAGE_BUILDING || (is_done && describe(one, control, build))) {
			place = &one->next;
			continue;
		}
		if (is_done)
			response_give_up(one->request);
		else
			waiters_refuse(one->request, control, build);
		take_off(place);
	}
	waiters_follow(waiters, control);
}

void waiters_put_off(struct waiters *waiters, const struct control *control)
{
	struct waiter **place = &waiters->first;

	while (*place) {
		struct waiter *one = *place;

		if (one->stage != STAGE_ASKED) {
			place = &one->next;
			continue;
		}
		response_refuse(one->request, RESPONSE_PUT_OFF, "%s", control->last.why.text);
		take_off(place);
	}
}

/* The first worker that does not serve the generation yet, or the number of workers. */
static unsigned int find_late(const struct workers *workers, uint64_t generation)
{
	unsigned int i = 0;

	while (i < workers->count && __atomic_load_n(&workers->workers[i].counters.generation,
						     __ATOMIC_RELAXED) >= generation)
		i++;
	return i;
}

/* Replies to a client, if its reply is due. */
static bool answer_served(struct waiter *waiter, const struct control *control)
{
	unsigned int late = find_late(&control->workers, waiter->generation);

	if (late == control->workers.count) {
		response_send(&waiter->response, waiter->request);
		return true;
	}
	if (clock_ms() < waiter->until_ms)
		return false;
	response_drop(&waiter->response);
	response_refuse(waiter->request, RESPONSE_FAILED,
			"generation %" PRIu64 " is in force, but worker %u on lcore %u has not "
			"begun to serve it within %d s",
			waiter->generation, late, worker_lcore(late), WAITERS_PATIENCE_MS / 1000);
	return true;
}

static void waiters_watch(void *arg);

void waiters_follow(struct waiters *waiters, struct control *control)
{
	struct waiter **place = &waiters->first;
	bool is_left = false;

	while (*place) {
		struct waiter *one = *place;

		if (one->stage == STAGE_SERVED && answer_served(one, control)) {
			take_off(place);
			continue;
		}
		is_left |= one->stage == STAGE_SERVED;
		place = &one->next;
	}
	/* if memory runs out, the next turn checks */
	if (is_left && !waiters->is_watching)
		waiters->is_watching = !loop_after(control->loop, WATCH_MS, waiters_watch, control);
}

static void waiters_watch(void *arg)
{
	struct control *control = arg;

	control->waiters.is_watching = false;
	waiters_follow(&control->waiters, control);
}

void waiters_end(struct waiters *waiters)
{
	while (waiters->first) {
		struct waiter *one = waiters->first;

		if (one->stage == STAGE_SERVED)
			response_drop(&one->response);
		response_refuse(one->request, RESPONSE_FAILED, "the director stops");
		take_off(&waiters->first);
	}
}
