/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "routers.h"

void routers_start(struct routers *routers, unsigned int count, bool resilient)
{
	*routers = (struct routers){.count = count, .resilient = resilient};
	for (unsigned int i = 0; i < count; i++)
		routers->members[i] = (uint8_t)i;
	for (unsigned int i = 0; i < ROUTER_BUCKETS; i++)
		routers->buckets[i] = (uint8_t)(i % count);
}

void routers_leave(struct routers *routers, unsigned int director)
{
	unsigned int at = 0;

	while (at < routers->count && routers->members[at] != director)
		at++;
	if (at == routers->count || routers->count == 1)
		return;
	routers->count--;
	memmove(&routers->members[at], &routers->members[at + 1], routers->count - at);
	for (unsigned int i = 0, next = 0; i < ROUTER_BUCKETS; i++)
		if (routers->buckets[i] == director)
			routers->buckets[i] = routers->members[next++ % routers->count];
}

void routers_join(struct routers *routers, unsigned int director)
{
	routers->members[routers->count++] = (uint8_t)director;
	for (unsigned int i = 0; i < ROUTER_BUCKETS; i += routers->count)
		routers->buckets[i] = (uint8_t)director;
}
