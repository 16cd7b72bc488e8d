/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets does somebody want to see?
 *
 * Those whose frame, as it was received, a program of the BSD Packet Filter takes, and of which one
 * of some verdicts came. The program comes from outside and is run by workers, so it is checked
 * before: it is short, ends, and reads nothing but the frame. libpcap runs it.
 */
#ifndef DIRECTOR_TRACE_FILTER_H
#define DIRECTOR_TRACE_FILTER_H

#include <pcap/pcap.h>

#include <glb/diag.h>
#include <glb/forward.h>

enum {
	TRACE_PROGRAM_MAX = 512, /* instructions: of a frame each runs once, at most */
	TRACE_SNAPLEN_MIN = 128, /* bytes that are kept of a frame: its headers, */
	TRACE_SNAPLEN = 2048,	 /* if nobody says otherwise, */
	TRACE_SNAPLEN_MAX = 9216,
	TRACE_SECONDS_MAX = 86400,
};

_Static_assert(GLB_VERDICT_COUNT <= 64, "verdicts are a set of bits");

struct trace_filter {
	struct bpf_insn program[TRACE_PROGRAM_MAX];
	uint32_t len;	   /* of the program; 0: any frame */
	uint64_t verdicts; /* wanted: bit i is verdict i */
};

/* What somebody asks for. */
struct trace_order {
	struct trace_filter filter;
	uint32_t count;	  /* frames; 0: any number */
	uint32_t seconds; /* how long; 0: until nobody asks any more */
	uint32_t snaplen;
	bool with_reasons; /* every decision in words */
};

/* All of them. */
static inline uint64_t trace_any_verdict(void)
{
	return ((uint64_t)1 << GLB_VERDICT_COUNT) - 1;
}

/* Is the program of a filter fit to be run? 0; or -EINVAL with a diag. */
GLB_NODISCARD int trace_filter_check(const struct trace_filter *filter, struct glb_diag *diag);

/*
 * Adds the verdicts that a word stands for: the label of one, or "answer", "punt" or "drop" for all
 * that begin so. False: none is called that.
 */
bool trace_filter_want(struct trace_filter *filter, const char *word);

/* Does the program take a frame? */
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
