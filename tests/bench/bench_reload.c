/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a worker feel it when tables are swapped?
 *
 *   bench-reload [--rounds N] [--json FILE] [--only TEXT]
 *
 * TEXT is a part of a subject's name. A worker on one processor runs bursts through the data path
 * as fast as it can, takes the current generation before each and reports a quiescent state behind
 * it, as the director's do. On the other one the control thread rests, or makes and publishes
 * generations whose tables all have changed a bit. Both take turns, a slice of a round each. Every
 * packet is looked at: the exit status is 1 unless all got exactly one verdict, by a generation in
 * force, and went where that one says.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "director/publish.h"
#include "histogram.h"
#include "options.h"
#include "report.h"
#include "sys/service.h"
#include "traffic.h"

enum {
	ROUNDS = 7,
	SLICE_MS = 500,
	PAUSE_MS = 20, /* between slices; not measured */
	UNDECIDED = 255,
};

#define MANY .udp_checksum = GLB_UDP_INNER, .flows = 65536

static const struct reload {
	struct subject subject;
	unsigned int changed; /* tables that a reload changes; of the others nothing */
} subjects[] = {
	{{"1 table", MANY}, 1},
	{{"100 tables", MANY, .tables = 100}, 100},
	{{"100 tables, 1 changed", MANY, .tables = 100}, 1},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* What happens in a slice, and between slices. */
enum phase { STEADY, SLOW, FAST, PHASES, PAUSE = PHASES, STOP };
static const struct {
	const char *name;
	unsigned int swaps_per_s;
} phases[PHASES] = {{"steady", 0}, {"10 swaps a second", 10}, {"100 swaps a second", 100}};

static const struct {
	const char *name;
	unsigned int per_10000;
} points[] = {{"p50", 5000}, {"p99", 9900}, {"p99.9", 9990}, {"p99.99", 9999}, {"max", 10000}};
enum { POINTS = sizeof(points) / sizeof(*points) };

struct run {
	struct traffic traffic; /* its generation is the first one that is served */
	struct glb_settings settings;
	struct publish publish;
	struct backend_stats backend_stats;
	struct backend_stats_count *counts;
	struct glb_spec specs[2]; /* served in turns */
	uint64_t swaps;
	enum phase phase; /* set by the control thread */

	/* the worker's */
	struct histogram bursts[PAUSE + 1] __attribute__((aligned(64)));
	struct histogram firsts[PAUSE + 1]; /* bursts with another generation than the last */
	uint64_t number;		    /* of the generation it served last */
	uint64_t packets;
	uint64_t verdicts[GLB_VERDICT_COUNT];
	uint64_t wrong;
};

/* --- the worker --- */

/* Did each packet of a burst leave for where this generation has the backend it was counted for? */
static uint64_t wrong_ones(const struct run *run, const struct served *served)
{
	const struct glb_route *route = &served->gen->routes[0];
	uint32_t len = run->traffic.lens[0] + route->outer_len;
	uint64_t wrong = served->gen->number < run->number; /* never back */

	for (unsigned int i = 0; i < TRAFFIC_BURST; i++) {
		const struct glb_packet *pkt = &run->traffic.packets[i];
		const uint8_t *ip = pkt->data + GLB_ETHER_LEN;

		wrong += pkt->verdict != GLB_FORWARD || pkt->len != len ||
			 memcmp(ip + 16, served->gen->outers[pkt->backend].bytes + 16, 4) != 0;
	}
	return wrong;
}

static void burst(struct run *run)
{
	struct traffic *traffic = &run->traffic;
	enum phase phase = __atomic_load_n(&run->phase, __ATOMIC_RELAXED);
	const struct served *served;
	uint64_t begin;
	uint64_t ticks;
	bool first;

	traffic_refill(traffic, TRAFFIC_BURST);
	for (unsigned int i = 0; i < TRAFFIC_BURST; i++)
		traffic->packets[i].verdict = UNDECIDED;

	begin = rte_rdtsc_precise();
	served = publish_current(&run->publish);
	glb_forward(served->gen, traffic->packets, TRAFFIC_BURST);
	for (unsigned int i = 0; i < TRAFFIC_BURST; i++) {
		const struct glb_packet *pkt = &traffic->packets[i];

		run->verdicts[pkt->verdict % GLB_VERDICT_COUNT]++;
		if (pkt->verdict == GLB_FORWARD)
			backend_stats_add(run->counts, served->map, pkt);
	}
	ticks = rte_rdtsc_precise() - begin;

	run->wrong += wrong_ones(run, served);
	run->packets += TRAFFIC_BURST;
	first = served->gen->number != run->number;
	run->number = served->gen->number;

	begin = rte_rdtsc_precise();
	publish_quiescent(&run->publish, 0);
	ticks += rte_rdtsc_precise() - begin;
	histogram_add(&run->bursts[phase], ticks);
	if (first)
		histogram_add(&run->firsts[phase], ticks);
}

static void *work(void *arg)
{
	struct run *run = arg;

	publish_join(&run->publish, 0);
	while (__atomic_load_n(&run->phase, __ATOMIC_RELAXED) != STOP)
		burst(run);
	publish_leave(&run->publish, 0);
	return NULL;
}

/* --- the control thread --- */

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench-reload: cannot %s: %s\n", what, strerror(-err));
	exit(EXIT_FAILURE);
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(-pthread_setaffinity_np(pthread_self(), sizeof(set), &set),
	      "run on two processors, 0 and 1");
}

