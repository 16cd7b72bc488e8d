/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does the data path take for a packet?
 *
 *   bench-forward [--rounds N] [--repeats N] [--json FILE] [--only TEXT]
 *
 * TEXT is a part of a subject's name. Frames are written anew before each chunk, see traffic.h;
 * that is measured alone and taken off. A repeat is the median of its rounds, on memory of its own.
 * Everything that forwards must give the same frames, or the exit status is 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/forward/forward_isa.h"
#include "naive_forward.h"
#include "options.h"
#include "report.h"
#include "traffic.h"

enum { ROUNDS = 301, REPEATS = 3, FRAME_LEN_MAX = 2048 };

#define IPV4 .kind = TRAFFIC_IPV4
#define IPV6 .kind = TRAFFIC_IPV6, .frame_len = 78
#define MANY .flows = 65536

static const struct subject subjects[] = {
	{"ipv4 64", IPV4},
	{"ipv4 64, inner checksum", IPV4, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, checksum offload", IPV4, .udp_checksum = GLB_UDP_OFFLOAD},
	{"ipv4 64, no checksum", IPV4, .udp_checksum = GLB_UDP_ZERO},
	{"ipv4 256", IPV4, .frame_len = 256},
	{"ipv4 256, inner checksum", IPV4, .frame_len = 256, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514", IPV4, .frame_len = 1514},
	{"ipv4 1514, inner checksum", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_INNER},
	{"ipv4 1514, checksum offload", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_OFFLOAD},
	{"ipv4 1514, no checksum", IPV4, .frame_len = 1514, .udp_checksum = GLB_UDP_ZERO},
	{"ipv6 78", IPV6},
	{"ipv6 78, inner checksum", IPV6, .udp_checksum = GLB_UDP_INNER},
	{"ipv6 78, no checksum", IPV6, .udp_checksum = GLB_UDP_ZERO},
	{"ipv6 256, inner checksum", .kind = TRAFFIC_IPV6, .frame_len = 256,
	 .udp_checksum = GLB_UDP_INNER},
	{"ipv6 1514, inner checksum", .kind = TRAFFIC_IPV6, .frame_len = 1514,
	 .udp_checksum = GLB_UDP_INNER},
	{"ipv4 64, 64k flows", IPV4, MANY},
	{"ipv6 78, 64k flows", IPV6, MANY},
	{"ipv4 64, all hash fields", IPV4, .all_fields = true},
	{"ipv4 64, 4 hops", IPV4, .hops = 4},
	{"ipv4 64, ipv6 proxies", IPV4, .underlay6 = true},
	{"ipv6 78, ipv6 proxies", IPV6, .underlay6 = true},
	{"ipv4 64, 256 binds", IPV4, .binds = 256},
	{"ipv4 64, 4096 binds, 64k flows", IPV4, MANY, .binds = 4096},
	{"ipv4 64, 16 tables, 64k flows", IPV4, MANY, .tables = 16},
	{"ipv4 64, 100 tables, 64k flows", IPV4, MANY, .tables = 100},
	{"icmp echo 64", .kind = TRAFFIC_ECHO},
	{"icmp frag needed 70", .kind = TRAFFIC_IPV4_ERROR, .frame_len = 70},
	{"icmpv6 too big 122", .kind = TRAFFIC_IPV6_ERROR, .frame_len = 122},
	{"punt 64", .kind = TRAFFIC_PUNT},
	{"mix", .kind = TRAFFIC_MIX, .udp_checksum = GLB_UDP_INNER},
	{"mix, 64k flows", .kind = TRAFFIC_MIX, MANY, .udp_checksum = GLB_UDP_INNER},
	{"mix, 16 tables, 64k flows", .kind = TRAFFIC_MIX, MANY, .tables = 16,
	 .udp_checksum = GLB_UDP_INNER},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* What is compared: the yardstick, then glb by instruction set. */
static const char *const variants[] = {"naive", "generic", "avx2", "avx512"};
enum { VARIANTS = sizeof(variants) / sizeof(*variants) };
_Static_assert(VARIANTS == (int)GLB_ISA_COUNT, "naive stands where BEST does");

/* NULL: not on this processor. */
static glb_forward_fn *variant(unsigned int v)
{
	return v ? glb_forward_of((enum glb_isa)v) : naive_forward;
}

static double refill_only(struct traffic *traffic)
{
	double begin = now_ms();

	traffic_refill(traffic, TRAFFIC_CHUNK);
	return now_ms() - begin;
}

static double refill_and_forward(struct traffic *traffic, glb_forward_fn *forward)
{
	double begin = now_ms();

	traffic_refill(traffic, TRAFFIC_CHUNK);
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i += TRAFFIC_BURST)
		forward(traffic->gen, traffic->packets + i, TRAFFIC_BURST);
	return now_ms() - begin;
}

/* Does a variant make the same of the next frames as the yardstick? */
static bool agrees(struct traffic *traffic, unsigned int v)
{
	static struct glb_packet want[TRAFFIC_CHUNK];
	static uint8_t frames[TRAFFIC_CHUNK][FRAME_LEN_MAX];
	uint32_t first = traffic->next;

	traffic_refill(traffic, TRAFFIC_CHUNK);
	naive_forward(traffic->gen, traffic->packets, TRAFFIC_CHUNK);
	memcpy(want, traffic->packets, sizeof(want));
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++)
		memcpy(frames[i], want[i].data, want[i].len);
	traffic->next = first;
	traffic_refill(traffic, TRAFFIC_CHUNK);
	variant(v)(traffic->gen, traffic->packets, TRAFFIC_CHUNK);
	for (unsigned int i = 0; i < TRAFFIC_CHUNK; i++) {
		const struct glb_packet *got = &traffic->packets[i];

		if (got->verdict == want[i].verdict && got->len == want[i].len &&
		    !memcmp(frames[i], got->data, got->len))
			continue;
		fprintf(stderr, "%s: frame %u of %s differs from the naive forwarder's\n",
			traffic->subject->name, first + i, variants[v]);
		return false;
	}
	return true;
}

static int check(struct traffic *traffic)
{
	for (unsigned int v = 1; v < VARIANTS; v++)
		for (uint32_t done = 0; variant(v) && done < traffic->flows; done += TRAFFIC_CHUNK)
			if (!agrees(traffic, v))
				return -EINVAL;
	return 0;
}

/* Adds the median of some rounds per variant, in which all take turns. */
static void repeat(struct samples *medians, struct traffic *traffic, unsigned int rounds)
{
	static struct samples samples[VARIANTS];

	for (unsigned int v = 0; v < VARIANTS; v++)
		samples[v].count = 0;
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int v = 0; v < VARIANTS; v++) {
			double base = refill_only(traffic);

			if (variant(v))
				samples_add(&samples[v],
					    (refill_and_forward(traffic, variant(v)) - base) /
						    TRAFFIC_CHUNK * 1e6);
		}
	}
	for (unsigned int v = 0; v < VARIANTS; v++)
		if (samples[v].count)
			samples_add(&medians[v], samples_spread(&samples[v]).median);
}

