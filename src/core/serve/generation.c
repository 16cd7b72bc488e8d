/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/check.h>
#include <glb/generation.h>
#include <glb/hash.h>

#include "core/bind/binds.h"
#include "core/forward/forward_isa.h"
#include "core/places.h"

/*
 * The rows, not the states, determine which backends are in use: in a table read from a version 2
 * image an inactive backend looks like a draining one. Server IDs lead to backends that are in no
 * row.
 */
static void mark_used(bool used[GLB_BACKENDS_MAX], const struct glb_table *table)
{
	const struct glb_table_spec *spec = &table->spec;
	bool servers = glb_uses_server_ids(spec);

	for (unsigned int b = 0; b < spec->backend_count && servers; b++)
		used[b] = glb_backend_named(&spec->backends[b]);
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 0; hop < table->hop_count; hop++)
			used[table->rows[r].hops[hop]] = true;
}

static bool names_one_twice(const struct glb_table *table)
{
	for (unsigned int r = 0; r < GLB_ROWS; r++)
		for (unsigned int hop = 1; hop < table->hop_count; hop++)
			for (unsigned int other = 0; other < hop; other++)
				if (table->rows[r].hops[hop] == table->rows[r].hops[other])
					return true;
	return false;
}

/* The settings, and what one table contributes to its route. */
struct underlay {
	const struct glb_settings *settings;
	const struct glb_table *table;
	unsigned int index; /* of the table */
	struct glb_survey survey;
	uint8_t listed_hops;
	uint32_t first_backend; /* index of the table's first backend among those of all tables */
};

/* The outer source address for backends of a family; its version is 0 if none is configured. */
static const struct glb_addr *source_of(const struct glb_settings *settings, uint8_t version)
{
	return version == 4 ? &settings->src_addr : &settings->src_addr6;
}

/* Looks at all rows of a table for the backends that they name. */
static void survey(struct underlay *underlay, struct glb_underlay *rows,
		   const struct glb_check *check)
{
	const struct glb_table *table = underlay->table;
	bool used[GLB_BACKENDS_MAX] = {false};

	mark_used(used, table);
	rows->used = used;
	underlay->survey = (struct glb_survey){
		.done = true,
		.version = glb_check_underlay(check, &table->spec, rows),
		.repeats = names_one_twice(table),
	};
}

static int check_underlay(struct underlay *underlay, struct glb_diag *diag)
{
	const struct glb_survey *known = &underlay->table->survey;
	struct glb_first_finding first = {0};
	const struct glb_check check = {glb_keep_first, &first, underlay->index};
	struct glb_underlay rows = {.settings = underlay->settings,
				    .row_hops = underlay->table->hop_count,
				    .version = known->version};

	underlay->listed_hops = glb_listed_hops(underlay->settings, rows.row_hops);
	if (known->done && source_of(underlay->settings, known->version)->version) {
		underlay->survey = *known;
		(void)glb_check_underlay(&check, &underlay->table->spec, &rows);
	} else {
		survey(underlay, &rows, &check);
	}
	return glb_refuse_first(&first, diag);
}

/* The parts of an arena; each has the entries of all tables, one after the other. */
struct layout {
	struct glb_route *routes;
	struct glb_outer *outers;
	uint32_t *addrs;
	uint16_t *servers; /* 128 KiB, so only for tables that use them */
	void *binds;
	unsigned int *refs;
};

/* Divides an arena into its parts, or adds up their sizes: see glb_arena_take(). */
static struct layout generation_lay_out(struct glb_arena *arena, const struct glb_tables *tables)
{
	const size_t servers_len = GLB_SERVER_IDS * sizeof(uint16_t);
	size_t backend_count = 0;
	size_t with_servers = 0;
	struct layout layout;

	for (unsigned int t = 0; t < tables->count; t++) {
		backend_count += tables->tables[t]->spec.backend_count;
		with_servers += glb_uses_server_ids(&tables->tables[t]->spec);
	}
	layout.routes = glb_arena_take(arena, tables->count * sizeof(*layout.routes));
	layout.outers = glb_arena_take(arena, backend_count * sizeof(*layout.outers));
	layout.addrs = glb_arena_take(arena, backend_count * sizeof(*layout.addrs));
	layout.servers = glb_arena_take(arena, with_servers * servers_len);
	layout.binds = glb_arena_take(arena, binds_len(tables));
	layout.refs = glb_arena_take(arena, sizeof(*layout.refs));
	return layout;
}

