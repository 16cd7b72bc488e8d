/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <glb/hash.h>

#include "fixture.h"

#define KEY_12                                                                                     \
	{                                                                                          \
		0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x12, 0x34, 0x56, 0x78, 0x90,      \
			0x12, 0x34, 0x56                                                           \
	}
#define KEY_34                                                                                     \
	{                                                                                          \
		0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x34, 0x56, 0x78, 0x90, 0x12,      \
			0x34, 0x56, 0x78                                                           \
	}

static struct glb_backend backends0[] = {
	{.addr = {{1, 2, 3, 4}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{2, 3, 4, 5}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{3, 4, 5, 6}, 4}, .state = GLB_ACTIVE, .healthy = true},
};
static struct glb_bind binds0[] = {
	{{{1, 1, 1, 1}, 4}, 32, GLB_PROTO_TCP, 80, 80, false},
	{{{1, 1, 1, 1}, 4}, 32, GLB_PROTO_TCP, 443, 443, false},
};
static struct glb_backend backends1[] = {
	{.addr = {{4, 5, 6, 7}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{5, 6, 7, 8}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{6, 7, 8, 9}, 4}, .state = GLB_ACTIVE, .healthy = true},
	{.addr = {{7, 8, 9, 0}, 4}, .state = GLB_ACTIVE, .healthy = true},
};
static struct glb_bind binds1[] = {
	{{{1, 1, 1, 2}, 4}, 32, GLB_PROTO_TCP, 80, 80, false},
	{{{1, 1, 1, 3}, 4}, 32, GLB_PROTO_TCP, 80, 80, false},
	{{{0xfd, 0xb4, 0x98, 0xce, 0x52, 0xd4, [15] = 0x42}, 6}, 128, GLB_PROTO_TCP, 80, 80, false},
};
static struct glb_backend backends2[] = {
	{.addr = {{192, 0, 2, 1}, 4}, .state = GLB_ACTIVE, .healthy = true},
};
static struct glb_bind binds2[] = {
	{{{10, 0, 0, 0}, 4}, 8, GLB_PROTO_UDP, 1000, 2000, false},
	{{{0x20, 0x01, 0x0d, 0xb8}, 6}, 32, GLB_PROTO_TCP, 0, 65535, false},
};

#define BACKEND6(subnet, host)                                                                     \
	{                                                                                          \
		.addr = {{0x20, 0x01, 0x0d, 0xb8, 0, (subnet), [15] = (host)}, 6},                 \
		.state = GLB_ACTIVE, .healthy = true                                               \
	}
#define BACKEND172(host, ...)                                                                      \
	{                                                                                          \
		.addr = {{172, 16, 0, (host)}, 4}, .state = GLB_ACTIVE, .healthy = true,           \
		__VA_ARGS__                                                                        \
	}
#define SERVER_ID(id) .has_server_id = true, .server_id = (id)
#define VIP4(host)    {{1, 1, 1, (host)}, 4}, 32
#define VIP6(host)    {{0xfd, 0xb4, 0x98, 0xce, 0x52, 0xd4, [15] = (host)}, 6}, 128

static struct glb_backend backends3[] = {BACKEND6(5, 1), BACKEND6(5, 2), BACKEND6(5, 3),
					 BACKEND6(5, 4)};
static struct glb_bind binds3[] = {
	{VIP4(4), GLB_PROTO_TCP, 0, 65535, false},
	{VIP6(0x44), GLB_PROTO_TCP, 0, 65535, false},
	{VIP4(1), GLB_PROTO_UDP, 53, 53, false},
};
static struct glb_backend backends4[] = {BACKEND6(6, 1), BACKEND6(6, 2), BACKEND6(6, 3),
					 BACKEND6(6, 4), BACKEND6(6, 5)};
static struct glb_bind binds4[] = {
	{VIP4(5), GLB_PROTO_TCP, 0, 65535, false},
	{VIP4(5), GLB_PROTO_UDP, 0, 65535, false},
	{VIP6(0x45), GLB_PROTO_TCP, 0, 65535, false},
	{VIP6(0x45), GLB_PROTO_UDP, 0, 65535, false},
};
static struct glb_backend backends5[] = {
	BACKEND172(1, SERVER_ID(0)), BACKEND172(2, SERVER_ID(1)), BACKEND172(3, SERVER_ID(0x102)),
	BACKEND172(4, SERVER_ID(0xffff)), BACKEND172(5, .weight = 0)};
