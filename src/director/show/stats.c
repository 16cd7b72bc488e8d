/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "conf/addr.h"
#include "director/show/show.h"
#include "director/stats.h"
#include "sys/clock.h"

void show_worker_counters(struct writer *w, const struct worker_counters *counters)
{
#define PUT(name, sentence) write_uint(w, #name, counters->name);
	WORKER_COUNTERS(PUT)
#undef PUT
	for (unsigned int v = 0; v < GLB_VERDICT_COUNT; v++)
		write_uint(w, glb_verdict_label(v), counters->verdicts[v]);
}

void show_losses(struct writer *w, const struct port_losses *losses)
{
#define PUT(name, field) write_uint(w, "port_" #name, losses->name);
	PORT_LOSSES(PUT)
#undef PUT
}

void show_sums(struct writer *w, const struct workers *all)
{
	const struct worker_counters sum = stats_sum(all);
	const struct port_losses losses = stats_losses(&all->ports);

	write_open(w, "counters", '{');
	show_worker_counters(w, &sum);
	show_losses(w, &losses);
	write_uint(w, "port_link_down", all->ports.link_downs);
	write_uint(w, "port_link_changes", all->ports.link_changes);
	write_close(w, '}');
}

static void put_workers(struct writer *w, const struct workers *all)
{
	write_open(w, "workers", '[');
	for (unsigned int i = 0; i < all->count; i++) {
		write_open(w, NULL, '{');
		write_uint(w, "worker", i);
		write_uint(w, "lcore", worker_lcore(i));
		write_open(w, "counters", '{');
		show_worker_counters(w, &all->workers[i].counters);
		write_close(w, '}');
		write_close(w, '}');
	}
	write_close(w, ']');
}

static void put_ports(struct writer *w, const struct ports *ports)
{
	write_open(w, "ports", '[');
	for (unsigned int i = 0; i < ports->count; i++) {
		struct port_losses losses = {0};
		char name[RTE_DEV_NAME_MAX_LEN];

		ports_add_losses(&losses, ports->ids[i]);
		write_open(w, NULL, '{');
		write_uint(w, "port", ports->ids[i]);
		write_string(w, "name", netdev_port(ports->ids[i], name));
		write_open(w, "counters", '{');
		show_losses(w, &losses);
		write_close(w, '}');
		write_close(w, '}');
	}
	write_close(w, ']');
}

/* Tables or backends, including removed ones whose counters still exist. */
static void show_stats_put_items(struct writer *w, const struct backend_stats_sums *sums,
				 bool backends)
{
	struct backend_stats_item item;
	uint32_t at = 0;
	char addr[ADDR_TEXT_LEN];

	write_open(w, backends ? "backends" : "tables", '[');
	while (backend_stats_next(&item, sums, &at)) {
		if (backends != (item.backend != NULL))
			continue;
		write_open(w, NULL, '{');
		write_string(w, "table", item.table);
		if (backends)
			write_string(w, "backend", addr_text(addr, item.backend));
		write_uint(w, backends ? "backend_packets" : "table_packets", item.count.packets);
		write_uint(w, backends ? "backend_bytes" : "table_bytes", item.count.bytes);
		write_close(w, '}');
	}
	write_close(w, ']');
}

int show_stats(struct writer *w, const struct control *control)
{
	const struct workers *all = &control->workers;
	struct backend_stats_sums *sums = NULL;

	if (all->backend_stats.counts) {
		sums = backend_stats_sum(&all->backend_stats);
		if (!sums)
			return -ENOMEM;
	}
	write_uint(w, "uptime_ms", clock_ms() - control->started_ms);
	show_sums(w, all);
	put_workers(w, all);
	put_ports(w, &all->ports);
	if (sums) {
		show_stats_put_items(w, sums, false);
		show_stats_put_items(w, sums, true);
		write_uint(w, "unlisted_packets", sums->unlisted.packets);
		write_uint(w, "unlisted_bytes", sums->unlisted.bytes);
	}
	free(sums);
	return 0;
}
