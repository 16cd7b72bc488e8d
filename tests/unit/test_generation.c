/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>
#include <glb/image.h>

#include "fixture.h"
#include "suite.h"

START_TEST(a_generation_owns_its_tables_and_knows_its_settings)
{
	struct glb_tables tables = fixture_tables();
	struct glb_tables was = tables;
	struct glb_generation *gen;

	ck_assert_int_eq(glb_generation_make(&gen, 7, &fixture_settings, &tables, NULL), 0);
	ck_assert_ptr_null(tables.tables);
	ck_assert_uint_eq(tables.count, 0);
	ck_assert_ptr_eq(gen->tables.tables, was.tables);
	ck_assert_uint_eq(gen->number, 7);
	ck_assert_uint_eq(gen->settings.hash_fields, GLB_HASH_SRC_ADDR);
	ck_assert_uint_eq(gen->settings.alt_hash_fields, 0);
	ck_assert_int_eq(gen->settings.echo, GLB_ECHO_FORWARD);
	ck_assert_uint_eq(gen->routes[0].listed_hops, 1);
	ck_assert_mem_eq(gen->settings.ports, fixture_settings.ports,
			 sizeof(fixture_settings.ports));
	glb_generation_free(gen);
	glb_generation_free(NULL);
	glb_binds_free(NULL);
}
END_TEST

START_TEST(more_tables_than_can_be_told_apart_are_refused)
{
	struct glb_tables tables = {.count = GLB_TABLES_MAX + 1};
	struct glb_generation *gen = NULL;
	struct glb_diag diag = {{0}};

	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, &diag), -E2BIG);
	ck_assert_str_eq(diag.text, "$.tables: 65536 tables, at most 65535 can be served");
	ck_assert_uint_eq(tables.count, GLB_TABLES_MAX + 1);
}
END_TEST

START_TEST(more_binds_than_can_be_numbered_are_refused)
{
	struct glb_table *table = calloc(1, sizeof(*table));
	struct glb_tables tables = {&table, 1};
	struct glb_generation *gen = NULL;
	struct glb_diag diag = {{0}};

	table->spec.bind_count = GLB_ALL_BINDS_MAX + 1; /* nothing is read of them */
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, &diag), -E2BIG);
	ck_assert_str_eq(diag.text,
			 "$.tables: 268435457 binds in all, at most 268435456 can be served");
	free(table);
}
END_TEST

START_TEST(alternative_hash_fields_make_room_for_three_hops)
{
	struct glb_settings settings = fixture_settings;

	settings.alt_hash_fields = GLB_HASH_SRC_PORT;

	struct glb_generation *gen = fixture_generation(&settings);

	ck_assert_uint_eq(gen->settings.alt_hash_fields, GLB_HASH_SRC_PORT);
	ck_assert_uint_eq(gen->routes[0].listed_hops, 3);
	glb_generation_free(gen);
}
END_TEST

START_TEST(there_is_a_template_for_every_backend)
{
	struct glb_generation *gen = fixture_generation(&fixture_settings);

	for (unsigned int t = 0; t < gen->tables.count; t++) {
		const struct glb_table_spec *spec = &gen->tables.tables[t]->spec;

		for (unsigned int b = 0; b < spec->backend_count; b++) {
			const struct glb_outer *outer = &gen->routes[t].outers[b];

			ck_assert_uint_eq((uintptr_t)outer % 64, 0);
			ck_assert_mem_eq(outer->bytes + 12, "\x41\x41\x41\x41", 4);
			ck_assert_mem_eq(glb_outer_dst(outer, 4), spec->backends[b].addr.bytes, 4);
		}
	}
	glb_generation_free(gen);
}
END_TEST

