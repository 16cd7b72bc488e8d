/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "fleet.h"
#include "suite.h"

unsigned int fleet_pick(struct fleet *fleet, unsigned int n)
{
	return (unsigned int)((next_random(&fleet->random) >> 32) % n);
}

static enum glb_state pick_state(struct fleet *fleet)
{
	return fleet_pick(fleet, 4) ? GLB_ACTIVE : (enum glb_state)fleet_pick(fleet, 4);
}

static uint16_t pick_weight(struct fleet *fleet)
{
	static const uint16_t weights[] = {0, 1, 50, 99, 100, 101, 200, 1000, 65535};

	return weights[fleet_pick(fleet, COUNT_OF(weights))];
}

static struct glb_addr address(unsigned int number)
{
	uint8_t high = (uint8_t)(number >> 8);
	uint8_t low = (uint8_t)number;

	if (number % 5 == 4)
		return (struct glb_addr){{0x20, 0x01, 0x0d, 0xb8, [14] = high, [15] = low}, 6};
	return (struct glb_addr){{10, 0, high, low}, 4};
}

static struct glb_backend new_backend(struct fleet *fleet, enum fleet_kind kind)
{
	struct glb_backend backend = {
		.addr = address(fleet->numbers++),
		.state = pick_state(fleet),
		.healthy = fleet_pick(fleet, 4),
	};

	if (kind & FLEET_WEIGHTED)
		backend.weight = pick_weight(fleet);
	if (kind & FLEET_ZONED)
		backend.zone = (uint16_t)(1 + fleet_pick(fleet, 3));
	return backend;
}

static uint8_t pick_hops(struct fleet *fleet)
{
	unsigned int hops = 1 + fleet_pick(fleet, GLB_HOPS_MAX);

	return (uint8_t)(hops == 1 ? 0 : hops);
}

void fleet_make(struct fleet *fleet, uint64_t seed, unsigned int max, enum fleet_kind kind)
{
	*fleet = (struct fleet){.random = seed * 0x9e3779b97f4a7c15 | 1};
	for (unsigned int i = 0; i < COUNT_OF(fleet->binds); i++)
		fleet->binds[i] = (struct glb_bind){
			.addr = {{192, 0, 2, (uint8_t)i}, 4},
			.prefix_len = (uint8_t)(32 - i),
			.proto = GLB_PROTO_TCP,
			.port_first = 80,
			.port_last = (uint16_t)(80 + i),
		};
	fleet->spec = (struct glb_table_spec){
		.hops = pick_hops(fleet),
		.backends = fleet->backends,
		.backend_count = 1 + fleet_pick(fleet, max),
		.binds = fleet->binds,
		.bind_count = COUNT_OF(fleet->binds),
	};
	for (unsigned int i = 0; i < GLB_SIPHASH_KEY_LEN; i++) {
		fleet->spec.seed[i] = (uint8_t)fleet_pick(fleet, 256);
		fleet->spec.hash_key[i] = (uint8_t)fleet_pick(fleet, 256);
	}
	for (unsigned int i = 0; i < fleet->spec.backend_count; i++)
		fleet->backends[i] = new_backend(fleet, kind);
	if (!glb_usable_count(&fleet->spec))
		fleet->backends[0].state = GLB_ACTIVE;
}

static void add(struct fleet *fleet)
{
	unsigned int at = fleet_pick(fleet, fleet->spec.backend_count + 1);
	bool zoned = fleet->backends[0].zone;

	if (fleet->spec.backend_count == FLEET_MAX)
		return;
	memmove(&fleet->backends[at + 1], &fleet->backends[at],
		(fleet->spec.backend_count - at) * sizeof(*fleet->backends));
	fleet->backends[at] = new_backend(fleet, zoned ? FLEET_ZONED : FLEET_PLAIN);
	fleet->spec.backend_count++;
}

static void remove_one(struct fleet *fleet)
{
	unsigned int at = fleet_pick(fleet, fleet->spec.backend_count);
	bool usable = fleet->backends[at].state != GLB_INACTIVE;

	if (glb_usable_count(&fleet->spec) == usable)
		return;
	fleet->spec.backend_count--;
	memmove(&fleet->backends[at], &fleet->backends[at + 1],
		(fleet->spec.backend_count - at) * sizeof(*fleet->backends));
}

static void swap(struct fleet *fleet)
{
	unsigned int a = fleet_pick(fleet, fleet->spec.backend_count);
	unsigned int b = fleet_pick(fleet, fleet->spec.backend_count);
	struct glb_backend backend = fleet->backends[a];

	fleet->backends[a] = fleet->backends[b];
	fleet->backends[b] = backend;
}

static void change_state(struct fleet *fleet, struct glb_backend *backend)
{
	enum glb_state was = backend->state;

	backend->state = (enum glb_state)fleet_pick(fleet, 4);
	if (!glb_usable_count(&fleet->spec))
		backend->state = was;
}

void fleet_change(struct fleet *fleet, enum fleet_change change)
{
	struct glb_backend *backend =
		&fleet->backends[fleet_pick(fleet, fleet->spec.backend_count)];

	switch (change) {
	case FLEET_ADD:
		add(fleet);
		break;
	case FLEET_REMOVE:
		remove_one(fleet);
		break;
	case FLEET_REORDER:
		swap(fleet);
		break;
	case FLEET_REWEIGH:
		backend->weight = pick_weight(fleet);
		break;
	case FLEET_REZONE:
		backend->zone = (uint16_t)fleet_pick(fleet, 4);
		break;
	case FLEET_STATE:
		change_state(fleet, backend);
		break;
	case FLEET_HEALTH:
		backend->healthy = !backend->healthy;
		break;
	default:
		fleet->spec.hops = pick_hops(fleet);
	}
}

void fleet_copy(struct fleet *out, const struct fleet *fleet)
{
	*out = *fleet;
	out->spec.backends = out->backends;
	out->spec.binds = out->binds;
}
