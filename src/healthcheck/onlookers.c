/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "conf/response.h"
#include "healthcheck/describe.h"
#include "healthcheck/onlookers.h"
#include "sys/clock.h"
#include "sys/lines.h"
#include "sys/loop.h"

struct onlooker {
	struct onlookers *all;
	uint64_t number;	 /* 0: free slot */
	struct content *content; /* holds the content with the checks */
	unsigned int *checks;	 /* their indexes in its plan */
	unsigned int check_count;
	unsigned int at;		    /* index of the current or next one */
	struct monitor_trial *trial;	    /* NULL: none in progress */
	uint64_t started_us;		    /* start of the trial */
	struct lines_connection connection; /* of the latest request */
	struct lines_request *request;	    /* waiting for a reply; NULL: none */
	uint64_t turned_ms;		    /* time of the latest request or reply */
	struct response batch;		    /* the next reply, being written */
	bool is_begun;			    /* batch was begun */
};

struct onlookers {
	struct loop *loop;
	struct monitor *monitor;
	struct onlooker places[ONLOOKERS_MAX];
	uint64_t last; /* the latest number */
	bool is_planned;
};

static void plan_turn(struct onlookers *all);

/* --- Setup --- */

static void onlookers_end(struct onlooker *one)
{
	if (one->trial)
		monitor_try_cancel(one->trial);
	if (one->is_begun)
		response_drop(&one->batch);
	content_unref(one->content);
	free(one->checks);
	*one = (struct onlooker){.number = 0};
}

static bool is_over(const struct onlooker *one)
{
	return one->at == one->check_count;
}

/* --- Steps and results --- */

/* Begins the next reply unless begun already. False: out of memory, or it is full. */
static bool has_batch(struct onlooker *one)
{
	if (one->is_begun)
		return ftell(one->batch.w.out) < ONLOOKER_TEXT_MAX;
	one->is_begun = response_begin(&one->batch);
	if (!one->is_begun)
		return false;
	write_uint(&one->batch.w, "probe", one->number);
	write_open(&one->batch.w, "events", '[');
	return true;
}

static void onlookers_answer(struct onlooker *one)
{
	struct lines_request *request = one->request;

	one->request = NULL;
	one->turned_ms = clock_ms();
	if (!one->is_begun && !has_batch(one)) {
		response_give_up(request);
		return;
	}
	one->is_begun = false;
	write_close(&one->batch.w, ']');
	write_bool(&one->batch.w, "ended", is_over(one));
	response_send(&one->batch, request);
	if (is_over(one))
		onlookers_end(one);
}

static void open_event(struct onlooker *one)
{
	const struct health_check *check = &one->content->plan.checks[one->checks[one->at]];
	struct writer *w = &one->batch.w;

	write_open(w, NULL, '{');
	write_string(w, "check", check->name);
	write_uint(w, "at_us", clock_us() - one->started_us);
}

static void onlookers_take_step(void *arg, const char *text)
{
	struct onlooker *one = arg;

	if (!has_batch(one))
		return;
	open_event(one);
	write_string(&one->batch.w, "step", text);
	write_close(&one->batch.w, '}');
	plan_turn(one->all);
}

static void put_result(struct writer *w, const struct probe_result *result)
{
	write_open(w, "result", '{');
	write_bool(w, "good", result->reason == PROBE_NONE);
	write_bool(w, "degraded", result->is_degraded);
	write_string(w, "reason", probe_reason_word(result->reason));
	write_string(w, "sentence", probe_reason_sentence(result->reason));
	write_string(w, "detail", *result->detail ? result->detail : NULL);
	write_uint(w, "connect_us", result->connect_us);
	write_uint(w, "total_us", result->total_us);
	write_close(w, '}');
}

static void take_result(void *arg, const struct probe_result *result)
{
	struct onlooker *one = arg;

	one->trial = NULL;
	if (has_batch(one)) {
		open_event(one);
		put_result(&one->batch.w, result);
		write_close(&one->batch.w, '}');
	}
	one->at++;
	plan_turn(one->all);
}

