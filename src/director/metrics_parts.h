/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the sources of the metrics share?
 *
 * Private to metrics*.c. Each function below writes samples of a family, which has been begun.
 */
#ifndef DIRECTOR_METRICS_PARTS_H
#define DIRECTOR_METRICS_PARTS_H

#include "director/ethdev.h"
#include "director/metrics.h"
#include "director/stats.h"
#include "sys/openmetrics.h"

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

#define LABELS(...) (&(const struct openmetrics_labels){{__VA_ARGS__}})

/* Writes all samples of a family. */
typedef void family_fn(struct metrics *metrics);

/* Writes samples from where the family was interrupted. True if there are more. */
typedef bool slice_fn(struct metrics *metrics);

/* name, field of the EAL, sentence */
#define PORT_TRAFFIC(X)                                                                            \
	X(rx_packets, ipackets, "packets that the device received")                                \
	X(rx_bytes, ibytes, "bytes of those frames")                                               \
	X(tx_packets, opackets, "packets that the device sent")                                    \
	X(tx_bytes, obytes, "bytes of those frames")

/* --- Tables and backends --- */

family_fn metric_table_info;
family_fn metric_table_backends;
family_fn metric_unlisted;
slice_fn metric_table_packets;
slice_fn metric_table_bytes;
slice_fn metric_backend_packets;
slice_fn metric_backend_bytes;
slice_fn metric_healthy;

/* --- Workers --- */

#define WORKER_DECLARATION(name, sentence) family_fn metric_worker_##name;
WORKER_COUNTERS(WORKER_DECLARATION)
#undef WORKER_DECLARATION
family_fn metric_worker_generation;
family_fn metric_twin;
family_fn metric_busy;
family_fn metric_idle;
family_fn metric_gaps;
family_fn metric_services;
family_fn metric_bursts;
family_fn metric_stalls;

/* --- Ports --- */

#define PORT_DECLARATION(name, ...) family_fn metric_port_##name;
PORT_TRAFFIC(PORT_DECLARATION)
PORT_LOSSES(PORT_DECLARATION)
#undef PORT_DECLARATION
family_fn metric_link_downs;
family_fn metric_link_changes;
family_fn metric_mbufs;

#endif
