/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "conf/reasons.h"
#include "director/control.h"
#include "director/netdev.h"
#include "director/trace/text.h"

struct trace_clock trace_clock_now(uint64_t ns_per_tick)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct trace_clock){
		.day_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec,
		.ticks = rte_rdtsc(),
		.ns_per_tick = ns_per_tick,
	};
}

/* The time of day of a recent TSC value. */
static uint64_t day_ns_of(const struct trace_clock *clock, uint64_t ticks)
{
	const uint64_t ago = clock->ticks > ticks ? clock->ticks - ticks : 0;

	return clock->day_ns - (uint64_t)((unsigned __int128)ago * clock->ns_per_tick >> 32);
}

static void write_frame(struct writer *w, const char *key, const struct trace_frame *frame,
			const uint8_t *bytes)
{
	write_open(w, key, '{');
	write_uint(w, "port", frame->port);
	write_uint(w, "length", frame->len);
	write_bytes(w, "bytes", bytes, frame->kept);
	write_close(w, '}');
}

static struct fate_frame fate_frame(const struct trace_frame *frame, const uint8_t *bytes)
{
	return (struct fate_frame){
		.bytes = bytes,
		.len = frame->len,
		.kept = frame->kept,
		.port = frame->port,
	};
}

static void write_reasons(const struct trace_text *text, const struct trace_record *record)
{
	const struct fate fate = {
		.gen = publish_find(&text->control->workers.publish, record->generation),
		.generation = record->generation,
		.received = fate_frame(&record->received, record->bytes),
		.sent = fate_frame(&record->sent, record->bytes + text->snaplen),
		.backend = record->backend,
		.verdict = record->verdict,
	};
	struct reasons reasons;

	reasons_find(&reasons, &fate, text->room);
	write_open(text->w, "reasons", '[');
	for (unsigned int i = 0; i < reasons.count; i++)
		write_string(text->w, NULL, reasons.lines[i]);
	write_close(text->w, ']');
}

void trace_text_write(const struct trace_text *text, const struct trace_record *record,
		      unsigned int worker)
{
	struct writer *w = text->w;

	write_open(w, NULL, '{');
	write_uint(w, "time_ns", day_ns_of(&text->clock, record->ticks));
	write_uint(w, "worker", worker);
	write_uint(w, "generation", record->generation);
	write_string(w, "verdict", glb_verdict_label(record->verdict));
	write_frame(w, "received", &record->received, record->bytes);
	if (record->sent.len)
		write_frame(w, "sent", &record->sent, record->bytes + text->snaplen);
	else
		write_string(w, "sent", NULL);
	if (text->room)
		write_reasons(text, record);
	write_close(w, '}');
}

void trace_text_ports(struct writer *w, const struct control *control)
{
	const struct ports *ports = &control->workers.ports;

	write_open(w, "ports", '[');
	for (unsigned int i = 0; i < ports->count; i++) {
		char name[RTE_DEV_NAME_MAX_LEN];

		write_open(w, NULL, '{');
		write_uint(w, "port", ports->ids[i]);
		write_string(w, "name", netdev_port(ports->ids[i], name));
		write_close(w, '}');
	}
	write_close(w, ']');
}