/* Fills in the next route and everything it refers to, and advances all positions past them. */
static void make_route(struct layout *next, const struct underlay *underlay)
{
	const struct glb_table *table = underlay->table;
	const struct glb_table_spec *spec = &table->spec;
	const struct glb_settings *settings = underlay->settings;
	const uint8_t version = underlay->survey.version;
	const uint8_t *src = source_of(settings, version)->bytes;

	*next->routes = (struct glb_route){
		.rows = table->rows,
		.key = {glb_load_le64(spec->hash_key), glb_load_le64(spec->hash_key + 8)},
		.outers = next->outers,
		.addrs = next->addrs,
		.first_backend = underlay->first_backend,
		.row_hops = table->hop_count,
		.listed_hops = underlay->listed_hops,
		.version = version,
		.outer_len = (uint8_t)glb_outer_len(version, underlay->listed_hops),
	};
	/* neither rows nor server IDs refer to backends of the other family */
	for (unsigned int b = 0; b < spec->backend_count; b++) {
		glb_outer_init(&next->outers[b], version, src, spec->backends[b].addr.bytes);
		next->addrs[b] = glb_load32(spec->backends[b].addr.bytes);
	}
	if (glb_server_ids(next->servers, spec)) {
		next->routes->servers = next->servers;
		next->servers += GLB_SERVER_IDS;
	}
	next->routes++;
	next->outers += spec->backend_count;
	next->addrs += spec->backend_count;
}

/* Updates what all routes have in common, and the maximum of their outer lengths. */
static void compare_route(struct glb_generation *gen, const struct glb_route *route,
			  const struct glb_survey *survey)
{
	if (route == gen->routes) {
		gen->listed_hops = route->listed_hops;
		gen->outer_version = route->version; /* of all, except in a migration */
	} else if (gen->listed_hops != route->listed_hops) {
		gen->listed_hops = 0;
	}
	gen->mixed_versions |= route->version != gen->outer_version;
	gen->hops_vary |=
		gen->settings.alt_hash_fields || (gen->settings.unique_hops && survey->repeats);
	if (route->outer_len > gen->outer_len_max)
		gen->outer_len_max = route->outer_len;
}

/* Fills the arena, which is large enough. */
static int make_routes(struct glb_generation *gen, const struct glb_tables *tables,
		       struct glb_diag *diag)
{
	struct underlay underlay = {.settings = &gen->settings};
	struct layout next = generation_lay_out(&gen->arena, tables);

	gen->routes = next.routes;
	gen->outers = next.outers;
	gen->refs = next.refs;
	*gen->refs = 1;
	for (unsigned int t = 0; t < tables->count; t++) {
		underlay.table = tables->tables[t];
		underlay.index = t;

		int err = check_underlay(&underlay, diag);

		if (err)
			return err;
		make_route(&next, &underlay);
		if (!underlay.table->survey.done)
			tables->tables[t]->survey = underlay.survey;
		compare_route(gen, &gen->routes[t], &underlay.survey);
		underlay.first_backend += underlay.table->spec.backend_count;
	}
	gen->many_backends =
		underlay.first_backend * (gen->outer_version == 6 ? sizeof(*gen->outers)
								  : sizeof(*gen->routes->addrs)) >
		GLB_HOPS_NEAR_LEN;
	gen->binds = binds_write(next.binds, tables);
	return 0;
}

void glb_generation_free(struct glb_generation *gen)
{
	if (!gen)
		return;
	glb_deny_free(gen->settings.deny);
	glb_meters_free(gen->settings.meters);
	if (!__atomic_sub_fetch(gen->refs, 1, __ATOMIC_ACQ_REL)) {
		glb_arena_free(&gen->arena);
		glb_tables_free(&gen->tables);
	}
	free(gen);
}

static struct glb_ingress ingress_of(const struct glb_port *port)
{
	static const uint8_t group_bit[8] = {1};
	static const uint8_t whole[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t mac[8] = {0};

	if (!port->any_mac)
		memcpy(mac, port->mac, GLB_MAC_LEN);
	return (struct glb_ingress){glb_load_le64(mac),
				    glb_load_le64(port->any_mac ? group_bit : whole)};
}

/* fields: set of enum glb_hash_field, not empty */
static struct glb_hash_plan plan_hash(uint8_t version, uint8_t fields)
{
	const bool src = fields & GLB_HASH_SRC_ADDR;
	const bool both = src && fields & GLB_HASH_DST_ADDR;
	const bool src_port = fields & GLB_HASH_SRC_PORT;
	const uint32_t addr_len = version == 4 ? 4 : 16;
	const uint32_t addrs_len = both						      ? 2 * addr_len
				   : fields & (GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR) ? addr_len
										      : 0;
	uint64_t port_mask =
		(src_port ? 0xffff : 0) | (fields & GLB_HASH_DST_PORT ? 0xffff0000 : 0);
	const uint32_t len = addrs_len + (uint32_t)__builtin_popcountll(port_mask) / 8;
	/* are there ports, or space for them, in the first word? */
	const bool first = version == 4 && addrs_len < 8;

