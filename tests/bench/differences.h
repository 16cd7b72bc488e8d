/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a setting add to a packet?
 *
 * The same frames are forwarded with and without it, a chunk each in turn. The result is the
 * difference: of a repeat, between the medians of its rounds. It is negative where packets are
 * dropped, which takes less than forwarding them.
 */
#ifndef BENCH_DIFFERENCES_H
#define BENCH_DIFFERENCES_H

#include "options.h"
#include "report.h"
#include "traffic.h"

enum { DIFFERENCES_MAX = 4 };

/* What takes turns. */
struct differences {
	struct traffic *traffic;
	struct glb_generation *const *gens; /* the last is what the others are compared with */
	const char *const *names;	    /* of these */
	unsigned int count;		    /* at most DIFFERENCES_MAX */
	void (*forward)(struct traffic *traffic, const struct glb_generation *gen); /* a chunk */
};

/* A generation of the traffic under other settings, to be released. Out of memory is the end of the
 * program. */
struct glb_generation *differences_generation(const struct traffic *traffic,
					      const struct glb_settings *settings);

/* Measures, and reports a row for each: the last as it is, the others by what they add to it. */
void differences_report(struct report *out, const struct differences *differences,
			const struct options *options);

#endif
