/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include <glb/digest.h>

#include "conf/addr.h"
#include "conf/title.h"
#include "director/ethdev.h"
#include "director/metrics.h"
#include "director/netdev.h"
#include "director/stats.h"
#include "sys/memory.h"
#include "sys/openmetrics.h"
#include "sys/version.h"

struct metrics {
	struct openmetrics text;
	const struct control *control;
	struct worker_counters sum; /* of workers, at the start of the walk */
	struct backend_stats_sums *sums;
	unsigned int family; /* the next one */
	bool begun;	     /* that family is in progress, from `at` */
	uint32_t at;	     /* a table, or an item of sums */
	uint32_t backend;
};

/* --- Labels --- */

#define LABELS(...) (&(const struct openmetrics_labels){{__VA_ARGS__}})

/* A number as the value of a label. Returns out. */
static const char *metrics_number(char out[16], unsigned int value)
{
	(void)snprintf(out, 16, "%u", value);
	return out;
}

/* --- Families --- */

/* Writes all samples of a family. */
typedef void family_fn(struct metrics *metrics);

static void put_build(struct metrics *metrics)
{
	openmetrics_count(&metrics->text,
			  LABELS({"version", version_number()}, {"commit", version_commit()},
				 {"dpdk", rte_version()}),
			  1);
}

static void put_start_time(struct metrics *metrics)
{
	openmetrics_real(&metrics->text, NULL, (double)metrics->control->started_at);
}

static void put_memory(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, NULL, memory_resident());
}

static void put_ready(struct metrics *metrics)
{
	struct glb_diag why;

	openmetrics_count(&metrics->text, NULL,
			  readiness_of(metrics->control, &why) == READINESS_READY);
}

static void put_readiness(struct metrics *metrics)
{
	struct glb_diag why;
	enum readiness now = readiness_of(metrics->control, &why);

	for (unsigned int i = 0; i < READINESS_COUNT; i++)
		openmetrics_count(&metrics->text, LABELS({"readiness", readiness_name(i)}),
				  i == now);
}

static void put_last_good(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, NULL, metrics->control->serving_last_good);
}

static void put_generation(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, NULL,
			  publish_in_force(&metrics->control->workers.publish)->number);
}

static void put_reloads(struct metrics *metrics)
{
	for (unsigned int i = 0; i < RELOAD_RESULT_COUNT; i++)
		openmetrics_count(&metrics->text, LABELS({"result", reload_result_name(i)}),
				  metrics->control->last.totals[i]);
}

static void put_last_reload(struct metrics *metrics)
{
	openmetrics_real(&metrics->text, NULL, (double)metrics->control->last.at);
}

static void put_table_info(struct metrics *metrics)
{
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;

	for (unsigned int t = 0; t < tables->count; t++) {
		char name[16];
		char digest[GLB_DIGEST_TEXT_LEN];

		openmetrics_count(&metrics->text,
				  LABELS({"table", table_name(name, tables->tables[t], t)},
					 {"digest", glb_digest(digest, tables->tables[t])}),
				  1);
	}
}

static void put_table_backends(struct metrics *metrics)
{
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;

	for (unsigned int t = 0; t < tables->count; t++) {
		const struct glb_table_spec *spec = &tables->tables[t]->spec;
		unsigned int counts[GLB_STATE_COUNT][2] = {{0}};
		char name[16];

		for (unsigned int b = 0; b < spec->backend_count; b++)
			counts[spec->backends[b].state][spec->backends[b].healthy]++;
		for (unsigned int i = 0; i < 2 * GLB_STATE_COUNT; i++)
			openmetrics_count(&metrics->text,
					  LABELS({"table", table_name(name, tables->tables[t], t)},
						 {"state", glb_state_name(i / 2)},
						 {"healthy", i % 2 ? "true" : "false"}),
					  counts[i / 2][i % 2]);
	}
}

static void put_verdicts(struct metrics *metrics)
{
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		openmetrics_count(&metrics->text, LABELS({"verdict", glb_verdict_label(v)}),
				  metrics->sum.verdicts[v]);
}

static void put_unlisted(struct metrics *metrics)
{
	if (metrics->sums)
		openmetrics_count(&metrics->text, NULL, metrics->sums->unlisted.packets);
}

/* A sample for each worker, computed by `value`. */
static void put_each_worker(struct metrics *metrics, uint64_t (*value)(const struct worker *))
{
	const struct workers *all = &metrics->control->workers;
	char text[16];

	for (unsigned int i = 0; i < all->count; i++)
		openmetrics_count(&metrics->text, LABELS({"worker", metrics_number(text, i)}),
				  value(&all->workers[i]));
}

