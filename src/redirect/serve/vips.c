/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of `glb-redirect serve` for each VIP. */
#include <time.h>

#include "serve.h"

void put_vip_packets(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	char text[VIP_TEXT_LEN];

	for (uint32_t i = 0; figures->knows_vips && i < figures->vips.count; i++) {
		const struct redirect_vip *vip = &figures->vips.list[i];

		(void)redirect_vip_text(text, &vip->vip);
		for (unsigned int group = 0; group < VIP_GROUP_COUNT; group++)
			openmetrics_count(&exposition->text,
					  LABELS({"vip", text}, {"group", vip_group_label(group)}),
					  redirect_vip_packets(vip, group));
	}
}

void put_vip_needed(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	char text[VIP_TEXT_LEN];
	double now = (double)time(NULL);

	for (uint32_t i = 0; figures->knows_vips && i < figures->vips.count; i++) {
		const struct redirect_vip *vip = &figures->vips.list[i];
		bool never = vip->needed_ago_ms == REDIRECT_NEVER;

		openmetrics_real(&exposition->text,
				 LABELS({"vip", redirect_vip_text(text, &vip->vip)}),
				 never ? 0 : now - (double)vip->needed_ago_ms / 1000);
	}
}

void put_vip_sockets(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	const struct evidence_list *evidence = &figures->evidence;
	char text[VIP_TEXT_LEN];

	for (size_t i = 0; figures->knows_evidence && i < evidence->count; i++) {
		const struct evidence *one = &evidence->list[i];

		if (!one->vip.version)
			continue; /* packets of other VIPs, which have no sockets */
		(void)redirect_vip_text(text, &one->vip);
		openmetrics_count(&exposition->text, LABELS({"vip", text}, {"kind", "tcp"}),
				  one->tcp);
		openmetrics_count(&exposition->text, LABELS({"vip", text}, {"kind", "time_wait"}),
				  one->time_wait);
		openmetrics_count(&exposition->text, LABELS({"vip", text}, {"kind", "udp"}),
				  one->udp);
	}
}

void put_vip_tracked(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	const struct evidence_list *evidence = &figures->evidence;
	char text[VIP_TEXT_LEN];

	for (size_t i = 0; figures->knows_evidence && i < evidence->count; i++)
		if (evidence->list[i].vip.version && !evidence->list[i].hidden)
			openmetrics_count(
				&exposition->text,
				LABELS({"vip", redirect_vip_text(text, &evidence->list[i].vip)}),
				evidence->list[i].tracked);
}