/* --- Scheduling --- */

/* Finds the next check in the plan in force; false if it is gone. */
static bool onlookers_find_next(unsigned int *out, const struct onlooker *one)
{
	const struct content *now = monitor_content(one->all->monitor);
	const unsigned int place = one->checks[one->at];

	if (now == one->content) {
		*out = place;
		return true;
	}
	for (unsigned int c = 0; now && c < now->plan.check_count; c++)
		if (!strcmp(now->plan.checks[c].name, one->content->plan.checks[place].name)) {
			*out = c;
			return true;
		}
	return false;
}

static void onlookers_try_next(struct onlooker *one)
{
	const struct probe_listener listener = {take_result, onlookers_take_step, one};
	struct probe_result result = {.reason = PROBE_LOCAL};
	unsigned int check;

	one->started_us = clock_us();
	if (!onlookers_find_next(&check, one)) {
		(void)strcpy(result.detail, "it is no longer in the source of the tables");
		take_result(one, &result);
		return;
	}
	one->trial = monitor_try(one->all->monitor, check, &listener);
	if (!one->trial) {
		(void)strcpy(result.detail, "out of memory or file descriptors");
		take_result(one, &result);
	}
}

static void onlookers_follow(struct onlooker *one, uint64_t now_ms)
{
	const uint64_t since_ms = now_ms - one->turned_ms;

	if (!lines_is_connected(&one->connection) ||
	    (!one->request && since_ms >= ONLOOKER_PATIENCE_MS)) {
		if (one->request)
			response_give_up(one->request);
		onlookers_end(one);
		return;
	}
	if (!one->trial && !is_over(one))
		onlookers_try_next(one);
	if (one->request && (one->is_begun || is_over(one) || since_ms >= ONLOOKER_WAIT_MS))
		onlookers_answer(one);
}

static void follow_all(void *arg)
{
	struct onlookers *all = arg;

	for (unsigned int i = 0; i < ONLOOKERS_MAX; i++)
		if (all->places[i].number)
			onlookers_follow(&all->places[i], clock_ms());
}

static void follow_planned(void *arg)
{
	struct onlookers *all = arg;

	all->is_planned = false;
	follow_all(all);
}

/* Replies in the next turn of the loop, so that events of this turn are included. Without memory,
 * the next tick does it. */
static void plan_turn(struct onlookers *all)
{
	if (!all->is_planned)
		all->is_planned = !loop_after(all->loop, 1, follow_planned, all);
}

/* --- Requests --- */

static bool has_check(const struct onlooker *one, unsigned int check)
{
	for (unsigned int i = 0; i < one->check_count; i++)
		if (one->checks[i] == check)
			return true;
	return false;
}

/* Adds the requested checks of a backend that are not in the list yet. False: out of memory. */
static bool add_checks(struct onlooker *one, const struct health_backend *backend,
		       const struct inquiry *inquiry)
{
	const struct health_plan *plan = &one->content->plan;
	unsigned int *more =
		realloc(one->checks, (one->check_count + backend->check_count + 1) * sizeof(*more));

	if (!more)
		return false;
	one->checks = more;
	for (unsigned int i = 0; i < backend->check_count; i++) {
		const unsigned int check = backend->checks[i];

		if ((!inquiry->has_check || plan->checks[check].type == inquiry->check) &&
		    !has_check(one, check))
			one->checks[one->check_count++] = check;
	}
	return true;
}