START_TEST(an_ipv6_backend_in_use_is_refused_and_the_tables_stay_with_the_caller)
{
	struct glb_tables tables = fixture_tables();
	struct glb_tables was = tables;
	struct glb_generation *gen = NULL;
	struct glb_diag diag;

	tables.tables[1]->spec.backends[2].addr.version = 6;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, &diag), -ENOTSUP);
	ck_assert_str_eq(diag.text, "$.tables[1].backends[2].ip: an IPv6 backend in a table "
				    "whose others are IPv4: one hop list cannot have both");
	ck_assert_ptr_null(gen);
	ck_assert_ptr_eq(tables.tables, was.tables);
	ck_assert_uint_eq(tables.count, 3);
	glb_tables_free(&tables);
}
END_TEST

START_TEST(an_inactive_ipv6_backend_is_no_trouble_nor_is_one_read_from_an_image)
{
	struct glb_backend backends[4];
	struct glb_table_spec spec = fixture_spec.tables[1];
	struct glb_tables tables;
	struct glb_generation *gen;
	uint8_t *image;
	size_t len;

	memcpy(backends, spec.backends, sizeof(backends));
	spec.backends = backends;
	backends[2].addr.version = 6;
	backends[2].state = GLB_INACTIVE;
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
	len = glb_image_len(&tables);
	image = malloc(len);
	glb_image_write(image, &tables);
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	glb_generation_free(gen);

	/* Version 2 knows no inactive state: there the backend drains, yet no row names it. */
	ck_assert_int_eq(glb_image_read(&tables, image, len, NULL), 0);
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	glb_generation_free(gen);
	free(image);
}
END_TEST

/* Which backend every server ID leads to is worked out only where packets may name one. */
START_TEST(a_route_knows_the_servers_of_a_table_with_quic_binds)
{
	struct glb_tables tables = fixture_tables();
	struct glb_table_spec *spec = &tables.tables[2]->spec;
	struct glb_generation *gen;

	tables.tables[1]->spec.backends[0].has_server_id = true; /* no quic bind */
	tables.tables[0]->spec.binds[0].quic = true;		 /* no server ID */
	spec->binds[0].quic = true;
	spec->backends[0].has_server_id = true;
	spec->backends[0].server_id = 65535;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	ck_assert_ptr_null(gen->routes[0].servers);
	ck_assert_ptr_null(gen->routes[1].servers);
	for (unsigned int id = 0; id < 65535; id++)
		ck_assert_uint_eq(gen->routes[2].servers[id], GLB_NO_BACKEND);
	ck_assert_uint_eq(gen->routes[2].servers[65535], 0);
	glb_generation_free(gen);
}
END_TEST

START_TEST(a_server_on_no_row_must_be_of_the_family_of_the_others_too)
{
	struct glb_tables tables = fixture_tables();
	struct glb_table *table = tables.tables[1];
	struct glb_generation *gen;
	struct glb_diag diag;

	for (unsigned int row = 0; row < GLB_ROWS; row++)
		for (unsigned int hop = 0; hop < 2; hop++)
			if (table->rows[row].hops[hop] == 2)
				table->rows[row].hops[hop] = 3;
	table->spec.backends[2].addr.version = 6;
	table->spec.backends[2].has_server_id = true;
	table->spec.binds[0].quic = true;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, &diag), -ENOTSUP);
	ck_assert_str_eq(diag.text, "$.tables[1].backends[2].ip: an IPv6 backend in a table "
				    "whose others are IPv4: one hop list cannot have both");
	table->spec.backends[2].state = GLB_INACTIVE;
	table->spec.backends[1].has_server_id = true;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	ck_assert_uint_eq(gen->routes[1].servers[0], 1);
	glb_generation_free(gen);
}
END_TEST

