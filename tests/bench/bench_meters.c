/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a meter add to a packet?
 *
 *   bench-meters [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *
 * Frames are forwarded with and without meters (differences.h). Then threads take tokens for bursts
 * from one meter, as workers do of a VIP whose flows all of them have.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/forward/forward_isa.h"
#include "differences.h"

enum {
	ROUNDS = 301,
	REPEATS = 5,
	SETS = 4,
	FLOWS = 65536,
	TABLES = 100,
	TAKES = 100000,
	MANY = 250
};

static const struct subject subjects[] = {
	{.name = "ipv4 64, one VIP", .kind = TRAFFIC_IPV4, .flows = FLOWS},
	{.name = "ipv4 64, 100 VIPs in turn",
	 .kind = TRAFFIC_IPV4,
	 .flows = FLOWS,
	 .tables = TABLES},
	{.name = "ipv6 78, one VIP", .kind = TRAFFIC_IPV6, .frame_len = 78, .flows = FLOWS},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* The last is none. */
static const char *const set_names[SETS] = {"metered, below the rate",
					    "250 meters, none of these VIPs",
					    "metered, all dropped", "no meter"};

/* The time as workers know it: cycles, taken for nanoseconds. */
static uint64_t now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
#endif
}

static struct glb_meters *make_set(unsigned int set, const struct traffic *traffic)
{
	struct glb_meter_rule rules[MANY];
	struct glb_meters *meters;
	uint32_t count = 0;

	if (set == SETS - 1)
		return NULL;
	if (set == 1)
		for (; count < MANY; count++)
			rules[count] = (struct glb_meter_rule){
				{{198, 18, (uint8_t)(count >> 8), (uint8_t)count}, 4}, 32, 1, 1};
	for (unsigned int t = 0; t < traffic->gen->tables.count && set != 1; t++) {
		const struct glb_table_spec *spec = &traffic->gen->tables.tables[t]->spec;
		const uint32_t rate = set == 0 ? GLB_METER_RATE_MAX : 1;

		rules[count++] =
			(struct glb_meter_rule){spec->binds[0].addr, spec->binds[0].prefix_len,
						rate, set == 0 ? GLB_METER_BURST_MAX : 1};
	}
	if (glb_meters_make(&meters, rules, count, NULL))
		abort();
	return meters;
}

static void forward(struct traffic *traffic, const struct glb_generation *gen)
{
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i += TRAFFIC_BURST)
		(void)glb_forward_metered(gen, traffic->packets + i, TRAFFIC_BURST,
					  gen->settings.meters ? now() : 0);
}

/* Is every packet dropped that should be, and no other? */
static void check(struct traffic *traffic, const struct glb_generation *gen, unsigned int set)
{
	unsigned int dropped = 0;

	for (unsigned int chunk = 0; chunk < 2; chunk++) { /* in the second all tokens are taken */
		traffic_refill(traffic, TRAFFIC_CHUNK);
		forward(traffic, gen);
	}
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++)
		dropped += traffic->packets[i].verdict == GLB_DROP_METERED;
	if (set == 2 ? dropped >= TRAFFIC_CHUNK - 2 : dropped == 0)
		return;
	fprintf(stderr, "%s, %s: %u dropped\n", traffic->subject->name, set_names[set], dropped);
	exit(EXIT_FAILURE);
}

static void bench_isa(struct report *out, struct traffic *traffic, enum glb_isa isa,
		      const struct options *options)
{
	struct glb_generation *gens[SETS];
	const struct differences differences = {traffic, gens, set_names, SETS, forward};

	for (unsigned int s = 0; s < SETS; s++) {
		struct glb_settings settings = traffic->gen->settings;

		settings.isa = (uint8_t)isa;
		settings.meters = make_set(s, traffic);
		gens[s] = differences_generation(traffic, &settings);
		glb_meters_free(settings.meters);
		check(traffic, gens[s], s);
	}
	differences_report(out, &differences, options);
	for (unsigned int s = 0; s < SETS; s++)
		glb_generation_free(gens[s]);
}

static void bench(struct report *out, const struct subject *subject, const struct options *options)
{
	static struct traffic traffic;

	traffic_start(&traffic, subject, GLB_ISA_BEST);
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++)
		if (glb_forward_of((enum glb_isa)isa))
			bench_isa(out, &traffic, (enum glb_isa)isa, options);
	traffic_stop(&traffic);
}

/* --- Tokens --- */

/* A worker: takes tokens for bursts. Leaves how long a packet takes. */
struct taker {
	const struct glb_meter *meter;
	double ns;
};

static void *take_bursts(void *arg)
{
	struct taker *taker = arg;
	double begin = bench_now_ms();

	for (unsigned int i = 0; i < TAKES; i++)
		(void)glb_meter_take(taker->meter, TRAFFIC_BURST, now());
	taker->ns = (bench_now_ms() - begin) * 1e6 / TAKES / TRAFFIC_BURST;
	return NULL;
}

static void bench_takers(struct report *out, unsigned int count, const struct options *options)
{
	const struct glb_meter_rule rule = {
		{{192, 0, 2, 10}, 4}, 32, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX};
	static struct samples samples;
	struct taker takers[2];
	pthread_t threads[2];
	struct glb_meters *meters;
	char name[32];

	samples.count = 0;
	if (glb_meters_make(&meters, &rule, 1, NULL))
		abort();
	for (unsigned int t = 0; t < count; t++)
		takers[t].meter = meters->meters;
	for (unsigned int r = 0; r < options->repeats; r++) {
		for (unsigned int t = 0; t < count; t++)
			if (pthread_create(&threads[t], NULL, take_bursts, &takers[t]))
				abort();
		for (unsigned int t = 0; t < count; t++)
			(void)pthread_join(threads[t], NULL);
		samples_add(&samples, takers[0].ns);
	}
	(void)snprintf(name, sizeof(name), "%u worker%s", count, count == 1 ? "" : "s");
	report_row(out, "tokens for bursts of 32", name, &samples, NULL);
	glb_meters_free(meters);
}

int main(int argc, char **argv)
{
	struct options options = {.only = "", .rounds = ROUNDS, .repeats = REPEATS};
	struct report report;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	report_section(&report, "what meters add, per packet", "ns", "");
	for (unsigned int s = 0; s < SUBJECTS; s++)
		if (strstr(subjects[s].name, options.only))
			bench(&report, &subjects[s], &options);
	report_section(&report, "what one meter takes, per packet of a worker", "ns", "");
	bench_takers(&report, 1, &options);
	bench_takers(&report, 2, &options);
	return report_close(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}