static void sleep_ms(double ms)
{
	const struct timespec nap = {.tv_sec = (time_t)(ms / 1000),
				     .tv_nsec = (long)((ms - 1000 * (long)(ms / 1000)) * 1e6)};

	if (ms > 0)
		(void)nanosleep(&nap, NULL);
}

/* What a reload of a director does, its files aside. Returns how long it took. */
static double swap(struct run *run)
{
	const struct glb_generation *current = run->publish.current->gen;
	struct glb_generation *next;
	struct backend_stats_map *map;
	struct glb_tables tables;
	double begin = bench_now_ms();

	check(glb_tables_build(&tables, &run->specs[++run->swaps % 2], &current->tables, NULL),
	      "build");
	check(glb_generation_make(&next, current->number + 1, &run->settings, &tables, NULL),
	      "make a generation");
	check(backend_stats_map_make(&map, &run->backend_stats, &next->tables), "map");
	check(publish_replace(&run->publish, next, map, NULL), "publish");
	publish_reclaim(&run->publish);
	return bench_now_ms() - begin;
}

/* One slice; adds what reloads took to `took`. */
static void slice(struct run *run, enum phase phase, struct samples *took)
{
	double end = bench_now_ms() + SLICE_MS;
	double next = bench_now_ms();

	__atomic_store_n(&run->phase, phase, __ATOMIC_RELAXED);
	while (bench_now_ms() < end) {
		if (!phases[phase].swaps_per_s) {
			sleep_ms(end - bench_now_ms());
			continue;
		}
		samples_add(took, swap(run));
		next += 1000.0 / phases[phase].swaps_per_s;
		sleep_ms((next < end ? next : end) - bench_now_ms());
		publish_reclaim(&run->publish);
	}
	sleep_ms(1); /* what was published last is felt in this phase */
	__atomic_store_n(&run->phase, PAUSE, __ATOMIC_RELAXED);
	sleep_ms(PAUSE_MS);
	publish_reclaim(&run->publish);
}

/* The tables that are served first, with one backend or another of the first few unhealthy. */
static void make_specs(struct run *run, unsigned int changed)
{
	const struct glb_tables *tables = &run->traffic.gen->tables;

	for (unsigned int s = 0; s < 2; s++) {
		struct glb_spec *spec = &run->specs[s];

		spec->tables = calloc(tables->count, sizeof(*spec->tables));
		check(spec->tables ? 0 : -ENOMEM, "copy tables");
		for (unsigned int t = 0; t < tables->count; t++) {
			check(glb_table_spec_copy(&spec->tables[t], &tables->tables[t]->spec),
			      "copy a table");
			spec->tables[t].backends[t < changed ? s : 0].healthy = false;
		}
		spec->table_count = tables->count;
	}
}

static void start(struct run *run, const struct reload *reload)
{
	struct backend_stats_map *map;

	memset(run, 0, sizeof(*run));
	traffic_start(&run->traffic, &reload->subject, GLB_ISA_BEST);
	make_specs(run, reload->changed);
	run->settings = run->traffic.gen->settings;
	run->counts = calloc(BACKEND_STATS_SLOTS, sizeof(*run->counts));
	check(run->counts ? backend_stats_start(&run->backend_stats, 1) : -ENOMEM, "count");
	run->backend_stats.counts[0] = run->counts;
	check(backend_stats_map_make(&map, &run->backend_stats, &run->traffic.gen->tables), "map");
	check(publish_start(&run->publish, run->traffic.gen, map, 1), "publish");
	run->traffic.gen = NULL; /* publish has it */
	run->phase = PAUSE;
}

/* Once the worker has left. Was every packet accounted for? */
static bool stop(struct run *run)
{
	uint64_t decided = 0;
	uint64_t tallied = 0;
	bool right;

	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		decided += run->verdicts[v];
	for (unsigned int slot = 1; slot < BACKEND_STATS_SLOTS; slot++)
		tallied += run->counts[slot].packets;
	right = !run->wrong && decided == run->packets && tallied == run->packets &&
		run->number == run->publish.current->gen->number;
	printf("%s: %" PRIu64 " packets, %" PRIu64 " verdicts, %" PRIu64
	       " counted by backend, %" PRIu64 " wrong; %" PRIu64 " generations\n",
	       run->traffic.subject->name, run->packets, decided, tallied, run->wrong, run->number);
	publish_stop(&run->publish);
	backend_stats_stop(&run->backend_stats);
	free(run->counts);
	glb_spec_free(&run->specs[0]);
	glb_spec_free(&run->specs[1]);
	traffic_stop(&run->traffic);
	return right;
}