START_TEST(generations_that_differ_in_their_ports_share_the_rest_and_are_freed_in_any_order)
{
	static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct glb_port ports[GLB_PORTS_MAX] = {[15] = {.mtu = 9000}};
	struct glb_generation *gens[3];

	gens[0] = fixture_generation(&fixture_settings);
	ck_assert_int_eq(glb_generation_with_ports(&gens[1], gens[0], ports), 0);
	ports[0].gateway_mac[5] = 7;
	ck_assert_int_eq(glb_generation_with_ports(&gens[2], gens[1], ports), 0);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(gens[i]->number, 1 + i);
		ck_assert_ptr_eq(gens[i]->routes, gens[0]->routes);
		ck_assert_ptr_eq(gens[i]->binds, gens[0]->binds);
		ck_assert_ptr_eq(gens[i]->tables.tables, gens[0]->tables.tables);
		ck_assert_uint_eq(gens[i]->settings.hash_fields, GLB_HASH_SRC_ADDR);
	}
	ck_assert_mem_eq(gens[0]->settings.ports, fixture_settings.ports, sizeof(ports));
	ck_assert_uint_eq(gens[1]->settings.ports[15].mtu, 9000);
	ck_assert_uint_eq(gens[1]->settings.ports[0].gateway_mac[5], 0);
	ck_assert_mem_eq(gens[2]->settings.ports, ports, sizeof(ports));
	for (unsigned int i = 0; i < 3; i++) {
		struct glb_generation *left = gens[orders[_i][2]];

		if (i == 2) /* what is left still works */
			ck_assert_uint_eq(left->tables.tables[2]->spec.backends[0].addr.bytes[0],
					  192);
		glb_generation_free(gens[orders[_i][i]]);
	}
}
END_TEST

static bool lies_in(uint64_t word, const void *memory, size_t len)
{
	return word >= (uintptr_t)memory && word < (uintptr_t)memory + len;
}

enum { COPY = 3 };

/*
 * Every word of a replica's memory must be that of the original, or name what lies like it; those
 * of routes that name rows must name a copy of theirs.
 */
static void check_replica(const struct glb_generation *replica, const struct glb_generation *gen)
{
	const struct glb_arena *from = &gen->arena;
	const struct glb_arena *to = &replica->arena;
	uintptr_t by = (uintptr_t)to->base - (uintptr_t)from->base;
	unsigned int moved = 0;
	unsigned int rows = 0;

	ck_assert(!lies_in((uintptr_t)to->base, from->base, from->len));
	ck_assert_uint_eq(to->used, from->used);
	for (size_t at = 0; at < to->used; at += 8) {
		uint64_t was = glb_load64(from->base + at);
		uint64_t is = glb_load64(to->base + at);

		if (rows < gen->tables.count && was == (uintptr_t)gen->routes[rows].rows) {
			ck_assert_uint_eq(is, (uintptr_t)replica->routes[rows].rows);
			rows++;
			continue;
		}
		ck_assert(!lies_in(is, from->base, from->len) && !lies_in(is, gen, sizeof(*gen)));
		ck_assert(is == was || (is - was == by && lies_in(is, to->base, to->used)));
		moved += is != was;
	}
	ck_assert_uint_eq(rows, gen->tables.count);
	ck_assert_uint_ge(moved, 3 * gen->tables.count);
	for (size_t at = 0; at < sizeof(*replica); at += 8) {
		uint64_t is = glb_load64((const uint8_t *)replica + at);

		ck_assert(!lies_in(is, from->base, from->len) && !lies_in(is, gen, sizeof(*gen)));
	}
	for (unsigned int t = 0; t < gen->tables.count; t++) {
		ck_assert_ptr_ne(replica->routes[t].rows, gen->routes[t].rows);
		ck_assert_mem_eq(replica->routes[t].rows, gen->routes[t].rows, GLB_ROWS_LEN);
	}
}

