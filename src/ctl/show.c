/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table show: what is in a tables file. */
#include <stdlib.h>

#include <glb/digest.h>
#include <glb/image.h>

#include "commands.h"
#include "conf/addr.h"
#include "load.h"
#include "options.h"
#include "sys/log.h"
#include "writer.h"

/* Rows of one backend by position on the hop list. */
struct share {
	uint32_t rows[GLB_HOPS_MAX];
};

/* The shares of all backends, to be freed; NULL after logging that memory is out. */
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

static void print_backend(const struct glb_table *table, unsigned int index,
			  const struct share *share)
{
	const struct glb_backend *backend = &table->spec.backends[index];
	char text[ADDR_TEXT_LEN];

	printf("    %-40s %-9s %-9s %6u %-10s", addr_text(text, &backend->addr),
	       glb_state_name(backend->state), backend->healthy ? "healthy" : "unhealthy",
	       backend->weight, glb_zone_name(&table->spec, backend->zone));
	for (unsigned int hop = 0; hop < table->hop_count; hop++)
		printf(" %7.2f %%", 100.0 * share->rows[hop] / GLB_ROWS);
	printf("\n");
}

static void print_table(const struct glb_table *table, unsigned int index,
			const struct share *shares)
{
	static const char *const positions[] = {"1st", "2nd", "3rd", "4th"};
	char name[16];
	char digest[GLB_DIGEST_TEXT_LEN];
	char bind[BIND_TEXT_LEN];

	printf("table %s\n  digest %s\n  order  %s, %u hops\n  binds\n",
	       table_name(name, table, index), glb_digest(digest, table),
	       table->spec.hops ? "by state and health" : "the original's rule", table->hop_count);
	for (unsigned int i = 0; i < table->spec.bind_count; i++)
		printf("    %s\n", bind_text(bind, &table->spec.binds[i]));
	printf("  %-42s %-9s %-9s %6s %-10s", "backends", "state", "health", "weight", "zone");
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
	write_uint(w, "weight", backend->weight);
	write_string(w, "zone", *zone ? zone : NULL);
	write_open(w, "rows", '[');
	for (unsigned int hop = 0; hop < table->hop_count; hop++)
		write_uint(w, NULL, share->rows[hop]);
	write_close(w, ']');
	write_close(w, '}');
}

static void write_table(struct writer *w, const struct glb_table *table, const struct share *shares)
{
	char digest[GLB_DIGEST_TEXT_LEN];
	char bind[BIND_TEXT_LEN];

	write_open(w, NULL, '{');
	write_string(w, "name", table->spec.name);
	write_string(w, "digest", glb_digest(digest, table));
	write_uint(w, "hops", table->hop_count);
	write_string(w, "order", table->spec.hops ? "class" : "original");
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

static int show(const struct glb_tables *tables, bool json)
{
	struct writer w = {.out = stdout};

	if (json) {
		write_open(&w, NULL, '{');
		write_uint(&w, "image_version", glb_image_version(tables));
		write_open(&w, "tables", '[');
	}
	for (unsigned int t = 0; t < tables->count; t++) {
		struct share *shares = count_shares(tables->tables[t]);

		if (!shares)
			return EXIT_FAILED;
		if (json)
			write_table(&w, tables->tables[t], shares);
		else
			print_table(tables->tables[t], t, shares);
		free(shares);
	}
	if (json) {
		write_close(&w, ']');
		write_close(&w, '}');
	}
	return EXIT_OK;
}

int table_show(int argc, char **argv)
{
	struct glb_tables tables;
	struct options options;

	if (!read_options(&options, OPTION_JSON, argc, argv) || options.arg_count != 1)
		return EXIT_USAGE;
	if (!load_tables(&tables, options.args[0]))
		return EXIT_FAILED;

	int status = show(&tables, options.json);

	glb_tables_free(&tables);
	return status;
}
