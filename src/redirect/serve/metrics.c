/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of `glb-redirect serve`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "serve.h"
#include "sys/version.h"

static const struct server *server_of(const struct exposition *exposition)
{
	const struct proxy_figures *figures = exposition->source;

	return figures->server;
}

/* --- The process and the program --- */

static void proxy_put_build(struct exposition *exposition)
{
	openmetrics_count(&exposition->text,
			  LABELS({"version", version_number()}, {"commit", version_commit()}), 1);
}

static void proxy_put_start_time(struct exposition *exposition)
{
	openmetrics_real(&exposition->text, NULL, (double)server_of(exposition)->started);
}

static void proxy_put_ready(struct exposition *exposition)
{
	char why[SERVER_WHY_LEN];

	openmetrics_count(&exposition->text, NULL, server_is_ready(server_of(exposition), why));
}

static void put_attached(struct exposition *exposition)
{
	const struct server *server = server_of(exposition);

	openmetrics_count(&exposition->text, LABELS({"device", server->device}),
			  !server->status_error);
}

static void put_program(struct exposition *exposition)
{
	const struct server *server = server_of(exposition);
	char id[16];

	if (server->status_error)
		return;
	(void)snprintf(id, sizeof(id), "%" PRIu32, server->status.program_id);
	openmetrics_count(
		&exposition->text,
		LABELS({"device", server->device}, {"program", id},
		       {"hook", server->status.hook == REDIRECT_TCX ? "tcx" : "clsact"},
		       {"conntrack", server->status.asks_conntrack ? "asked" : "unavailable"}),
		1);
}

static void put_packets(struct exposition *exposition)
{
	static const char *const reasons[] = {
#define REASON(name, label, sentence) label,
		GLB_REDIRECT_COUNTERS(REASON)
#undef REASON
	};
	const struct proxy_figures *figures = exposition->source;

	for (unsigned int i = 0; figures->knows_counters && i < GLB_REDIRECT_COUNTER_COUNT; i++)
		if (i != GLB_REDIRECT_TOTAL)
			openmetrics_count(&exposition->text, LABELS({"reason", reasons[i]}),
					  figures->counters[i]);
}

/* --- The grade --- */

static void put_grade(struct exposition *exposition)
{
	for (unsigned int i = 0; i < GRADE_COUNT; i++)
		openmetrics_count(&exposition->text, LABELS({"grade", grade_word(i)}),
				  server_of(exposition)->judge.grade == i);
}

static void put_changes(struct exposition *exposition)
{
	openmetrics_count(&exposition->text, NULL, server_of(exposition)->judge.changes);
}

static void put_signals(struct exposition *exposition)
{
	const struct server *server = server_of(exposition);

	for (unsigned int i = 0; i < GRADE_SIGNAL_COUNT; i++)
		if (server->pressure.knows[i])
			openmetrics_real(&exposition->text,
					 LABELS({"signal", grade_signal_label(i)}),
					 (double)server->judge.milli[i] / GRADE_MILLI);
}

static void put_tcp_events(struct exposition *exposition)
{
	const struct pressure *pressure = &server_of(exposition)->pressure;

	for (unsigned int i = 0; pressure->knows[GRADE_LOST] && i < KERNEL_COUNTER_COUNT; i++)
		openmetrics_count(&exposition->text, LABELS({"event", kernel_counter_label(i)}),
				  pressure->counters[i]);
}

static void put_listeners(struct exposition *exposition)
{
	const struct pressure *pressure = &server_of(exposition)->pressure;

	if (pressure->knows[GRADE_QUEUE])
		openmetrics_count(&exposition->text, NULL, pressure->listener_count);
}

/* --- The list --- */