START_TEST(a_replica_shares_nothing_that_workers_read_and_outlives_the_original)
{
	struct glb_tables tables = fixture_tables();
	struct glb_flow flow = {.version = 4, .proto = GLB_PROTO_TCP, .kind = GLB_FLOW_PORTS};
	const struct glb_bind *bind = &fixture_spec.tables[0].binds[0];
	struct glb_port ports[GLB_PORTS_MAX] = {[15] = {.mtu = 9000}};
	struct glb_row row = tables.tables[2]->rows[GLB_ROWS - 1];
	struct glb_generation *gen;
	struct glb_generation *replica;
	struct glb_generation *next;

	tables.tables[2]->spec.binds[0].quic = true; /* some servers, too */
	tables.tables[2]->spec.backends[0].has_server_id = true;
	ck_assert_int_eq(glb_generation_make(&gen, 5, &fixture_settings, &tables, NULL), 0);
	ck_assert_uint_eq(glb_replica_len(&gen->tables, COPY),
			  gen->arena.used + 3 * (size_t)GLB_ROWS_LEN);
	ck_assert_int_eq(glb_generation_replicate(&replica, gen, COPY), 0);
	ck_assert_uint_eq(glb_replica_len(&gen->tables, COPY), gen->arena.used);
	check_replica(replica, gen);
	ck_assert_uint_eq(replica->number, 5);
	ck_assert_ptr_nonnull(replica->routes[2].servers);
	memset(gen->arena.base, 0xff, (size_t)((uint8_t *)gen->refs - gen->arena.base));
	glb_generation_free(gen);

	ck_assert_int_eq(glb_generation_with_ports(&next, replica, ports), 0);
	glb_generation_free(replica);
	ck_assert_uint_eq(next->number, 6);
	memcpy(flow.dst, bind->addr.bytes, sizeof(flow.dst));
	flow.dst_port = bind->port_first;
	flow.proto = bind->proto;
	ck_assert_int_eq(glb_binds_match(next->binds, &flow, NULL).table, 0);
	ck_assert_mem_eq(&next->routes[2].rows[GLB_ROWS - 1], &row, sizeof(row));
	glb_generation_free(next);
}
END_TEST

START_TEST(what_workers_read_lies_in_memory_that_huge_pages_can_cover)
{
	struct glb_generation *gen = fixture_generation(&fixture_settings);
	const struct glb_arena *arena = &gen->arena;
	const struct glb_arena *rows = &gen->tables.tables[0]->copies[0].slab->arena;

	ck_assert_uint_eq((uintptr_t)arena->base % GLB_HUGE_PAGE, 0);
	ck_assert_uint_eq(arena->len % GLB_HUGE_PAGE, 0);
	ck_assert_uint_le(arena->used, arena->len);
	ck_assert_ptr_eq(gen->routes, arena->base);
	ck_assert_ptr_eq(gen->routes[0].rows, rows->base);
	for (unsigned int t = 0; t < gen->tables.count; t++) {
		const struct glb_route *route = &gen->routes[t];

		/* three tables, one page */
		ck_assert_ptr_eq(route->rows, gen->routes[0].rows + (size_t)t * GLB_ROWS);
		ck_assert_ptr_eq(route->rows, gen->tables.tables[t]->rows);
		ck_assert(lies_in((uintptr_t)route->outers, arena->base, arena->used));
		ck_assert(lies_in((uintptr_t)route->addrs, arena->base, arena->used));
	}
	ck_assert(lies_in((uintptr_t)gen->binds, arena->base, arena->used));
	glb_generation_free(gen);
}
END_TEST

/* A generation of tables built with those of another one at hand, of which table 1 has changed. */
static struct glb_generation *after_a_flip(const struct glb_generation *before, bool healthy)
{
	const struct glb_tables *known = before ? &before->tables : NULL;
	struct glb_generation *gen;
	struct glb_tables tables;

	fixture_spec.tables[1].backends[0].healthy = healthy;
	ck_assert_int_eq(glb_tables_build(&tables, &fixture_spec, known, NULL), 0);
	fixture_spec.tables[1].backends[0].healthy = true;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	return gen;
}

