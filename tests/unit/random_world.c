/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <glb/hash.h>

#include "fixture.h"
#include "random_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

enum { BACKENDS_USUALLY = 6, DENIED = 60 };

/* Most are whole addresses; others are one bit apart, or of any VIP at all. */
static uint8_t choose_prefix(struct chance *chance, uint8_t version)
{
	static const uint8_t short4[] = {31, 30, 29, 28, 25, 24, 23, 16, 9, 8, 1, 0};
	static const uint8_t short6[] = {127, 126, 125, 124, 120, 65, 64, 63, 48, 33, 32, 0};

	if (!chance_once_in(chance, 3))
		return version == 4 ? 32 : 128;
	return (version == 4 ? short4 : short6)[chance_below(chance, sizeof(short4))];
}

static void choose_ports(struct chance *chance, struct glb_bind *bind)
{
	static const uint16_t ranges[][2] = {
		{80, 80},	{443, 443},	{53, 53},     {0, 65535},    {1, 65535},
		{0, 65534},	{1000, 2000},	{1000, 1001}, {2000, 2000},  {19523, 19523},
		{19000, 20000}, {65535, 65535}, {0, 0},	      {32768, 65535}};
	unsigned int r = chance_below(chance, sizeof(ranges) / sizeof(*ranges));

	bind->port_first = ranges[r][0];
	bind->port_last = ranges[r][1];
}

/* An address that no host has, and no reply may come from: see glb_is_host(). */
static struct glb_addr choose_no_host(struct chance *chance)
{
	static const struct glb_addr none[] = {
		{{0, 0, 0, 1}, 4},
		{{127, 0, 0, 1}, 4},
		{{224, 0, 0, 5}, 4},
		{{255, 255, 255, 255}, 4},
		{{[15] = 1}, 6},
		{{0xff, 2, [15] = 5}, 6},
		{{[10] = 0xff, 0xff, 198, 51, 100, 1}, 6},
	};

	return none[chance_below(chance, COUNT_OF(none))];
}

static void choose_bind(struct glb_bind *bind, struct chance *chance)
{
	uint8_t net = (uint8_t)chance_below(chance, 2);
	uint8_t host = (uint8_t)chance_below(chance, 8);

	*bind = (struct glb_bind){.addr = {{198, 51, (uint8_t)(100 + net), host}, 4}};
	if (chance_once_in(chance, 2))
		bind->addr = (struct glb_addr){{0x20, 1, 0xd, 0xb8, [7] = net, [15] = host}, 6};
	if (chance_once_in(chance, 24))
		bind->addr = choose_no_host(chance);
	bind->prefix_len = choose_prefix(chance, bind->addr.version);
	bind->proto = chance_once_in(chance, 2) ? GLB_PROTO_TCP : GLB_PROTO_UDP;
	bind->quic = bind->proto == GLB_PROTO_UDP && chance_once_in(chance, 3);
	choose_ports(chance, bind);
}

/* Number b of table t: no two have the same address. */
static void choose_backend(struct glb_backend *backend, struct chance *chance, uint8_t t,
			   uint16_t b, bool v4)
{
	static const uint16_t ids[] = {0, 1, 0x102, 0x4243, 0xfffe, 0xffff};
	const uint8_t high = (uint8_t)(b >> 8), low = (uint8_t)b;

	*backend = (struct glb_backend){.addr = {{172, (uint8_t)(16 + high), t, low}, 4},
					.state = GLB_ACTIVE,
					.healthy = !chance_once_in(chance, 6)};
	if (!v4)
		backend->addr = (struct glb_addr){{0xfd, [2] = low, [12] = high, 9, t, low}, 6};
	backend->has_server_id = b < COUNT_OF(ids) && !chance_once_in(chance, 4);
	if (backend->has_server_id)
		backend->server_id = ids[b];
	if (b && chance_once_in(chance, 3))
		backend->state = chance_below(chance, GLB_STATE_COUNT);
}

