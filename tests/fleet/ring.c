/* SPDX-License-Identifier: BSD-3-Clause */
#include <glb/siphash.h>

#include "memory.h"
#include "ring.h"

struct point {
	uint64_t at;
	uint16_t proxy;
};

enum { SECTORS = 65536 };

struct ring {
	uint32_t first[SECTORS]; /* first point at or behind the beginning of each sector */
	unsigned int count;
	struct point points[];
};

static int compare_points(const void *a, const void *b)
{
	uint64_t x = ((const struct point *)a)->at;
	uint64_t y = ((const struct point *)b)->at;

	return (x > y) - (x < y);
}

static uint64_t point_at(uint16_t proxy, unsigned int number)
{
	static const uint8_t key[GLB_SIPHASH_KEY_LEN] = {3};
	uint8_t name[8];

	glb_store_le32(name, proxy);
	glb_store_le32(name + 4, number);
	return glb_siphash(key, name, sizeof(name));
}

struct ring *ring_make(const uint16_t *proxies, unsigned int count)
{
	unsigned int points = count * RING_POINTS_EACH;
	struct ring *ring = need(sizeof(*ring) + points * sizeof(*ring->points));

	ring->count = points;
	for (unsigned int i = 0; i < points; i++) {
		uint16_t proxy = proxies[i / RING_POINTS_EACH];

		ring->points[i] = (struct point){point_at(proxy, i % RING_POINTS_EACH), proxy};
	}
	qsort(ring->points, points, sizeof(*ring->points), compare_points);
	for (unsigned int sector = 0, i = 0; sector < SECTORS; sector++) {
		while (i < points && ring->points[i].at >> 48 < sector)
			i++;
		ring->first[sector] = i;
	}
	return ring;
}

uint16_t ring_find(const struct ring *ring, uint64_t hash)
{
	uint32_t i = ring->first[hash >> 48];

	while (i < ring->count && ring->points[i].at < hash)
		i++;
	return ring->points[i < ring->count ? i : 0].proxy;
}

void ring_free(struct ring *ring)
{
	free(ring);
}
