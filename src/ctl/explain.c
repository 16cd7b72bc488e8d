/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table lookup and explain: which way does one flow go, and why? */
#include <stdlib.h>
#include <string.h>

#include <glb/balance.h>
#include <glb/bind.h>
#include <glb/hash.h>
#include <glb/rendezvous.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/director.h"
#include "conf/settings.h"
#include "load.h"
#include "standard.h"
#include "sys/log.h"
#include "sys/writer.h"

enum { RANKED_SHOWN = 10 }; /* candidates of a row that explain lists */

/* A flow on its way through the tables. */
struct path {
	struct glb_flow flow;
	struct glb_settings settings;
	const struct glb_table *table;
	unsigned int table_index;
	unsigned int bind;
	uint64_t hash;
	uint16_t row;
	uint16_t hops[GLB_WIRE_HOPS_MAX]; /* backends in the order in which they are to be tried */
	unsigned int hop_count;
	bool has_src_port; /* was one given? */
	bool has_config;
};

static bool read_port(uint16_t *out, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port > UINT16_MAX) {
		log_error("\"%s\" is not a port from 0 to 65535", text);
		return false;
	}
	*out = (uint16_t)port;
	return true;
}

static bool read_addr(struct glb_addr *out, const char *text)
{
	if (!addr_parse(out, text)) {
		log_error("\"%s\" is not an IPv4 or IPv6 address", text);
		return false;
	}
	return true;
}

static bool read_proto(uint8_t *out, const char *text)
{
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0) {
		log_error("\"%s\" is not tcp or udp", text);
		return false;
	}
	*out = text[0] == 't' ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	return true;
}

static bool is_proto(const char *text)
{
	return *text == 't' || *text == 'u';
}

/* SRC-IP [SPORT] VIP DPORT [PROTO] */
static bool read_flow(struct path *path, int argc, char **argv)
{
	struct glb_flow *flow = &path->flow;
	struct glb_addr src;
	struct glb_addr dst;

	*flow = (struct glb_flow){.kind = GLB_FLOW_PORTS, .proto = GLB_PROTO_TCP};
	if (is_proto(argv[argc - 1]) && !read_proto(&flow->proto, argv[--argc]))
		return false;
	path->has_src_port = argc == 4;
	if (path->has_src_port && !read_port(&flow->src_port, argv[1]))
		return false;
	if (!read_addr(&src, argv[0]) || !read_addr(&dst, argv[argc - 2]) ||
	    !read_port(&flow->dst_port, argv[argc - 1]))
		return false;
	if (src.version != dst.version) {
		log_error("%s and %s are not of one IP version", argv[0], argv[argc - 2]);
		return false;
	}
	flow->version = src.version;
	flow->hint = flow->src_port;
	memcpy(flow->src, src.bytes, sizeof(flow->src));
	memcpy(flow->dst, dst.bytes, sizeof(flow->dst));
	return true;
}

/* The hops of a row, behind those there are already; as the data path lists them. */
static void add_hops(struct path *path, uint16_t row)
{
	for (unsigned int hop = 0; hop < path->table->hop_count; hop++) {
		uint16_t backend = path->table->rows[row].hops[hop];
		bool listed = false;

		for (unsigned int i = 0; i < path->hop_count; i++)
			listed |= path->hops[i] == backend;
		if (!listed || !path->settings.unique_hops)
			path->hops[path->hop_count++] = backend;
	}
}

/* Follows the flow to its rows; false after saying where it ends. */
static bool follow(struct path *path, const struct glb_tables *tables, const char *tables_path)
{
	struct glb_binds *binds;

	if (glb_binds_build(&binds, tables)) {
		log_error("out of memory");
		return false;
	}

	int index = glb_binds_find(&path->bind, binds, &path->flow, NULL);

	glb_binds_free(binds);
	if (index < 0) {
		log_error("%s: no bind matches this flow", tables_path);
		return false;
	}

	const uint8_t *key = tables->tables[index]->spec.hash_key;
	uint8_t alt_fields = path->settings.alt_hash_fields;

	path->table = tables->tables[index];
	path->table_index = (unsigned int)index;
	path->hash = glb_flow_hash(key, path->settings.hash_fields, &path->flow);
	path->row = glb_row_index(path->hash);
	add_hops(path, path->row);
	if (alt_fields)
		add_hops(path, glb_row_index(glb_flow_hash(key, alt_fields, &path->flow)));
	return true;
}

static const char *hop_text(char *out, const struct path *path, unsigned int hop)
{
	return addr_text(out, &path->table->spec.backends[path->hops[hop]].addr);
}

/* May a packet of this flow go elsewhere? */
static bool is_quic(const struct path *path)
{
	return path->table->spec.binds[path->bind].quic;
}

