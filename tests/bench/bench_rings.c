/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a director's worker take for a packet, what does a second one bring, and what does
 * it cost to share a queue?
 *
 *   bench-rings [--rounds N] [--json FILE]
 *
 * The worker's real turn on a net_ring port: rings.h.
 */
#include <getopt.h>
#include <stdlib.h>

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

static void bench_two(struct rings *rings, struct report *report, unsigned int rounds)
{
	static struct samples one, two;

	report_section(report, "workers with a ring each, time per packet", "ns",
		       "times one worker");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		one.count = two.count = 0;
		rings_start(rings, &subjects[i], RINGS_QUEUES, RINGS_QUEUES);
		for (unsigned int round = 0; round < rounds; round++) {
			samples_add(&one, rings_one(rings));
			samples_add(&two, rings_two(rings));
		}
		rings_stop(rings);
		report_row(report, subjects[i].name, "1 worker", &one, NULL);
		report_row(report, subjects[i].name, "2 workers", &two, &one);
	}
}

static void bench_shares(struct rings *rings, struct report *report, unsigned int rounds)
{
	static struct samples receive, decide, send;

	report_section(report, "one queue for 4 workers, time per packet", "ns", "");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		receive.count = decide.count = send.count = 0;
		rings_start(rings, &subjects[i], 1, WORKERS);
		for (unsigned int round = 0; round < rounds; round++) {
			struct rings_shares shares;

			rings_hand_over(&shares, rings);
			samples_add(&receive, shares.receive_ns);
			samples_add(&decide, shares.decide_ns);
			samples_add(&send, shares.send_ns);
		}
		rings_stop(rings);
		report_row(report, subjects[i].name, "receive, hand on", &receive, NULL);
		report_row(report, subjects[i].name, "decide", &decide, NULL);
		report_row(report, subjects[i].name, "send", &send, NULL);
	}
}

static void bench_handover(struct rings *rings, struct report *report, unsigned int rounds)
{
	static const char *const ways[RINGS_WAYS] = {"naive", "by frame", "by hash of a NIC"};
	static struct samples samples[RINGS_WAYS];

	report_section(report, "handing over to 4 workers, per packet", "ns",
		       "times faster than naive");
	for (unsigned int i = 0; i < SUBJECTS; i++) {
		rings_start(rings, &subjects[i], 1, WORKERS);
		for (unsigned int way = 0; way < RINGS_WAYS; way++)
			samples[way].count = 0;
		for (unsigned int round = 0; round < rounds; round++)
			for (unsigned int way = 0; way < RINGS_WAYS; way++)
				samples_add(&samples[way],
					    rings_handover(rings, (enum rings_way)way));
		rings_stop(rings);
		for (unsigned int way = 0; way < RINGS_WAYS; way++)
			report_row(report, subjects[i].name, ways[way], &samples[way],
				   way ? &samples[RINGS_NAIVE] : NULL);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
						{"json", required_argument, NULL, 'j'},
						{0}};
	const char *json = NULL;
	unsigned long rounds = ROUNDS;
	struct report report;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (option == 'j')
			json = optarg;
		else
			return EXIT_FAILURE;
	}
	if (rounds < 1 || rounds > SAMPLES_MAX || optind != argc) {
		fprintf(stderr, "rounds: 1 to %d\n", SAMPLES_MAX);
		return EXIT_FAILURE;
	}
	if (report_open(&report, json)) {
		perror(json);
		return EXIT_FAILURE;
	}

	struct rings *rings = rings_open();

	bench_two(rings, &report, (unsigned int)rounds);
	bench_shares(rings, &report, (unsigned int)rounds);
	bench_handover(rings, &report, (unsigned int)rounds);
	rings_close(rings);
	return report_close(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}
