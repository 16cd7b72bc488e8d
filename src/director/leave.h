/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director stop without losing packets?
 *
 * It is no longer ready, so that routers use other paths (director/ready.h), and continues
 * forwarding until it has forwarded nothing for a while, or a deadline. Then it stops, and replies
 * to the requests on the control socket. It can be told to stay instead, also beforehand, in case
 * packets still arrive at the deadline: then it is ready again. All functions must be called on the
 * control thread.
 */
#ifndef DIRECTOR_LEAVE_H
#define DIRECTOR_LEAVE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LEAVE_QUIET_S = 5, /* default time without a packet */
	LEAVE_QUIET_S_MAX = 3600,
	LEAVE_DEADLINE_S = 60,
	LEAVE_DEADLINE_S_MAX = 86400,
};

struct control;
struct lines_request;
struct departed;

/* How to leave. */
struct leave_order {
	uint32_t quiet_s;    /* time without a packet after which it stops */
	uint32_t deadline_s; /* after this time, it stops in any case */
	bool or_stay;	     /* or stays, if packets still arrive then */
};

/* What has become of packets. */
struct leave_counts {
	uint64_t received;
	uint64_t forwarded;
	uint64_t lost; /* not taken from a port in time, or not sent: no drop of the data path */
};

struct leave {
	struct departed *first;	  /* requests waiting for it; NULL: none */
	uint64_t started_ms;	  /* 0: it is not leaving */
	uint64_t until_ms;	  /* deadline */
	struct leave_order order; /* the latest */
	struct leave_counts at_start;
	uint64_t forwarded;
	uint64_t moved_ms; /* when that last changed */
};

/*
 * Starts to leave, or changes the order if it is leaving. The request gets its reply when the
 * director is about to stop, or stays.
 */
void leave_start(struct control *control, struct lines_request *request,
		 const struct leave_order *order);

/*
 * Stays: the director is ready again if nothing else prevents it. Requests that wait for it to
 * leave are refused. No change if it is not leaving; refused if it stops already.
 */
void leave_cancel(struct control *control, struct lines_request *request);

/* Called in every turn: stops when a time is reached. */
void leave_follow(struct control *control);

/* The director stops for another reason: replies to all waiting requests. */
void leave_end(struct control *control);

#endif
