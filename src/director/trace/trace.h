/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which client is viewing packets of a running director, and what does it get?
 *
 * One client at a time, on the control socket. It selects packets, gets a number, and polls with
 * that: each reply has what was recorded since, or is delayed for a while if there is nothing. The
 * control thread collects from the workers' rings (director/trace/ring.h), and explains the packets
 * while the generation that decided about them still exists.
 *
 * It ends after the requested number of frames or time, when its client has left, or when the
 * client stops polling. All functions must be called on the control thread.
 */
#ifndef DIRECTOR_TRACE_TRACE_H
#define DIRECTOR_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACE_ENDED_MAX = 4,	   /* waiting for stalled workers */
	TRACE_TICK_MS = 10,	   /* interval of collecting from the rings */
	TRACE_WAIT_MS = 1000,	   /* delay of a reply without frames */
	TRACE_PATIENCE_MS = 10000, /* timeout for the next request */
	TRACE_FRAMES_MAX = 256,	   /* per reply; fewer with reasons, or of large ones: */
	TRACE_EXPLAINED_MAX = 32,
	TRACE_TEXT_MAX = 256 << 10, /* bytes of a reply, plus those of its last frame */
};

struct control;
struct lines_request;
struct trace_order;
struct trace;

struct tracing {
	struct trace *now;   /* NULL: no one is viewing */
	struct trace *ended; /* the first one whose rings workers may still have; NULL: none */
	uint64_t last;	     /* the latest number */
	bool is_watching;
};

/* Starts a trace. Replies with its number and the ports, or the reason for a refusal. */
void trace_start(struct control *control, struct lines_request *request,
		 const struct trace_order *order);

/* Polls a trace. Replies when there are frames, or after a while. */
void trace_next(struct control *control, struct lines_request *request, uint64_t number);

/* Collects new frames. To be called in every turn, before generations are released. */
void trace_follow(struct control *control);

/* The director stops: informs the client. */
void trace_end(struct control *control);

/* Called after workers have ended. */
void trace_free(struct tracing *tracing);

#endif
