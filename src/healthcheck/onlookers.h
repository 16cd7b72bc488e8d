/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which clients are watching a probe that they have requested?
 *
 * A client of the control socket names a backend and gets a number. The backend's checks are tried
 * once, one after the other, independent of all schedules. The client polls with that number: each
 * reply contains the steps and results since the previous one, and is delayed for a while if there
 * are none.
 *
 * It ends with the last result, when its client has left, or when the client stops polling. All
 * functions must be called on the loop's thread.
 */
#ifndef HEALTHCHECK_ONLOOKERS_H
#define HEALTHCHECK_ONLOOKERS_H

#include "healthcheck/inquiry.h"

enum {
	ONLOOKERS_MAX = 16,
	ONLOOKER_TICK_MS = 250,
	ONLOOKER_WAIT_MS = 1000,       /* delay of a reply without steps */
	ONLOOKER_PATIENCE_MS = 10000,  /* timeout for the next request */
	ONLOOKER_TEXT_MAX = 256 << 10, /* bytes of a reply; further steps are dropped */
};

struct lines_request;
struct loop;
struct monitor;
struct onlookers;

/* The other arguments must outlive it. Returns 0 and sets *out, to be released with
 * onlookers_close(); or -ENOMEM. */
GLB_NODISCARD int onlookers_open(struct onlookers **out, struct loop *loop,
				 struct monitor *monitor);

/* Ends all of them and refuses waiting requests. Must precede the closing of the sockets. NULL is
 * fine. */
void onlookers_close(struct onlookers *onlookers);

/* Replies with a number and the names of the checks to be tried, or why there are none. */
void onlookers_start(struct onlookers *onlookers, struct lines_request *request,
		     const struct inquiry *inquiry);

/* Replies, now or later, with what has happened since the last reply. */
void onlookers_next(struct onlookers *onlookers, struct lines_request *request, uint64_t number);

#endif
