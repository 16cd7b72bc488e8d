/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does it take to find the bind of a packet, when there are as many as a table may have?
 *
 *   bench-binds [--rounds N] [--json FILE] [--only TEXT]      TEXT is part of a subject
 *
 * All binds are of one VIP and of TCP. Ports differ from look-up to look-up. Then: how long does it
 * take to make the index?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/bind.h>

#include "options.h"
#include "report.h"

enum { BINDS = GLB_BINDS_MAX, LOOKUPS = 512, STEP = 40503 };

/* Bound are even ports below 2 * BINDS, some of them with the next two; or one range in another. */
enum list { LIST_PORTS, LIST_RANGES, LIST_NESTED, LISTS };

static const char *const lists[LISTS] = {"16384 ports", "16384 ranges", "16384 nested ranges"};

static const struct {
	const char *name;
	enum glb_flow_kind kind;
	uint8_t proto; /* of the packet or of the one quoted */
	bool bound;    /* is its port? */
} subjects[] = {
	{"packet, bound port", GLB_FLOW_PORTS, GLB_PROTO_TCP, true},
	{"packet, unbound port", GLB_FLOW_PORTS, GLB_PROTO_TCP, false},
	{"error, bound port", GLB_FLOW_QUOTED, GLB_PROTO_TCP, true},
	{"error, bound port, another protocol", GLB_FLOW_QUOTED, GLB_PROTO_UDP, true},
	{"error, unbound port", GLB_FLOW_QUOTED, GLB_PROTO_TCP, false},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

struct bench {
	struct report report;
	struct options options;
	struct glb_table table;
	struct glb_bind binds[BINDS];
	struct glb_binds *index;
	struct glb_flow flows[LOOKUPS];
};

static struct glb_bind bind_of(enum list list, uint32_t number)
{
	uint16_t first = (uint16_t)(number * STEP % BINDS * 2);
	uint16_t last = (uint16_t)(list == LIST_RANGES ? first + 2 : first);

	if (list == LIST_NESTED) {
		first = (uint16_t)(BINDS - number);
		last = (uint16_t)(BINDS + number);
	}
	return (struct glb_bind){.addr = {{192, 0, 2, 1}, 4},
				 .prefix_len = 32,
				 .proto = GLB_PROTO_TCP,
				 .port_first = first,
				 .port_last = last};
}

static void fill_binds(struct bench *bench, enum list list)
{
	for (uint32_t b = 0; b < BINDS; b++)
		bench->binds[b] = bind_of(list, b);
	bench->table.spec.binds = bench->binds;
	bench->table.spec.bind_count = BINDS;
}

static int build(struct bench *bench)
{
	struct glb_table *table_at = &bench->table;

	return glb_binds_build(&bench->index, &(struct glb_tables){&table_at, 1});
}

static void fill_flows(struct bench *bench, unsigned int subject)
{
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t even = 2 + i * STEP % (BINDS - 1) * 2;

		bench->flows[i] = (struct glb_flow){
			.version = 4,
			.kind = (uint8_t)subjects[subject].kind,
			.proto = subjects[subject].proto,
			.dst = {192, 0, 2, 1},
			.dst_port = (uint16_t)(subjects[subject].bound ? even
								       : 2 * BINDS + 1 + even / 2),
		};
	}
}

static int bench_subject(struct bench *bench, const char *list, unsigned int subject)
{
	static struct samples samples;
	uint32_t found = 0;

	samples.count = 0;
	fill_flows(bench, subject);
	for (unsigned int round = 0; round < bench->options.rounds; round++) {
		double start = bench_now_ms();

		for (uint32_t i = 0; i < LOOKUPS; i++) {
			const struct glb_flow *flow = &bench->flows[i];

			found += glb_binds_match(bench->index, flow, flow->dst).table >= 0;
		}
		samples_add(&samples, (bench_now_ms() - start) * 1e6 / LOOKUPS);
	}
	report_row(&bench->report, subjects[subject].name, list, &samples, NULL);
	return found == (subjects[subject].bound ? bench->options.rounds * LOOKUPS : 0) ? 0
											: -EINVAL;
}

static int bench_lookups(struct bench *bench)
{
	int err = 0;

	report_section(&bench->report, "the bind of a packet", "ns", "");
	for (unsigned int l = 0; l < LISTS && !err; l++) {
		fill_binds(bench, (enum list)l);
		err = build(bench);
		if (err)
			return err;
		for (unsigned int s = 0; s < SUBJECTS && !err; s++)
			if (strstr(subjects[s].name, bench->options.only))
				err = bench_subject(bench, lists[l], s);
		glb_binds_free(bench->index);
	}
	return err;
}

static int bench_builds(struct bench *bench)
{
	static struct samples samples;
	int err = 0;

	report_section(&bench->report, "the index of binds", "ms", "");
	for (unsigned int l = 0; l < LISTS && !err; l++) {
		samples.count = 0;
		fill_binds(bench, (enum list)l);
		for (unsigned int round = 0; round < bench->options.rounds && !err; round++) {
			double start = bench_now_ms();

			err = build(bench);
			samples_add(&samples, bench_now_ms() - start);
			if (!err)
				glb_binds_free(bench->index);
		}
		if (!err)
			report_row(&bench->report, "build", lists[l], &samples, NULL);
	}
	return err;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.options = {.only = "", .rounds = 101, .repeats = 1}};
	int err;

	if (!options_read(&bench.options, argc, argv))
		return 2;
	err = report_open(&bench.report, bench.options.json);
	if (!err)
		err = bench_lookups(&bench);
	if (!err && strstr("build", bench.options.only))
		err = bench_builds(&bench);
	if (!err)
		err = report_close(&bench.report);
	if (err)
		fprintf(stderr, "bench-binds: %s\n", strerror(-err));
	return err ? 1 : 0;
}
