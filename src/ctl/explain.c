/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table lookup and explain: which path does a flow take, and why? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/balance.h>
#include <glb/bind.h>
#include <glb/hash.h>
#include <glb/rendezvous.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/settings.h"
#include "flow.h"
#include "load.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/writer.h"

enum { RANKED_SHOWN = 10 }; /* candidates of a row that explain lists */

static const char *hop_text(char *out, const struct path *path, unsigned int hop)
{
	return addr_text(out, &path->table->spec.backends[path->hops[hop]].addr);
}

static void print_fields(const struct path *path)
{
	char fields[FIELDS_TEXT_LEN];

	printf("hash_fields %s%s\n", fields_text(fields, path->settings.hash_fields),
	       path->has_settings ? "" : " (the default; those of a director: --config FILE)");
	if (path->settings.alt_hash_fields)
		printf("alt_hash_fields %s\n", fields_text(fields, path->settings.alt_hash_fields));
}

static void print_path(const struct path *path)
{
	char title[PRINTABLE_NAME_LEN];
	char text[ADDR_TEXT_LEN];

	printf("table %s\n", table_title(title, path->table, path->table_index));
	print_fields(path);
	printf("hash %016llx\nrow %u\nhops", (unsigned long long)path->hash, path->row);
	for (unsigned int hop = 0; hop < path->hop_count; hop++)
		printf(" %s", hop_text(text, path, hop));
	if (path->has_src_port)
		printf("\nouter source port %u\n", glb_outer_src_port(path->hash, &path->flow));
	else
		printf("\nouter source port: depends on the source port, which was not given\n");
	if (path_is_quic(path))
		printf("a QUIC packet whose connection ID names a known server goes there first\n");
}

/* The position of a backend in the row, or the number of hops if it is not in it. */
static unsigned int explain_position_of(const struct path *path, uint16_t backend)
{
	unsigned int hop = 0;

	while (hop < path->table->hop_count && path->table->rows[path->row].hops[hop] != backend)
		hop++;
	return hop;
}

/* Why a candidate is at its position, in words. `place` is its rank, from 0. */
static const char *explain_reason_of(const struct path *path, uint16_t backend, unsigned int place)
{
	const struct glb_backend *one = &path->table->spec.backends[backend];
	unsigned int position = explain_position_of(path, backend);

	if (position == path->table->hop_count)
		return "beyond the hops of a row";
	if (position < 2 && glb_row_was_balanced(path->table, path->row))
		return position ? "yields: has its share of rows by max_load"
				: "moved up: one before it has its share of rows by max_load";
	if (position == place)
		return "in its place by rank";
	if (position < place)
		return "moved up: one before it yields, or zones put it here";
	if (!one->healthy)
		return "yields: unhealthy";
	return one->state == GLB_DRAINING ? "yields: draining" : "behind one from another zone";
}

static void print_candidates(const struct path *path, const struct glb_rating *ratings, int count)
{
	bool weighted = count && ratings[0].cost != ratings[0].rank;

	printf("candidates of the row, first by %s\n",
	       weighted ? "cost (rank and weight)" : "rank");
	for (int i = 0; i < count && i < RANKED_SHOWN; i++) {
		const struct glb_backend *backend = &path->table->spec.backends[ratings[i].backend];
		unsigned int position = explain_position_of(path, ratings[i].backend);
		char text[ADDR_TEXT_LEN];

		printf("  %-40s %016llx %-9s %-9s ", addr_text(text, &backend->addr),
		       (unsigned long long)ratings[i].cost, glb_state_name(backend->state),
		       backend->healthy ? "healthy" : "unhealthy");
		if (position < path->table->hop_count)
			printf("hop %u, ", position + 1);
		printf("%s\n", explain_reason_of(path, ratings[i].backend, (unsigned int)i));
	}
	if (count > RANKED_SHOWN)
		printf("  ... %d more\n", count - RANKED_SHOWN);
}

