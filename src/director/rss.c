/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "director/rss.h"

void rss_assign(struct rss *rss, unsigned int queues, unsigned int count)
{
	unsigned int all = 0;
	unsigned int before = 0; /* sum of the weights of workers below i */

	for (unsigned int i = 0; i < count; i++)
		all += rss_weight(i, queues, count);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int first = before * RSS_SLOTS / all;

		before += rss_weight(i, queues, count);
		for (unsigned int slot = first; slot < before * RSS_SLOTS / all; slot++)
			rss->workers[slot] = (uint8_t)i;
	}
}

uint32_t rss_hash_any(const uint8_t *frame, uint32_t len)
{
	struct glb_flow flow;
	uint8_t addresses[8];

	if (glb_parse(&flow, frame, len) != GLB_FORWARD)
		return 0;

	uint32_t ports = GLB_BE32((uint32_t)flow.src_port << 16 | flow.dst_port);

	if (flow.version == 6)
		return rss_mix(rss_fold(flow.src, flow.dst), ports);
	memcpy(addresses, flow.src, 4);
	memcpy(addresses + 4, flow.dst, 4);
	return rss_mix(glb_load64(addresses), ports);
}