static int bench(struct report *report, const struct subject *subject,
		 const struct options *options)
{
	static struct samples medians[VARIANTS];
	static struct traffic traffic;
	int err = 0;

	for (unsigned int v = 0; v < VARIANTS; v++)
		medians[v].count = 0;
	for (unsigned int r = 0; r < options->repeats && !err; r++) {
		traffic_start(&traffic, subject, GLB_ISA_BEST);
		err = r ? 0 : check(&traffic);
		if (!err)
			repeat(medians, &traffic, options->rounds);
		traffic_stop(&traffic);
	}
	for (unsigned int v = 0; v < VARIANTS && !err; v++)
		if (medians[v].count)
			report_row(report, subject->name, variants[v], &medians[v],
				   v ? &medians[0] : NULL);
	return err;
}

int main(int argc, char **argv)
{
	struct options options = {.only = "", .rounds = ROUNDS, .repeats = REPEATS};
	struct report report;
	int err = 0;

	if (!options_read(&options, argc, argv))
		return EXIT_FAILURE;
	if (report_open(&report, options.json)) {
		perror(options.json);
		return EXIT_FAILURE;
	}
	report_section(&report, "the data path, per packet", "ns", "times faster than naive");
	for (unsigned int i = 0; i < SUBJECTS && !err; i++)
		if (strstr(subjects[i].name, options.only))
			err = bench(&report, &subjects[i], &options);
	if (report_close(&report) || err)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
