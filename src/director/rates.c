/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "director/rates.h"
#include "director/stats.h"
#include "sys/clock.h"
#include "sys/loop.h"

enum {
	MARKS = RATES_POINTS + 1, /* a point is the interval between two */
	UNKNOWN_SLOT = 0,	  /* no table's */
};

/* All counters at one point in time. */
struct sight {
	uint64_t at_ms; /* 0: there was none yet */
	struct rates_counted counted;
	struct rates_worker *workers;
	struct backend_stats_sums *sums; /* NULL: backends are not counted */
};

/* Totals at one step, since the start of the process. */
struct mark {
	uint64_t at_ms;
	uint64_t lines[RATES_LINES];
};

/* Of one table, by mark; 0 if unknown. */
struct series {
	uint32_t slot;
	uint64_t packets[MARKS];
};

struct rates {
	const struct control *control;
	unsigned int worker_count;
	struct sight earlier;
	struct sight latest;
	uint64_t mark_count; /* mark n is at index n % MARKS */
	struct mark marks[MARKS];
	struct series tables[RATES_TABLES];
	uint64_t (*times)[MARKS][TURN_KINDS]; /* by worker and mark, ns */
};

/* --- Samples --- */

static void look_at_workers(struct rates_worker *out, const struct workers *all)
{
	for (unsigned int i = 0; i < all->count; i++) {
		out[i].rx = __atomic_load_n(&all->workers[i].counters.rx, __ATOMIC_RELAXED);
		turn_copy(&out[i].times, &all->workers[i].turns);
	}
}

void rates_look(struct rates *rates)
{
	const struct workers *all = &rates->control->workers;
	const uint64_t now_ms = clock_ms();
	struct backend_stats_sums *sums = NULL;
	struct sight last = rates->latest;

	if (last.at_ms && now_ms - last.at_ms < RATES_LEAST_MS)
		return;
	if (all->backend_stats.counts) {
		sums = backend_stats_sum(&all->backend_stats);
		if (!sums)
			return;
	}
	free(rates->earlier.sums);
	rates->latest = (struct sight){
		.at_ms = now_ms,
		.counted = {.sum = stats_sum(all), .losses = stats_losses(&all->ports)},
		.workers = rates->earlier.workers,
		.sums = sums,
	};
	look_at_workers(rates->latest.workers, all);
	rates->earlier = last;
}

/* --- Marks --- */

static uint64_t drops(const struct worker_counters *sum)
{
	uint64_t dropped = sum->tx_dropped + sum->handover_dropped + sum->punt_dropped;

	for (unsigned int v = GLB_DROP_OTHER_HOST; v < GLB_VERDICT_COUNT; v++)
		dropped += sum->verdicts[v];
	return dropped;
}

/* Finds the series of a slot among those of the last step; NULL if there is none. */
static const struct series *find_series(const struct series *list, uint32_t slot)
{
	for (unsigned int i = 0; i < RATES_TABLES; i++)
		if (list[i].slot == slot)
			return &list[i];
	return NULL;
}

/* Continues the series of the tables in force. */
static void mark_tables(struct rates *rates, unsigned int place)
{
	const struct backend_stats_map *map = rates->control->workers.publish.current->map;
	struct series was[RATES_TABLES];

	memcpy(was, rates->tables, sizeof(was));
	for (unsigned int t = 0; t < RATES_TABLES; t++) {
		struct series *one = &rates->tables[t];
		const struct series *found = NULL;

		if (map && t < map->table_count) {
			one->slot = map->slots[map->backend_count + t];
			found = find_series(was, one->slot);
		} else {
			one->slot = UNKNOWN_SLOT;
		}
		if (found)
			*one = *found;
		else
			memset(one->packets, 0, sizeof(one->packets));
		one->packets[place] = rates_slot(rates, one->slot).packets;
	}
}

static void mark(void *arg)
{
	struct rates *rates = arg;
	const struct sight *latest = &rates->latest;
	const unsigned int place = rates->mark_count % MARKS;

	rates_look(rates);
	if (!latest->at_ms)
		return;
	rates->marks[place] = (struct mark){
		.at_ms = latest->at_ms,
		.lines = {[RATES_RX] = latest->counted.sum.rx,
			  [RATES_FORWARD] = latest->counted.sum.verdicts[GLB_FORWARD],
			  [RATES_DROPS] = drops(&latest->counted.sum)},
	};
	mark_tables(rates, place);
	for (unsigned int i = 0; i < rates->worker_count; i++)
		memcpy(rates->times[i][place], latest->workers[i].times.ns,
		       sizeof(rates->times[i][place]));
	rates->mark_count++;
}

/* --- Life --- */

static void free_rates(struct rates *rates)
{
	free(rates->earlier.workers);
	free(rates->earlier.sums);
	free(rates->latest.workers);
	free(rates->latest.sums);
	free(rates->times);
	free(rates);
}

int rates_open(struct control *control)
{
	const unsigned int count = control->workers.count;
	struct rates *rates = calloc(1, sizeof(*rates));

	if (!rates)
		return -ENOMEM;
	rates->control = control;
	rates->worker_count = count;
	rates->earlier.workers = calloc(count, sizeof(*rates->earlier.workers));
	rates->latest.workers = calloc(count, sizeof(*rates->latest.workers));
	rates->times = calloc(count, sizeof(*rates->times));

	int err = rates->earlier.workers && rates->latest.workers && rates->times ? 0 : -ENOMEM;

	if (!err)
		err = loop_every(control->loop, RATES_STEP_MS, mark, rates);
	if (err) {
		free_rates(rates);
		return err;
	}
	mark(rates);
	control->rates = rates;
	return 0;
}

