/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do a worker's counters cost?
 *
 *   bench-stats [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *
 * TEXT is a part of a subject's name. Workers count verdicts always, tables and backends if wanted,
 * and measure their turns if wanted: their real turn is measured both ways, on a net_ring port
 * (rings.h). What verdicts cost is measured beside the data path alone. Ways take turns; a repeat
 * is the median of its rounds, on memory of its own. The exit status is 1 when a counter is not
 * what was done.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "director/handoff.h"
#include "options.h"
#include "report.h"
#include "rings.h"

enum {
	ROUNDS = 301,
	REPEATS = 5,
	CHUNKS = 8, /* of the data path per round and way: well below a scheduler's tick */
};

#define INNER .udp_checksum = GLB_UDP_INNER

static const struct subject subjects[] = {
	{"ipv4 64", .kind = TRAFFIC_IPV4, INNER},
	{"ipv4 64, 64k flows", .kind = TRAFFIC_IPV4, INNER, .flows = 65536},
	{"ipv4 64, 100 tables, 64k flows", .kind = TRAFFIC_IPV4, INNER, .flows = 65536,
	 .tables = 100},
	{"ipv4 1514", .kind = TRAFFIC_IPV4, INNER, .frame_len = 1514},
	{"ipv6 78", .kind = TRAFFIC_IPV6, INNER, .frame_len = 78},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

enum { WITHOUT, WITH, WAYS };

/* ns per packet, and how many percent more than without. */
struct result {
	struct samples ns[WAYS];
	struct samples percent;
};

static void add_round(struct result *result, const double took[WAYS])
{
	for (unsigned int way = 0; way < WAYS; way++)
		samples_add(&result->ns[way], took[way]);
	samples_add(&result->percent, (took[WITH] / took[WITHOUT] - 1) * 100);
}

static void add_repeat(struct result *result, const struct result *rounds)
{
	for (unsigned int way = 0; way < WAYS; way++)
		samples_add(&result->ns[way], samples_spread(&rounds->ns[way]).median);
	samples_add(&result->percent, samples_spread(&rounds->percent).median);
}

/* Adds a repeat of so many rounds. False: a counter is not what was done. */
typedef bool measure(struct result *result, const struct subject *subject, struct rings *rings,
		     unsigned int rounds);

/* Rounds of a worker's turn with and without something. How many packets it did with it. */
static uint64_t compare_turns(struct result *result, struct rings *rings, unsigned int rounds,
			      void (*choose)(struct rings *rings, bool wanted))
{
	static struct result all;
	uint64_t forwarded = 0;

	memset(&all, 0, sizeof(all));
	for (unsigned int round = 0; round < rounds; round++) {
		double took[WAYS];

		for (unsigned int i = 0; i < WAYS; i++) {
			unsigned int way = (round + i) % WAYS; /* neither is always the first */
			uint64_t before = rings_forwarded(rings);

			choose(rings, way == WITH);
			took[way] = rings_one(rings);
			if (way == WITH)
				forwarded += rings_forwarded(rings) - before;
		}
		add_round(&all, took);
	}
	add_repeat(result, &all);
	return forwarded;
}

/* Tables and backends, in a worker's turn. */
static bool measure_turn(struct result *result, const struct subject *subject, struct rings *rings,
			 unsigned int rounds)
{
	uint64_t forwarded;
	bool right;

	rings_start(rings, subject, RINGS_QUEUES, RINGS_QUEUES);
	forwarded = compare_turns(result, rings, rounds, rings_count_backends);
	right = forwarded && rings_tallied(rings) == forwarded;
	rings_stop(rings);
	return right;
}

/* Where the time of a turn goes, with backends counted either way. */
static bool measure_times(struct result *result, const struct subject *subject, struct rings *rings,
			  unsigned int rounds)
{
	uint64_t forwarded;
	bool right;

	rings_start(rings, subject, RINGS_QUEUES, RINGS_QUEUES);
	forwarded = compare_turns(result, rings, rounds, rings_measure_turns);
	/* the last turn of a call goes on until the next */
	right = forwarded && rings_measured(rings) >= forwarded / HANDOFF_BURST / 2;
	rings_stop(rings);
	return right;
}

/*
 * Ticks that the data path takes for a chunk; NULL: no counters. Whether all of a burst are
 * forwarded is looked at either way: a worker wants to know how to send it.
 */
static uint64_t ticks_of_chunk(struct traffic *traffic, uint64_t *verdicts)
{
	uint64_t begin;

	traffic_refill(traffic, TRAFFIC_CHUNK);
	begin = rte_rdtsc_precise();
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i += TRAFFIC_BURST) {
		const struct glb_packet *packets = traffic->packets + i;
		unsigned int others = 0;

		glb_forward(traffic->gen, traffic->packets + i, TRAFFIC_BURST);
		for (unsigned int k = 0; k < TRAFFIC_BURST; k++)
			others |= packets[k].verdict ^ GLB_FORWARD;
		if (others)
			abort(); /* no subject is like this */
		if (verdicts)
			verdicts[GLB_FORWARD] += TRAFFIC_BURST;
	}
	return rte_rdtsc_precise() - begin;
}

/* Verdicts, as a worker counts them. */
static bool measure_verdicts(struct result *result, const struct subject *subject,
			     struct rings *rings, unsigned int rounds)
{
	static struct traffic traffic;
	static struct result all;
	uint64_t verdicts[GLB_VERDICT_COUNT] = {0};
	uint64_t sum = 0;

	(void)rings;
	memset(&all, 0, sizeof(all));
	traffic_start(&traffic, subject, GLB_ISA_BEST);
	for (unsigned int round = 0; round < rounds; round++) {
		double took[WAYS];

		for (unsigned int i = 0; i < WAYS; i++) {
			unsigned int way = (round + i) % WAYS;
			uint64_t ticks = 0;

			for (unsigned int c = 0; c < CHUNKS; c++)
				ticks += ticks_of_chunk(&traffic, way == WITH ? verdicts : NULL);
			took[way] = (double)ticks * 1e9 / (double)rte_get_tsc_hz() /
				    (CHUNKS * TRAFFIC_CHUNK);
		}
		add_round(&all, took);
	}
	traffic_stop(&traffic);
	add_repeat(result, &all);
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		sum += verdicts[v];
	return sum == (uint64_t)rounds * CHUNKS * TRAFFIC_CHUNK;
}

static const struct {
	const char *title;
	const char *added; /* title of the percents */
	const char *ways[WAYS];
	measure *measure;
} sections[] = {
	{"a worker's turn, per packet",
	 "what counting tables and backends adds",
	 {"not counted", "backends counted"},
	 measure_turn},
	{"the data path alone, per packet",
	 "what counting verdicts adds",
	 {"nothing counted", "verdicts counted"},
	 measure_verdicts},
	{"a worker's turn, per packet, with its time",
	 "what measuring turns adds",
	 {"not measured", "turns measured"},
	 measure_times},
};
enum { SECTIONS = sizeof(sections) / sizeof(*sections) };

static bool bench(struct report *report, unsigned int section, struct rings *rings,
		  const struct options *options)
{
	static struct result results[SUBJECTS];
	bool right = true;

	memset(results, 0, sizeof(results));
	report_section(report, sections[section].title, "ns", "");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		if (!strstr(subjects[i].name, options->only))
			continue;
		for (unsigned int r = 0; r < options->repeats; r++)
			right = sections[section].measure(&results[i], &subjects[i], rings,
							  options->rounds) &&
				right;
		for (unsigned int way = 0; way < WAYS; way++)
			report_row(report, subjects[i].name, sections[section].ways[way],
				   &results[i].ns[way], NULL);
	}
	report_section(report, sections[section].added, "%", "");
	for (unsigned int i = 0; i < SUBJECTS; i++)
		if (results[i].percent.count)
			report_row(report, subjects[i].name, sections[section].ways[WITH],
				   &results[i].percent, NULL);
	return right;
}

int main(int argc, char **argv)
{
	struct options options = {
		.only = "", .rounds = ROUNDS, .repeats = REPEATS, .has_eal = true};
	struct report report;
	struct rings *rings;
	bool right = true;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	rings = rings_open(options.huge);
	for (unsigned int i = 0; i < SECTIONS; i++)
		right = bench(&report, i, rings, &options) && right;
	rings_close(rings);
	if (!right)
		fputs("a counter is not what was done\n", stderr);
	return report_close(&report) || !right ? EXIT_FAILURE : EXIT_SUCCESS;
}