#define WORKER_VALUE(name, sentence)                                                               \
	static uint64_t worker_##name(const struct worker *worker)                                 \
	{                                                                                          \
		return __atomic_load_n(&worker->counters.name, __ATOMIC_RELAXED);                  \
	}                                                                                          \
	static void put_worker_##name(struct metrics *metrics)                                     \
	{                                                                                          \
		put_each_worker(metrics, worker_##name);                                           \
	}
WORKER_COUNTERS(WORKER_VALUE)
WORKER_VALUE(generation, "")
#undef WORKER_VALUE

/* Counters of the twins' thread, which is not a worker. */
static void put_twin(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, LABELS({"result", "punted"}),
			  metrics->control->workers.twins.sent);
	openmetrics_count(&metrics->text, LABELS({"result", "punt_dropped"}),
			  metrics->control->workers.twins.not_sent);
}

/* --- Where workers spend their time: director/turns.h --- */

static void put_seconds(struct metrics *metrics, enum turn_kind kind)
{
	const struct workers *all = &metrics->control->workers;
	char text[16];

	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;

		turn_copy(&times, &all->workers[i].turns);
		openmetrics_real(&metrics->text, LABELS({"worker", metrics_number(text, i)}),
				 (double)times.ns[kind] / 1e9);
	}
}

static void put_busy(struct metrics *metrics)
{
	put_seconds(metrics, TURN_BUSY);
}

static void put_idle(struct metrics *metrics)
{
	put_seconds(metrics, TURN_IDLE);
}

/* Bucket bounds are those of turn classes: 2^7 ns (128 ns) to 2^34 ns (17 s). */
enum { EDGE_FIRST = 7, EDGE_LAST = 34, EDGE_COUNT = EDGE_LAST - EDGE_FIRST + 1 };

/* Turns of both kinds, or only busy ones. */
static void put_turns(struct metrics *metrics, bool idle_too)
{
	const struct workers *all = &metrics->control->workers;
	double edges[EDGE_COUNT];
	char text[16];

	for (unsigned int i = 0; i < EDGE_COUNT; i++)
		edges[i] = (double)(1ULL << (EDGE_FIRST + i)) / 1e9;
	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;
		uint64_t counts[EDGE_COUNT + 1] = {0};
		struct openmetrics_histogram histogram = {edges, counts, EDGE_COUNT, 0};

		turn_copy(&times, &all->workers[i].turns);
		for (unsigned int kind = idle_too ? TURN_IDLE : TURN_BUSY; kind < TURN_KINDS;
		     kind++) {
			histogram.sum += (double)times.ns[kind] / 1e9;
			for (unsigned int c = 0; c < TURN_TIMES; c++) {
				unsigned int at = c > EDGE_FIRST ? c - EDGE_FIRST : 0;

				counts[at < EDGE_COUNT ? at : EDGE_COUNT] += times.counts[kind][c];
			}
		}
		openmetrics_histogram(&metrics->text, LABELS({"worker", metrics_number(text, i)}),
				      &histogram);
	}
}

static void put_gaps(struct metrics *metrics)
{
	put_turns(metrics, true);
}

static void put_services(struct metrics *metrics)
{
	put_turns(metrics, false);
}

/* Burst classes have the bounds 2, 4, 8 and so on, exclusive. */
static void put_bursts(struct metrics *metrics)
{
	const struct workers *all = &metrics->control->workers;
	double edges[TURN_BURSTS - 1];
	char text[16];

	for (unsigned int i = 0; i < TURN_BURSTS - 1; i++)
		edges[i] = (double)((1U << i) - 1);
	for (unsigned int i = 0; i < all->count; i++) {
		struct turn_times times;
		struct openmetrics_histogram histogram = {edges, times.bursts, TURN_BURSTS - 1, 0};

		turn_copy(&times, &all->workers[i].turns);
		histogram.sum = (double)times.packets;
		openmetrics_histogram(&metrics->text, LABELS({"worker", metrics_number(text, i)}),
				      &histogram);
	}
}

static uint64_t worker_stalls(const struct worker *worker)
{
	return __atomic_load_n(&worker->turns.times.stalls, __ATOMIC_RELAXED);
}

static void put_stalls(struct metrics *metrics)
{
	put_each_worker(metrics, worker_stalls);
}

/* --- Ports --- */

/* A sample for each port, from a counter of its device. */
static void put_each_port(struct metrics *metrics, uint64_t (*value)(const struct rte_eth_stats *))
{
	const struct ports *ports = &metrics->control->workers.ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		char name[RTE_DEV_NAME_MAX_LEN];
		struct rte_eth_stats stats = {0};

		if (!rte_eth_stats_get(ports->ids[i], &stats))
			openmetrics_count(&metrics->text,
					  LABELS({"port", netdev_port(ports->ids[i], name)}),
					  value(&stats));
	}
}