static struct glb_bind binds5[] = {
	{VIP4(6), GLB_PROTO_TCP, 0, 65535, false},
	{VIP4(6), GLB_PROTO_UDP, 0, 65535, true},
	{VIP6(0x46), GLB_PROTO_TCP, 0, 65535, false},
	{VIP6(0x46), GLB_PROTO_UDP, 0, 65535, true},
};
static struct glb_backend backends6[] = {BACKEND172(11, SERVER_ID(0x4243)), BACKEND172(12, ),
					 BACKEND172(13, ), BACKEND172(14, ), BACKEND172(15, )};
static struct glb_bind binds6[] = {
	{VIP4(7), GLB_PROTO_TCP, 80, 80, false},    {VIP4(7), GLB_PROTO_UDP, 80, 80, false},
	{VIP6(0x47), GLB_PROTO_TCP, 80, 80, false}, {VIP6(0x47), GLB_PROTO_UDP, 80, 80, false},
	{VIP4(7), GLB_PROTO_UDP, 443, 443, true},
};
static struct glb_backend backends7[] = {BACKEND172(21, )};
static struct glb_bind binds7[] = {
	{VIP4(8), GLB_PROTO_TCP, 80, 80, false},
	{VIP4(8), GLB_PROTO_UDP, 80, 80, false},
};

enum { TABLES = 8, BACKENDS = 5 /* at most, of a table */ };

static struct glb_table_spec tables[TABLES] = {
	{.hash_key = KEY_12,
	 .seed = KEY_34,
	 .backends = backends0,
	 .binds = binds0,
	 .backend_count = 3,
	 .bind_count = 2},
	{.hash_key = KEY_12,
	 .seed = KEY_12,
	 .backends = backends1,
	 .binds = binds1,
	 .backend_count = 4,
	 .bind_count = 3},
	{.hash_key = KEY_34,
	 .seed = KEY_12,
	 .backends = backends2,
	 .binds = binds2,
	 .backend_count = 1,
	 .bind_count = 2},
	{.hash_key = KEY_12,
	 .seed = KEY_34,
	 .backends = backends3,
	 .binds = binds3,
	 .backend_count = 4,
	 .bind_count = 3},
	{.hash_key = KEY_34,
	 .seed = KEY_34,
	 .hops = 4,
	 .backends = backends4,
	 .binds = binds4,
	 .backend_count = 5,
	 .bind_count = 4},
	{.hash_key = KEY_34,
	 .seed = KEY_12,
	 .hops = 4,
	 .backends = backends5,
	 .binds = binds5,
	 .backend_count = 5,
	 .bind_count = 4},
	{.hash_key = KEY_12,
	 .seed = KEY_12,
	 .hops = 4,
	 .backends = backends6,
	 .binds = binds6,
	 .backend_count = 5,
	 .bind_count = 5},
	{.hash_key = KEY_34,
	 .seed = KEY_12,
	 .backends = backends7,
	 .binds = binds7,
	 .backend_count = 1,
	 .bind_count = 2},
};

const struct glb_spec fixture_spec = {.tables = tables, .table_count = 3};

/* All take the frames of frame.h. */
#define PORT(n)                                                                                    \
	{                                                                                          \
		.gateway_mac = {2, 0, 0, 0, 1, 0}, .mac = {2, 0, 0, 0, 2, (n)}, .mtu = 1500,       \
		.macs = {{2, 0, 0, 0, 0, 1}}, .mac_count = 1                                       \
	}

const struct glb_settings fixture_settings = {
	.src_addr = {{65, 65, 65, 65}, 4},
	.src_addr6 = {{0x20, 0x01, 0x0d, 0xb8, 0, 0x41, [15] = 0x41}, 6},
	.hash_fields = GLB_HASH_SRC_ADDR,
	.answers_per_second = 1000,
	.errors_per_second = 1000,
	.ports = {PORT(0), PORT(1), PORT(2)},
};

struct glb_tables fixture_tables(void)
{
	struct glb_tables built;

	if (glb_tables_build(&built, &fixture_spec, NULL, NULL))
		abort();
	return built;
}

