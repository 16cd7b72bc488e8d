/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a director go without taking packets with it?
 *
 * It is not ready any more, so that routers find other ways (director/ready.h), and goes on
 * forwarding until it has forwarded nothing for a while, or its time is over. Then it stops. Who
 * asked for it on the control socket hears how that went. All functions are for the control thread.
 */
#ifndef DIRECTOR_LEAVE_H
#define DIRECTOR_LEAVE_H

#include <stdint.h>

enum {
	LEAVE_QUIET_S = 5, /* without a packet, if nobody says otherwise */
	LEAVE_QUIET_S_MAX = 3600,
	LEAVE_DEADLINE_S = 60,
	LEAVE_DEADLINE_S_MAX = 86400,
};

struct control;
struct lines_request;
struct departed;

struct leave {
	struct departed *first; /* who waits for it; NULL: nobody */
	uint64_t started_ms;	/* 0: it does not leave */
	uint64_t quiet_ms;	/* is enough */
	uint64_t until_ms;	/* it goes then in any case */
	uint64_t forwarded_at_start;
	uint64_t forwarded;
	uint64_t moved_ms; /* when that was another number last */
};

/*
 * Leaves, or goes on leaving within these times. The request is answered when it is about to stop.
 */
void leave_start(struct control *control, struct lines_request *request, uint32_t quiet_s,
		 uint32_t deadline_s);

/* To be called in every turn: stops when it is time to. */
void leave_follow(struct control *control);

/* It stops for another reason: whoever waits hears that. */
void leave_end(struct control *control);

#endif
