/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glbctl mtu: how large may clients' packets be, and what must be configured for that?
 *
 * The outer headers of a table always have room for its longest hop list. The size of packets from
 * clients is governed by the MSS that the proxies announce, as replies do not pass through the
 * director.
 */
#include <stdio.h>

#include "commands.h"
#include "conf/director.h"
#include "load.h"
#include "sys/log.h"
#include "sys/words.h"
#include "sys/writer.h"

enum { CLIENT_PACKET_LEN = 1500 }; /* largest packet of a client on Ethernet */

/* What one table leaves for packets on one port. */
struct path {
	const struct glb_table_spec *spec;
	const struct glb_route *route;
	const struct port_conf *port;
	uint32_t mtu;
	uint32_t packet_max; /* bytes of the largest packet from a client that fits */
};

static struct path path_of(const struct glb_generation *gen, unsigned int table,
			   const struct port_conf *port)
{
	struct path path = {
		.spec = &gen->tables.tables[table]->spec,
		.route = &gen->routes[table],
		.port = port,
		.mtu = port->port.mtu ? port->port.mtu : PORT_MTU_DEFAULT,
	};

	path.packet_max = path.mtu - path.route->outer_len;
	return path;
}

/* The MSS, not counting options: RFC 6691. */
static uint32_t mss_of(const struct path *path, uint8_t version)
{
	return path->packet_max - (version == 4 ? GLB_IPV4_LEN : GLB_IPV6_LEN) - GLB_TCP_LEN;
}

static bool must_announce(const struct path *path)
{
	return path->packet_max < CLIENT_PACKET_LEN;
}

static bool has_clients(const struct glb_table_spec *spec, uint8_t version)
{
	for (uint32_t b = 0; b < spec->bind_count; b++)
		if (spec->binds[b].addr.version == version)
			return true;
	return false;
}

enum { HINT_LEN = 64 };

/* A route setting for the proxies, whose clients are behind the default route. Returns out. */
static const char *mtu_hint(char out[HINT_LEN], const struct path *path, uint8_t version)
{
	(void)snprintf(out, HINT_LEN, "ip %sroute change default via ROUTER advmss %u",
		       version == 6 ? "-6 " : "", mss_of(path, version));
	return out;
}

static void print_clients(const struct path *path, uint8_t version)
{
	char command[HINT_LEN];

	printf("    IPv%u clients: MSS %u", version, mss_of(path, version));
	if (must_announce(path))
		printf(", for the proxies to announce: %s", mtu_hint(command, path, version));
	printf("\n");
	if (version == 6 && path->packet_max < GLB_IPV6_MTU_MIN)
		printf("      packets of %d bytes, which IPv6 may always send, do not fit\n",
		       GLB_IPV6_MTU_MIN);
}

static void print_port(const struct path *path, const char *anonymous)
{
	char name[PRINTABLE_NAME_LEN];

	printf("  %s%s: MTU %u%s, packets of clients up to %u bytes\n",
	       path->port->name[0] ? "port " : "",
	       path->port->name[0] ? printable(name, sizeof(name), path->port->name) : anonymous,
	       path->mtu, path->port->port.mtu ? "" : " (assumed, none is configured)",
	       path->packet_max);
	for (uint8_t version = 4; version <= 6; version += 2)
		if (has_clients(path->spec, version))
			print_clients(path, version);
}

static void mtu_print_table(const struct glb_generation *gen, unsigned int table,
			    const struct director_conf *conf)
{
	const struct glb_route *route = &gen->routes[table];
	char title[PRINTABLE_NAME_LEN];
	bool v4 = route->version == 4;

	printf("table %s\n", table_title(title, gen->tables.tables[table], table));
	printf("  outer headers: IPv%u %d + UDP %d + GUE %d + %u hop%s of %d = %u bytes\n",
	       route->version, v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN, GLB_UDP_LEN, GLB_GUE_HOPS_AT,
	       route->listed_hops, plural(route->listed_hops),
	       v4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN, route->outer_len);
	printf("  packets of %d bytes need a network that carries %d\n", CLIENT_PACKET_LEN,
	       CLIENT_PACKET_LEN + route->outer_len);
	for (unsigned int p = 0; p < conf->port_count; p++) {
		struct path path = path_of(gen, table, &conf->ports[p]);

		print_port(&path, NULL);
	}

	struct path rest = path_of(gen, table, &conf->defaults);

	print_port(&rest, conf->port_count ? "other ports" : "all ports");
}

