/* SPDX-License-Identifier: BSD-3-Clause */
#include "tracking.h"
#include "memory.h"

struct set {
	uint32_t flows[TRACKING_WAYS]; /* 0: no entry */
	uint32_t used[TRACKING_WAYS];  /* when: counts up */
	uint16_t proxies[TRACKING_WAYS];
};

struct tracking {
	uint32_t now;
	unsigned int set_mask;
	struct set sets[];
};

struct tracking *tracking_make(unsigned int capacity)
{
	unsigned int sets = 1;
	struct tracking *tracking;

	while (sets * TRACKING_WAYS < capacity)
		sets *= 2;
	tracking = need(sizeof(*tracking) + sets * sizeof(*tracking->sets));
	tracking->set_mask = sets - 1;
	return tracking;
}

void tracking_free(struct tracking *tracking)
{
	free(tracking);
}

static struct set *set_of(struct tracking *tracking, uint32_t flow)
{
	return &tracking->sets[(flow * 0x9e3779b1u >> 9) & tracking->set_mask];
}

uint16_t tracking_find(struct tracking *tracking, uint32_t flow)
{
	struct set *set = set_of(tracking, flow);

	for (unsigned int way = 0; way < TRACKING_WAYS; way++)
		if (set->flows[way] == flow) {
			set->used[way] = ++tracking->now;
			return set->proxies[way];
		}
	return TRACKING_NONE;
}

/* The entry of a flow, or else the one that was not used for the longest time. */
static unsigned int way_for(const struct set *set, uint32_t flow)
{
	unsigned int oldest = 0;

	for (unsigned int way = 0; way < TRACKING_WAYS; way++) {
		if (set->flows[way] == flow)
			return way;
		if (set->used[way] < set->used[oldest])
			oldest = way;
	}
	return oldest;
}

void tracking_put(struct tracking *tracking, uint32_t flow, uint16_t proxy)
{
	struct set *set = set_of(tracking, flow);
	unsigned int way = way_for(set, flow);

	set->flows[way] = flow;
	set->used[way] = ++tracking->now;
	set->proxies[way] = proxy;
}