static void print_fields(const struct path *path)
{
	char fields[FIELDS_TEXT_LEN];

	printf("hash_fields %s%s\n", fields_text(fields, path->settings.hash_fields),
	       path->has_config ? "" : " (the default; those of a director: --config FILE)");
	if (path->settings.alt_hash_fields)
		printf("alt_hash_fields %s\n", fields_text(fields, path->settings.alt_hash_fields));
}

/* A list of their names. */
static void write_fields(struct writer *w, const char *key, uint8_t fields)
{
	char name[FIELDS_TEXT_LEN];

	write_open(w, key, '[');
	for (unsigned int field = 1; field <= fields; field <<= 1)
		if (fields & field)
			write_string(w, NULL, fields_text(name, (uint8_t)field));
	write_close(w, ']');
}

/* The outer source port in JSON, null where it depends on what was not given. */
static void write_outer_port(struct writer *w, const struct path *path)
{
	if (path->has_src_port)
		write_uint(w, "outer_source_port", glb_outer_src_port(path->hash, &path->flow));
	else
		write_string(w, "outer_source_port", NULL);
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
	if (is_quic(path))
		printf("a QUIC packet whose connection ID names a known server goes there first\n");
}

static void write_path(struct writer *w, const struct path *path)
{
	char hash[17];
	char bind[BIND_TEXT_LEN];
	char text[ADDR_TEXT_LEN];

	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)path->hash);
	write_table_id(w, path->table, path->table_index);
	write_string(w, "bind", bind_text(bind, &path->table->spec.binds[path->bind]));
	write_fields(w, "hash_fields", path->settings.hash_fields);
	write_fields(w, "alt_hash_fields", path->settings.alt_hash_fields);
	write_string(w, "hash", hash);
	write_uint(w, "row", path->row);
	write_open(w, "hops", '[');
	for (unsigned int hop = 0; hop < path->hop_count; hop++)
		write_string(w, NULL, hop_text(text, path, hop));
	write_close(w, ']');
	write_outer_port(w, path);
	write_bool(w, "quic", is_quic(path));
}

/* Position of a backend on the row, or the number of its hops. */
static unsigned int position_of(const struct path *path, uint16_t backend)
{
	unsigned int hop = 0;

	while (hop < path->table->hop_count && path->table->rows[path->row].hops[hop] != backend)
		hop++;
	return hop;
}

/* Why a candidate stands where it does, in words. `place` counts from 0 by rank. */
static const char *reason_of(const struct path *path, uint16_t backend, unsigned int place)
{
	const struct glb_backend *one = &path->table->spec.backends[backend];
	unsigned int position = position_of(path, backend);

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
		unsigned int position = position_of(path, ratings[i].backend);
		char text[ADDR_TEXT_LEN];

		printf("  %-40s %016llx %-9s %-9s ", addr_text(text, &backend->addr),
		       (unsigned long long)ratings[i].cost, glb_state_name(backend->state),
		       backend->healthy ? "healthy" : "unhealthy");
		if (position < path->table->hop_count)
			printf("hop %u, ", position + 1);
		printf("%s\n", reason_of(path, ratings[i].backend, (unsigned int)i));
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
		unsigned int position = position_of(path, ratings[i].backend);
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
		write_string(w, "why", reason_of(path, ratings[i].backend, (unsigned int)i));
		write_close(w, '}');
	}
	write_close(w, ']');
}

static int explain(const struct path *path, bool json)
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
		write_path(&w, path);
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
	write_path(&w, path);
	write_close(&w, '}');
	return EXIT_OK;
}

/* Reads the command line of both commands into a path's beginning. */
static int read_question(struct path *path, const struct command_line *line)
{
	const char *config = line->values[OPTION_CONFIG];
	int words = line->arg_count - 1; /* behind the tables file */

	if (words - is_proto(line->args[words]) < 3 || words - is_proto(line->args[words]) > 4)
		return EXIT_USAGE;
	if (!read_flow(path, words, line->args + 1))
		return EXIT_FAILED;
	if (config && !reads_once(config, line->args[0]))
		return EXIT_FAILED;
	path->settings.hash_fields = GLB_HASH_SRC_ADDR;
	path->has_config = config;
	if (config && !load_settings(&path->settings, config))
		return EXIT_FAILED;
	if (!path->has_src_port &&
	    (path->settings.hash_fields | path->settings.alt_hash_fields) & GLB_HASH_SRC_PORT) {
		log_error("%s: the row depends on the source port, which was not given", config);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int answer(const struct command_line *line, bool with_reasons)
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
	else if (!follow(&path, &tables, line->args[0]))
		status = EXIT_FAILED;
	else
		status = (with_reasons ? explain : look_up)(&path, command_has(line, OPTION_JSON));
	glb_tables_free(&tables);
	return status;
}

int table_lookup(const struct command_line *line)
{
	return answer(line, false);
}

int table_explain(const struct command_line *line)
{
	return answer(line, true);
}