static struct glb_generation *generation_of(struct glb_tables built,
					    const struct glb_settings *settings)
{
	struct glb_generation *gen;

	if (glb_generation_make(&gen, 1, settings, &built, NULL))
		abort();
	return gen;
}

struct glb_generation *fixture_generation(const struct glb_settings *settings)
{
	return generation_of(fixture_tables(), settings);
}

/* Settings decide about these when a generation is made; about all else, when ports are. */
static struct glb_generation *make_wide(struct glb_table_spec specs[TABLES], bool alt, bool unique)
{
	struct glb_settings settings = fixture_settings;
	struct glb_tables built;

	settings.alt_hash_fields = alt ? GLB_HASH_SRC_ADDR : 0;
	settings.unique_hops = unique;
	if (glb_tables_build(&built, &(struct glb_spec){specs, TABLES}, NULL, NULL))
		abort();
	return generation_of(built, &settings);
}

static struct glb_generation *make_wide4(bool alt, bool unique)
{
	struct glb_table_spec copy[TABLES];

	memcpy(copy, tables, sizeof(tables));
	if (alt)
		copy[4].hops = 2;
	return make_wide(copy, alt, unique);
}

static struct glb_addr other_family(const struct glb_addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->version == 6)
		return (struct glb_addr){{172, 31, b[5], b[15]}, 4};
	return (struct glb_addr){{0x20, 0x01, 0x0d, 0xb8, 0, 7, [12] = b[0], b[1], b[2], b[3]}, 6};
}

static struct glb_generation *make_wide6(bool alt, bool unique, uint8_t hops)
{
	struct glb_backend backends[TABLES][BACKENDS];
	struct glb_table_spec copy[TABLES];

	memcpy(copy, tables, sizeof(tables));
	copy[1].hops = 3;
	for (unsigned int t = 0; t < TABLES; t++) {
		if (alt || hops)
			copy[t].hops = alt ? 2 : hops;
		for (unsigned int b = 0; b < copy[t].backend_count; b++) {
			backends[t][b] = copy[t].backends[b];
			backends[t][b].addr = other_family(&copy[t].backends[b].addr);
		}
		copy[t].backends = backends[t];
	}
	return make_wide(copy, alt, unique);
}

/* The build of the data path for an instruction set, or NULL. */
static glb_forward_fn *forward_of(uint8_t isa)
{
	static glb_forward_fn *known[GLB_ISA_COUNT];
	static bool asked[GLB_ISA_COUNT];
	struct glb_settings settings = fixture_settings;
	struct glb_tables built;
	struct glb_generation *gen;

	if (asked[isa])
		return known[isa];
	asked[isa] = true;
	settings.isa = isa;
	built = fixture_tables();
	if (glb_generation_make(&gen, 1, &settings, &built, NULL)) {
		glb_tables_free(&built);
		return NULL;
	}
	known[isa] = gen->forward;
	glb_generation_free(gen);
	return known[isa];
}

struct glb_generation *fixture_with_settings(const struct glb_generation *base,
					     const struct glb_settings *settings)
{
	struct glb_generation like = *base;
	struct glb_generation *gen;

	like.settings = *settings;
	like.forward = forward_of(settings->isa);
	if (like.forward && glb_generation_with_ports(&gen, &like, settings->ports))
		abort();
	return like.forward ? gen : NULL;
}

struct glb_generation *fixture_wide_generation(const struct glb_settings *settings)
{
	static struct glb_generation *bases[2][2]; /* kept */
	bool alt = settings->alt_hash_fields;
	struct glb_generation **base = &bases[alt][settings->unique_hops];

	if (!*base)
		*base = make_wide4(alt, settings->unique_hops);
	return fixture_with_settings(*base, settings);
}

void fixture_share_wide(void)
{
	glb_generation_free(fixture_wide_generation(&fixture_settings));
}

struct glb_generation *fixture_wide6_generation(const struct glb_settings *settings, uint8_t hops)
{
	static struct glb_generation *bases[2][2][GLB_HOPS_MAX + 1]; /* kept */
	bool alt = settings->alt_hash_fields;
	struct glb_generation **base = &bases[alt][settings->unique_hops][hops];

	if (!*base)
		*base = make_wide6(alt, settings->unique_hops, hops);
	return fixture_with_settings(*base, settings);
}