/* Determines the checks to be tried. False: there are none, and the request was refused. */
static bool onlookers_choose(struct onlooker *one, struct lines_request *request,
			     const struct inquiry *inquiry)
{
	const struct health_plan *plan = &one->content->plan;
	char addr[ADDR_TEXT_LEN];
	bool is_there = false;

	for (unsigned int b = 0; b < plan->backend_count; b++) {
		if (!glb_addr_equal(&plan->backends[b].addr, &inquiry->backend) ||
		    !describe_means_table(inquiry->table, plan, plan->backends[b].table))
			continue;
		is_there = true;
		if (!add_checks(one, &plan->backends[b], inquiry)) {
			response_refuse(request, RESPONSE_FAILED, "out of memory");
			return false;
		}
	}
	(void)addr_text(addr, &inquiry->backend);
	if (!is_there && *inquiry->table)
		response_refuse(request, RESPONSE_BAD_REQUEST, "table %s has no backend %s",
				inquiry->table, addr);
	else if (!is_there)
		response_refuse(request, RESPONSE_BAD_REQUEST, "no table has a backend %s", addr);
	else if (!one->check_count)
		response_refuse(request, RESPONSE_REFUSED, "backend %s has no %s%schecks", addr,
				inquiry->has_check ? health_check_word(inquiry->check) : "",
				inquiry->has_check ? " " : "");
	return one->check_count;
}

/* A free slot, or NULL. */
static struct onlooker *onlookers_find_place(struct onlookers *all)
{
	for (unsigned int i = 0; i < ONLOOKERS_MAX; i++)
		if (!all->places[i].number)
			return &all->places[i];
	return NULL;
}

/* Replies with its number and its checks. */
static void answer_started(struct onlooker *one, struct lines_request *request)
{
	const struct health_plan *plan = &one->content->plan;
	struct response response;

	if (!response_begin(&response)) {
		response_give_up(request);
		onlookers_end(one);
		return;
	}
	write_uint(&response.w, "probe", one->number);
	write_open(&response.w, "checks", '[');
	for (unsigned int i = 0; i < one->check_count; i++)
		write_string(&response.w, NULL, plan->checks[one->checks[i]].name);
	write_close(&response.w, ']');
	response_send(&response, request);
	plan_turn(one->all);
}

void onlookers_start(struct onlookers *onlookers, struct lines_request *request,
		     const struct inquiry *inquiry)
{
	const struct content *content = monitor_content(onlookers->monitor);
	struct onlooker *one = onlookers_find_place(onlookers);

	if (!one || !content) {
		response_refuse(request, RESPONSE_REFUSED, "%s",
				content ? "as many as there may be have something probed already"
					: "no tables were read yet");
		return;
	}
	*one = (struct onlooker){
		.all = onlookers,
		.number = ++onlookers->last,
		.content = content_ref((struct content *)content),
		.connection = lines_connection(request),
		.turned_ms = clock_ms(),
	};
	if (onlookers_choose(one, request, inquiry))
		answer_started(one, request);
	else
		onlookers_end(one);
}

void onlookers_next(struct onlookers *onlookers, struct lines_request *request, uint64_t number)
{
	struct onlooker *one = onlookers->places;

	while (one < onlookers->places + ONLOOKERS_MAX && (!number || one->number != number))
		one++;
	if (one == onlookers->places + ONLOOKERS_MAX) {
		response_refuse(request, RESPONSE_REFUSED, "probe %" PRIu64 " %s", number,
				number && number <= onlookers->last ? "has ended"
								    : "was never begun");
		return;
	}
	if (one->request) {
		response_refuse(request, RESPONSE_REFUSED,
				"probe %" PRIu64 ": another request for more is pending", number);
		return;
	}
	one->request = request;
	one->connection = lines_connection(request);
	one->turned_ms = clock_ms();
	plan_turn(onlookers);
}

int onlookers_open(struct onlookers **out, struct loop *loop, struct monitor *monitor)
{
	struct onlookers *all = calloc(1, sizeof(*all));
	int err = all ? loop_every(loop, ONLOOKER_TICK_MS, follow_all, all) : -ENOMEM;

	if (err) {
		free(all);
		return err;
	}
	all->loop = loop;
	all->monitor = monitor;
	*out = all;
	return 0;
}

void onlookers_close(struct onlookers *onlookers)
{
	for (unsigned int i = 0; onlookers && i < ONLOOKERS_MAX; i++) {
		struct onlooker *one = &onlookers->places[i];

		if (one->request)
			response_refuse(one->request, RESPONSE_FAILED, "the checker stops");
		if (one->number)
			onlookers_end(one);
	}
	free(onlookers);
}
