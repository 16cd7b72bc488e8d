/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does it take to build forwarding tables?
 *
 *   bench-table [--rounds N] [--json FILE] [--only build|options|changes]
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

enum { FLEET_MAX = 1025 }; /* the largest, and one to add */

struct fleet {
	struct glb_backend backends[FLEET_MAX];
	struct glb_bind bind;
	struct glb_table_spec spec;
};

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

static struct glb_addr address_of(unsigned int i, bool ipv6)
{
	if (ipv6)
		return (struct glb_addr){{0xfd, [14] = (uint8_t)(i >> 8), (uint8_t)i}, 6};
	return (struct glb_addr){{10, 1, (uint8_t)(i >> 8), (uint8_t)i}, 4};
}

static void fleet_init(struct fleet *fleet, unsigned int backend_count)
{
	memset(fleet, 0, sizeof(*fleet));
	fleet->bind = (struct glb_bind){{{192, 0, 2, 1}, 4}, 32, 6, 443, 443, false};
	fleet->spec.backends = fleet->backends;
	fleet->spec.backend_count = backend_count;
	fleet->spec.binds = &fleet->bind;
	fleet->spec.bind_count = 1;
	for (uint8_t i = 0; i < sizeof(fleet->spec.seed); i++)
		fleet->spec.seed[i] = (uint8_t)(17 * i + 1);
	for (unsigned int i = 0; i < FLEET_MAX; i++) {
		fleet->backends[i].addr = address_of(i, false);
		fleet->backends[i].state = GLB_ACTIVE;
		fleet->backends[i].healthy = true;
	}
}

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

static unsigned int rounds_for(const struct bench *bench, unsigned int backend_count)
{
	unsigned int fit = 8192 / backend_count;

	if (bench->rounds)
		return bench->rounds;
	return fit < 7 ? 7 : fit > SAMPLES_MAX ? SAMPLES_MAX : fit;
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

			double start = now_ms();

			err = rank(bench->rows, &variants[v], spec);
			samples_add(&samples[v], now_ms() - start);
		}
	}
	for (unsigned int v = 0; v < VARIANTS && !err; v++)
		if (usable[v])
			report_row(&bench->report, subject, variants[v].name, &samples[v],
				   v ? &samples[0] : NULL);
	return err;
}

static int bench_sizes(struct bench *bench, struct fleet *fleet)
{
	static const unsigned int sizes[] = {8, 64, 256, 1024};
	int err = 0;

	report_section(&bench->report, "full build by number of backends", "ms",
		       "times faster than naive");
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes) && !err; i++) {
		char subject[32];

		(void)snprintf(subject, sizeof(subject), "%u backends", sizes[i]);
		fleet_init(fleet, sizes[i]);
		err = bench_build(bench, subject, &fleet->spec);
	}
	return err;
}

/* What options a table may have. */
static void set_weights(struct fleet *fleet)
{
	for (unsigned int i = 0; i < FLEET_MAX; i++)
		fleet->backends[i].weight = (uint16_t)(50 + i % 7 * 25);
}

static void set_zones(struct fleet *fleet)
{
	fleet->spec.hops = 3;
	for (unsigned int i = 0; i < FLEET_MAX; i++)
		fleet->backends[i].zone = (uint16_t)(1 + i % 3);
}

static void set_ipv6(struct fleet *fleet)
{
	for (unsigned int i = 0; i < FLEET_MAX; i++)
		fleet->backends[i].addr = address_of(i, true);
}

static void set_three_hops(struct fleet *fleet)
{
	fleet->spec.hops = 3;
}

static void set_four_hops(struct fleet *fleet)
{
	fleet->spec.hops = 4;
}

static void set_nothing(struct fleet *fleet)
{
	(void)fleet;
}

static const struct option_set {
	const char *name;
	void (*set)(struct fleet *fleet);
} option_sets[] = {
	{"plain", set_nothing},	    {"3 hops", set_three_hops}, {"4 hops", set_four_hops},
	{"7 weights", set_weights}, {"3 zones", set_zones},	{"IPv6", set_ipv6},
};
enum { OPTION_SETS = sizeof(option_sets) / sizeof(*option_sets) };

static int bench_options(struct bench *bench, struct fleet *fleet)
{
	int err = 0;

	report_section(&bench->report, "full build of 256 backends with options", "ms",
		       "times faster than naive");
	for (unsigned int i = 1; i < OPTION_SETS && !err; i++) {
		fleet_init(fleet, 256);
		option_sets[i].set(fleet);
		err = bench_build(bench, option_sets[i].name, &fleet->spec);
	}
	return err;
}

