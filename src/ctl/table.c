/* SPDX-License-Identifier: BSD-3-Clause */
/* glbctl table: offline work on tables files. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glb/forward.h>
#include <glb/hash.h>
#include <glb/image.h>

#include "commands.h"
#include "conf/addr.h"
#include "conf/director.h"
#include "conf/tables.h"
#include "sys/file.h"
#include "sys/log.h"

int table_build(int argc, char **argv)
{
	struct glb_tables tables;
	struct glb_diag diag;

	if (argc != 3)
		return EXIT_USAGE;
	if (tables_load(&tables, argv[1], &diag)) {
		log_error("%s", diag.text);
		return EXIT_FAILED;
	}

	size_t len = glb_image_len(tables.count);
	uint8_t *image = malloc(len);
	int err = image ? 0 : -ENOMEM;

	if (!err) {
		glb_image_write(image, &tables);
		err = file_replace(argv[2], image, len);
	}
	if (err)
		log_error("%s: %s", argv[2], strerror(-err));
	free(image);
	glb_tables_free(&tables);
	return err ? EXIT_FAILED : EXIT_OK;
}

int table_check(int argc, char **argv)
{
	struct glb_tables tables;
	struct glb_diag diag;

	if (argc != 2)
		return EXIT_USAGE;
	if (tables_load(&tables, argv[1], &diag)) {
		log_error("%s", diag.text);
		return EXIT_FAILED;
	}
	for (unsigned int t = 0; t < tables.count; t++) {
		const struct glb_table_spec *spec = &tables.tables[t]->spec;
		unsigned int usable = 0;

		for (unsigned int b = 0; b < spec->backend_count; b++)
			usable += glb_backend_usable(&spec->backends[b]);
		printf("table %u%s%s: %u binds, %u backends, %u usable\n", t,
		       spec->name ? " " : "", spec->name ? spec->name : "", spec->bind_count,
		       spec->backend_count, usable);
	}
	glb_tables_free(&tables);
	return EXIT_OK;
}

struct lookup {
	struct glb_settings settings;
	const char *tables_path;
	struct glb_flow flow;
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
static bool read_flow(struct glb_flow *flow, int argc, char **argv)
{
	struct glb_addr src;
	struct glb_addr dst;

	*flow = (struct glb_flow){.kind = GLB_FLOW_PORTS, .proto = GLB_PROTO_TCP};
	if (is_proto(argv[argc - 1]) && !read_proto(&flow->proto, argv[--argc]))
		return false;
	if (argc == 4 && !read_port(&flow->src_port, argv[1]))
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

static void print_hops(const struct glb_table *table, uint16_t row)
{
	char text[ADDR_TEXT_LEN];

	for (unsigned int i = 0; i < GLB_ROW_HOPS; i++) {
		uint16_t hop = table->rows[row].hops[i];

		printf(" %s", addr_text(text, &table->spec.backends[hop].addr));
	}
}

static int look_up(const struct lookup *lookup, const struct glb_tables *tables)
{
	const struct glb_flow *flow = &lookup->flow;
	struct glb_binds *binds;

	if (glb_binds_build(&binds, tables)) {
		log_error("out of memory");
		return EXIT_FAILED;
	}

	int index = glb_binds_match(binds, flow, NULL);

	glb_binds_free(binds);
	if (index < 0) {
		log_error("%s: no bind matches this flow", lookup->tables_path);
		return EXIT_FAILED;
	}

	const struct glb_table *table = tables->tables[index];
	uint64_t hash = glb_flow_hash(table->spec.hash_key, lookup->settings.hash_fields, flow);
	uint16_t row = glb_row_index(hash);

	printf("table %d%s%s\n", index, table->spec.name ? " " : "",
	       table->spec.name ? table->spec.name : "");
	printf("hash %016llx\nrow %u\nhops", (unsigned long long)hash, row);
	print_hops(table, row);
	if (lookup->settings.alt_hash_fields)
		print_hops(table, glb_row_index(glb_flow_hash(table->spec.hash_key,
							      lookup->settings.alt_hash_fields,
							      flow)));
	printf("\nouter source port %u\n", glb_outer_src_port(hash, flow));
	return EXIT_OK;
}

static int read_lookup(struct lookup *out, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{0},
	};
	struct director_conf conf = {.settings.hash_fields = GLB_HASH_SRC_ADDR};
	struct glb_diag diag;

	for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (option != 'c')
			return EXIT_USAGE;
		if (director_conf_load(&conf, optarg, &diag)) {
			log_error("%s", diag.text);
			return EXIT_FAILED;
		}
	}
	argc -= optind + 1;
	argv += optind;
	if (argc < 3 || argc > 5 || argc - is_proto(argv[argc]) > 4)
		return EXIT_USAGE;
	out->settings = conf.settings;
	out->tables_path = argv[0];
	return read_flow(&out->flow, argc, argv + 1) ? EXIT_OK : EXIT_FAILED;
}

int table_lookup(int argc, char **argv)
{
	struct lookup lookup;
	struct glb_tables tables;
	struct glb_diag diag;
	int status = read_lookup(&lookup, argc, argv);

	if (status != EXIT_OK)
		return status;
	if (tables_load(&tables, lookup.tables_path, &diag)) {
		log_error("%s", diag.text);
		return EXIT_FAILED;
	}
	status = look_up(&lookup, &tables);
	glb_tables_free(&tables);
	return status;
}
