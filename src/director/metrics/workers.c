/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/metrics/parts.h"

/* A number as the value of a label. Returns out. */
static const char *metrics_number(char out[16], unsigned int value)
{
	(void)snprintf(out, 16, "%u", value);
	return out;
}

/* A sample for each worker, computed by `value`. */
static void put_each_worker(struct exposition *exposition, uint64_t (*value)(const struct worker *))
{
	const struct metrics *metrics = exposition->source;
	const struct workers *all = &metrics->control->workers;
	char text[16];

	for (unsigned int i = 0; i < all->count; i++)
		openmetrics_count(&exposition->text, LABELS({"worker", metrics_number(text, i)}),
				  value(&all->workers[i]));
}

#define WORKER_VALUE(name, sentence)                                                               \
	static uint64_t worker_##name(const struct worker *worker)                                 \
	{                                                                                          \
		return __atomic_load_n(&worker->counters.name, __ATOMIC_RELAXED);                  \
	}                                                                                          \
	void metric_worker_##name(struct exposition *exposition)                                   \
	{                                                                                          \
		put_each_worker(exposition, worker_##name);                                        \
	}
WORKER_COUNTERS(WORKER_VALUE)
WORKER_VALUE(generation, "")
#undef WORKER_VALUE

/* Counters of the twins' thread, which is not a worker. */
void metric_twin(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_count(&exposition->text, LABELS({"result", "punted"}),
			  metrics->control->workers.twins.sent);
	openmetrics_count(&exposition->text, LABELS({"result", "punt_dropped"}),
			  metrics->control->workers.twins.not_sent);
}

/* --- Where workers spend their time: director/turns.h --- */

static void put_seconds(struct exposition *exposition, enum turn_kind kind)
{
	const struct metrics *metrics = exposition->source;
	const struct workers *all = &metrics->control->workers;
	char text[16];

	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;

		turn_copy(&times, &all->workers[i].turns);
		openmetrics_real(&exposition->text, LABELS({"worker", metrics_number(text, i)}),
				 (double)times.ns[kind] / 1e9);
	}
}

void metric_busy(struct exposition *exposition)
{
	put_seconds(exposition, TURN_BUSY);
}

void metric_idle(struct exposition *exposition)
{
	put_seconds(exposition, TURN_IDLE);
}

/* Bucket bounds are those of turn classes: 2^7 ns (128 ns) to 2^34 ns (17 s). */
enum { EDGE_FIRST = 7, EDGE_LAST = 34, EDGE_COUNT = EDGE_LAST - EDGE_FIRST + 1 };

/* Turns of both kinds, or only busy ones. */
static void put_turns(struct exposition *exposition, bool idle_too)
{
	const struct metrics *metrics = exposition->source;
	const struct workers *all = &metrics->control->workers;
	double edges[EDGE_COUNT];
	char text[16];

	for (unsigned int i = 0; i < EDGE_COUNT; i++)
		edges[i] = (double)(1ULL << (EDGE_FIRST + i)) / 1e9;
	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;
		uint64_t counts[EDGE_COUNT + 1] = {0};
		struct openmetrics_histogram histogram = {edges, counts, EDGE_COUNT, 0};

		turn_copy(&times, &all->workers[i].turns);
		for (unsigned int kind = idle_too ? TURN_IDLE : TURN_BUSY; kind < TURN_KINDS;
		     kind++) {
			histogram.sum += (double)times.ns[kind] / 1e9;
			for (unsigned int c = 0; c < TURN_TIMES; c++) {
				unsigned int at = c > EDGE_FIRST ? c - EDGE_FIRST : 0;

				counts[at < EDGE_COUNT ? at : EDGE_COUNT] += times.counts[kind][c];
			}
		}
		openmetrics_histogram(&exposition->text,
				      LABELS({"worker", metrics_number(text, i)}), &histogram);
	}
}

void metric_gaps(struct exposition *exposition)
{
	put_turns(exposition, true);
}

void metric_services(struct exposition *exposition)
{
	put_turns(exposition, false);
}

/* Burst classes have the bounds 2, 4, 8 and so on, exclusive. */
void metric_bursts(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	const struct workers *all = &metrics->control->workers;
	double edges[TURN_BURSTS - 1];
	char text[16];

	for (unsigned int i = 0; i < TURN_BURSTS - 1; i++)
		edges[i] = (double)((1U << i) - 1);
	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;
		struct openmetrics_histogram histogram = {edges, times.bursts, TURN_BURSTS - 1, 0};

		turn_copy(&times, &all->workers[i].turns);
		histogram.sum = (double)times.packets;
		openmetrics_histogram(&exposition->text,
				      LABELS({"worker", metrics_number(text, i)}), &histogram);
	}
}

static uint64_t worker_stalls(const struct worker *worker)
{
	return __atomic_load_n(&worker->turns.times.stalls, __ATOMIC_RELAXED);
}

void metric_stalls(struct exposition *exposition)
{
	put_each_worker(exposition, worker_stalls);
}
