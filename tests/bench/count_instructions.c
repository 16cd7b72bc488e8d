/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many instructions do the hot paths take?
 *
 *   count-instructions        one line each: what, a tab, instructions times 100
 *
 * The data path per packet, the builder of tables per backend and row, each by instruction set as
 * far as this processor has them. instructions.py compares them with what is recorded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/forward/forward_isa.h"
#include "core/rank/ranking.h"
#include "steps.h"
#include "traffic.h"

static const struct subject subjects[] = {
	{"forward ipv4 64", .kind = TRAFFIC_IPV4},
	{"forward ipv4 64, inner checksum", .kind = TRAFFIC_IPV4, .udp_checksum = GLB_UDP_INNER},
	{"forward ipv4 64, ipv6 proxies", .kind = TRAFFIC_IPV4, .underlay6 = true},
	{"forward ipv6 78", .kind = TRAFFIC_IPV6, .frame_len = 78},
	{"forward ipv4 64, 4 hops", .kind = TRAFFIC_IPV4, .hops = 4},
	{"forward ipv4 64, alternative fields", .kind = TRAFFIC_IPV4, .alt_fields = true},
	{"forward ipv4 64, prefix /24", .kind = TRAFFIC_IPV4, .prefix = 24},
	{"forward ipv4 64, ports 1-65535", .kind = TRAFFIC_IPV4, .all_ports = true},
	{"forward ipv4 68, vlan", .kind = TRAFFIC_IPV4, .frame_len = 68, .vlan = 100},
	{"forward ipv4 64, ip options", .kind = TRAFFIC_OPTIONS},
	{"forward syn 74, clamp", .kind = TRAFFIC_SYN, .frame_len = 74, .clamp_mss = true},
	{"forward udp 60, 36 of ip", .kind = TRAFFIC_UDP, .frame_len = 60, .padding = 10},
	{"forward quic 64, short header", .kind = TRAFFIC_QUIC},
	{"forward icmp echo 64", .kind = TRAFFIC_ECHO},
	{"forward icmp frag needed 70", .kind = TRAFFIC_IPV4_ERROR, .frame_len = 70},
	{"forward ipv4 64, deny", .kind = TRAFFIC_IPV4, .denied = 20000},
	{"forward ipv6 78, deny", .kind = TRAFFIC_IPV6, .frame_len = 78, .denied = 20000},
	{"forward mix", .kind = TRAFFIC_MIX, .udp_checksum = GLB_UDP_INNER},
	{"punt 64", .kind = TRAFFIC_PUNT},
};

/*
 * Few, because a step takes some microseconds: packets of one kind take the same instructions, and
 * of a mix there are enough for some of each kind.
 */
enum { PACKETS = TRAFFIC_BURST, PACKETS_OF_MIX = 3 * TRAFFIC_BURST, ROWS = LANES, BACKENDS = 16 };

struct forward_work {
	struct traffic traffic;
	unsigned int packets;
};

static void print(const char *what, const char *isa, int64_t steps, unsigned int per)
{
	if (steps < 0) {
		fprintf(stderr, "count-instructions: %s\n", strerror((int)-steps));
		exit(EXIT_FAILURE);
	}
	printf("%s, %s\t%" PRId64 "\n", what, isa, (steps * 100 + per / 2) / per);
}

static void prepare_forward(void *arg)
{
	struct forward_work *work = arg;

	work->traffic.next = 0;
	traffic_refill(&work->traffic, work->packets);
}

static void run_forward(void *arg)
{
	struct forward_work *work = arg;
	struct traffic *traffic = &work->traffic;

	for (unsigned int i = 0; i < work->packets; i += TRAFFIC_BURST)
		glb_forward(traffic->gen, traffic->packets + i, TRAFFIC_BURST);
}

static void count_forward(const struct subject *subject, enum glb_isa isa)
{
	static struct forward_work forward;
	const struct steps_work work = {prepare_forward, run_forward, &forward};

	forward.packets = subject->kind == TRAFFIC_MIX ? PACKETS_OF_MIX : PACKETS;
	traffic_start(&forward.traffic, subject, isa);
	print(subject->name, glb_isa_name(isa), steps_of(&work), forward.packets);
	traffic_stop(&forward.traffic);
}

static void run_rows(void *job)
{
	glb_ranking_run_part(job, 0);
}

/* As a glb_run_fn: counts some rows of the first part, and ranks none. */
static void count_rows(void (*task)(void *arg, unsigned int part), void *arg,
		       unsigned int part_count)
{
	struct ranking_job job = *(const struct ranking_job *)arg;
	const struct steps_work work = {.run = run_rows, .arg = &job};

	(void)task;
	(void)part_count;
	job.rows_per_part = ROWS;
	print("table, per hash", job.ranker->lanes->name, steps_of(&work), ROWS * BACKENDS);
}

static void count_table(enum glb_isa isa)
{
	static struct glb_backend backends[BACKENDS];
	static struct glb_row rows[GLB_ROWS];
	const struct glb_table_spec spec = {.backends = backends, .backend_count = BACKENDS};
	const struct glb_ranking how = {.run = count_rows, .isa = isa};

	for (uint8_t i = 0; i < BACKENDS; i++)
		backends[i] = (struct glb_backend){
			.addr = {{10, 0, 0, i}, 4},
			.state = GLB_ACTIVE,
			.healthy = true,
		};
	if (glb_rank_rows_how(rows, &spec, &how))
		abort();
}

int main(void)
{
	for (unsigned int isa = GLB_ISA_GENERIC; isa < GLB_ISA_COUNT; isa++) {
		if (!glb_forward_of((enum glb_isa)isa))
			continue;
		for (unsigned int i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
			count_forward(&subjects[i], (enum glb_isa)isa);
		count_table((enum glb_isa)isa);
	}
	return EXIT_SUCCESS;
}