START_TEST(generations_share_the_rows_of_tables_that_have_not_changed)
{
	struct glb_generation *first = after_a_flip(NULL, true);
	struct glb_generation *second = after_a_flip(first, false);
	struct glb_generation *replicas[2];
	struct glb_row *was = malloc(GLB_ROWS_LEN);

	ck_assert_int_eq(glb_generation_replicate(&replicas[0], first, COPY), 0);
	ck_assert_uint_eq(glb_replica_len(&second->tables, COPY),
			  second->arena.used + GLB_ROWS_LEN);
	ck_assert_int_eq(glb_generation_replicate(&replicas[1], second, COPY), 0);
	for (unsigned int t = 0; t < 3; t++) {
		bool shared = t != 1;

		ck_assert_int_eq(first->routes[t].rows == second->routes[t].rows, shared);
		ck_assert_int_eq(replicas[0]->routes[t].rows == replicas[1]->routes[t].rows,
				 shared);
		ck_assert_ptr_ne(second->routes[t].rows, replicas[1]->routes[t].rows);
		ck_assert_mem_eq(second->routes[t].rows, replicas[1]->routes[t].rows, GLB_ROWS_LEN);
		ck_assert_uint_eq(second->routes[t].version, 4);
	}
	memcpy(was, second->routes[0].rows, GLB_ROWS_LEN);
	glb_generation_free(replicas[0]);
	glb_generation_free(first);
	ck_assert_mem_eq(second->routes[0].rows, was, GLB_ROWS_LEN);
	ck_assert_mem_eq(replicas[1]->routes[0].rows, was, GLB_ROWS_LEN);
	glb_generation_free(second);
	ck_assert_mem_eq(replicas[1]->routes[0].rows, was, GLB_ROWS_LEN);
	glb_generation_free(replicas[1]);
	free(was);
}
END_TEST

START_TEST(a_table_that_changes_again_and_again_takes_turns_in_two_places)
{
	struct glb_generation *gen = after_a_flip(NULL, true);
	const struct glb_row *places[2] = {gen->routes[1].rows, NULL};
	const struct glb_slab *slab = gen->tables.tables[0]->copies[0].slab;

	for (unsigned int round = 1; round < 7; round++) {
		struct glb_generation *next = after_a_flip(gen, round % 2 == 0);

		glb_generation_free(gen);
		gen = next;
		if (round == 1)
			places[1] = gen->routes[1].rows;
		ck_assert_ptr_eq(gen->routes[1].rows, places[round % 2]);
		ck_assert_uint_eq(slab->taken, round % 2 ? 0xd : 7); /* places 0, 2, and 3 or 1 */
	}
	ck_assert_ptr_ne(places[0], places[1]);
	glb_generation_free(gen);
}
END_TEST

START_TEST(a_route_has_the_family_and_lengths_of_its_proxies)
{
	static const struct {
		uint8_t version;
		uint8_t row_hops;
		uint8_t listed;
		uint8_t outer_len;
		uint8_t alt_listed;
		uint8_t alt_outer_len;
	} wants[] = {
		{4, 2, 1, 40, 3, 48},  {4, 2, 1, 40, 3, 48},   {4, 2, 1, 40, 3, 48},
		{6, 2, 1, 72, 3, 104}, {6, 4, 3, 104, 3, 104}, {4, 4, 3, 48, 7, 64},
		{4, 4, 3, 48, 7, 64},  {4, 2, 1, 40, 3, 48},
	};

	for (unsigned int alt = 0; alt < 2; alt++) {
		struct glb_settings settings = fixture_settings;
		struct glb_generation *gen;

		settings.alt_hash_fields = alt ? GLB_HASH_SRC_PORT : 0;
		gen = fixture_wide_generation(&settings);
		for (unsigned int t = 0; t < gen->tables.count; t++) {
			const struct glb_route *route = &gen->routes[t];

			ck_assert_uint_eq(route->version, wants[t].version);
			ck_assert_uint_eq(route->listed_hops,
					  alt ? wants[t].alt_listed : wants[t].listed);
			ck_assert_uint_eq(route->outer_len,
					  alt ? wants[t].alt_outer_len : wants[t].outer_len);
			ck_assert_uint_eq(route->row_hops, alt && t == 4 ? 2 : wants[t].row_hops);
		}
		ck_assert_mem_eq(gen->routes[3].outers[0].bytes + 8,
				 fixture_settings.src_addr6.bytes, 16);
		glb_generation_free(gen);
	}
}
END_TEST

