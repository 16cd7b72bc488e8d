/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has a backend probed now, and looks on?
 *
 * A client of the control socket names a backend and is given a number. Its checks are tried once,
 * one after the other, beside all schedules. The client asks for more by that number, again and
 * again: each answer has the steps and results since the one before, or comes after a while
 * without.
 *
 * It ends with the last result, when its client has left, or when nobody asks for more. All
 * functions are for the thread of the loop.
 */
#ifndef HEALTHCHECK_ONLOOKERS_H
#define HEALTHCHECK_ONLOOKERS_H

#include "healthcheck/inquiry.h"

enum {
	ONLOOKERS_MAX = 16,
	ONLOOKER_TICK_MS = 250,
	ONLOOKER_WAIT_MS = 1000,       /* until an answer without steps */
	ONLOOKER_PATIENCE_MS = 10000,  /* until the next question */
	ONLOOKER_TEXT_MAX = 256 << 10, /* bytes of an answer; steps beyond are left out */
};

struct lines_request;
struct loop;
struct monitor;
struct onlookers;

/* 0 and *out, for onlookers_close(); or -ENOMEM. The others outlive it. */
GLB_NODISCARD int onlookers_open(struct onlookers **out, struct loop *loop,
				 struct monitor *monitor);

/* Ends all of them; whoever waits is refused. While the sockets are open. NULL is fine. */
void onlookers_close(struct onlookers *onlookers);

/* Answers with a number and the names of the checks that are tried, or why none is. */
void onlookers_start(struct onlookers *onlookers, struct lines_request *request,
		     const struct inquiry *inquiry);

/* Answers with what has happened since, now or later. */
void onlookers_next(struct onlookers *onlookers, struct lines_request *request, uint64_t number);

#endif