/* Changes of a fleet to which a table built before is known. */
static void flip_health(struct fleet *fleet)
{
	fleet->backends[5].healthy = false;
}

static void drain(struct fleet *fleet)
{
	fleet->backends[5].state = GLB_DRAINING;
}

static void add_one(struct fleet *fleet)
{
	fleet->spec.backend_count++;
}

static void remove_one(struct fleet *fleet)
{
	fleet->spec.backends++;
	fleet->spec.backend_count--;
}

static const struct {
	const char *name;
	void (*change)(struct fleet *fleet);
} changes[] = {
	{"health flip", flip_health},
	{"drain", drain},
	{"add one", add_one},
	{"remove one", remove_one},
};
enum { CHANGES = sizeof(changes) / sizeof(*changes) };

/* Builds a fleet with `known`; the time goes to `samples`, the rows are checked against `want`. */
static int rebuild(struct samples *samples, struct fleet *fleet, const struct glb_tables *known,
		   const struct glb_row *want)
{
	const struct glb_spec spec = {&fleet->spec, 1};
	struct glb_tables tables;
	double start = now_ms();
	int err = glb_tables_build(&tables, &spec, known, NULL);

	samples_add(samples, now_ms() - start);
	if (err)
		return err;
	if (want && memcmp(tables.tables[0]->ranking, want, sizeof(tables.tables[0]->ranking)))
		err = -EINVAL;
	glb_tables_free(&tables);
	return err;
}

static int bench_changes_of(struct bench *bench, const struct fleet *old, const char *subject)
{
	static struct samples samples[CHANGES];
	static struct fleet fleet;
	unsigned int rounds = bench->rounds ? bench->rounds : SAMPLES_MAX;
	struct glb_table_spec spec = old->spec;
	struct glb_tables known;
	int err = glb_tables_build(&known, &(struct glb_spec){&spec, 1}, NULL, NULL);

	if (err)
		return err;
	memset(samples, 0, sizeof(samples));
	for (unsigned int round = 0; round < rounds && !err; round++) {
		for (unsigned int c = 0; c < CHANGES && !err; c++) {
			fleet = *old;
			fleet.spec.backends = fleet.backends;
			changes[c].change(&fleet);
			if (!round)
				err = glb_rank_rows(bench->want, &fleet.spec);
			if (!err)
				err = rebuild(&samples[c], &fleet, &known,
					      round ? NULL : bench->want);
		}
	}
	glb_tables_free(&known);
	if (err)
		fprintf(stderr, "%s: a rebuild differs from a full build\n", subject);
	for (unsigned int c = 0; c < CHANGES && !err; c++)
		report_row(&bench->report, subject, changes[c].name, &samples[c], NULL);
	return err;
}

static int bench_changes(struct bench *bench, struct fleet *fleet)
{
	static const unsigned int sizes[] = {256, 1024};
	int err = 0;

	report_section(&bench->report, "glb_tables_build() after a change", "ms", "");
	for (unsigned int i = 0; i < 2 && !err; i++) {
		for (unsigned int o = 0; o < OPTION_SETS && !err; o++) {
			char subject[32];

			(void)snprintf(subject, sizeof(subject), "%u backends, %s", sizes[i],
				       option_sets[o].name);
			fleet_init(fleet, sizes[i]);
			option_sets[o].set(fleet);
			err = bench_changes_of(bench, fleet, subject);
		}
	}
	return err;
}

static int build_once(struct bench *bench, struct fleet *fleet, const char *name, const char *count)
{
	unsigned long backends = strtoul(count, NULL, 10);

	if (backends < 1 || backends >= FLEET_MAX)
		return -EINVAL;
	fleet_init(fleet, (unsigned int)backends);
	for (unsigned int v = 0; v < VARIANTS; v++)
		if (!strcmp(variants[v].name, name))
			return rank(bench->rows, &variants[v], &fleet->spec);
	return -EINVAL;
}

static const struct {
	const char *name;
	int (*run)(struct bench *bench, struct fleet *fleet);
} sections[] = {
	{"build", bench_sizes},
	{"options", bench_options},
	{"changes", bench_changes},
};
enum { SECTIONS = sizeof(sections) / sizeof(*sections) };

/* Runs the sections of a name, or all of them for NULL. */
static int bench_sections(struct bench *bench, struct fleet *fleet, const char *only)
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

static int bench_all(struct bench *bench, struct fleet *fleet, const char *only,
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
	fputs("usage: bench-table [--rounds N] [--json FILE] [--only build|options|changes]\n"
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
	static struct fleet fleet;
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