/* name, field of the EAL, sentence */
#define PORT_TRAFFIC(X)                                                                            \
	X(rx_packets, ipackets, "packets that the device received")                                \
	X(rx_bytes, ibytes, "bytes of those frames")                                               \
	X(tx_packets, opackets, "packets that the device sent")                                    \
	X(tx_bytes, obytes, "bytes of those frames")

#define PORT_VALUE(name, field, ...)                                                               \
	static uint64_t port_##name(const struct rte_eth_stats *stats)                             \
	{                                                                                          \
		return stats->field;                                                               \
	}                                                                                          \
	static void put_port_##name(struct metrics *metrics)                                       \
	{                                                                                          \
		put_each_port(metrics, port_##name);                                               \
	}
PORT_TRAFFIC(PORT_VALUE)
PORT_LOSSES(PORT_VALUE)
#undef PORT_VALUE

static void put_link_downs(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, NULL, metrics->control->workers.ports.link_downs);
}

static void put_link_changes(struct metrics *metrics)
{
	openmetrics_count(&metrics->text, NULL, metrics->control->workers.ports.link_changes);
}

static void put_mbufs(struct metrics *metrics)
{
	const struct rte_mempool *pool = metrics->control->workers.ports.pool;

	openmetrics_count(&metrics->text, LABELS({"state", "free"}), rte_mempool_avail_count(pool));
	openmetrics_count(&metrics->text, LABELS({"state", "in_use"}),
			  rte_mempool_in_use_count(pool));
}

/* --- Tables and backends, in slices --- */

/* Writes samples from where the family was interrupted. True if there are more. */
typedef bool slice_fn(struct metrics *metrics);

static bool put_items(struct metrics *metrics, bool backends, bool bytes)
{
	struct backend_stats_item item;

	for (unsigned int n = 0; metrics->sums && n < METRICS_SLICE; n++) {
		char addr[ADDR_TEXT_LEN];

		if (!backend_stats_next(&item, metrics->sums, &metrics->at))
			return false;
		if (!item.backend == backends)
			continue;
		openmetrics_count(&metrics->text,
				  LABELS({"table", item.table},
					 {item.backend ? "backend" : NULL,
					  item.backend ? addr_text(addr, item.backend) : NULL}),
				  bytes ? item.count.bytes : item.count.packets);
	}
	return metrics->sums;
}

static bool put_table_packets(struct metrics *metrics)
{
	return put_items(metrics, false, false);
}

static bool put_table_bytes(struct metrics *metrics)
{
	return put_items(metrics, false, true);
}

static bool put_backend_packets(struct metrics *metrics)
{
	return put_items(metrics, true, false);
}

static bool put_backend_bytes(struct metrics *metrics)
{
	return put_items(metrics, true, true);
}

static bool put_healthy(struct metrics *metrics)
{
	const struct glb_tables *tables =
		&publish_in_force(&metrics->control->workers.publish)->tables;
	unsigned int n = 0;

	for (; metrics->at < tables->count; metrics->at++, metrics->backend = 0) {
		const struct glb_table *table = tables->tables[metrics->at];
		char name[16];

		for (; metrics->backend < table->spec.backend_count; metrics->backend++) {
			const struct glb_backend *backend = &table->spec.backends[metrics->backend];
			char addr[ADDR_TEXT_LEN];

			if (n++ == METRICS_SLICE)
				return true;
			openmetrics_count(&metrics->text,
					  LABELS({"table", table_name(name, table, metrics->at)},
						 {"backend", addr_text(addr, &backend->addr)},
						 {"state", glb_state_name(backend->state)}),
					  backend->healthy);
		}
	}
	return false;
}

/* --- The list --- */

#define GAUGE	  OPENMETRICS_GAUGE
#define COUNTER	  OPENMETRICS_COUNTER
#define INFO	  OPENMETRICS_INFO
#define HISTOGRAM OPENMETRICS_HISTOGRAM