/* By phase, a sample per round. */
struct result {
	struct samples points[PHASES][POINTS]; /* microseconds per burst */
	struct samples more[PHASES][POINTS];   /* than steady */
	struct samples firsts[PHASES];	       /* bursts by a new generation: median */
	struct samples took[PHASES];	       /* ms per reload */
	struct samples rate[PHASES];	       /* reloads per second */
};

/* Takes what the worker measured since the last round; it is between slices. */
static void add_round(struct result *result, struct run *run, double us_per_tick)
{
	for (unsigned int p = 0; p < PHASES; p++) {
		for (unsigned int i = 0; i < POINTS; i++) {
			double ticks = points[i].per_10000 == 10000
					       ? (double)run->bursts[p].max
					       : histogram_at(&run->bursts[p], points[i].per_10000);
			double us = ticks * us_per_tick;
			const struct samples *steady = &result->points[STEADY][i];

			samples_add(&result->points[p][i], us);
			samples_add(&result->more[p][i], us - steady->values[steady->count - 1]);
		}
		if (run->firsts[p].count)
			samples_add(&result->firsts[p],
				    histogram_at(&run->firsts[p], 5000) * us_per_tick);
		memset(&run->bursts[p], 0, sizeof(run->bursts[p]));
		memset(&run->firsts[p], 0, sizeof(run->firsts[p]));
	}
}

static bool measure(struct result *result, const struct reload *reload, unsigned int rounds)
{
	static struct run run;
	uint64_t begin_ticks;
	double begin_ms;
	pthread_t worker;

	memset(result, 0, sizeof(*result));
	start(&run, reload);
	pin(1);
	check(-pthread_create(&worker, NULL, work, &run), "start a worker");
	pin(0);
	sleep_ms(PAUSE_MS);
	for (unsigned int round = 0; round < rounds; round++) {
		begin_ms = bench_now_ms();
		begin_ticks = rte_rdtsc();
		for (unsigned int p = 0; p < PHASES; p++) {
			uint64_t before = run.swaps;

			slice(&run, (enum phase)p, &result->took[p]);
			samples_add(&result->rate[p],
				    (double)(run.swaps - before) * 1000 / SLICE_MS);
		}
		add_round(result, &run,
			  (bench_now_ms() - begin_ms) * 1e3 / (double)(rte_rdtsc() - begin_ticks));
	}
	__atomic_store_n(&run.phase, STOP, __ATOMIC_RELAXED);
	(void)pthread_join(worker, NULL);
	return stop(&run);
}

static void show(struct report *report, const char *name, const struct result *result)
{
	char text[64];

	report_section(report, name, "us", "");
	for (unsigned int i = 0; i < POINTS; i++)
		for (unsigned int p = 0; p < PHASES; p++) {
			(void)snprintf(text, sizeof(text), "burst of 32, %s", points[i].name);
			report_row(report, text, phases[p].name, &result->points[p][i], NULL);
		}
	for (unsigned int i = 0; i < POINTS; i++)
		for (unsigned int p = SLOW; p < PHASES; p++) {
			(void)snprintf(text, sizeof(text), "more than steady, %s", points[i].name);
			report_row(report, text, phases[p].name, &result->more[p][i], NULL);
		}
	for (unsigned int p = SLOW; p < PHASES && result->firsts[p].count; p++)
		report_row(report, "first burst of a generation, p50", phases[p].name,
			   &result->firsts[p], NULL);
}

static void show_reloads(struct report *report, const char *name, const struct result *result)
{
	for (unsigned int p = SLOW; p < PHASES; p++)
		report_row(report, name, phases[p].name, &result->took[p], NULL);
}

int main(int argc, char **argv)
{
	static struct result results[SUBJECTS];
	struct options options = {.only = "", .rounds = ROUNDS, .repeats = 1};
	struct report report;
	bool right = true;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	service_keep_memory(0); /* as a director does */
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		if (!strstr(subjects[i].subject.name, options.only))
			continue;
		right = measure(&results[i], &subjects[i], options.rounds) && right;
		show(&report, subjects[i].subject.name, &results[i]);
	}
	report_section(&report, "a reload, in the control thread", "ms", "");
	for (unsigned int i = 0; i < SUBJECTS; i++)
		if (results[i].rate[FAST].count)
			show_reloads(&report, subjects[i].subject.name, &results[i]);
	report_section(&report, "reloads done", "1/s", "");
	for (unsigned int i = 0; i < SUBJECTS; i++)
		for (unsigned int p = SLOW; p < PHASES && results[i].rate[p].count; p++)
			report_row(&report, subjects[i].subject.name, phases[p].name,
				   &results[i].rate[p], NULL);
	if (!right)
		fputs("packets are lost, doubled or astray\n", stderr);
	return report_close(&report) || !right ? EXIT_FAILURE : EXIT_SUCCESS;
}
