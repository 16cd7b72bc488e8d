/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of `glb-redirect serve` for each other hop. */
#include "serve.h"

void put_peer_packets(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	char text[VIP_TEXT_LEN];

	for (uint32_t i = 0; figures->knows_peers && i < figures->peers.count; i++) {
		const struct redirect_peer *peer = &figures->peers.list[i];

		(void)redirect_vip_text(text, &peer->address);
		for (unsigned int group = 0; group < PEER_GROUP_COUNT; group++)
			openmetrics_count(
				&exposition->text,
				LABELS({"peer", text}, {"group", peer_group_label(group)}),
				peer->packets[group]);
	}
}