	port_mask >>= src_port ? 0 : 16;
	return (struct glb_hash_plan){
		.addr_shift = src ? 0 : addr_len * 8,
		.addr_words = addrs_len / 8,
		.addr_mask = addrs_len == 8 ? UINT64_MAX
			     : addrs_len    ? UINT32_MAX
					    : 0,
		.port_shift = src_port ? 0 : 16,
		.port_at = first ? addrs_len * 8 : 0,
		.port_mask_first = first ? port_mask : 0,
		.port_mask_last = first ? 0 : port_mask,
		.len_first = len < 8 ? (uint64_t)len << 56 : 0,
		.len_last = (uint64_t)len << 56,
		.two_words = len >= 8,
	};
}

static struct glb_outer_plan plan_outer4(const uint8_t *src)
{
	uint8_t ip[16] = {[0] = 4 << 4 | GLB_IPV4_LEN / 4,
			  [6] = 0x40, /* don't fragment */
			  [8] = GLB_OUTER_TTL,
			  [9] = GLB_PROTO_UDP};

	memcpy(ip + 12, src, 4);
	return (struct glb_outer_plan){
		.words = {glb_load_le64(ip), glb_load_le64(ip + 8)},
		.ip_sum = GLB_LE16(glb_sum_fold(glb_sum(0, ip, sizeof(ip)))),
		.pseudo_sum = GLB_LE16(glb_sum_fold(glb_sum(GLB_BE16(GLB_PROTO_UDP), src, 4))),
	};
}

static struct glb_outer_plan plan_outer6(const uint8_t *src)
{
	return (struct glb_outer_plan){
		.pseudo_sum = GLB_LE16(glb_sum_fold(glb_sum(GLB_BE16(GLB_PROTO_UDP), src, 16))),
	};
}

/* Computes hash plans and the parts of outer headers that are the same for all packets. */
static void make_plans(struct glb_generation *gen)
{
	const struct glb_settings *settings = &gen->settings;

	for (unsigned int v = 0; v < 2; v++) {
		gen->hash_plans[v] = plan_hash(v ? 6 : 4, settings->hash_fields);
		gen->alt_plans[v] = plan_hash(v ? 6 : 4, settings->alt_hash_fields);
	}
	gen->outer_plans[0] = plan_outer4(settings->src_addr.bytes);
	gen->outer_plans[1] = plan_outer6(settings->src_addr6.bytes);
}

/* Derives from settings and routes what the data path needs for every packet. */
static void digest_settings(struct glb_generation *gen)
{
	static const uint8_t unknown[GLB_MAC_LEN];
	const struct glb_settings *settings = &gen->settings;
	bool copy_dscp = settings->outer_dscp == GLB_DSCP_COPY;

	gen->forward = glb_forward_of(settings->isa);
	make_plans(gen);
	gen->rare_tcp_flags = settings->clamp_mss ? GLB_TCP_SYN : 0;
	gen->strict_ip = settings->verify_ip_checksum || settings->min_ttl;
	gen->tos = (uint8_t)(copy_dscp ? 0 : settings->outer_dscp << 2);
	gen->tos_mask = (uint8_t)((copy_dscp ? 0xfc : 0) | (settings->copy_ecn ? 3 : 0));
	for (unsigned int p = 0; p < GLB_PORTS_MAX; p++) {
		const struct glb_port *port = &settings->ports[glb_way_out(settings, (uint8_t)p)];
		struct glb_egress *egress = &gen->egress[p];

		gen->ingress[p] = ingress_of(&settings->ports[p]);
		memcpy(egress->l2, port->gateway_mac, GLB_MAC_LEN);
		memcpy(egress->l2 + GLB_MAC_LEN, port->mac, GLB_MAC_LEN);
		egress->outer_max =
			settings->too_big == GLB_TOO_BIG_FORWARD ? UINT16_MAX : port->mtu;
		if (!memcmp(port->gateway_mac, unknown, GLB_MAC_LEN))
			egress->outer_max = 0;
	}
}

size_t glb_generation_len(const struct glb_tables *tables)
{
	struct glb_arena count = {0};

	(void)generation_lay_out(&count, tables);
	return count.used;
}

/* Fills in everything but the tables, which still belong to the caller. */
static int fill(struct glb_generation *gen, const struct glb_tables *tables, struct glb_diag *diag)
{
	int err = glb_isa_check(gen->settings.isa, diag);

	if (err)
		return err;
	err = glb_arena_make(&gen->arena, glb_generation_len(tables));
	if (!err)
		err = make_routes(gen, tables, diag);
	if (!err)
		digest_settings(gen);
	return err;
}

/* NULL if memory runs out. */
static struct glb_generation *generation_allocate(void)
{
	return aligned_alloc(_Alignof(struct glb_generation), sizeof(struct glb_generation));
}

/* What generations with these settings have shares of. */
static void share_lists(const struct glb_settings *settings)
{
	(void)glb_deny_share(settings->deny);
	(void)glb_meters_share(settings->meters);
}

int glb_generation_make(struct glb_generation **out, uint64_t number,
			const struct glb_settings *settings, struct glb_tables *tables,
			struct glb_diag *diag)
{
	struct glb_first_finding first = {0};

