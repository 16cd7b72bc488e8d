/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_queues.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "syn_settings.h"
#include "sys/clock.h"
#include "sys/writer.h"
#include "vips.h"

static int compare_reports(const void *a, const void *b)
{
	const struct syn_report *one = a;
	const struct syn_report *other = b;
	int order = redirect_compare_vips(&one->service.vip, &other->service.vip);

	if (order)
		return order;
	return (one->service.port > other->service.port) -
	       (one->service.port < other->service.port);
}

/* Time passes with SYNs only: without any for a while, the engagement would end with the next. */
static void judge_report(struct syn_report *report, bool on, uint64_t now_ns)
{
	const struct syn_queue *queue = &report->queue;

	report->engaged = on && queue->since_ns && queue->window_ns + SYN_HOLD_NS > now_ns;
	if (report->engaged && queue->since_ns < now_ns)
		report->since_ago_ms = (now_ns - queue->since_ns) / 1000000;
}

static int read_queues_map(struct syn_reports *out, int map_fd)
{
	const struct syn_service *last = NULL;
	uint64_t now_ns = clock_us() * 1000;

	while (out->count < SYN_QUEUES_MAX) {
		struct syn_report *report = &out->list[out->count];

		if (bpf_map_get_next_key(map_fd, last, &report->service))
			break;
		last = &report->service;
		if (bpf_map_lookup_elem(map_fd, last, &report->queue))
			return -errno;
		judge_report(report, out->on, now_ns);
		out->count++;
	}
	qsort(out->list, out->count, sizeof(*out->list), compare_reports);
	return 0;
}

int redirect_read_syn_queues(int ifindex, struct syn_reports *out)
{
	struct places places;
	struct syn_reports *reports;

	libbpf_set_print(NULL);

	int error = places_find(ifindex, &places);

	if (error)
		return error;

	const struct ours *ours = places_first(&places, &error);

	reports = calloc(1, sizeof(*reports));
	if (!error && !reports)
		error = -ENOMEM;
	if (!error && ours) {
		reports->on = syn_settings_answer(&ours->syn);
		error = ours->syn_queues_fd < 0 ? -ENOTSUP
						: read_queues_map(reports, ours->syn_queues_fd);
	}
	if (!error && ours)
		*out = *reports;
	free(reports);
	places_release(&places);
	return error;
}

const char *syn_service_text(char out[SYN_SERVICE_TEXT_LEN], const struct syn_service *service)
{
	char text[VIP_TEXT_LEN];
	bool v6 = service->vip.version == 6;

	(void)snprintf(out, SYN_SERVICE_TEXT_LEN, "%s%s%s:%u", v6 ? "[" : "",
		       redirect_vip_text(text, &service->vip), v6 ? "]" : "",
		       (unsigned int)service->port);
	return out;
}

uint64_t syn_reports_answered(const struct syn_reports *reports)
{
	uint64_t answered = 0;

	for (uint32_t i = 0; i < reports->count; i++)
		answered += reports->list[i].queue.answered;
	return answered;
}

void syn_reports_write(struct writer *w, const struct syn_reports *reports)
{
	write_open(w, "syn_queues", '[');
	for (uint32_t i = 0; i < reports->count; i++) {
		const struct syn_report *one = &reports->list[i];
		char text[VIP_TEXT_LEN];

		write_open(w, NULL, '{');
		write_string(w, "vip", redirect_vip_text(text, &one->service.vip));
		write_uint(w, "port", one->service.port);
		if (one->engaged)
			write_real(w, "engaged_seconds", (double)one->since_ago_ms / 1000);
		else
			write_string(w, "engaged_seconds", NULL);
		write_uint(w, "engagements", one->queue.engagements);
		write_uint(w, "answered", one->queue.answered);
		write_uint(w, "completed", one->queue.completed);
		write_uint(w, "refused", one->queue.refused);
		write_close(w, '}');
	}
	write_close(w, ']');
}
