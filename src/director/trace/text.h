/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How is a recorded packet written as JSON?
 *
 * Private to trace.c.
 */
#ifndef DIRECTOR_TRACE_TEXT_H
#define DIRECTOR_TRACE_TEXT_H

#include "director/trace/ring.h"
#include "sys/writer.h"

struct control;

/* One moment on both clocks. */
struct trace_clock {
	uint64_t day_ns;      /* since the epoch, UTC */
	uint64_t ticks;	      /* TSC */
	uint64_t ns_per_tick; /* times 2^32 */
};

/* The present moment. */
struct trace_clock trace_clock_now(uint64_t ns_per_tick);

/* What is needed to write a record. */
struct trace_text {
	struct writer *w;
	const struct control *control;
	struct trace_clock clock;
	uint32_t snaplen; /* of the ring */
	uint8_t *room;	  /* for reasons_find(); NULL: without reasons */
};

/* Writes an element of a list. */
void trace_text_write(const struct trace_text *text, const struct trace_record *record,
		      unsigned int worker);

/* Writes a member "ports", to which the port numbers of frames refer. */
void trace_text_ports(struct writer *w, const struct control *control);

#endif
