/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "director/metrics/parts.h"
#include "sys/version.h"

static void put_build(struct exposition *exposition)
{
	openmetrics_count(&exposition->text,
			  LABELS({"version", version_number()}, {"commit", version_commit()},
				 {"dpdk", rte_version()}),
			  1);
}

static void put_start_time(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_real(&exposition->text, NULL, (double)metrics->control->started_at);
}

static void put_ready(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	struct glb_diag why;

	openmetrics_count(&exposition->text, NULL,
			  readiness_of(metrics->control, &why) == READINESS_READY);
}

static void put_readiness(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	struct glb_diag why;
	enum readiness now = readiness_of(metrics->control, &why);

	for (unsigned int i = 0; i < READINESS_COUNT; i++)
		openmetrics_count(&exposition->text, LABELS({"readiness", readiness_name(i)}),
				  i == now);
}

static void put_last_good(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_count(&exposition->text, NULL, metrics->control->serving_last_good);
}

static void put_generation(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_count(&exposition->text, NULL,
			  publish_in_force(&metrics->control->workers.publish)->number);
}

static void put_reloads(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	for (unsigned int i = 0; i < RELOAD_RESULT_COUNT; i++)
		openmetrics_count(&exposition->text, LABELS({"result", reload_result_name(i)}),
				  metrics->control->last.totals[i]);
}

static void put_last_reload(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_real(&exposition->text, NULL, (double)metrics->control->last.at);
}

static void put_verdicts(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		openmetrics_count(&exposition->text, LABELS({"verdict", glb_verdict_label(v)}),
				  metrics->sum.verdicts[v]);
}

/* --- The list --- */