static void choose_table(struct world *world, struct chance *chance, uint8_t t, bool v4)
{
	struct glb_table_spec *table = &world->tables[t];

	*table = (struct glb_table_spec){
		.backends = world->backends[t],
		.binds = world->binds[t],
		.backend_count = 1 + chance_below(chance, BACKENDS_USUALLY),
		.bind_count = 1 + chance_below(chance, WORLD_BINDS),
		.hops = (uint8_t)chance_below(chance, 5),
	};
	if (world->hops) { /* and as many usable backends in any case */
		table->hops = world->hops;
		table->backend_count = GLB_HOPS_MAX + chance_below(chance, 3);
	}
	if (!t && chance_once_in(chance, 6)) /* more than are kept next to a core */
		table->backend_count = WORLD_BACKENDS;
	if (table->hops == 1 || (world->settings.alt_hash_fields && !v4))
		table->hops = 2; /* more IPv6 hops do not fit */
	for (unsigned int i = 0; i < GLB_SIPHASH_KEY_LEN; i++) {
		table->hash_key[i] = (uint8_t)chance_next(chance);
		table->seed[i] = (uint8_t)chance_next(chance);
	}
	for (uint8_t b = 0; b < table->bind_count; b++)
		choose_bind(&table->binds[b], chance);
	for (uint16_t b = 0; b < table->backend_count; b++)
		choose_backend(&table->backends[b], chance, t, b, v4);
	for (uint16_t b = 0; b < table->backend_count && world->hops; b++)
		if (table->backends[b].state == GLB_INACTIVE)
			table->backends[b].state = GLB_DRAINING;
}

/* Of the networks that clients are from, some whole, and of addresses as good as never seen. */
static void choose_denied(struct world *world, struct chance *chance)
{
	static const uint8_t lens4[] = {7, 9, 10, 11, 12, 14, 15, 16, 17, 20, 24, 31, 32};
	static const uint8_t lens6[] = {3, 15, 27, 29, 33, 35, 36, 47, 48, 49, 63, 64, 65, 128};
	struct glb_deny_prefix prefixes[DENIED];
	uint32_t count = chance_below(chance, DENIED);

	for (uint32_t i = 0; i < count; i++) {
		struct glb_deny_prefix *prefix = &prefixes[i];
		const uint64_t any = chance_next(chance);
		const bool v4 = chance_once_in(chance, 2);

		*prefix = (struct glb_deny_prefix){.addr = {{10}, 4}, .line = i + 1};
		if (!v4)
			prefix->addr = (struct glb_addr){{0x20, 1, 0xd, 0xb9}, 6};
		memcpy(prefix->addr.bytes + (v4 ? 1 : 4), &any, v4 ? 3 : 8);
		prefix->prefix_len = v4 ? lens4[chance_below(chance, sizeof(lens4))]
					: lens6[chance_below(chance, sizeof(lens6))];
		if (prefix->prefix_len < (v4 ? 9 : 32) && !chance_once_in(chance, 20))
			prefix->prefix_len = v4 ? 32 : 128;
	}
	if (glb_deny_make(&world->settings.deny, prefixes, count))
		abort();
}