static const struct {
	struct openmetrics_family family;
	family_fn *put;	     /* all at once */
	slice_fn *put_slice; /* or in slices */
} families[] = {
	{{"glb_build", INFO, "which glb this is"}, put_build, NULL},
	{{"process_start_time_seconds", GAUGE, "when it was started, in seconds since 1970"},
	 put_start_time,
	 NULL},
	{{"process_resident_memory_bytes", GAUGE, "memory that it has"}, put_memory, NULL},
	{{"glb_ready", GAUGE, "1 while routers should send packets to it"}, put_ready, NULL},
	{{"glb_readiness", GAUGE, "1 of what it is just now: starting, ready, stalled or leaving"},
	 put_readiness,
	 NULL},
	{{"glb_generation", GAUGE, "number of the generation in force"}, put_generation, NULL},
	{{"glb_worker_generation", GAUGE, "number of the generation that a worker served last"},
	 put_worker_generation,
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
	 put_table_info,
	 NULL},
	{{"glb_table_backends", GAUGE, "backends of a table, by state and health"},
	 put_table_backends,
	 NULL},
	{{"glb_packets", COUNTER, "packets by verdict"}, put_verdicts, NULL},
#define WORKER_FAMILY(name, sentence)                                                              \
	{{"glb_worker_" #name "_packets", COUNTER, sentence}, put_worker_##name, NULL},
	WORKER_COUNTERS(WORKER_FAMILY)
#undef WORKER_FAMILY
		{{"glb_twin_packets", COUNTER,
		  "punted packets of all workers that were handed to twin ports, or lost on the "
		  "way"},
		 put_twin,
		 NULL},
	{{"glb_worker_busy_seconds", COUNTER, "time of turns that had packets"}, put_busy, NULL},
	{{"glb_worker_idle_seconds", COUNTER, "time of turns that had none"}, put_idle, NULL},
	{{"glb_worker_poll_gap_seconds", HISTOGRAM, "from one poll of a worker to the next"},
	 put_gaps,
	 NULL},
	{{"glb_worker_burst_seconds", HISTOGRAM, "the same of turns that had packets"},
	 put_services,
	 NULL},
	{{"glb_worker_burst_packets", HISTOGRAM, "packets of a turn"}, put_bursts, NULL},
	{{"glb_stalls", COUNTER, "turns longer than stall_ms"}, put_stalls, NULL},
#define PORT_FAMILY(name, field, sentence)                                                         \
	{{"glb_port_" #name, COUNTER, sentence}, put_port_##name, NULL},
	PORT_TRAFFIC(PORT_FAMILY)
#undef PORT_FAMILY
#define LOSS_FAMILY(name, field)                                                                   \
	{{"glb_port_" #name, COUNTER, "packets that a device lost: see docs/counters.md"},         \
	 put_port_##name,                                                                          \
	 NULL},
		PORT_LOSSES(LOSS_FAMILY)
#undef LOSS_FAMILY
			{{"glb_port_link_down", COUNTER, "times that the link of a port went down"},
			 put_link_downs,
			 NULL},
	{{"glb_port_link_changes", COUNTER, "changes of MTU, MAC address or device of a port"},
	 put_link_changes,
	 NULL},
	{{"glb_mbufs", GAUGE, "packet buffers"}, put_mbufs, NULL},
	{{"glb_backend_healthy", GAUGE, "1 where the tables in force say so, by state"},
	 NULL,
	 put_healthy},
	{{"glb_table_packets", COUNTER,
	  "packets forwarded to the backends of a table, removed ones included"},
	 NULL,
	 put_table_packets},
	{{"glb_table_bytes", COUNTER, "bytes of those frames as they left"}, NULL, put_table_bytes},
	{{"glb_backend_packets", COUNTER,
	  "packets forwarded to a backend of a table as their primary"},
	 NULL,
	 put_backend_packets},
	{{"glb_backend_bytes", COUNTER, "bytes of those frames as they left"},
	 NULL,
	 put_backend_bytes},
	{{"glb_unlisted_packets", COUNTER,
	  "packets forwarded for tables that there was no room to list"},
	 put_unlisted,
	 NULL},
};

enum { FAMILY_COUNT = sizeof(families) / sizeof(families[0]) };

struct metrics *metrics_begin(const struct control *control, bool is_old)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->text.is_old = is_old;
	metrics->control = control;
	metrics->sum = stats_sum(&control->workers);
	if (!control->workers.backend_stats.counts)
		return metrics;
	metrics->sums = backend_stats_sum(&control->workers.backend_stats);
	if (metrics->sums)
		return metrics;
	free(metrics);
	return NULL;
}

/* Have slots been reassigned since the walk began? */
static bool is_spoilt(const struct metrics *metrics)
{
	return metrics->sums && metrics->sums->evictions != metrics->sums->stats->evictions;
}

bool metrics_write(struct metrics *metrics, FILE *out)
{
	unsigned int i = metrics->family;

	metrics->text.out = out;
	if (is_spoilt(metrics))
		return false;
	if (i == FAMILY_COUNT) {
		openmetrics_end(&metrics->text);
		return false;
	}
	if (!metrics->begun)
		openmetrics_begin(&metrics->text, &families[i].family);
	metrics->begun = true;
	if (families[i].put)
		families[i].put(metrics);
	else if (families[i].put_slice(metrics))
		return true;
	metrics->family++;
	metrics->begun = false;
	metrics->at = metrics->backend = 0;
	return true;
}

void metrics_free(struct metrics *metrics)
{
	free(metrics->sums);
	free(metrics);
}
