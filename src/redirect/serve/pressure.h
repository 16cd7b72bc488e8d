/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How hard is this host pressed, by what its kernel says just now?
 */
#ifndef GLB_REDIRECT_SERVE_PRESSURE_H
#define GLB_REDIRECT_SERVE_PRESSURE_H

#include "grade.h"
#include "redirect/host/kernel_counters.h"
#include "redirect/host/listeners.h"
#include "redirect/host/vips.h"

/* Starts with all bytes 0. */
struct pressure {
	bool knows[GRADE_SIGNAL_COUNT]; /* the kernel says enough for the signal */
	uint64_t counters[KERNEL_COUNTER_COUNT];
	uint64_t answered; /* SYNs, by cookies of the program instead of the kernel */
	struct kernel_memory memory;
	unsigned int listener_count; /* listeners that serve a VIP */
	struct listener fullest;     /* of them; valid if there is one */
};

/*
 * Reads everything again. What cannot be read stays as it was.
 *
 * given  the VIPs, as for host_vips_read()
 */
void pressure_read(struct pressure *pressure, const struct host_vips *given);

/* What the judge takes. Signals that are unknown are 0. */
struct grade_sample pressure_sample(const struct pressure *pressure, uint64_t at_ms);

#endif
