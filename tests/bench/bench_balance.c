/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How evenly are rows shared out with max_load, and what does that cost?
 *
 *   bench-balance [--repeats N] [--rounds N] [--json FILE] [--only TEXT]     TEXT: of "N backends"
 *
 * Rows are counted, so all but the last section comes out the same on every machine. Samples are
 * tables of different seeds, as many as there are repeats, and, where something changes, changes of
 * different backends. Rounds are for what takes time.
 */
#include <errno.h>
#include <string.h>

#include <glb/balance.h>

#include "options.h"
#include "report.h"
#include "table_fleet.h"

enum { SEEDS_MAX = 5, CHANGES_PER_SEED = 6 };

static const unsigned int sizes[] = {10, 32, 100, 256, 512, 1000, 2048, 4096};
enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

struct bench {
	struct report report;
	struct options options;
	struct table_fleet fleet;
	struct table_fleet changed;
	struct glb_tables known[SEEDS_MAX]; /* tables without max_load, by seed, so that nothing is
					   hashed again */
};

static void set_max_load(struct table_fleet *fleet, uint8_t max_load)
{
	fleet->spec.hops = 3;
	fleet->spec.max_load = max_load;
}

static void start_fleet(struct bench *bench, unsigned int backend_count, unsigned int seed)
{
	table_fleet_init(&bench->fleet, backend_count);
	bench->fleet.spec.seed[0] = (uint8_t)seed;
}

static int build(struct glb_tables *out, const struct table_fleet *fleet,
		 const struct glb_tables *known)
{
	struct glb_table_spec spec = fleet->spec;

	return glb_tables_build(out, &(struct glb_spec){&spec, 1}, known, NULL);
}

static void name_load(char *out, size_t size, uint8_t max_load)
{
	if (max_load)
		(void)snprintf(out, size, "max_load %u", max_load);
	else
		(void)snprintf(out, size, "off");
}

static void forget(struct bench *bench)
{
	for (unsigned int seed = 0; seed < SEEDS_MAX; seed++)
		glb_tables_free(&bench->known[seed]);
}

/* Is this number of backends asked for? */
static bool is_wanted(const struct bench *bench, unsigned int backend_count)
{
	char subject[32];

	(void)snprintf(subject, sizeof(subject), "%u backends", backend_count);
	return strstr(subject, bench->options.only);
}

/* Hashes the tables of one size, one per seed. */
static int learn(struct bench *bench, unsigned int backend_count)
{
	int err = 0;

	forget(bench);
	for (unsigned int seed = 0; seed < bench->options.repeats && !err; seed++) {
		start_fleet(bench, backend_count, seed);
		set_max_load(&bench->fleet, 0);
		err = build(&bench->known[seed], &bench->fleet, NULL);
	}
	return err;
}

/* --- Peak loads --- */

static int bench_peaks_of(struct bench *bench, unsigned int backend_count, uint8_t max_load)
{
	static struct samples samples;
	char subject[32];
	char variant[32];
	int err = 0;

	memset(&samples, 0, sizeof(samples));
	for (unsigned int seed = 0; seed < bench->options.repeats && !err; seed++) {
		struct glb_tables tables;

		start_fleet(bench, backend_count, seed);
		set_max_load(&bench->fleet, max_load);
		err = build(&tables, &bench->fleet, &bench->known[seed]);
		if (err)
			break;
		samples_add(&samples, glb_peak_load(tables.tables[0]));
		glb_tables_free(&tables);
	}
	(void)snprintf(subject, sizeof(subject), "%u backends", backend_count);
	name_load(variant, sizeof(variant), max_load);
	if (!err)
		report_row(&bench->report, subject, variant, &samples, NULL);
	return err;
}

static int bench_peaks(struct bench *bench)
{
	static const uint8_t loads[] = {0, 101, 102, 105, 110, 125};
	int err = 0;

	report_section(&bench->report, "rows of the busiest backend, over its share", "shares", "");
	for (unsigned int i = 0; i < SIZES && !err; i++) {
		if (!is_wanted(bench, sizes[i]))
			continue;
		err = learn(bench, sizes[i]);
		for (unsigned int l = 0; l < sizeof(loads) && !err; l++)
			err = bench_peaks_of(bench, sizes[i], loads[l]);
	}
	return err;
}

/* --- Changes --- */

static bool same_first(const struct glb_table *a, const struct glb_table *b, uint32_t row)
{
	return glb_addr_equal(&a->spec.backends[a->rows[row].hops[0]].addr,
			      &b->spec.backends[b->rows[row].hops[0]].addr);
}

static uint32_t count_changed(const struct glb_table *old, const struct glb_table *new)
{
	uint32_t changed = 0;

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		changed += !same_first(old, new, row);
	return changed;
}

static uint32_t rows_of(const struct glb_table *table, unsigned int backend)
{
	uint32_t rows = 0;

	for (uint32_t row = 0; row < GLB_ROWS; row++)
		rows += table->rows[row].hops[0] == backend;
	return rows;
}

enum change { ADD, FLIP, DRAIN, REMOVE_DRAINED };

static const char *const change_names[] = {
	[ADD] = "add one",
	[FLIP] = "health flip",
	[DRAIN] = "drain",
	[REMOVE_DRAINED] = "remove a drained one",
};

