/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a packet that a worker has kept read in JSON?
 *
 * Known to src/director/trace.c only.
 */
#ifndef DIRECTOR_TRACE_TEXT_H
#define DIRECTOR_TRACE_TEXT_H

#include "director/trace_ring.h"
#include "sys/writer.h"

struct control;

/* A moment by both clocks. */
struct trace_clock {
	uint64_t day_ns;      /* since 1970, in UTC */
	uint64_t ticks;	      /* of the TSC */
	uint64_t ns_per_tick; /* times 2^32 */
};

/* This one. */
struct trace_clock trace_clock_now(uint64_t ns_per_tick);

/* What is needed to write one. */
struct trace_text {
	struct writer *w;
	const struct control *control;
	struct trace_clock clock;
	uint32_t snaplen; /* of the ring */
	uint8_t *room;	  /* of reasons_find(); NULL: without reasons */
};

/* Writes an element of a list. */
void trace_text_write(const struct trace_text *text, const struct trace_record *record,
		      unsigned int worker);

/* Writes a member "ports": what frames name by its number. */
void trace_text_ports(struct writer *w, const struct control *control);

#endif