START_TEST(tables_of_both_families_are_known_to_be_mixed)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct glb_generation *gen = i ? fixture_wide6_generation(&fixture_settings, 2)
					       : fixture_wide_generation(&fixture_settings);

		ck_assert_uint_eq(gen->outer_version, i ? 6 : 4);
		ck_assert(gen->mixed_versions);
		glb_generation_free(gen);
	}
}
END_TEST

/* Would the data path ask for what it reads about so many backends before it reads it? */
static bool asks_ahead(uint8_t version, unsigned int count)
{
	struct glb_backend *backends = calloc(count, sizeof(*backends));
	struct glb_table_spec spec = fixture_spec.tables[0];
	struct glb_tables tables;
	struct glb_generation *gen;
	bool asks;

	ck_assert_ptr_nonnull(backends);
	spec.backends = backends;
	spec.backend_count = count;
	for (unsigned int b = 0; b < count; b++)
		backends[b] = (struct glb_backend){
			.addr = {{10, [2] = (uint8_t)(b >> 8), (uint8_t)b}, version},
			.state = GLB_ACTIVE,
			.healthy = true,
		};
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, NULL), 0);
	asks = gen->many_backends;
	glb_generation_free(gen);
	free(backends);
	return asks;
}

START_TEST(backends_are_many_when_they_are_not_near_any_more)
{
	ck_assert(!asks_ahead(4, 257)); /* an address each */
	ck_assert(!asks_ahead(6, 256)); /* a template each */
	ck_assert(asks_ahead(6, 257));
}
END_TEST

/* The message of a refusal of one table of the fixture, all of whose backends become IPv6. */
static void check_refused(const struct glb_settings *settings, uint8_t hops, const char *why)
{
	struct glb_backend backends[4];
	struct glb_table_spec spec = fixture_spec.tables[1];
	struct glb_tables tables;
	struct glb_tables was;
	struct glb_generation *gen = NULL;
	struct glb_diag diag = {{0}};

	memcpy(backends, spec.backends, sizeof(backends));
	for (unsigned int b = 0; b < 4; b++)
		backends[b].addr.version = 6;
	spec.backends = backends;
	spec.hops = hops;
	ck_assert_int_eq(glb_tables_build(&tables, &(struct glb_spec){&spec, 1}, NULL, NULL), 0);
	was = tables;

	int err = glb_generation_make(&gen, 1, settings, &tables, &diag);

	ck_assert_int_eq(err, why ? -ENOTSUP : 0);
	ck_assert_str_eq(diag.text, why ? why : "");
	if (err) {
		ck_assert_ptr_null(gen);
		ck_assert_ptr_eq(tables.tables, was.tables);
	}
	glb_generation_free(gen);
	glb_tables_free(&tables);
}

START_TEST(so_many_ipv6_hops_as_fit_are_taken_and_no_more)
{
	struct glb_settings settings = fixture_settings;

	check_refused(&settings, 2, NULL);
	check_refused(&settings, 3, NULL);
	check_refused(&settings, 4, NULL);
	settings.alt_hash_fields = GLB_HASH_SRC_PORT;
	check_refused(&settings, 2, NULL);
	check_refused(&settings, 3,
		      "$.tables[0].hops: with IPv6 backends a packet can list 4 hops behind the "
		      "primary, not 5 (alt_hash_fields doubles the hops)");
	check_refused(&settings, 4,
		      "$.tables[0].hops: with IPv6 backends a packet can list 4 hops behind the "
		      "primary, not 7 (alt_hash_fields doubles the hops)");
}
END_TEST

