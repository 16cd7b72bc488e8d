/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets does a client want to see?
 *
 * Those whose frame, as received, matches a BPF program, and whose verdict is among those selected.
 * The program comes from outside and is run by workers, so it is checked first: it is short,
 * terminates, and reads nothing but the frame. libpcap runs it.
 */
#ifndef DIRECTOR_TRACE_FILTER_H
#define DIRECTOR_TRACE_FILTER_H

#include <pcap/pcap.h>

#include <glb/diag.h>
#include <glb/forward.h>

enum {
	TRACE_PROGRAM_MAX = 512, /* instructions: each runs at most once per frame */
	TRACE_SNAPLEN_MIN = 128, /* bytes recorded of a frame: its headers, */
	TRACE_SNAPLEN = 2048,	 /* by default, */
	TRACE_SNAPLEN_MAX = 9216,
	TRACE_SECONDS_MAX = 86400,
};

_Static_assert(GLB_VERDICT_COUNT <= 64, "verdicts are a set of bits");

struct trace_filter {
	struct bpf_insn program[TRACE_PROGRAM_MAX];
	uint32_t len;	   /* instructions of the program; 0: any frame */
	uint64_t verdicts; /* selected: bit i is verdict i */
};

/* A client's request. */
struct trace_order {
	struct trace_filter filter;
	uint32_t count;	  /* frames; 0: no limit */
	uint32_t seconds; /* duration; 0: until polling stops */
	uint32_t snaplen;
	bool with_reasons; /* with every decision in words */
};

/* The set of all verdicts. */
static inline uint64_t trace_any_verdict(void)
{
	return ((uint64_t)1 << GLB_VERDICT_COUNT) - 1;
}

/* Is the program of a filter safe to run? Returns 0; or -EINVAL with a diag. */
GLB_NODISCARD int trace_filter_check(const struct trace_filter *filter, struct glb_diag *diag);

/*
 * Selects the verdicts that a word stands for: one by its label, or "answer", "punt" or "drop" for
 * all that begin with it. False: no such verdict.
 */
bool trace_filter_want(struct trace_filter *filter, const char *word);

/* Does the frame match the program? */
static inline bool trace_filter_takes(const struct trace_filter *filter, const uint8_t *frame,
				      uint32_t len)
{
	return !filter->len || bpf_filter(filter->program, frame, len, len);
}

static inline bool trace_filter_wants(const struct trace_filter *filter, uint8_t verdict)
{
	return filter->verdicts >> verdict & 1;
}

#endif
