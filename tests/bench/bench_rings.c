/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a director's worker take for a packet, what does a second one bring, and what does
 * it cost to share a queue?
 *
 *   bench-rings [--rounds N] [--json FILE] [--huge]
 *
 * The worker's real turn on a net_ring port: rings.h.
 */
#include <stdlib.h>

#include "options.h"
#include "report.h"
#include "rings.h"

enum { ROUNDS = 301, WORKERS = 4 };

static const struct subject subjects[] = {
	{"ipv4 64", .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, 64k flows", .flows = 65536, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514", .frame_len = 1514, .udp_checksum = GLB_UDP_INNER},
	{"ipv6 78", .kind = TRAFFIC_IPV6, .frame_len = 78, .udp_checksum = GLB_UDP_INNER},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

struct bench {
	struct report *report;
	struct rings *rings;
	const struct options *options;
};

/* A heading that says which memory it was. */
static void section(const struct bench *bench, const char *what, const char *unit,
		    const char *measure)
{
	char title[96];

	(void)snprintf(title, sizeof(title), "%s, %s: %s", what,
		       bench->options->huge ? "hugepages" : "no hugepages", unit);
	report_section(bench->report, title, "ns", measure);
}

static void bench_workers(const struct bench *bench)
{
	static struct samples one, two;
	struct rings *rings = bench->rings;

	section(bench, "workers with a ring each", "time per packet", "times one worker");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		one.count = two.count = 0;
		rings_start(rings, &subjects[i], RINGS_QUEUES, RINGS_QUEUES);
		for (unsigned int round = 0; round < bench->options->rounds; round++) {
			samples_add(&one, rings_one(rings));
			samples_add(&two, rings_two(rings));
		}
		rings_stop(rings);
		report_row(bench->report, subjects[i].name, "1 worker", &one, NULL);
		report_row(bench->report, subjects[i].name, "2 workers", &two, &one);
	}
}

static void bench_shares(const struct bench *bench)
{
	static struct samples receive, decide, send;
	struct rings *rings = bench->rings;

	section(bench, "one queue for 4 workers", "time per packet", "");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		receive.count = decide.count = send.count = 0;
		rings_start(rings, &subjects[i], 1, WORKERS);
		for (unsigned int round = 0; round < bench->options->rounds; round++) {
			struct rings_shares shares;

			rings_hand_over(&shares, rings);
			samples_add(&receive, shares.receive_ns);
			samples_add(&decide, shares.decide_ns);
			samples_add(&send, shares.send_ns);
		}
		rings_stop(rings);
		report_row(bench->report, subjects[i].name, "receive, hand on", &receive, NULL);
		report_row(bench->report, subjects[i].name, "decide", &decide, NULL);
		report_row(bench->report, subjects[i].name, "send", &send, NULL);
	}
}

static void bench_handoff(const struct bench *bench)
{
	static const char *const ways[RINGS_WAYS] = {"naive", "by frame", "by hash of a NIC"};
	static struct samples samples[RINGS_WAYS];
	struct rings *rings = bench->rings;

	section(bench, "handing over to 4 workers", "per packet", "times faster than naive");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		rings_start(rings, &subjects[i], 1, WORKERS);
		for (unsigned int way = 0; way < RINGS_WAYS; way++)
			samples[way].count = 0;
		for (unsigned int round = 0; round < bench->options->rounds; round++)
			for (unsigned int way = 0; way < RINGS_WAYS; way++)
				samples_add(&samples[way],
					    rings_handoff(rings, (enum rings_way)way));
		rings_stop(rings);
		for (unsigned int way = 0; way < RINGS_WAYS; way++)
			report_row(bench->report, subjects[i].name, ways[way], &samples[way],
				   way ? &samples[RINGS_NAIVE] : NULL);
	}
}

int main(int argc, char **argv)
{
	struct options options = {.only = "", .rounds = ROUNDS, .repeats = 1, .has_eal = true};
	struct report report;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}

	struct bench bench = {&report, rings_open(options.huge), &options};

	bench_workers(&bench);
	bench_shares(&bench);
	bench_handoff(&bench);
	rings_close(bench.rings);
	return report_close(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}
