/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of `glb-redirect serve` for each SYN queue that has been full. */
#include <inttypes.h>
#include <stdio.h>

#include "serve.h"

enum { PORT_TEXT_LEN = 24 };

/* The labels of a queue. */
struct queue_text {
	char vip[VIP_TEXT_LEN];
	char port[PORT_TEXT_LEN];
};

static void name_queue(struct queue_text *text, const struct syn_service *service)
{
	(void)redirect_vip_text(text->vip, &service->vip);
	(void)snprintf(text->port, sizeof(text->port), "%" PRIu64, service->port);
}

void put_syn_engaged(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	struct queue_text text;

	for (uint32_t i = 0; i < figures->syn.count; i++) {
		name_queue(&text, &figures->syn.list[i].service);
		openmetrics_count(&exposition->text, LABELS({"vip", text.vip}, {"port", text.port}),
				  figures->syn.list[i].engaged);
	}
}

void put_syn_engagements(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;
	struct queue_text text;

	for (uint32_t i = 0; i < figures->syn.count; i++) {
		name_queue(&text, &figures->syn.list[i].service);
		openmetrics_count(&exposition->text, LABELS({"vip", text.vip}, {"port", text.port}),
				  figures->syn.list[i].queue.engagements);
	}
}

static void put_cookies_of(struct exposition *exposition, const struct syn_report *one)
{
	const struct {
		const char *event;
		uint64_t count;
	} events[] = {
		{"answered", one->queue.answered},
		{"completed", one->queue.completed},
		{"refused", one->queue.refused},
	};
	struct queue_text text;

	name_queue(&text, &one->service);
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		openmetrics_count(
			&exposition->text,
			LABELS({"vip", text.vip}, {"port", text.port}, {"event", events[i].event}),
			events[i].count);
}

void put_syn_cookies(struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;

	for (uint32_t i = 0; i < figures->syn.count; i++)
		put_cookies_of(exposition, &figures->syn.list[i]);
}
