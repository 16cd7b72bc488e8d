/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * To which director do routers send a flow?
 *
 * Plain ECMP takes the hash modulo the number of directors, so that nearly all flows move to
 * another one when a director comes or goes. A resilient group has buckets, of which only those
 * of the director that goes, or the share of the one that comes, get another.
 */
#ifndef FLEET_ROUTERS_H
#define FLEET_ROUTERS_H

#include <stdbool.h>
#include <stdint.h>

enum { DIRECTORS_MAX = 64, ROUTER_BUCKETS = 4096 };

struct routers {
	uint8_t members[DIRECTORS_MAX];
	unsigned int count;
	bool resilient;
	uint8_t buckets[ROUTER_BUCKETS]; /* of a resilient group */
};

/* Directors 0 to count - 1. */
void routers_start(struct routers *routers, unsigned int count, bool resilient);

/* The last director does not leave. */
void routers_leave(struct routers *routers, unsigned int director);

void routers_join(struct routers *routers, unsigned int director);

static inline unsigned int routers_choose(const struct routers *routers, uint32_t hash)
{
	return routers->resilient ? routers->buckets[hash % ROUTER_BUCKETS]
				  : routers->members[hash % routers->count];
}

#endif