static const struct exposition_family proxy_families[] = {
	{{"glb_redirect_build", INFO, "which glb-redirect serves this"}, proxy_put_build, NULL},
	{{"process_start_time_seconds", GAUGE, "when it was started, in seconds since 1970"},
	 proxy_put_start_time,
	 NULL},
	{{"process_resident_memory_bytes", GAUGE, "memory that it has"},
	 exposition_put_memory,
	 NULL},
	{{"glb_redirect_ready", GAUGE, "1 while the program is attached and the grade is not down"},
	 proxy_put_ready,
	 NULL},
	{{"glb_redirect_attached", GAUGE, "1 while the program is on the device"},
	 put_attached,
	 NULL},
	{{"glb_redirect_program", INFO, "the program on the device, as status shows it"},
	 put_program,
	 NULL},
	{{"glb_redirect_packets", COUNTER, "packets for the GUE port, by what became of them"},
	 put_packets,
	 NULL},
	{{"glb_redirect_vip_packets", COUNTER, "packets for a VIP, by group"},
	 put_vip_packets,
	 NULL},
	{{"glb_redirect_vip_last_needed_timestamp_seconds", GAUGE,
	  "when a connection of a VIP last needed this proxy; 0: never"},
	 put_vip_needed,
	 NULL},
	{{"glb_redirect_vip_sockets", GAUGE, "connections of a VIP that have a socket, by kind"},
	 put_vip_sockets,
	 NULL},
	{{"glb_redirect_vip_tracked", GAUGE,
	  "connections of a VIP without a socket, by connection tracking"},
	 put_vip_tracked,
	 NULL},
	{{"glb_redirect_peer_packets", COUNTER,
	  "packets that another hop passed on to this host, or this host to it, by group"},
	 put_peer_packets,
	 NULL},
	{{"glb_redirect_syn_engaged", GAUGE,
	  "1 while SYNs for a port of a VIP are answered with cookies by the program"},
	 put_syn_engaged,
	 NULL},
	{{"glb_redirect_syn_engagements", COUNTER, "how often that has begun"},
	 put_syn_engagements,
	 NULL},
	{{"glb_redirect_syn_cookies", COUNTER,
	  "SYNs answered, handshakes completed, and ACKs refused by the program"},
	 put_syn_cookies,
	 NULL},
	{{"glb_redirect_grade", GAUGE, "1 of what the grade is just now: ok, degraded or down"},
	 put_grade,
	 NULL},
	{{"glb_redirect_grade_changes", COUNTER, "changes of the grade"}, put_changes, NULL},
	{{"glb_redirect_signal", GAUGE, "what the grade is judged by: per second, or in percent"},
	 put_signals,
	 NULL},
	{{"glb_redirect_tcp_events", COUNTER, "what the kernel counts about its listeners"},
	 put_tcp_events,
	 NULL},
	{{"glb_redirect_listeners", GAUGE, "listeners of TCP that serve a VIP"},
	 put_listeners,
	 NULL},
};

static bool is_never_stale(const void *source)
{
	(void)source;
	return false;
}

static void proxy_figures_free(void *source)
{
	struct proxy_figures *figures = source;

	if (figures->knows_evidence)
		evidence_free(&figures->evidence);
	free(figures);
}

static const struct exposition_list proxy_list = {
	.families = proxy_families,
	.family_count = sizeof(proxy_families) / sizeof(proxy_families[0]),
	.is_stale = is_never_stale,
	.release = proxy_figures_free,
};

struct exposition *server_expose(const struct server *server, bool is_old)
{
	struct proxy_figures *figures = calloc(1, sizeof(*figures));

	if (!figures)
		return NULL;
	figures->server = server;
	if (!server->status_error) {
		figures->knows_counters =
			!redirect_read_counters(server->ifindex, figures->counters);
		figures->knows_vips = !redirect_read_vips(server->ifindex, &figures->vips);
		figures->knows_peers = !redirect_read_peers(server->ifindex, &figures->peers);
		figures->knows_evidence = !evidence_read(&figures->evidence, server->ifindex);
		if (redirect_read_syn_queues(server->ifindex, &figures->syn))
			figures->syn.count = 0;
	}
	return exposition_begin(&proxy_list, figures, is_old);
}
