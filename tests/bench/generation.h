/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does this tree's data path take of a subject?
 */
#ifndef BENCH_GENERATION_H
#define BENCH_GENERATION_H

#include <glb/forward.h>

#include "forward_build.h"

/* The generation for a subject of subject_whole(). Failure ends the program. */
struct glb_generation *bench_generation_of(const struct subject *subject, enum glb_isa isa);

static inline void packets_describe(struct glb_packet *packets, const struct frame_at *frames,
				    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		packets[i] = (struct glb_packet){.data = frames[i].data,
						 .len = frames[i].len,
						 .headroom = frames[i].headroom};
}

#endif