/* Of a bind's VIPs, and of all others; none is ever exhausted. */
static void choose_meters(struct world *world, struct chance *chance)
{
	const struct glb_bind *bind = &world->binds[0][0];
	const struct glb_meter_rule rules[] = {
		{bind->addr, bind->prefix_len, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
		{{.version = 4}, 1, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
		{{.version = 6}, 0, GLB_METER_RATE_MAX, GLB_METER_BURST_MAX},
	};

	if (glb_meters_make(&world->settings.meters, rules, 1 + chance_below(chance, 3), NULL))
		abort();
}

void world_make(struct world *world, struct chance *chance)
{
	/* most directors have proxies of one family */
	unsigned int underlay = chance_below(chance, 4);
	struct glb_tables built;

	*world = (struct world){.table_count = 1 + chance_below(chance, WORLD_TABLES)};
	world->settings = (struct glb_settings){
		.src_addr = {{198, 51, 100, 3}, 4}, /* in some binds, now and then */
		.src_addr6 = {{0x20, 1, 0xd, 0xb8, [7] = 1, [15] = 3}, 6},
		.hash_fields = GLB_HASH_SRC_ADDR,
		.alt_hash_fields = chance_once_in(chance, 3) ? GLB_HASH_SRC_ADDR : 0,
		.unique_hops = chance_once_in(chance, 3),
		.answers_per_second = 1000,
		.errors_per_second = 1000,
	};
	/* most have as many hops in all tables, which is a way of its own */
	if (chance_once_in(chance, 2))
		world->hops = (uint8_t)(2 + chance_below(chance, GLB_HOPS_MAX - 1));
	if (chance_once_in(chance, 2)) {
		world->settings.src_addr = (struct glb_addr){{65, 65, 65, 65}, 4};
		world->settings.src_addr6 = (struct glb_addr){{0xfd, 1, [15] = 0x41}, 6};
	}
	if (underlay == 2 && chance_once_in(chance, 2))
		world->settings.src_addr6 = (struct glb_addr){.version = 0};
	if (underlay == 3 && chance_once_in(chance, 2))
		world->settings.src_addr = (struct glb_addr){.version = 0};
	if (chance_once_in(chance, 2))
		choose_denied(world, chance);
	for (uint8_t t = 0; t < world->table_count; t++)
		choose_table(world, chance, t,
			     underlay > 1 ? underlay == 2 : chance_once_in(chance, 2));
	if (chance_once_in(chance, 2))
		choose_meters(world, chance);
	if (glb_tables_build(&built, &(struct glb_spec){world->tables, world->table_count}, NULL,
			     NULL) ||
	    glb_generation_make(&world->base, 1, &world->settings, &built, NULL) ||
	    glb_generation_replicate(&world->replica, world->base, 1))
		abort();
}

void world_free(struct world *world)
{
	glb_generation_free(world->base);
	glb_generation_free(world->replica);
	glb_deny_free(world->settings.deny);
	glb_meters_free(world->settings.meters);
}

static void choose_port(struct glb_port *port, struct chance *chance, uint8_t number)
{
	static const uint16_t mtus[] = {1500, 1500, 1500,  1280, 1279, 1281, 576,  300,	 400,
					1400, 9000, 65535, 1336, 1320, 1316, 1501, 1499, 296};

	*port = (struct glb_port){
		.gateway_mac = {2, 0, 0, 0, 1, number},
		.mac = {2, 0, 0, 0, 2, number},
		.vlan = chance_once_in(chance, 3) ? GLB_VLAN_NONE : GLB_VLAN_KEEP,
		.mtu = mtus[chance_below(chance, COUNT_OF(mtus))],
		.any_mac = chance_once_in(chance, 4),
	};
	if (chance_once_in(chance, 6))
		port->vlan = (uint16_t)(1 + chance_below(chance, 4094));
	if (chance_once_in(chance, 16))
		memset(port->gateway_mac, 0, GLB_MAC_LEN);
	if (chance_once_in(chance, 8))
		memset(port->gateway_mac + chance_below(chance, 3) * 2, 0, 2);
	if (chance_once_in(chance, 4))
		port->through = (uint16_t)(1 + chance_below(chance, GLB_PORTS_MAX));
	if (!chance_once_in(chance, 3))
		return;
	port->mac_count = (uint8_t)(1 + chance_below(chance, GLB_PORT_MACS_MAX));
	for (uint8_t i = 0; i < port->mac_count; i++)
		memcpy(port->macs[i], (uint8_t[]){2, 0, 0, 0, i, (uint8_t)(number + 1)},
		       GLB_MAC_LEN);
}

/* Fields to hash; fragments have no ports. */
static uint8_t choose_fields(const struct glb_settings *settings, struct chance *chance)
{
	uint32_t most = settings->forward_fragments ? GLB_HASH_SRC_ADDR | GLB_HASH_DST_ADDR
						    : GLB_HASH_FIELDS_ALL;

	return (uint8_t)(1 + chance_below(chance, most));
}

struct glb_settings world_settings(const struct world *world, struct chance *chance)
{
	static const uint8_t ttls[] = {1, 2, 64, 255};
	struct glb_settings settings = world->settings;

	settings.echo = (uint8_t)chance_below(chance, 4);
	settings.too_big = (uint8_t)chance_below(chance, 3);
	settings.udp_checksum = (uint8_t)chance_below(chance, 4);
	settings.outer_dscp = (uint8_t)chance_below(chance, 3 * GLB_DSCP_COPY);
	if (settings.outer_dscp > GLB_DSCP_COPY)
		settings.outer_dscp = settings.outer_dscp % 2 ? GLB_DSCP_COPY : 0;
	settings.min_ttl = chance_once_in(chance, 3) ? ttls[chance_below(chance, 4)] : 0;
	settings.copy_ecn = chance_once_in(chance, 2);
	settings.all_icmp_errors = chance_once_in(chance, 2);
	settings.forward_fragments = chance_once_in(chance, 3);
	settings.relay_outer_errors = chance_once_in(chance, 2);
	settings.verify_ip_checksum = chance_once_in(chance, 3);
	settings.trim_padding = chance_once_in(chance, 2);
	settings.clamp_mss = chance_once_in(chance, 2);
	settings.hash_fields = choose_fields(&settings, chance);
	if (settings.alt_hash_fields)
		settings.alt_hash_fields = choose_fields(&settings, chance);
	for (uint8_t p = 0; p < GLB_PORTS_MAX; p++)
		choose_port(&settings.ports[p], chance, p);
	return settings;
}
