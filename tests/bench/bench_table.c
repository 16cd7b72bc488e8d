/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does it take to build forwarding tables?
 *
 *   bench-table [--rounds N] [--json FILE] [--only build|options]
 *   bench-table --once VARIANT BACKENDS        one build, for an instruction counter
 *
 * All ways to build a table must give the same rows, or the exit status is 1.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <glb/rendezvous.h>

#include "naive_table.h"
#include "report.h"
#include "sys/parallel.h"
#include "table_fleet.h"

/* One way to rank rows. */
struct variant {
	const char *name;
	enum glb_isa isa;
	glb_run_fn *run;
};

/* The first is the yardstick. */
static const struct variant variants[] = {
	{.name = "naive"},
	{.name = "generic", .isa = GLB_ISA_GENERIC},
	{.name = "avx2", .isa = GLB_ISA_AVX2},
	{.name = "avx512", .isa = GLB_ISA_AVX512},
	{.name = "best, threads", .run = parallel_run},
};
enum { VARIANTS = sizeof(variants) / sizeof(*variants) };

struct bench {
	struct report report;
	unsigned int rounds; /* 0: as many as fit the time */
	struct glb_row want[GLB_ROWS];
	struct glb_row rows[GLB_ROWS];
};

/* Returns 0, or -ENOTSUP where this processor lacks what the variant takes. */
static int rank(struct glb_row *rows, const struct variant *variant,
		const struct glb_table_spec *spec)
{
	const struct glb_ranking how = {.run = variant->run, .isa = variant->isa};

	if (variant == &variants[0])
		return naive_rank_rows(rows, spec);
	return glb_rank_rows_how(rows, spec, &how);
}

/* Sorts out variants this machine lacks, and checks that the others agree. */
static int check_variants(struct bench *bench, bool *usable, const char *subject,
			  const struct glb_table_spec *spec)
{
	for (unsigned int v = 0; v < VARIANTS; v++) {
		struct glb_row *rows = v ? bench->rows : bench->want;
		int err = rank(rows, &variants[v], spec);

		usable[v] = !err;
		if (err == -ENOTSUP)
			continue;
		if (!err && !memcmp(rows, bench->want, sizeof(bench->want)))
			continue;
		fprintf(stderr, "%s: %s differs from %s\n", subject, variants[v].name,
			variants[0].name);
		return -EINVAL;
	}
	return 0;
}

/* The plain way takes half a minute for 4,096 backends. */
static unsigned int rounds_for(const struct bench *bench, unsigned int backend_count)
{
	unsigned int fit = 8192 / backend_count;

	if (bench->rounds)
		return bench->rounds;
	return fit < 3 ? 3 : fit > 31 ? 31 : fit;
}

/* Builds of one table from nothing in every way. */
static int bench_build(struct bench *bench, const char *subject, const struct glb_table_spec *spec)
{
	static struct samples samples[VARIANTS];
	unsigned int rounds = rounds_for(bench, spec->backend_count);
	bool usable[VARIANTS];
	int err = check_variants(bench, usable, subject, spec);

	memset(samples, 0, sizeof(samples));
	for (unsigned int round = 0; round < rounds && !err; round++) {
		for (unsigned int v = 0; v < VARIANTS && !err; v++) {
			if (!usable[v])
				continue;

			double start = bench_now_ms();

			err = rank(bench->rows, &variants[v], spec);
			samples_add(&samples[v], bench_now_ms() - start);
		}
	}
	for (unsigned int v = 0; v < VARIANTS && !err; v++)
		if (usable[v])
			report_row(&bench->report, subject, variants[v].name, &samples[v],
				   v ? &samples[0] : NULL);
	return err;
}

static int bench_sizes(struct bench *bench, struct table_fleet *fleet)
{
	static const unsigned int sizes[] = {10, 64, 100, 256, 1000, 4096};
	int err = 0;

	report_section(&bench->report, "full build by number of backends", "ms",
		       "times faster than naive");
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes) && !err; i++) {
		char subject[32];

		(void)snprintf(subject, sizeof(subject), "%u backends", sizes[i]);
		table_fleet_init(fleet, sizes[i]);
		err = bench_build(bench, subject, &fleet->spec);
	}
	return err;
}

static int bench_options(struct bench *bench, struct table_fleet *fleet)
{
	int err = 0;

	report_section(&bench->report, "full build of 256 backends with options", "ms",
		       "times faster than naive");
	for (unsigned int i = 1; i < TABLE_RANK_OPTIONS && !err; i++) {
		table_fleet_init(fleet, 256);
		table_options[i].set(fleet);
		err = bench_build(bench, table_options[i].name, &fleet->spec);
	}
	return err;
}

static int build_once(struct bench *bench, struct table_fleet *fleet, const char *name,
		      const char *count)
{
	unsigned long backends = strtoul(count, NULL, 10);

	if (backends < 1 || backends >= TABLE_FLEET_MAX)
		return -EINVAL;
	table_fleet_init(fleet, (unsigned int)backends);
	for (unsigned int v = 0; v < VARIANTS; v++)
		if (!strcmp(variants[v].name, name))
			return rank(bench->rows, &variants[v], &fleet->spec);
	return -EINVAL;
}

static const struct {
	const char *name;
	int (*run)(struct bench *bench, struct table_fleet *fleet);
} sections[] = {
	{"build", bench_sizes},
	{"options", bench_options},
};
enum { SECTIONS = sizeof(sections) / sizeof(*sections) };

/* Runs the sections of a name, or all of them for NULL. */
static int bench_sections(struct bench *bench, struct table_fleet *fleet, const char *only)
{
	bool any = false;
	int err = 0;

	for (unsigned int i = 0; i < SECTIONS && !err; i++) {
		if (only && strcmp(only, sections[i].name) != 0)
			continue;
		any = true;
		err = sections[i].run(bench, fleet);
	}
	return any ? err : -EINVAL;
}

static int bench_all(struct bench *bench, struct table_fleet *fleet, const char *only,
		     const char *json_path)
{
	int err = report_open(&bench->report, json_path);

	if (err)
		return err;
	err = bench_sections(bench, fleet, only);

	int closed = report_close(&bench->report);

	return err ? err : closed;
}

static int usage(void)
{
	fputs("usage: bench-table [--rounds N] [--json FILE] [--only build|options]\n"
	      "       bench-table --once VARIANT BACKENDS\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"json", required_argument, NULL, 'j'},
		{"only", required_argument, NULL, 's'},
		{"once", no_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	static struct bench bench;
	static struct table_fleet fleet;
	const char *json_path = NULL;
	const char *only = NULL;
	bool once = false;
	int err;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			bench.rounds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'j')
			json_path = optarg;
		else if (c == 's')
			only = optarg;
		else if (c == 'o')
			once = true;
		else
			return usage();
	}
	if (argc - optind != (once ? 2 : 0))
		return usage();
	err = once ? build_once(&bench, &fleet, argv[optind], argv[optind + 1])
		   : bench_all(&bench, &fleet, only, json_path);
	if (err)
		fprintf(stderr, "bench-table: %s\n", strerror(-err));
	return err ? 1 : 0;
}