static const struct exposition_family families[] = {
	{{"glb_build", INFO, "which glb this is"}, put_build, NULL},
	{{"process_start_time_seconds", GAUGE, "when it was started, in seconds since 1970"},
	 put_start_time,
	 NULL},
	{{"process_resident_memory_bytes", GAUGE, "memory that it has"},
	 exposition_put_memory,
	 NULL},
	{{"glb_ready", GAUGE, "1 while routers should send packets to it"}, put_ready, NULL},
	{{"glb_readiness", GAUGE,
	  "1 of what it is just now: starting, ready, stalled, unlinked or leaving"},
	 put_readiness,
	 NULL},
	{{"glb_generation", GAUGE, "number of the generation in force"}, put_generation, NULL},
	{{"glb_worker_generation", GAUGE, "number of the generation that a worker served last"},
	 metric_worker_generation,
	 NULL},
	{{"glb_serving_last_good", GAUGE,
	  "1 while tables of an earlier run are served because the file was invalid at start"},
	 put_last_good,
	 NULL},
	{{"glb_reloads", COUNTER, "requests for a reload, by how they ended"}, put_reloads, NULL},
	{{"glb_last_reload_timestamp_seconds", GAUGE, "when the last one ended; 0: none has"},
	 put_last_reload,
	 NULL},
	{{"glb_table", INFO, "the tables in force; directors that agree have the same digests"},
	 metric_table_info,
	 NULL},
	{{"glb_table_backends", GAUGE, "backends of a table, by state and health"},
	 metric_table_backends,
	 NULL},
	{{"glb_deny", INFO, "the list of denied sources in force, if there is one; by digest"},
	 metric_deny_info,
	 NULL},
	{{"glb_deny_prefixes", GAUGE, "prefixes of that list; 0: none is in force"},
	 metric_deny_prefixes,
	 NULL},
	{{"glb_meter_packets", COUNTER,
	  "packets of a metered VIP that were forwarded, or dropped beyond its rate"},
	 metric_meter_packets,
	 NULL},
	{{"glb_meter_packets_per_second", GAUGE, "the rate that a metered VIP may have"},
	 metric_meter_limits,
	 NULL},
	{{"glb_packets", COUNTER, "packets by verdict"}, put_verdicts, NULL},
#define WORKER_FAMILY(name, sentence)                                                              \
	{{"glb_worker_" #name "_packets", COUNTER, sentence}, metric_worker_##name, NULL},
	WORKER_COUNTERS(WORKER_FAMILY)
#undef WORKER_FAMILY
		{{"glb_twin_packets", COUNTER,
		  "punted packets of all workers that were handed to twin ports, or lost on the "
		  "way"},
		 metric_twin,
		 NULL},
	{{"glb_worker_busy_seconds", COUNTER, "time of turns that had packets"}, metric_busy, NULL},
	{{"glb_worker_idle_seconds", COUNTER, "time of turns that had none"}, metric_idle, NULL},
	{{"glb_worker_poll_gap_seconds", HISTOGRAM, "from one poll of a worker to the next"},
	 metric_gaps,
	 NULL},
	{{"glb_worker_burst_seconds", HISTOGRAM, "the same of turns that had packets"},
	 metric_services,
	 NULL},
	{{"glb_worker_burst_packets", HISTOGRAM, "packets of a turn"}, metric_bursts, NULL},
	{{"glb_stalls", COUNTER, "turns longer than stall_ms"}, metric_stalls, NULL},
#define PORT_FAMILY(name, field, sentence)                                                         \
	{{"glb_port_" #name, COUNTER, sentence}, metric_port_##name, NULL},
	PORT_TRAFFIC(PORT_FAMILY)
#undef PORT_FAMILY
#define LOSS_FAMILY(name, field)                                                                   \
	{{"glb_port_" #name, COUNTER, "packets that a device lost: see docs/counters.md"},         \
	 metric_port_##name,                                                                       \
	 NULL},
		PORT_LOSSES(LOSS_FAMILY)
#undef LOSS_FAMILY
			{{"glb_port_link_down", COUNTER, "times that the link of a port went down"},
			 metric_link_downs,
			 NULL},
	{{"glb_port_link_changes", COUNTER, "changes of MTU, MAC address or device of a port"},
	 metric_link_changes,
	 NULL},
	{{"glb_xdp_packets", COUNTER,
	  "packets of bifurcated ports, by where the XDP program sent them"},
	 metric_xdp_packets,
	 NULL},
	{{"glb_mbufs", GAUGE, "packet buffers"}, metric_mbufs, NULL},
	{{"glb_backend_healthy", GAUGE, "1 where the tables in force say so, by state"},
	 NULL,
	 metric_healthy},
	{{"glb_table_packets", COUNTER,
	  "packets forwarded to the backends of a table, removed ones included"},
	 NULL,
	 metric_table_packets},
	{{"glb_table_bytes", COUNTER, "bytes of those frames as they left"},
	 NULL,
	 metric_table_bytes},
	{{"glb_backend_packets", COUNTER,
	  "packets forwarded to a backend of a table as their primary"},
	 NULL,
	 metric_backend_packets},
	{{"glb_backend_bytes", COUNTER, "bytes of those frames as they left"},
	 NULL,
	 metric_backend_bytes},
	{{"glb_unlisted_packets", COUNTER,
	  "packets forwarded for tables that there was no room to list"},
	 metric_unlisted,
	 NULL},
};

/* Have slots been reassigned since the walk began? */
static bool is_spoilt(const void *source)
{
	const struct metrics *metrics = source;

	return metrics->sums && metrics->sums->evictions != metrics->sums->stats->evictions;
}

static void metrics_free(void *source)
{
	struct metrics *metrics = source;

	free(metrics->sums);
	free(metrics);
}

static const struct exposition_list list = {
	.families = families,
	.family_count = sizeof(families) / sizeof(families[0]),
	.is_stale = is_spoilt,
	.release = metrics_free,
};

struct exposition *metrics_begin(const struct control *control, bool is_old)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->control = control;
	metrics->sum = stats_sum(&control->workers);
	if (control->workers.backend_stats.counts) {
		metrics->sums = backend_stats_sum(&control->workers.backend_stats);
		if (!metrics->sums) {
			free(metrics);
			return NULL;
		}
	}
	return exposition_begin(&list, metrics, is_old);
}
