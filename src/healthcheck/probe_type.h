/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do probe.c and the types of probes promise each other?
 *
 * For the files probe*.c and tunnel.c only. A type is a table of functions; probe.c lists them all.
 * It keeps what every probe has: the deadline, the listener, the result. A type keeps the rest in
 * `state`. All calls are made by the loop's thread, and none may wait.
 *
 * Every descriptor is opened with CLOEXEC: programs are started by probe_exec.c.
 */
#ifndef HEALTHCHECK_PROBE_TYPE_H
#define HEALTHCHECK_PROBE_TYPE_H

#include <event2/event.h>

#include "probe.h"
#include "sys/loop.h"

struct probe_type {
	/*
	 * Prepares for probes of this type; while the process still has its privileges. False: it
	 * cannot be had, and the reason has been logged. NULL: there is nothing to prepare.
	 */
	bool (*open)(struct probes *probes);
	/* After an open() that returned true, when no probe is under way. NULL with open. */
	void (*close)(struct probes *probes);
	/*
	 * Starts a probe. 0, or -errno and the probe ends as PROBE_LOCAL with what that means;
	 * stop() is not called then. May call probe_step() and probe_end().
	 */
	int (*start)(struct probe *probe);
	/*
	 * Releases what start() took: once after each start() that returned 0, because the probe
	 * has ended, its time is over, or nobody wants it any more.
	 */
	void (*stop)(struct probe *probe);
	/*
	 * The time of a probe is over: may call probe_end() with what is known better than
	 * `awaited` and `late` say. NULL: nothing is.
	 */
	void (*late)(struct probe *probe);
};

/* What was last found out about a link of this host. */
struct probe_link {
	struct glb_addr own; /* whose it is */
	bool has_carrier;
	uint64_t at_us;
};

struct probes {
	struct loop *loop;
	struct event_base *base; /* the loop's */
	const struct health_conf *conf;
	void *shared[HEALTH_TYPE_COUNT]; /* what a type's open() has prepared; each type's own */
	/* for probe.c alone */
	bool is_open[HEALTH_TYPE_COUNT];
	struct probe_link link;
};

struct probe {
	struct probes *probes;
	const struct health_check *check;
	void *state; /* the type's own; NULL before start() */
	const char
		*awaited; /* a noun, for the detail at the deadline: "no response within 1000 ms" */
	enum probe_reason
		late;	   /* why it has failed when its time is over: PROBE_TIMEOUT at first */
	uint64_t start_us; /* CLOCK_MONOTONIC */
	struct probe_result result;
	/* for probe.c alone */
	const struct probe_type *type; /* NULL: start() has failed */
	struct probe_listener listener;
	struct event *timer; /* at the deadline; as soon as it has ended: at once */
	bool is_ended;
};

/* Microseconds since the probe began, by the monotonic clock; UINT32_MAX after an hour. */
uint32_t probe_elapsed_us(const struct probe *probe);

/* A step, for people who look on. What it quotes need not be printable. */
void probe_step(struct probe *probe, const char *format, ...) GLB_PRINTF(2, 3);

/* The connection stands: notes how long that took, and says so as a step. Only the first counts. */
void probe_connected(struct probe *probe);

/*
 * The probe has ended. The detail, "" for none, may quote anything: it becomes printable. Nothing
 * is released within: stop() and the listener are called later in the same turn of the loop. Until
 * then the type's events may still occur; only the first call counts.
 */
void probe_end(struct probe *probe, enum probe_reason reason, const char *format, ...)
	GLB_PRINTF(3, 4);

/*
 * The same, because a system call on a socket to the backend, or libcurl's, failed with `err`, an
 * errno: the reason that it stands for, PROBE_LOCAL if it says nothing about the backend.
 */
void probe_end_errno(struct probe *probe, int err);

#endif
