/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "table_fleet.h"

static struct glb_addr address_of(unsigned int i, bool ipv6)
{
	if (ipv6)
		return (struct glb_addr){{0xfd, [14] = (uint8_t)(i >> 8), (uint8_t)i}, 6};
	return (struct glb_addr){{10, 1, (uint8_t)(i >> 8), (uint8_t)i}, 4};
}

void table_fleet_init(struct table_fleet *fleet, unsigned int backend_count)
{
	memset(fleet, 0, sizeof(*fleet));
	fleet->bind = (struct glb_bind){{{192, 0, 2, 1}, 4}, 32, 6, 443, 443, false};
	fleet->spec.backends = fleet->backends;
	fleet->spec.backend_count = backend_count;
	fleet->spec.binds = &fleet->bind;
	fleet->spec.bind_count = 1;
	for (uint8_t i = 0; i < sizeof(fleet->spec.seed); i++)
		fleet->spec.seed[i] = (uint8_t)(17 * i + 1);
	for (unsigned int i = 0; i < TABLE_FLEET_MAX; i++) {
		fleet->backends[i].addr = address_of(i, false);
		fleet->backends[i].state = GLB_ACTIVE;
		fleet->backends[i].healthy = true;
	}
}

void table_fleet_copy(struct table_fleet *out, const struct table_fleet *fleet)
{
	*out = *fleet;
	out->spec.backends = out->backends;
	out->spec.binds = &out->bind;
}

static void set_nothing(struct table_fleet *fleet)
{
	(void)fleet;
}

static void set_three_hops(struct table_fleet *fleet)
{
	fleet->spec.hops = 3;
}

static void set_four_hops(struct table_fleet *fleet)
{
	fleet->spec.hops = 4;
}

static void set_max_load(struct table_fleet *fleet)
{
	fleet->spec.hops = 3;
	fleet->spec.max_load = 105;
}

static void set_weights(struct table_fleet *fleet)
{
	for (unsigned int i = 0; i < TABLE_FLEET_MAX; i++)
		fleet->backends[i].weight = (uint16_t)(50 + i % 7 * 25);
}

static void set_zones(struct table_fleet *fleet)
{
	fleet->spec.hops = 3;
	for (unsigned int i = 0; i < TABLE_FLEET_MAX; i++)
		fleet->backends[i].zone = (uint16_t)(1 + i % 3);
}

static void set_ipv6(struct table_fleet *fleet)
{
	for (unsigned int i = 0; i < TABLE_FLEET_MAX; i++)
		fleet->backends[i].addr = address_of(i, true);
}

const struct table_option table_options[TABLE_OPTIONS] = {
	{"plain", set_nothing},	    {"3 hops", set_three_hops}, {"4 hops", set_four_hops},
	{"7 weights", set_weights}, {"3 zones", set_zones},	{"IPv6", set_ipv6},
	{"max_load", set_max_load},
};