static void write_clients(struct writer *w, const struct path *path, uint8_t version)
{
	char command[HINT_LEN];

	write_open(w, NULL, '{');
	write_uint(w, "version", version);
	write_uint(w, "mss", mss_of(path, version));
	write_bool(w, "announce", must_announce(path));
	write_string(w, "route", must_announce(path) ? mtu_hint(command, path, version) : NULL);
	if (version == 6)
		write_bool(w, "minimum_fits", path->packet_max >= GLB_IPV6_MTU_MIN);
	write_close(w, '}');
}

static void write_port(struct writer *w, const struct path *path)
{
	write_open(w, NULL, '{');
	write_string(w, "name", path->port->name[0] ? path->port->name : NULL);
	write_uint(w, "mtu", path->mtu);
	write_bool(w, "assumed", !path->port->port.mtu);
	write_uint(w, "packet_max", path->packet_max);
	write_open(w, "clients", '[');
	for (uint8_t version = 4; version <= 6; version += 2)
		if (has_clients(path->spec, version))
			write_clients(w, path, version);
	write_close(w, ']');
	write_close(w, '}');
}

static void mtu_write_table(struct writer *w, const struct glb_generation *gen, unsigned int table,
			    const struct director_conf *conf)
{
	const struct glb_route *route = &gen->routes[table];
	bool v4 = route->version == 4;

	write_open(w, NULL, '{');
	write_table_id(w, gen->tables.tables[table], table);
	write_open(w, "outer", '{');
	write_uint(w, "version", route->version);
	write_uint(w, "ip_len", v4 ? GLB_IPV4_LEN : GLB_IPV6_LEN);
	write_uint(w, "udp_len", GLB_UDP_LEN);
	write_uint(w, "gue_len", GLB_GUE_HOPS_AT);
	write_uint(w, "hops", route->listed_hops);
	write_uint(w, "hop_len", v4 ? GLB_GUE_HOP_LEN : GLB_GUE_HOP6_LEN);
	write_uint(w, "len", route->outer_len);
	write_close(w, '}');
	write_uint(w, "mtu_for_1500", CLIENT_PACKET_LEN + route->outer_len);
	write_open(w, "ports", '[');
	for (unsigned int p = 0; p <= conf->port_count; p++) {
		struct path path = path_of(
			gen, table, p < conf->port_count ? &conf->ports[p] : &conf->defaults);

		write_port(w, &path);
	}
	write_close(w, ']');
	write_close(w, '}');
}

static void mtu_tell(const struct glb_generation *gen, const struct director_conf *conf, bool json)
{
	struct writer w = {.out = stdout};

	if (json) {
		write_open(&w, NULL, '{');
		write_open(&w, "tables", '[');
	}
	for (unsigned int t = 0; t < gen->tables.count; t++)
		if (json)
			mtu_write_table(&w, gen, t, conf);
		else
			mtu_print_table(gen, t, conf);
	if (json) {
		write_close(&w, ']');
		write_close(&w, '}');
	}
}

int mtu(const struct command_line *line)
{
	struct director_conf conf;
	struct glb_tables tables;
	struct glb_generation *gen;
	struct glb_diag reason = {{0}};

	if (!load_director(&conf, &tables, line->values[OPTION_CONFIG], line->args[0]))
		return EXIT_FAILED;
	if (glb_generation_make(&gen, 1, &conf.settings, &tables, &reason)) {
		log_error("%s: %s", line->args[0], reason.text);
		glb_tables_free(&tables);
		glb_deny_free(conf.settings.deny);
		return EXIT_FAILED;
	}
	mtu_tell(gen, &conf, command_has(line, OPTION_JSON));
	glb_generation_free(gen);
	glb_deny_free(conf.settings.deny);
	return EXIT_OK;
}
