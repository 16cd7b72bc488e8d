/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director stop without losing packets?
 *
 * It is no longer ready, so that routers use other paths (director/ready.h), and continues
 * forwarding until it has forwarded nothing for a while, or a deadline. Then it stops, and replies
 * to the requests on the control socket. All functions must be called on the control thread.
 */
#ifndef DIRECTOR_LEAVE_H
#define DIRECTOR_LEAVE_H

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

struct leave {
	struct departed *first; /* requests waiting for it; NULL: none */
	uint64_t started_ms;	/* 0: it is not leaving */
	uint64_t quiet_ms;	/* time without a packet after which it stops */
	uint64_t until_ms;	/* deadline */
	uint64_t forwarded_at_start;
	uint64_t forwarded;
	uint64_t moved_ms; /* when that last changed */
};

/*
 * Starts to leave, or changes the times if it is leaving. The request gets its reply when the
 * director is about to stop.
 */
void leave_start(struct control *control, struct lines_request *request, uint32_t quiet_s,
		 uint32_t deadline_s);

/* Called in every turn: stops when a time is reached. */
void leave_follow(struct control *control);

/* The director stops for another reason: replies to all waiting requests. */
void leave_end(struct control *control);

#endif
