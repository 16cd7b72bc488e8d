/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "director/control.h"
#include "director/ready.h"
#include "sys/log_pairs.h"
#include "sys/loop.h"

enum { WATCH_MS = 20 };

static const struct {
	const char *name;
	const char *sentence;
} known[] = {
#define READINESS_ROW(constant, name, sentence) {name, sentence},
	READINESS(READINESS_ROW)
#undef READINESS_ROW
};

const char *readiness_name(enum readiness readiness)
{
	return known[readiness].name;
}

static enum readiness ready_judge(const struct control *control)
{
	if (control->leaving)
		return READINESS_LEAVING;
	if (!control->ready)
		return READINESS_STARTING;
	if (control->stalls.stalled)
		return READINESS_STALLED;
	return links_are_down(&control->links, &control->workers.ports) ? READINESS_UNLINKED
									: READINESS_READY;
}

enum readiness readiness_of(const struct control *control, struct glb_diag *why)
{
	enum readiness readiness = ready_judge(control);
	unsigned int worker = control->stalls.slowest;

	if (readiness == READINESS_STALLED &&
	    !stalls_go_on(&control->stalls, control->conf.live_stall_ms))
		glb_diag(why, "worker %u on lcore %u has made no progress for %" PRIu64 " ms",
			 worker, worker_lcore(worker), control->stalls.longest_ms);
	else if (readiness == READINESS_STALLED)
		glb_diag(why, "worker %u on lcore %u goes on, but not for long enough yet", worker,
			 worker_lcore(worker));
	else
		glb_diag(why, "%s", known[readiness].sentence);
	return readiness;
}

static bool is_failure(enum readiness readiness)
{
	return readiness == READINESS_STALLED || readiness == READINESS_UNLINKED;
}

static void log_readiness(enum readiness now, enum readiness before, const char *why)
{
	const struct log_pairs not_ready = log_pairs_of("not_ready");
	const struct log_pairs ready = log_pairs_of("ready");

	if (is_failure(now))
		log_event(LOG_LEVEL_WARNING, &not_ready, "not ready: %s", why);
	else if (is_failure(before) && now == READINESS_READY)
		log_event(LOG_LEVEL_INFO, &ready, "ready again: %s", why);
}

void readiness_follow(struct control *control)
{
	struct glb_diag why = {{0}};
	enum readiness now = readiness_of(control, &why);
	enum readiness before = control->readiness;

	live_set(&control->live, now == READINESS_READY);
	if (now == before)
		return;
	control->readiness = now;
	status_readiness(&control->status, now == READINESS_READY ? NULL : &why);
	log_readiness(now, before, why.text);
}

int readiness_open(struct control *control)
{
	const char *name = control->conf.live_device;
	struct glb_diag diag = {{0}};
	int err = name[0] ? live_open(&control->live, name, &diag) : 0;

	if (err)
		log_error("%s: %s", control->reload.config_path, diag.text);
	(void)snprintf(control->host.live_device, sizeof(control->host.live_device), "%s", name);
	return err;
}

static void ready_watch(void *arg)
{
	struct control *control = arg;

	stalls_poll(&control->stalls, &control->workers, control->conf.live_stall_ms, WATCH_MS);
	if (!control->stalls.longest_ms)
		status_alive(&control->status);
	readiness_follow(control);
}

int readiness_watch(struct control *control)
{
	return loop_every(control->loop, WATCH_MS, ready_watch, control);
}

static void ready_end(void *arg)
{
	const struct control *control = arg;

	loop_end(control->loop);
}

void readiness_stop(struct control *control)
{
	bool is_seen = control->live.name[0] && control->ready && !control->leaving;
	uint32_t leave_ms = is_seen ? control->conf.live_leave_ms : 0;

	control->leaving = control->stopping = true;
	readiness_follow(control);
	status_stopping(&control->status, "as asked");
	if (!leave_ms || loop_after(control->loop, leave_ms, ready_end, control))
		loop_end(control->loop);
}
