/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What are a director's current rates, and those of the last minutes?
 *
 * Counters are sampled every RATES_STEP_MS, and on request, but at most every RATES_LEAST_MS. Rates
 * are those between the last two samples. Five minutes are kept for the total, for workers, and for
 * the first RATES_TABLES tables, so that a viewer sees what led to the present.
 *
 * All functions must be called on the control thread, while there is a generation in force.
 */
#ifndef DIRECTOR_RATES_H
#define DIRECTOR_RATES_H

#include "director/control.h"

struct rates;

enum {
	RATES_STEP_MS = 5000,
	RATES_LEAST_MS = 1000,
	RATES_POINTS = 60, /* five minutes */
	RATES_TABLES = 32,
};

/* Counters at one time, or their increase between two. */
struct rates_counted {
	struct worker_counters sum; /* over all workers; its `generation` is meaningless */
	struct port_losses losses;
};

/* The same for one worker. */
struct rates_worker {
	uint64_t rx;
	struct turn_times times;
};

/* What is shown for the last minutes. */
enum rates_line { RATES_RX, RATES_FORWARD, RATES_DROPS, RATES_LINES };

/* Starts sampling, on control->loop, and sets control->rates. Returns 0 or -ENOMEM. */
GLB_NODISCARD int rates_open(struct control *control);

/* No-op if it was not opened. The loop must not run any more. */
void rates_close(struct control *control);

/* Takes a sample now, unless one was just taken or memory is exhausted: then rates are older. */
void rates_look(struct rates *rates);

/* Milliseconds between the last two samples; 0: there is only one, and all rates are 0. */
uint64_t rates_window_ms(const struct rates *rates);

/* The increase per second, for an increase during that window. */
uint64_t rates_per_second(const struct rates *rates, uint64_t added);

/* What was added meanwhile: to all counters, to those of a worker, to a slot of a backend. */
struct rates_counted rates_added(const struct rates *rates);
struct rates_worker rates_worker_added(const struct rates *rates, unsigned int worker);
struct backend_stats_count rates_slot_added(const struct rates *rates, uint32_t slot);

/* Packets of a slot at the last sample; 0 for a newer slot. */
struct backend_stats_count rates_slot(const struct rates *rates, uint32_t slot);

/*
 * --- The last minutes ---
 *
 * Each writes values to out[RATES_POINTS], oldest first, and returns their number: packets per
 * second of a line; of a slot, which must belong to one of the first RATES_TABLES tables; and busy
 * time of a worker in thousandths.
 */
unsigned int rates_line(uint64_t *out, const struct rates *rates, enum rates_line line);
unsigned int rates_slot_line(uint64_t *out, const struct rates *rates, uint32_t slot);
unsigned int rates_busy_line(uint64_t *out, const struct rates *rates, unsigned int worker);

/* The busy share of a time, in thousandths. */
uint64_t rates_busy(const struct turn_times *times);

#endif