	const struct glb_check check = {glb_keep_first, &first, 0};

	glb_check_table_count(&check, tables->count);
	if (!first.found)
		glb_check_all_binds(&check, binds_count(tables));

	int err = glb_refuse_first(&first, diag);

	if (err)
		return err;

	struct glb_generation *gen = generation_allocate();

	err = -ENOMEM;

	if (gen) {
		*gen = (struct glb_generation){.number = number, .settings = *settings};
		err = fill(gen, tables, diag);
	}
	if (err) {
		if (err == -ENOMEM)
			glb_diag(diag, "out of memory");
		if (gen)
			glb_arena_free(&gen->arena);
		free(gen);
		return err;
	}
	share_lists(&gen->settings);
	gen->tables = *tables;
	*tables = (struct glb_tables){0};
	*out = gen;
	return 0;
}

int glb_generation_with_ports(struct glb_generation **out, const struct glb_generation *gen,
			      const struct glb_port *ports)
{
	struct glb_generation *next = generation_allocate();

	if (!next)
		return -ENOMEM;
	*next = *gen;
	next->number++;
	memcpy(next->settings.ports, ports, sizeof(next->settings.ports));
	share_lists(&next->settings);
	digest_settings(next);
	(void)__atomic_fetch_add(next->refs, 1, __ATOMIC_RELAXED);
	*out = next;
	return 0;
}

/*
 * Makes the missing copies of rows; tables shared with an earlier generation have theirs. Returns
 * 0; or -ENOMEM, and the copies made so far stay with the tables.
 */
static int copy_rows(const struct glb_tables *tables, unsigned int copy)
{
	struct places places = {.known = tables, .copy = copy};

	for (unsigned int t = 0; t < tables->count; t++)
		places.wanted += !tables->tables[t]->copies[copy].base;
	for (unsigned int t = 0; t < tables->count; t++) {
		struct glb_table *table = tables->tables[t];
		struct glb_place *place = &table->copies[copy];

		if (place->base)
			continue;
		if (places_take(place, &places))
			return -ENOMEM;
		memcpy(place->base, table->rows, GLB_ROWS_LEN);
	}
	return 0;
}

size_t glb_replica_len(const struct glb_tables *tables, unsigned int copy)
{
	size_t len = glb_generation_len(tables);

	for (unsigned int t = 0; t < tables->count; t++)
		len += tables->tables[t]->copies[copy].base ? 0 : GLB_ROWS_LEN;
	return len;
}

/* Redirects all pointers in the copy of a generation to the new arena and copy of rows. */
static void move(struct glb_generation *gen, const struct glb_arena *to, unsigned int copy)
{
	const struct glb_arena *from = &gen->arena;

	gen->refs = glb_arena_moved(to, from, gen->refs);
	gen->outers = glb_arena_moved(to, from, gen->outers);
	gen->binds = glb_arena_moved(to, from, gen->binds);
	binds_moved(gen->binds, to, from);
	gen->routes = glb_arena_moved(to, from, gen->routes);
	for (unsigned int t = 0; t < gen->tables.count; t++) {
		struct glb_route *route = &gen->routes[t];

		route->rows = gen->tables.tables[t]->copies[copy].base;
		route->outers = glb_arena_moved(to, from, route->outers);
		route->addrs = glb_arena_moved(to, from, route->addrs);
		route->servers = glb_arena_moved(to, from, route->servers);
	}
	gen->arena = *to;
}

int glb_generation_replicate(struct glb_generation **out, const struct glb_generation *gen,
			     unsigned int copy)
{
	struct glb_generation *replica = generation_allocate();
	struct glb_tables tables = {0};
	struct glb_arena arena = {0};
	int err = replica ? copy_rows(&gen->tables, copy) : -ENOMEM;

	if (!err)
		err = glb_tables_share(&tables, &gen->tables);
	if (!err)
		err = glb_arena_make(&arena, gen->arena.used);
	if (err) {
		glb_tables_free(&tables);
		free(replica);
		return err;
	}
	arena.used = gen->arena.used;
	memcpy(arena.base, gen->arena.base, arena.used);
	*replica = *gen;
	share_lists(&replica->settings);
	replica->tables = tables;
	move(replica, &arena, copy);
	*replica->refs = 1;
	*out = replica;
	return 0;
}
