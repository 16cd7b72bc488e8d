/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the contract between probe.c and the types of probes?
 *
 * Private to this folder. A type is a table of functions; probe.c lists all types and keeps what
 * every probe has: deadline, listener, result. A type keeps the rest in `state`. All calls are made
 * on the loop's thread, and none may block.
 *
 * Every descriptor must be opened with CLOEXEC, as exec.c starts programs.
 */
#ifndef HEALTHCHECK_PROBE_TYPE_H
#define HEALTHCHECK_PROBE_TYPE_H

#include <event2/event.h>

#include "probe.h"
#include "sys/loop.h"

struct probe_type {
	/*
	 * Prepares for probes of this type while the process still has its privileges. False: the
	 * type is not available, and the reason has been logged. NULL: nothing to prepare.
	 */
	bool (*open)(struct probes *probes);
	/* Called after a successful open(), when no probe is in progress. NULL if open is. */
	void (*close)(struct probes *probes);
	/*
	 * Starts a probe. Returns 0; or -errno, and the probe ends as PROBE_LOCAL with the error's
	 * text and without a call of stop(). May call probe_step() and probe_end().
	 */
	int (*start)(struct probe *probe);
	/*
	 * Releases what start() acquired: called once after each successful start(), when the probe
	 * has ended, is overdue, or was cancelled.
	 */
	void (*stop)(struct probe *probe);
	/*
	 * The deadline has passed: may call probe_end() if it knows more than `awaited` and `late`
	 * say. May be NULL.
	 */
	void (*late)(struct probe *probe);
};

/* The latest finding about a link of this host. */
struct probe_link {
	struct glb_addr own; /* address on the link */
	bool has_carrier;
	uint64_t at_us;
};

struct probes {
	struct loop *loop;
	struct event_base *base; /* the loop's base */
	const struct health_conf *conf;
	void *shared[HEALTH_TYPE_COUNT]; /* set up by each type's open(), by type */
	/* private to probe.c */
	bool is_open[HEALTH_TYPE_COUNT];
	struct probe_link link;
};

struct probe {
	struct probes *probes;
	const struct health_check *check;
	void *state; /* owned by the type; NULL before start() */
	const char
		*awaited; /* a noun, for the detail at the deadline: "no response within 1000 ms" */
	enum probe_reason late; /* reason at the deadline; initially PROBE_TIMEOUT */
	uint64_t start_us;	/* CLOCK_MONOTONIC */
	struct probe_result result;
	/* private to probe.c */
	const struct probe_type *type; /* NULL: start() failed */
	struct probe_listener listener;
	struct event *timer; /* fires at the deadline; immediately once the probe has ended */
	bool is_ended;
};

/* Microseconds since the probe began, monotonic; UINT32_MAX after an hour. */
uint32_t probe_elapsed_us(const struct probe *probe);

/* Reports a step to people watching. It may quote anything. */
void probe_step(struct probe *probe, const char *format, ...) GLB_PRINTF(2, 3);

/* The connection is established: records the time it took and reports it as a step. Later calls
 * have no effect. */
void probe_connected(struct probe *probe);

/*
 * Ends the probe. The detail, "" for none, may quote anything: it is escaped. Nothing is released
 * within: stop() and the listener are called later in the same turn of the loop. Events of the type
 * may still occur until then; only the first call has an effect.
 */
void probe_end(struct probe *probe, enum probe_reason reason, const char *format, ...)
	GLB_PRINTF(3, 4);

/*
 * As probe_end(), after a system call or libcurl failed with `err`, an errno, on a socket to the
 * backend: with the reason that it stands for, or PROBE_LOCAL if it says nothing about the backend.
 */
void probe_end_errno(struct probe *probe, int err);

#endif
