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

void metric_xdp_packets(struct exposition *exposition)
{
	static const char *const labels[] = {
#define XDP_LABEL(name, label, sentence) [XDP_FATE_##name] = label,
		XDP_FATES(XDP_LABEL)
#undef XDP_LABEL
	};
	const struct metrics *metrics = exposition->source;
	const struct ports *ports = &metrics->control->workers.ports;

	for (unsigned int i = 0; i < ports->count; i++) {
		uint64_t packets[XDP_FATE_COUNT] = {0};
		char name[RTE_DEV_NAME_MAX_LEN];

		if (!bifurcation_count(packets, &metrics->control->bifurcation, ports->ids[i]))
			continue;
		for (unsigned int fate = 0; fate < XDP_FATE_COUNT; fate++)
			openmetrics_count(&exposition->text,
					  LABELS({"port", netdev_port(ports->ids[i], name)},
						 {"to", labels[fate]}),
					  packets[fate]);
	}
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
