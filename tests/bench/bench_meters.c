/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a meter add to a packet?
 *
 *   bench-meters [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *
 * The same frames are forwarded with and without meters, a chunk each in turn. The result is the
 * difference: of a repeat, between the medians of its rounds. It is negative where packets are
 * dropped, which takes less than forwarding them. Then threads take tokens for bursts from one
 * meter, as workers do of a VIP whose flows all of them have.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/forward/forward_isa.h"
#include "options.h"
#include "report.h"
#include "traffic.h"

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

/* The generation of the traffic with meters and for an instruction set. */
static struct glb_generation *with_meters(const struct traffic *traffic, struct glb_meters *meters,
					  enum glb_isa isa)
{
	struct glb_generation like = *traffic->gen;
	struct glb_generation *gen;

	like.settings.meters = meters;
	like.settings.isa = (uint8_t)isa;
	if (glb_generation_with_ports(&gen, &like, like.settings.ports))
		abort();
	return gen;
}

static double time_chunk(struct traffic *traffic, const struct glb_generation *gen)
{
	double begin;

	traffic_refill(traffic, TRAFFIC_CHUNK);
	begin = bench_now_ms();
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i += TRAFFIC_BURST)
		(void)glb_forward_metered(gen, traffic->packets + i, TRAFFIC_BURST,
					  gen->settings.meters ? now() : 0);
	return (bench_now_ms() - begin) * 1e6 / TRAFFIC_CHUNK;
}

/* Is every packet dropped that should be, and no other? */
static void check(struct traffic *traffic, const struct glb_generation *gen, unsigned int set)
{
	unsigned int dropped = 0;

	(void)time_chunk(traffic, gen);
	(void)time_chunk(traffic, gen); /* all tokens are taken */
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++)
		dropped += traffic->packets[i].verdict == GLB_DROP_METERED;
	if (set == 2 ? dropped >= TRAFFIC_CHUNK - 2 : dropped == 0)
		return;
	fprintf(stderr, "%s, %s: %u dropped\n", traffic->subject->name, set_names[set], dropped);
	exit(EXIT_FAILURE);
}

/* Adds, per set, what it adds to no meter in a repeat. */
static void repeat(struct samples differences[SETS], struct traffic *traffic,
		   struct glb_generation *const gens[SETS], unsigned int rounds)
{
	static struct samples samples[SETS];

	for (unsigned int s = 0; s < SETS; s++)
		samples[s].count = 0;
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int s = 0; s < SETS; s++)
			samples_add(&samples[s], time_chunk(traffic, gens[s]));

	const double none = samples_spread(&samples[SETS - 1]).median;

	for (unsigned int s = 0; s < SETS; s++)
		samples_add(&differences[s],
			    samples_spread(&samples[s]).median - (s < SETS - 1 ? none : 0));
}

static void bench_isa(struct report *out, struct traffic *traffic, enum glb_isa isa,
		      const struct options *options)
{
	static struct samples differences[SETS];
	struct glb_generation *gens[SETS];

	for (unsigned int s = 0; s < SETS; s++) {
		struct glb_meters *meters = make_set(s, traffic);

		differences[s].count = 0;
		gens[s] = with_meters(traffic, meters, isa);
		glb_meters_free(meters);
		check(traffic, gens[s], s);
	}
	for (unsigned int r = 0; r < options->repeats; r++)
		repeat(differences, traffic, gens, options->rounds);
	for (unsigned int s = 0; s < SETS; s++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s, %s", glb_isa_name(isa), set_names[s]);
		report_row(out, traffic->subject->name, name, &differences[s], NULL);
		glb_generation_free(gens[s]);
	}
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