static void write_candidates(struct writer *w, const struct path *path,
			     const struct glb_rating *ratings, int count)
{
	write_open(w, "candidates", '[');
	for (int i = 0; i < count; i++) {
		const struct glb_backend *backend = &path->table->spec.backends[ratings[i].backend];
		unsigned int position = explain_position_of(path, ratings[i].backend);
		char text[ADDR_TEXT_LEN];
		char rank[17];

		(void)snprintf(rank, sizeof(rank), "%016llx", (unsigned long long)ratings[i].rank);
		write_open(w, NULL, '{');
		write_string(w, "ip", addr_text(text, &backend->addr));
		write_string(w, "rank", rank);
		write_string(w, "state", glb_state_name(backend->state));
		write_bool(w, "healthy", backend->healthy);
		if (position < path->table->hop_count)
			write_uint(w, "hop", position + 1);
		write_string(w, "why",
			     explain_reason_of(path, ratings[i].backend, (unsigned int)i));
		write_close(w, '}');
	}
	write_close(w, ']');
}

static int explain_path(const struct path *path, bool json)
{
	const struct glb_table_spec *spec = &path->table->spec;
	struct glb_rating *ratings = calloc(spec->backend_count, sizeof(*ratings));
	int count = ratings ? glb_rate_row(ratings, spec, path->row) : -1;
	struct writer w = {.out = stdout};
	char bind[BIND_TEXT_LEN];

	if (count < 0) {
		free(ratings);
		log_error("out of memory");
		return EXIT_FAILED;
	}
	if (json) {
		write_open(&w, NULL, '{');
		path_write(&w, path);
		write_candidates(&w, path, ratings, count);
		write_close(&w, '}');
	} else {
		printf("bind %s\n", bind_text(bind, &spec->binds[path->bind]));
		print_path(path);
		printf("order %s\n", !spec->hops ? "the original's rule"
				     : spec->max_load
					     ? "by state and health, then rank and max_load"
					     : "by state and health, then rank");
		print_candidates(path, ratings, count);
	}
	free(ratings);
	return EXIT_OK;
}

static int look_up(const struct path *path, bool json)
{
	struct writer w = {.out = stdout};

	if (!json) {
		print_path(path);
		return EXIT_OK;
	}
	write_open(&w, NULL, '{');
	path_write(&w, path);
	write_close(&w, '}');
	return EXIT_OK;
}

/* Parses the command line of both commands. */
static int read_question(struct path *path, const struct command_line *line)
{
	const char *config = line->values[OPTION_CONFIG];
	struct path_question question;
	struct glb_diag why = {{0}};
	int status = flow_read(&question, line->arg_count - 1, line->args + 1);

	if (status != EXIT_OK)
		return status;
	if (path_start(path, &question, &why)) {
		log_error("%s", why.text);
		return EXIT_FAILED;
	}
	if (config && !reads_once(config, line->args[0]))
		return EXIT_FAILED;
	path->settings.hash_fields = GLB_HASH_SRC_ADDR;
	path->has_settings = config;
	if (config && !load_settings(&path->settings, config))
		return EXIT_FAILED;
	if (path_lacks_port(path)) {
		log_error("%s: the row depends on the source port, which was not given", config);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* Follows the flow to its rows. False after printing where it ends. */
static bool explain_follow(struct path *path, const struct glb_tables *tables,
			   const char *tables_path)
{
	struct glb_binds *binds;
	int err = glb_binds_build(&binds, tables);

	if (err) {
		log_error("%s: %s", tables_path,
			  err == -E2BIG ? "too many binds in all" : "out of memory");
		return false;
	}
	err = path_follow(path, tables, binds);

	glb_binds_free(binds);
	if (err)
		log_error("%s: no bind matches this flow", tables_path);
	return !err;
}

static int explain_answer(const struct command_line *line, bool with_reasons)
{
	struct path path = {.bind = 0};
	struct glb_tables tables;
	int status = read_question(&path, line);

	if (status != EXIT_OK)
		return status;
	if (!load_tables(&tables, line->args[0]))
		return EXIT_FAILED;
	if (with_reasons && !require_source(&tables, line->args[0]))
		status = EXIT_FAILED;
	else if (!explain_follow(&path, &tables, line->args[0]))
		status = EXIT_FAILED;
	else
		status = (with_reasons ? explain_path : look_up)(&path,
								 command_has(line, OPTION_JSON));
	glb_tables_free(&tables);
	return status;
}

int table_lookup(const struct command_line *line)
{
	return explain_answer(line, false);
}

int table_explain(const struct command_line *line)
{
	return explain_answer(line, true);
}
