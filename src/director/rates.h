/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast is a director, and how fast was it in the last minutes?
 *
 * Counters are looked at every RATES_STEP_MS, and when somebody asks, though not twice within
 * RATES_LEAST_MS. Rates are those between the last two looks. What was counted is kept for five
 * minutes, in sum, by worker, and for the first RATES_TABLES tables, so that whoever starts to
 * watch sees what led to the present.
 *
 * All functions are for the control thread, while there is a generation in force.
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

/* Counters at one time, or what was added to them between two. */
struct rates_counted {
	struct worker_counters sum; /* of all workers; its `generation` says nothing */
	struct port_losses losses;
};

/* The same of one worker. */
struct rates_worker {
	uint64_t rx;
	struct turn_times times;
};

/* What is shown over the last minutes. */
enum rates_line { RATES_RX, RATES_FORWARD, RATES_DROPS, RATES_LINES };

/* Begins to look, on control->loop, and sets control->rates. 0 or -ENOMEM. */
GLB_NODISCARD int rates_open(struct control *control);

/* Does nothing when it was not opened. The loop is to run no more. */
void rates_close(struct control *control);

/* Looks now, unless it was done just before or there is no memory: then rates are older. */
void rates_look(struct rates *rates);

/* Milliseconds between the last two looks; 0: there was but one, and all rates are 0. */
uint64_t rates_window_ms(const struct rates *rates);

/* A second's share of what was added in that window. */
uint64_t rates_per_second(const struct rates *rates, uint64_t added);

/* What was added meanwhile: to all counters, to those of a worker, to a slot of a backend. */
struct rates_counted rates_added(const struct rates *rates);
struct rates_worker rates_worker_added(const struct rates *rates, unsigned int worker);
struct backend_stats_count rates_slot_added(const struct rates *rates, uint32_t slot);

/* What was sent to a slot at the last look; 0 for a slot that is newer. */
struct backend_stats_count rates_slot(const struct rates *rates, uint32_t slot);

/*
 * --- The last minutes ---
 *
 * Writes values to out[RATES_POINTS], the oldest first, and returns how many there are: packets a
 * second of a line; of a slot that one of the first RATES_TABLES tables has; and thousandths of its
 * time that a worker was busy.
 */
unsigned int rates_line(uint64_t *out, const struct rates *rates, enum rates_line line);
unsigned int rates_slot_line(uint64_t *out, const struct rates *rates, uint32_t slot);
unsigned int rates_busy_line(uint64_t *out, const struct rates *rates, unsigned int worker);

/* Thousandths of a time that were busy. */
uint64_t rates_busy(const struct turn_times *times);

#endif