START_TEST(a_family_without_an_outer_source_is_refused_only_where_it_is_used)
{
	struct glb_settings settings = fixture_settings;
	struct glb_tables tables = fixture_tables();
	struct glb_generation *gen = NULL;
	struct glb_diag diag;

	settings.src_addr6.version = 0;
	check_refused(&settings, 2,
		      "$.tables[0].backends[0].ip: an IPv6 backend cannot be reached without "
		      "outbound_src_ip6 in the director's configuration");
	settings = fixture_settings;
	settings.src_addr.version = 0;
	check_refused(&settings, 2, NULL);
	ck_assert_int_eq(glb_generation_make(&gen, 1, &settings, &tables, &diag), -ENOTSUP);
	ck_assert_str_eq(diag.text, "$.tables[0].backends[0].ip: an IPv4 backend cannot be reached "
				    "without outbound_src_ip in the director's configuration");
	ck_assert_ptr_null(gen);
	glb_tables_free(&tables);
}
END_TEST

START_TEST(a_table_of_the_other_family_is_refused_whichever_backend_comes_first)
{
	struct glb_tables tables = fixture_tables();
	struct glb_generation *gen = NULL;
	struct glb_diag diag;

	for (unsigned int b = 0; b < 3; b++)
		tables.tables[1]->spec.backends[b].addr.version = 6;
	ck_assert_int_eq(glb_generation_make(&gen, 1, &fixture_settings, &tables, &diag), -ENOTSUP);
	ck_assert_str_eq(diag.text, "$.tables[1].backends[3].ip: an IPv4 backend in a table "
				    "whose others are IPv6: one hop list cannot have both");
	glb_tables_free(&tables);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("generation");
	TCase *generation = tcase_create("generation");

	tcase_add_test(generation, a_generation_owns_its_tables_and_knows_its_settings);
	tcase_add_test(generation, more_tables_than_can_be_told_apart_are_refused);
	tcase_add_test(generation, more_binds_than_can_be_numbered_are_refused);
	tcase_add_test(generation, alternative_hash_fields_make_room_for_three_hops);
	tcase_add_test(generation, there_is_a_template_for_every_backend);
	tcase_add_test(generation,
		       an_ipv6_backend_in_use_is_refused_and_the_tables_stay_with_the_caller);
	tcase_add_test(generation,
		       an_inactive_ipv6_backend_is_no_trouble_nor_is_one_read_from_an_image);
	tcase_add_test(generation, a_route_knows_the_servers_of_a_table_with_quic_binds);
	tcase_add_test(generation, a_server_on_no_row_must_be_of_the_family_of_the_others_too);
	tcase_add_loop_test(
		generation,
		generations_that_differ_in_their_ports_share_the_rest_and_are_freed_in_any_order, 0,
		6);
	tcase_add_test(generation,
		       a_replica_shares_nothing_that_workers_read_and_outlives_the_original);
	tcase_add_test(generation, what_workers_read_lies_in_memory_that_huge_pages_can_cover);
	tcase_add_test(generation, generations_share_the_rows_of_tables_that_have_not_changed);
	tcase_add_test(generation, a_table_that_changes_again_and_again_takes_turns_in_two_places);
	tcase_add_test(generation, a_route_has_the_family_and_lengths_of_its_proxies);
	tcase_add_test(generation, tables_of_both_families_are_known_to_be_mixed);
	tcase_add_test(generation, backends_are_many_when_they_are_not_near_any_more);
	tcase_add_test(generation, so_many_ipv6_hops_as_fit_are_taken_and_no_more);
	tcase_add_test(generation,
		       a_family_without_an_outer_source_is_refused_only_where_it_is_used);
	tcase_add_test(generation,
		       a_table_of_the_other_family_is_refused_whichever_backend_comes_first);
	suite_add_tcase(suite, generation);
	return suite;
}
