/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table show and stats: what is in a tables file, and how evenly does it distribute flows?
 */
#include <math.h>
#include <stdlib.h>

#include <glb/balance.h>
#include <glb/digest.h>
#include <glb/image.h>

#include "commands.h"
#include "conf/addr.h"
#include "load.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

/* --- show: the content of a table --- */

/* Rows of one backend by position on the hop list. */
struct share {
	uint32_t rows[GLB_HOPS_MAX];
};

/* The shares of all backends, to be released with free(); NULL after logging out of memory. */
static struct share *count_shares(const struct glb_table *table)
{
	struct share *shares = calloc(table->spec.backend_count, sizeof(*shares));

	if (!shares)
		log_error("out of memory");
	for (unsigned int row = 0; shares && row < GLB_ROWS; row++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++)
			shares[table->rows[row].hops[hop]].rows[hop]++;
	return shares;
}

static bool has_server_ids(const struct glb_table_spec *spec)
{
	bool has = false;

	for (unsigned int i = 0; i < spec->backend_count; i++)
		has |= spec->backends[i].has_server_id;
	return has;
}

/* The cell in the server ID column, which exists only if the table has server IDs. */
static void print_server_id(const struct glb_table *table, const struct glb_backend *backend)
{
	if (!has_server_ids(&table->spec))
		return;
	if (backend->has_server_id)
		printf(" %6u", backend->server_id);
	else
		printf(" %6s", "");
}

static void print_backend(const struct glb_table *table, unsigned int index,
			  const struct share *share)
{
	const struct glb_backend *backend = &table->spec.backends[index];
	char text[ADDR_TEXT_LEN];
	char zone[PRINTABLE_NAME_LEN];

	printf("    %-40s %-9s %-9s", addr_text(text, &backend->addr),
	       glb_state_name(backend->state), backend->healthy ? "healthy" : "unhealthy");
	if (table->ranked)
		printf(" %6u %-10s", backend->weight,
		       printable(zone, sizeof(zone), glb_zone_name(&table->spec, backend->zone)));
	else
		printf(" %6s %-10s", "-", "-");
	print_server_id(table, backend);
	for (unsigned int hop = 0; hop < table->hop_count; hop++)
		printf(" %7.2f %%", 100.0 * share->rows[hop] / GLB_ROWS);
	printf("\n");
}

enum order {
	ORDER_UNKNOWN,
	ORDER_CLASS,
	ORDER_ORIGINAL,
};

/* An image contains rows but not the rule behind them: two hops are possible with every rule,
 * more hops with one only. */
static enum order order_of(const struct glb_table *table)
{
	if (!table->ranked)
		return table->hop_count > 2 ? ORDER_CLASS : ORDER_UNKNOWN;
	return table->spec.hops ? ORDER_CLASS : ORDER_ORIGINAL;
}

static void show_print_table(const struct glb_table *table, unsigned int index,
			     const struct share *shares)
{
	static const char *const orders[] = {
		[ORDER_UNKNOWN] = "not in the image",
		[ORDER_CLASS] = "by state and health",
		[ORDER_ORIGINAL] = "the original's rule",
	};
	static const char *const positions[] = {"1st", "2nd", "3rd", "4th"};
	char name[PRINTABLE_NAME_LEN];
	char digest[GLB_DIGEST_TEXT_LEN];
	char bind[BIND_TEXT_LEN];

	printf("table %s\n  digest %s\n  order  %s, %u hops", table_text(name, table, index),
	       glb_digest(digest, table), orders[order_of(table)], table->hop_count);
	if (table->spec.max_load)
		printf(", max_load %u %%", table->spec.max_load);
	printf("\n  binds\n");
	for (unsigned int i = 0; i < table->spec.bind_count; i++)
		printf("    %s\n", bind_text(bind, &table->spec.binds[i]));
	printf("  %-42s %-9s %-9s %6s %-10s", "backends", "state", "health", "weight", "zone");
	if (has_server_ids(&table->spec))
		printf(" %6s", "server");
	for (unsigned int hop = 0; hop < table->hop_count; hop++)
		printf(" %5s hop", positions[hop]);
	printf("\n");
	for (unsigned int i = 0; i < table->spec.backend_count; i++)
		print_backend(table, i, &shares[i]);
}

static void write_backend(struct writer *w, const struct glb_table *table, unsigned int index,
			  const struct share *share)
{
	const struct glb_backend *backend = &table->spec.backends[index];
	const char *zone = glb_zone_name(&table->spec, backend->zone);
	char text[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "ip", addr_text(text, &backend->addr));
	write_string(w, "state", glb_state_name(backend->state));
	write_bool(w, "healthy", backend->healthy);
	if (table->ranked)
		write_uint(w, "weight", backend->weight);
	else
		write_string(w, "weight", NULL);
	write_string(w, "zone", table->ranked && *zone ? zone : NULL);
	if (backend->has_server_id)
		write_uint(w, "server_id", backend->server_id);
	else
		write_string(w, "server_id", NULL);
	write_open(w, "rows", '[');
	for (unsigned int hop = 0; hop < table->hop_count; hop++)
		write_uint(w, NULL, share->rows[hop]);
	write_close(w, ']');
	write_close(w, '}');
}

/* Null if not set, and for images, which do not contain it. */
static void write_max_load(struct writer *w, const struct glb_table *table)
{
	if (table->spec.max_load)
		write_uint(w, "max_load", table->spec.max_load);
	else
		write_string(w, "max_load", NULL);
}

