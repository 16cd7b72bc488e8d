/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exec: what is the verdict of a program supplied by the operator?
 *
 * Exit status 0: the backend is fine; any other: it is not. The first line of output is the detail.
 * A program that cannot be started, or is terminated by a signal, says nothing about the backend.
 * It runs as program.h describes, with these variables in its environment:
 *
 *   GLB_BACKEND      the address
 *   GLB_CHECK        the name of the check
 *   GLB_TIMEOUT_MS   when it will be killed
 *
 * At most PROGRAMS_MAX run at once. Other probes wait for their turn; one that does not get it
 * before its deadline has no result.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/addr.h"
#include "exec.h"
#include "healthcheck/program.h"

enum {
	PROGRAMS_MAX = 64,
	VARIABLE_LEN = 512,
};

/* Belongs to a probe, or to a program being killed after its probe has ended. */
struct exec_probe {
	struct exec_shared *shared;
	struct probe *probe;	 /* NULL: the probe has ended */
	struct program *program; /* NULL: waiting for its turn, or not in the list */
	struct exec_probe *next; /* in the list */
};

struct exec_shared {
	struct event_base *base;
	struct exec_probe *list; /* running or waiting, in order of start */
	unsigned int running;
};

static void list_add(struct exec_shared *shared, struct exec_probe *state)
{
	struct exec_probe **at = &shared->list;

	while (*at)
		at = &(*at)->next;
	*at = state;
}

/* No-op if it is not in the list. */
static void list_remove(struct exec_shared *shared, const struct exec_probe *state)
{
	struct exec_probe **at = &shared->list;

	while (*at && *at != state)
		at = &(*at)->next;
	if (*at)
		*at = state->next;
}

static bool exec_open(struct probes *probes)
{
	struct exec_shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return false;
	(void)signal(SIGCHLD, SIG_DFL); /* may have been ignored when the checker was started */
	shared->base = probes->base;
	probes->shared[HEALTH_EXEC] = shared;
	return true;
}

static void exec_close(struct probes *probes)
{
	struct exec_shared *shared = probes->shared[HEALTH_EXEC];

	while (shared->list) {
		struct exec_probe *state = shared->list;

		shared->list = state->next;
		program_free(state->program);
		free(state);
	}
	free(shared);
}

/* Reports how a program has ended. */
static void exec_probe_report(struct probe *probe, const struct program_end *end)
{
	const char *between = end->line[0] ? ": " : "";

	if (end->signal)
		probe_end(probe, PROBE_LOCAL, "ended by signal %d%s%s", end->signal, between,
			  end->line);
	else if (end->status)
		probe_end(probe, PROBE_EXIT, "exit status %d%s%s", end->status, between, end->line);
	else
		probe_end(probe, PROBE_NONE, "%s", end->line);
}

static void run_next(struct exec_shared *shared);

static void on_ended(void *arg, const struct program_end *end)
{
	struct exec_probe *state = arg;
	struct exec_shared *shared = state->shared;

	shared->running--;
	list_remove(shared, state);
	state->program = NULL;
	if (state->probe)
		exec_probe_report(state->probe, end); /* exec_stop() will be called later */
	else
		free(state);
	run_next(shared);
}

/* Returns 0 or -errno. */
static int exec_probe_run(struct exec_probe *state)
{
	struct probe *probe = state->probe;
	const struct health_check *check = probe->check;
	char backend[ADDR_TEXT_LEN + 16] = "GLB_BACKEND=";
	char name[VARIABLE_LEN];
	char timeout[48];
	const char *const added[] = {backend, name, timeout, NULL};
	const struct program_call call = {
		.words = check->command,
		.added = added,
		.ended = on_ended,
		.arg = state,
	};
	int err;

	(void)addr_text(backend + strlen(backend), &check->backend);
	(void)snprintf(name, sizeof(name), "GLB_CHECK=%s", check->name);
	(void)snprintf(timeout, sizeof(timeout), "GLB_TIMEOUT_MS=%u", check->timeout_ms);
	err = program_start(&state->program, state->shared->base, &call);
	if (err)
		return err;
	state->shared->running++;
	probe_step(probe, "%s started", check->command[0]);
	probe->awaited = "end of the program";
	probe->late = PROBE_TIMEOUT;
	return 0;
}

/* Starts waiting probes as far as there is room. */
static void run_next(struct exec_shared *shared)
{
	struct exec_probe *state = shared->list;

	while (state && shared->running < PROGRAMS_MAX) {
		struct exec_probe *next = state->next;
		int err = state->program ? 0 : exec_probe_run(state);

		if (err) {
			list_remove(shared, state);
			probe_end(state->probe, PROBE_LOCAL, "%s", strerror(-err));
		}
		state = next;
	}
}

static int exec_start(struct probe *probe)
{
	struct exec_shared *shared = probe->probes->shared[HEALTH_EXEC];
	struct exec_probe *state = calloc(1, sizeof(*state));
	int err = 0;

	if (!state)
		return -ENOMEM;
	*state = (struct exec_probe){.shared = shared, .probe = probe};
	if (shared->running < PROGRAMS_MAX) {
		err = exec_probe_run(state);
	} else {
		probe->awaited = "turn, as others ran,";
		probe->late = PROBE_LOCAL;
	}
	if (err) {
		free(state);
		return err;
	}
	list_add(shared, state);
	probe->state = state;
	return 0;
}

static void exec_stop(struct probe *probe)
{
	struct exec_probe *state = probe->state;

	state->probe = NULL;
	if (state->program) { /* on_ended() releases it */
		program_kill(state->program);
		return;
	}
	list_remove(state->shared, state);
	free(state);
}

const struct probe_type probe_exec = {
	.open = exec_open,
	.close = exec_close,
	.start = exec_start,
	.stop = exec_stop,
};