void rates_close(struct control *control)
{
	if (control->rates)
		free_rates(control->rates);
	control->rates = NULL;
}

/* --- The last window --- */

uint64_t rates_window_ms(const struct rates *rates)
{
	return rates->earlier.at_ms ? rates->latest.at_ms - rates->earlier.at_ms : 0;
}

uint64_t rates_per_second(const struct rates *rates, uint64_t added)
{
	const uint64_t ms = rates_window_ms(rates);

	return ms ? added * 1000 / ms : 0;
}

/* Subtracts structs that consist of counters only. A counter that decreased was reset: the result
 * is 0. */
static void subtract(void *from, const void *before, size_t size)
{
	uint64_t *to = from;
	const uint64_t *was = before;

	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] = to[i] > was[i] ? to[i] - was[i] : 0;
}
_Static_assert(sizeof(struct rates_counted) % sizeof(uint64_t) == 0, "subtracted by words");
_Static_assert(sizeof(struct rates_worker) % sizeof(uint64_t) == 0, "subtracted by words");

struct rates_counted rates_added(const struct rates *rates)
{
	struct rates_counted added = {.sum = {0}};

	if (rates_window_ms(rates)) {
		added = rates->latest.counted;
		subtract(&added, &rates->earlier.counted, sizeof(added));
	}
	return added;
}

struct rates_worker rates_worker_added(const struct rates *rates, unsigned int worker)
{
	struct rates_worker added = {.rx = 0};

	if (rates_window_ms(rates)) {
		added = rates->latest.workers[worker];
		subtract(&added, &rates->earlier.workers[worker], sizeof(added));
	}
	return added;
}

static struct backend_stats_count slot_of(const struct backend_stats_sums *sums, uint32_t slot)
{
	if (!sums || slot >= sums->used)
		return (struct backend_stats_count){0};
	return sums->by_slot[slot];
}

struct backend_stats_count rates_slot(const struct rates *rates, uint32_t slot)
{
	return slot_of(rates->latest.sums, slot);
}

struct backend_stats_count rates_slot_added(const struct rates *rates, uint32_t slot)
{
	const struct backend_stats_count was = slot_of(rates->earlier.sums, slot);
	struct backend_stats_count added = {0};

	if (rates_window_ms(rates)) {
		added = rates_slot(rates, slot);
		subtract(&added, &was, sizeof(added));
	}
	return added;
}

uint64_t rates_busy(const struct turn_times *times)
{
	const uint64_t all = times->ns[TURN_BUSY] + times->ns[TURN_IDLE];

	return all ? times->ns[TURN_BUSY] / (all / 1000 + 1) : 0;
}

/* --- The last minutes --- */

static unsigned int point_count(const struct rates *rates)
{
	if (rates->mark_count < 2)
		return 0;
	return rates->mark_count > MARKS ? RATES_POINTS : (unsigned int)rates->mark_count - 1;
}

/* The indices of the marks at the start and the end of a point. */
static void marks_of(unsigned int *before, unsigned int *behind, const struct rates *rates,
		     unsigned int point)
{
	const uint64_t first = rates->mark_count - point_count(rates) - 1;

	*before = (unsigned int)((first + point) % MARKS);
	*behind = (unsigned int)((first + point + 1) % MARKS);
}

/* Rate per second between two marks. */
static uint64_t rate_between(const struct rates *rates, unsigned int before, unsigned int behind,
			     const uint64_t values[2])
{
	const uint64_t ms = rates->marks[behind].at_ms - rates->marks[before].at_ms;

	return ms && values[1] > values[0] ? (values[1] - values[0]) * 1000 / ms : 0;
}

unsigned int rates_line(uint64_t *out, const struct rates *rates, enum rates_line line)
{
	const unsigned int count = point_count(rates);

	for (unsigned int i = 0; i < count; i++) {
		unsigned int before, behind;

		marks_of(&before, &behind, rates, i);

		const uint64_t values[] = {rates->marks[before].lines[line],
					   rates->marks[behind].lines[line]};

		out[i] = rate_between(rates, before, behind, values);
	}
	return count;
}

unsigned int rates_slot_line(uint64_t *out, const struct rates *rates, uint32_t slot)
{
	const struct series *series = find_series(rates->tables, slot);
	const unsigned int count = series ? point_count(rates) : 0;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int before, behind;

		marks_of(&before, &behind, rates, i);

		const uint64_t values[] = {series->packets[before], series->packets[behind]};

		out[i] = values[0] ? rate_between(rates, before, behind, values) : 0;
	}
	return count;
}

unsigned int rates_busy_line(uint64_t *out, const struct rates *rates, unsigned int worker)
{
	const unsigned int count = point_count(rates);

	for (unsigned int i = 0; i < count; i++) {
		struct turn_times between = {.packets = 0};
		unsigned int before, behind;

		marks_of(&before, &behind, rates, i);
		for (unsigned int kind = 0; kind < TURN_KINDS; kind++)
			between.ns[kind] = rates->times[worker][behind][kind] -
					   rates->times[worker][before][kind];
		out[i] = rates_busy(&between);
	}
	return count;
}