/* The state before the change of a backend, and after it. */
static void make_change(struct bench *bench, enum change change, unsigned int backend)
{
	struct glb_backend *before = &bench->fleet.backends[backend];
	struct glb_backend *after = &bench->changed.backends[backend];

	before->state = change == ADD		   ? GLB_INACTIVE
			: change == REMOVE_DRAINED ? GLB_DRAINING
						   : GLB_ACTIVE;
	table_fleet_copy(&bench->changed, &bench->fleet);
	after->state = change == DRAIN		  ? GLB_DRAINING
		       : change == REMOVE_DRAINED ? GLB_INACTIVE
						  : GLB_ACTIVE;
	after->healthy = change != FLIP;
}

/* Adds how many rows get another first hop, and how many of these are the backend's own. */
static int change_one(struct bench *bench, struct samples *moved, struct samples *must,
		      const struct glb_tables *known)
{
	struct glb_tables old;
	struct glb_tables new;
	int err = build(&old, &bench->fleet, known);

	if (err)
		return err;
	err = build(&new, &bench->changed, &old);
	if (!err) {
		uint32_t own = 0;

		for (unsigned int i = 0; i < bench->fleet.spec.backend_count; i++)
			if (bench->fleet.backends[i].state != bench->changed.backends[i].state ||
			    bench->fleet.backends[i].healthy != bench->changed.backends[i].healthy)
				own += rows_of(old.tables[0], i) + rows_of(new.tables[0], i);
		samples_add(moved, count_changed(old.tables[0], new.tables[0]));
		samples_add(must, own);
		glb_tables_free(&new);
	}
	glb_tables_free(&old);
	return err;
}

static int bench_change(struct bench *bench, unsigned int backend_count, enum change change,
			uint8_t max_load)
{
	static struct samples moved;
	static struct samples must;
	char subject[48];
	char variant[32];
	int err = 0;

	memset(&moved, 0, sizeof(moved));
	memset(&must, 0, sizeof(must));
	for (unsigned int i = 0; i < bench->options.repeats * CHANGES_PER_SEED && !err; i++) {
		unsigned int backend =
			i / bench->options.repeats * backend_count / CHANGES_PER_SEED;

		start_fleet(bench, backend_count, i % bench->options.repeats);
		set_max_load(&bench->fleet, max_load);
		make_change(bench, change, backend);
		err = change_one(bench, &moved, &must, &bench->known[i % bench->options.repeats]);
	}
	(void)snprintf(subject, sizeof(subject), "%u backends, %s", backend_count,
		       change_names[change]);
	name_load(variant, sizeof(variant), max_load);
	if (!err)
		report_row(&bench->report, subject, variant, &moved,
			   change == REMOVE_DRAINED ? NULL : &must);
	return err;
}

static int bench_moves(struct bench *bench)
{
	static const uint8_t loads[] = {0, 102, 105, 110, 125};
	int err = 0;

	report_section(&bench->report, "rows that get another first hop", "rows",
		       "part of them that must");
	for (unsigned int i = 0; i < SIZES && !err; i++) {
		if (!is_wanted(bench, sizes[i]))
			continue;
		err = learn(bench, sizes[i]);
		for (enum change change = ADD; change <= REMOVE_DRAINED && !err; change++)
			for (unsigned int l = 0; l < sizeof(loads) && !err; l++)
				err = bench_change(bench, sizes[i], change, loads[l]);
	}
	return err;
}

/* --- Time --- */

/* A health flip hashes nothing, so that most of what differs is balancing. */
static int bench_time_of(struct bench *bench, unsigned int backend_count)
{
	static const uint8_t loads[] = {0, 101, 105};
	static struct samples samples[sizeof(loads)];
	char subject[48];
	int err = 0;

	memset(samples, 0, sizeof(samples));
	for (unsigned int i = 0; i < bench->options.rounds * sizeof(loads) && !err; i++) {
		struct glb_tables tables;
		double start;

		start_fleet(bench, backend_count, 0);
		set_max_load(&bench->fleet, loads[i % sizeof(loads)]);
		bench->fleet.backends[5].healthy = false;
		start = bench_now_ms();
		err = build(&tables, &bench->fleet, &bench->known[0]);
		samples_add(&samples[i % sizeof(loads)], bench_now_ms() - start);
		if (!err)
			glb_tables_free(&tables);
	}
	(void)snprintf(subject, sizeof(subject), "%u backends", backend_count);
	for (unsigned int l = 0; l < sizeof(loads) && !err; l++) {
		char variant[32];

		name_load(variant, sizeof(variant), loads[l]);
		report_row(&bench->report, subject, variant, &samples[l], NULL);
	}
	return err;
}

static int bench_time(struct bench *bench)
{
	int err = 0;

	report_section(&bench->report, "health flip, glb_tables_build(), 3 hops", "ms", "");
	for (unsigned int i = 0; i < SIZES && !err; i++) {
		if (!is_wanted(bench, sizes[i]))
			continue;
		err = learn(bench, sizes[i]);
		if (!err)
			err = bench_time_of(bench, sizes[i]);
	}
	return err;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.options = {.only = "", .rounds = 101, .repeats = SEEDS_MAX}};
	int err;

	if (!options_read(&bench.options, argc, argv))
		return 2;
	if (bench.options.repeats > SEEDS_MAX)
		bench.options.repeats = SEEDS_MAX;
	err = report_open(&bench.report, bench.options.json);
	if (!err)
		err = bench_peaks(&bench);
	if (!err)
		err = bench_moves(&bench);
	if (!err)
		err = bench_time(&bench);
	forget(&bench);
	if (!err)
		err = report_close(&bench.report);
	if (err)
		fprintf(stderr, "bench-balance: %s\n", strerror(-err));
	return err ? 1 : 0;
}
