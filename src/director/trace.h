/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who looks at packets of a running director, and what do they get to see?
 *
 * One client at a time, on the control socket. It says which packets, is given a number, and asks
 * for more by it, again and again: each answer has what was kept since, or comes after a while
 * without. The control thread collects from the rings of workers (director/trace_ring.h), and
 * explains what it finds there while the generation that decided is there still.
 *
 * It ends with the number of frames or the time that was asked for, when its client has left, or
 * when nobody asks for more. All functions are for the control thread.
 */
#ifndef DIRECTOR_TRACE_H
#define DIRECTOR_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACE_ENDED_MAX = 4,	   /* that wait for workers that stand still */
	TRACE_TICK_MS = 10,	   /* between two looks at the rings */
	TRACE_WAIT_MS = 1000,	   /* until an answer without frames */
	TRACE_PATIENCE_MS = 10000, /* until the next question */
	TRACE_FRAMES_MAX = 256,	   /* of an answer; fewer of those with reasons, or large ones: */
	TRACE_EXPLAINED_MAX = 32,
	TRACE_TEXT_MAX = 256 << 10, /* bytes of an answer, and those of its last frame */
};

struct control;
struct lines_request;
struct trace_order;
struct trace;

struct tracing {
	struct trace *now;   /* NULL: nobody looks */
	struct trace *ended; /* the first one whose rings workers may have; NULL: none */
	uint64_t last;	     /* number of the latest one */
	bool is_watching;
};

/* Somebody wants to look. Answers with the number of the trace and the ports there are, or why not.
 */
void trace_start(struct control *control, struct lines_request *request,
		 const struct trace_order *order);

/* Whoever looks asks for more. Answered when there is something, or after a while. */
void trace_next(struct control *control, struct lines_request *request, uint64_t number);

/* Collects what there is. To be called in every turn, before generations are freed. */
void trace_follow(struct control *control);

/* The director stops: whoever looks hears that. */
void trace_end(struct control *control);

/* When workers have left. */
void trace_free(struct tracing *tracing);

#endif
