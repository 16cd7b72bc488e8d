/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What do the sources of the metrics share?
 *
 * Private to this folder. Each function below writes samples of a family.
 */
#ifndef DIRECTOR_METRICS_PARTS_H
#define DIRECTOR_METRICS_PARTS_H

#include "director/ethdev.h"
#include "director/metrics/metrics.h"
#include "director/stats.h"
#include "sys/exposition.h"

/* The source of an exposition. */
struct metrics {
	const struct control *control;
	struct worker_counters sum; /* of workers, at the start of the walk */
	struct backend_stats_sums *sums;
};

/* name, field of the EAL, sentence */
#define PORT_TRAFFIC(X)                                                                            \
	X(rx_packets, ipackets, "packets that the device received")                                \
	X(rx_bytes, ibytes, "bytes of those frames")                                               \
	X(tx_packets, opackets, "packets that the device sent")                                    \
	X(tx_bytes, obytes, "bytes of those frames")

/* --- Tables and backends --- */

exposition_put_fn metric_table_info;
exposition_put_fn metric_table_backends;
exposition_put_fn metric_deny_info;
exposition_put_fn metric_deny_prefixes;
exposition_put_fn metric_meter_packets;
exposition_put_fn metric_meter_limits;
exposition_put_fn metric_unlisted;
exposition_slice_fn metric_table_packets;
exposition_slice_fn metric_table_bytes;
exposition_slice_fn metric_backend_packets;
exposition_slice_fn metric_backend_bytes;
exposition_slice_fn metric_healthy;

/* --- Workers --- */

#define WORKER_DECLARATION(name, sentence) exposition_put_fn metric_worker_##name;
WORKER_COUNTERS(WORKER_DECLARATION)
#undef WORKER_DECLARATION
exposition_put_fn metric_worker_generation;
exposition_put_fn metric_twin;
exposition_put_fn metric_busy;
exposition_put_fn metric_idle;
exposition_put_fn metric_gaps;
exposition_put_fn metric_services;
exposition_put_fn metric_bursts;
exposition_put_fn metric_stalls;

/* --- Ports --- */

#define PORT_DECLARATION(name, ...) exposition_put_fn metric_port_##name;
PORT_TRAFFIC(PORT_DECLARATION)
PORT_LOSSES(PORT_DECLARATION)
#undef PORT_DECLARATION
exposition_put_fn metric_link_downs;
exposition_put_fn metric_link_changes;
exposition_put_fn metric_mbufs;
exposition_put_fn metric_xdp_packets;

#endif
