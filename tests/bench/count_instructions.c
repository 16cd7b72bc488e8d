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
	{"forward mix", .kind = TRAFFIC_MIX, .udp_checksum = GLB_UDP_INNER},
	{"punt 64", .kind = TRAFFIC_PUNT},
};

/* Few, because every step takes its time; more would come to the same. */
enum { PACKETS = 3 * TRAFFIC_BURST, ROWS = LANES, BACKENDS = 16 };

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
	struct traffic *traffic = arg;

	traffic->next = 0;
	traffic_refill(traffic, PACKETS);
}

static void run_forward(void *arg)
{
	struct traffic *traffic = arg;

	for (unsigned int i = 0; i < PACKETS; i += TRAFFIC_BURST)
		glb_forward(traffic->gen, traffic->packets + i, TRAFFIC_BURST);
}

static void count_forward(const struct subject *subject, enum glb_isa isa)
{
	static struct traffic traffic;
	const struct steps_work work = {prepare_forward, run_forward, &traffic};

	traffic_start(&traffic, subject, isa);
	print(subject->name, glb_isa_name(isa), steps_of(&work), PACKETS);
	traffic_stop(&traffic);
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
