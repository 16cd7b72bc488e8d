/* SPDX-License-Identifier: BSD-3-Clause */
#include "director/metrics/parts.h"
#include "director/netdev.h"

/* A sample for each port, from a counter of its device. */
static void put_each_port(struct exposition *exposition,
			  uint64_t (*value)(const struct rte_eth_stats *))
{
	const struct metrics *metrics = exposition->source;
	const struct ports *ports = &metrics->control->workers.ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		char name[RTE_DEV_NAME_MAX_LEN];
		struct rte_eth_stats stats = {0};

		if (!rte_eth_stats_get(ports->ids[i], &stats))
			openmetrics_count(&exposition->text,
					  LABELS({"port", netdev_port(ports->ids[i], name)}),
					  value(&stats));
	}
}

#define PORT_VALUE(name, field, ...)                                                               \
	static uint64_t port_##name(const struct rte_eth_stats *stats)                             \
	{                                                                                          \
		return stats->field;                                                               \
	}                                                                                          \
	void metric_port_##name(struct exposition *exposition)                                     \
	{                                                                                          \
		put_each_port(exposition, port_##name);                                            \
	}
PORT_TRAFFIC(PORT_VALUE)
PORT_LOSSES(PORT_VALUE)
#undef PORT_VALUE

void metric_link_downs(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_count(&exposition->text, NULL, metrics->control->workers.ports.link_downs);
}

void metric_link_changes(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;

	openmetrics_count(&exposition->text, NULL, metrics->control->workers.ports.link_changes);
}

void metric_mbufs(struct exposition *exposition)
{
	const struct metrics *metrics = exposition->source;
	const struct rte_mempool *pool = metrics->control->workers.ports.pool;

	openmetrics_count(&exposition->text, LABELS({"state", "free"}),
			  rte_mempool_avail_count(pool));
	openmetrics_count(&exposition->text, LABELS({"state", "in_use"}),
			  rte_mempool_in_use_count(pool));
}
