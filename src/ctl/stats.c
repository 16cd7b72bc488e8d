/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table stats: how evenly does a table spread flows, and the flows of a lost backend? */
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "conf/addr.h"
#include "load.h"
#include "options.h"
#include "sys/log.h"
#include "writer.h"

/*
 * Rendezvous rows are chosen at random, once and for all: a backend's rows are distributed
 * binomially around its share by weight. deviation says how many standard deviations off it is.
 */
struct evenness {
	uint32_t rows; /* as primary by rank, before state and health */
	double expected;
	double deviation;
};

struct table_stats {
	struct evenness *backends; /* by index in the spec; inactive ones 0 */
	uint32_t *pairs;	   /* rows by first and second by rank, usable * usable */
	unsigned int usable;
	double chi_square; /* of the primaries against their shares, usable - 1 degrees of freedom
			    */
	double peak_load;  /* the largest rows / expected */
	uint32_t pair_min; /* over all ordered pairs of usable backends */
	uint32_t pair_max;
};

static double total_weight(const struct glb_table_spec *spec)
{
	double total = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_backend_usable(&spec->backends[i]))
			total += spec->backends[i].weight;
	return total;
}

/* Numbers the usable backends; `number` has room for all. Returns how many there are. */
static unsigned int number_usable(uint16_t *number, const struct glb_table_spec *spec)
{
	unsigned int usable = 0;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		number[i] = (uint16_t)(glb_backend_usable(&spec->backends[i]) ? usable++ : 0);
	return usable;
}

static void weigh_backend(struct table_stats *stats, const struct glb_table_spec *spec,
			  unsigned int index)
{
	struct evenness *one = &stats->backends[index];
	double share = spec->backends[index].weight / total_weight(spec);
	double spread = sqrt(GLB_ROWS * share * (1 - share));
	double off;

	one->expected = GLB_ROWS * share;
	off = one->rows - one->expected;
	one->deviation = spread > 0 ? off / spread : 0;
	stats->chi_square += off * off / one->expected;
	stats->peak_load = fmax(stats->peak_load, one->rows / one->expected);
}

static void weigh_pairs(struct table_stats *stats)
{
	stats->pair_min = GLB_ROWS;
	for (unsigned int a = 0; a < stats->usable; a++) {
		for (unsigned int b = 0; b < stats->usable; b++) {
			uint32_t rows = stats->pairs[a * stats->usable + b];

			if (a == b)
				continue;
			stats->pair_min = rows < stats->pair_min ? rows : stats->pair_min;
			stats->pair_max = rows > stats->pair_max ? rows : stats->pair_max;
		}
	}
}

static void free_stats(struct table_stats *stats)
{
	free(stats->backends);
	free(stats->pairs);
}

static bool make_stats(struct table_stats *stats, const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;
	uint16_t *number = calloc(spec->backend_count, sizeof(*number));

	*stats = (struct table_stats){
		.backends = calloc(spec->backend_count, sizeof(*stats->backends)),
		.usable = number ? number_usable(number, spec) : 0,
	};
	stats->pairs = calloc((size_t)stats->usable * stats->usable + 1, sizeof(*stats->pairs));
	if (!number || !stats->backends || !stats->pairs) {
		log_error("out of memory");
		free(number);
		free_stats(stats);
		return false;
	}
	for (unsigned int row = 0; row < GLB_ROWS; row++) {
		const uint16_t *hops = table->ranking[row].hops;

		stats->backends[hops[0]].rows++;
		stats->pairs[number[hops[0]] * stats->usable + number[hops[1]]]++;
	}
	for (unsigned int i = 0; i < spec->backend_count; i++)
		if (glb_backend_usable(&spec->backends[i]))
			weigh_backend(stats, spec, i);
	weigh_pairs(stats);
	free(number);
	return true;
}

static double expected_pair(const struct table_stats *stats)
{
	return stats->usable > 1 ? (double)GLB_ROWS / (stats->usable * (stats->usable - 1.0)) : 0;
}

static void print_stats(const struct glb_table *table, unsigned int index,
			const struct table_stats *stats)
{
	char name[16];
	char text[ADDR_TEXT_LEN];

	printf("table %s: %u rows over %u usable backends\n", table_name(name, table, index),
	       GLB_ROWS, stats->usable);
	printf("  %-40s %8s %10s %8s %11s\n", "first by rank", "rows", "expected", "load",
	       "deviations");
	for (unsigned int i = 0; i < table->spec.backend_count; i++) {
		const struct evenness *one = &stats->backends[i];

		if (one->expected > 0)
			printf("  %-40s %8u %10.1f %8.3f %+11.2f\n",
			       addr_text(text, &table->spec.backends[i].addr), one->rows,
			       one->expected, one->rows / one->expected, one->deviation);
	}
	printf("  peak load %.3f of the mean; chi-square %.1f, about %u expected\n",
	       stats->peak_load, stats->chi_square, stats->usable - 1);
	if (stats->usable > 1)
		printf("  pairs of first and second: %u to %u rows%s\n", stats->pair_min,
		       stats->pair_max, stats->usable > 2 ? "" : ", one pair each way");
	if (stats->usable > 1)
		printf("  mean over all pairs: %.1f rows\n", expected_pair(stats));
}

static void write_stats(struct writer *w, const struct glb_table *table,
			const struct table_stats *stats)
{
	char text[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "name", table->spec.name);
	write_uint(w, "usable", stats->usable);
	write_real(w, "peak_load", stats->peak_load);
	write_real(w, "chi_square", stats->chi_square);
	write_uint(w, "pair_rows_min", stats->pair_min);
	write_uint(w, "pair_rows_max", stats->pair_max);
	write_real(w, "pair_rows_mean", expected_pair(stats));
	write_open(w, "backends", '[');
	for (unsigned int i = 0; i < table->spec.backend_count; i++) {
		const struct evenness *one = &stats->backends[i];

		write_open(w, NULL, '{');
		write_string(w, "ip", addr_text(text, &table->spec.backends[i].addr));
		write_uint(w, "rows", one->rows);
		write_real(w, "expected", one->expected);
		write_real(w, "deviations", one->deviation);
		write_close(w, '}');
	}
	write_close(w, ']');
	write_close(w, '}');
}

static int print_all(const struct glb_tables *tables, bool json)
{
	struct writer w = {.out = stdout};

	if (json)
		write_open(&w, NULL, '[');
	for (unsigned int t = 0; t < tables->count; t++) {
		struct table_stats stats;

		if (!make_stats(&stats, tables->tables[t]))
			return EXIT_FAILED;
		if (json)
			write_stats(&w, tables->tables[t], &stats);
		else
			print_stats(tables->tables[t], t, &stats);
		free_stats(&stats);
	}
	if (json)
		write_close(&w, ']');
	return EXIT_OK;
}

int table_stats(int argc, char **argv)
{
	struct glb_tables tables;
	struct options options;

	if (!read_options(&options, OPTION_JSON, argc, argv) || options.arg_count != 1)
		return EXIT_USAGE;
	if (!load_tables(&tables, options.args[0]))
		return EXIT_FAILED;

	int status = require_source(&tables, options.args[0]) ? print_all(&tables, options.json)
							      : EXIT_FAILED;

	glb_tables_free(&tables);
	return status;
}
