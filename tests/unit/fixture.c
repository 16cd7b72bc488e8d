/* SPDX-License-Identifier: BSD-3-Clause */
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
static struct glb_table_spec tables[] = {
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
};

const struct glb_spec fixture_spec = {.tables = tables, .table_count = 3};

const struct glb_settings fixture_settings = {
	.src_addr = {{65, 65, 65, 65}, 4},
	.hash_fields = GLB_HASH_SRC_ADDR,
	.answers_per_second = 1000,
	.ports = {{.gateway_mac = {2, 0, 0, 0, 1, 0}, .mac = {2, 0, 0, 0, 2, 0}, .mtu = 1500},
		  {.gateway_mac = {2, 0, 0, 0, 1, 0}, .mac = {2, 0, 0, 0, 2, 1}, .mtu = 1500},
		  {.gateway_mac = {2, 0, 0, 0, 1, 0}, .mac = {2, 0, 0, 0, 2, 2}, .mtu = 1500}},
};

struct glb_tables fixture_tables(void)
{
	struct glb_tables built;

	if (glb_tables_build(&built, &fixture_spec, NULL, NULL))
		abort();
	return built;
}

struct glb_generation *fixture_generation(const struct glb_settings *settings)
{
	struct glb_tables built = fixture_tables();
	struct glb_generation *gen;

	if (glb_generation_make(&gen, 1, settings, &built, NULL))
		abort();
	return gen;
}