static void show_write_table(struct writer *w, const struct glb_table *table, unsigned int index,
			     const struct share *shares)
{
	static const char *const orders[] = {
		[ORDER_CLASS] = "class",
		[ORDER_ORIGINAL] = "original",
	};
	char digest[GLB_DIGEST_TEXT_LEN];
	char bind[BIND_TEXT_LEN];

	write_open(w, NULL, '{');
	write_table_id(w, table, index);
	write_string(w, "digest", glb_digest(digest, table));
	write_uint(w, "hops", table->hop_count);
	write_string(w, "order", orders[order_of(table)]); /* null: unknown */
	write_max_load(w, table);
	write_open(w, "binds", '[');
	for (unsigned int i = 0; i < table->spec.bind_count; i++)
		write_string(w, NULL, bind_text(bind, &table->spec.binds[i]));
	write_close(w, ']');
	write_open(w, "backends", '[');
	for (unsigned int i = 0; i < table->spec.backend_count; i++)
		write_backend(w, table, i, &shares[i]);
	write_close(w, ']');
	write_close(w, '}');
}

/* As JSON, or as text if w is NULL. False after logging out of memory. */
static bool show_table(struct writer *w, const struct glb_table *table, unsigned int index)
{
	struct share *shares = count_shares(table);

	if (!shares)
		return false;
	if (w)
		show_write_table(w, table, index, shares);
	else
		show_print_table(table, index, shares);
	free(shares);
	return true;
}

/* --- stats: how evenly a table distributes flows, and those of a failed backend --- */

/*
 * Rendezvous rows are a random sample: a backend's number of rows is distributed binomially around
 * its share by weight. deviation is in standard deviations.
 */
struct evenness {
	uint32_t rows; /* as primary by rank, regardless of state and health */
	double expected;
	double deviation;
};

struct table_stats {
	struct evenness *backends; /* by index in the spec; zeros for inactive ones */
	uint32_t *pairs;	   /* rows by first and second backend by rank, usable * usable */
	unsigned int usable;
	double chi_square;    /* of the primaries against their shares, with usable - 1 degrees of
				 freedom */
	double peak_load;     /* maximum of rows / expected */
	double peak_in_force; /* the same for actual first hops, among backends that take new flows
			       */
	uint32_t balanced;    /* rows whose first hop differs because of max_load */
	uint32_t pair_min;    /* over all ordered pairs of usable backends */
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

/* Numbers the usable backends; `number` has room for all backends. Returns their count. */
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
		stats->balanced += glb_row_was_balanced(table, row);
	}
	stats->peak_in_force = glb_peak_load(table);
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
	char name[PRINTABLE_NAME_LEN];
	char text[ADDR_TEXT_LEN];

	printf("table %s: %u rows over %u usable backend%s\n", table_text(name, table, index),
	       GLB_ROWS, stats->usable, plural(stats->usable));
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
	printf("  in force: peak load %.3f of the mean", stats->peak_in_force);
	if (table->spec.max_load)
		printf("; max_load %u %% moved %u row%s", table->spec.max_load, stats->balanced,
		       plural(stats->balanced));
	printf("\n");
	if (stats->usable > 1)
		printf("  pairs of first and second: %u to %u rows%s\n", stats->pair_min,
		       stats->pair_max, stats->usable > 2 ? "" : ", one pair each way");
	if (stats->usable > 1)
		printf("  mean over all pairs: %.1f rows\n", expected_pair(stats));
}

static void write_stats(struct writer *w, const struct glb_table *table, unsigned int index,
			const struct table_stats *stats)
{
	char text[ADDR_TEXT_LEN];

	write_open(w, NULL, '{');
	write_table_id(w, table, index);
	write_uint(w, "usable", stats->usable);
	write_real(w, "peak_load", stats->peak_load);
	write_real(w, "peak_load_in_force", stats->peak_in_force);
	write_max_load(w, table);
	write_uint(w, "rows_balanced", stats->balanced);
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

/* Returns as show_table(). */
static bool measure_table(struct writer *w, const struct glb_table *table, unsigned int index)
{
	struct table_stats stats;

	if (!make_stats(&stats, table))
		return false;
	if (w)
		write_stats(w, table, index, &stats);
	else
		print_stats(table, index, &stats);
	free_stats(&stats);
	return true;
}

/* --- Common --- */

typedef bool tell_fn(struct writer *w, const struct glb_table *table, unsigned int index);

static int tell_all(struct writer *w, const struct glb_tables *tables, tell_fn *tell)
{
	bool ok = true;

	if (w)
		write_open(w, "tables", '[');
	for (unsigned int t = 0; t < tables->count && ok; t++)
		ok = tell(w, tables->tables[t], t);
	if (w) {
		write_close(w, ']');
		write_close(w, '}');
	}
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int show_all_tables(struct writer *w, const struct glb_tables *tables)
{
	if (w) {
		write_open(w, NULL, '{');
		write_uint(w, "image_version", glb_image_version(tables));
	}
	return tell_all(w, tables, show_table);
}

/* Only a source file has the ranks that are measured. */
static int measure(struct writer *w, const struct glb_tables *tables, const char *path)
{
	if (!require_source(tables, path))
		return EXIT_FAILED;
	if (w)
		write_open(w, NULL, '{');
	return tell_all(w, tables, measure_table);
}

static int show_or_measure(const struct command_line *line, bool is_show)
{
	struct writer writer = {.out = stdout};
	struct glb_tables tables;

	if (!load_tables(&tables, line->args[0]))
		return EXIT_FAILED;

	struct writer *w = command_has(line, OPTION_JSON) ? &writer : NULL;
	int status = is_show ? show_all_tables(w, &tables) : measure(w, &tables, line->args[0]);

	glb_tables_free(&tables);
	return status;
}

int table_show(const struct command_line *line)
{
	return show_or_measure(line, true);
}

int table_stats(const struct command_line *line)
{
	return show_or_measure(line, false);
}
